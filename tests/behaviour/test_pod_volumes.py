"""[sig-storage] ConfigMap, Secrets, Projected, Downward API volume, EmptyDir volumes, Subpath."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.behaviour.pods import Pods, mount, mounttest, shell
from tests.behaviour.rest import MERGE, Json
from tests.behaviour.workloads import unique

DATA = {"data-1": "value-1", "data-2": "value-2", "data-3": "value-3"}
ITEMS = [{"key": "data-2", "path": "path/to/data-2"}]


def made_of(pods: Pods, kind: str, **more: Any) -> Json:
    """A volume of a ConfigMap or a Secret, alone or projected."""
    if "secret" in kind:
        name, source, key = pods.secret(DATA), "secret", "secretName"
    else:
        name, source, key = pods.config_map(DATA), "configMap", "name"
    if not kind.startswith("projected"):
        return {"name": "v", source: {key: name} | more}
    mode = {"defaultMode": more.pop("defaultMode")} if "defaultMode" in more else {}
    return {"name": "v", "projected": {"sources": [{source: {"name": name} | more}]} | mode}


KINDS = ["configMap", "secret", "projected configMap", "projected secret"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("user", [0, 1000])
def test_files(pods: Pods, kind: str, user: int) -> None:
    """should be consumable from pods in volume; as non-root; with defaultMode set; with mappings and item mode set"""
    context = {"runAsUser": user} if user else {}
    spec = {"securityContext": context}
    plain = mounttest("--file_content=/v/data-1", "--file_mode=/v/data-1", volumeMounts=[mount()])
    assert 'content of file "/v/data-1": value-1' in pods.says(plain, volumes=[made_of(pods, kind)], **spec)
    text = pods.says(plain, volumes=[made_of(pods, kind, defaultMode=0o400)], **spec)
    assert "-r--------" in text
    assert "value-1" in text
    mapped = mounttest("--file_content=/v/path/to/data-2", "--file_mode=/v/path/to/data-2", volumeMounts=[mount()])
    items = [ITEMS[0] | {"mode": 0o400}]
    text = pods.says(mapped, volumes=[made_of(pods, kind, items=items)], **spec)
    assert "-r--------" in text
    assert "value-2" in text


def test_default_mode_and_fs_group(pods: Pods) -> None:
    """Secrets should be consumable from pods in volume as non-root with defaultMode and fsGroup set"""
    volume = made_of(pods, "secret", defaultMode=0o440)
    container = mounttest("--file_content=/v/data-1", "--file_mode=/v/data-1", volumeMounts=[mount()])
    text = pods.says(container, volumes=[volume], securityContext={"runAsUser": 1000, "fsGroup": 1001})
    assert 'mode of file "/v/data-1": -r--r-----' in text
    assert "value-1" in text


@pytest.mark.parametrize("kind", KINDS)
def test_updates_are_reflected(pods: Pods, kind: str) -> None:
    """updates should be reflected in volume; optional updates should be reflected in volume"""
    volume = made_of(pods, kind)
    source = volume.get("projected", {"sources": [volume]})["sources"][0]
    what = source.get("configMap") or source["secret"]
    name = what.get("name") or what["secretName"]
    later = pods.config_map({"later": "x"})
    optional = {"name": "o", "configMap": {"name": f"{later}-not-yet", "optional": True}}
    mounts = [mount(), mount("/o", "o")]
    pod = pods.create(shell("sleep 1000", volumeMounts=mounts), volumes=[volume, optional])
    pods.ready(pod)
    assert pods.sh(pod, "cat /v/data-1; ls /o") == "value-1"
    resource = "secrets" if "secret" in kind else "configmaps"
    value = base64.b64encode(b"value-4").decode() if "secret" in kind else "value-4"
    pods.rest.patched(f"{pods.base}/{resource}/{name}", {"data": {"data-1": value, "data-3": None}}, MERGE)
    body = {"metadata": {"name": f"{later}-not-yet"}, "data": {"new": "there"}}
    pods.rest.made(f"{pods.base}/configmaps", body)
    wanted = "value-4there"
    pods.patience.until(lambda: pods.sh(pod, "cat /v/data-1 /o/new 2>/dev/null; true") == wanted, "the new values")
    assert pods.sh(pod, "ls /v") == "data-1\ndata-2\n"
    pods.rest("DELETE", f"{pods.base}/configmaps/{later}-not-yet")
    pods.patience.until(lambda: pods.sh(pod, "ls /o") == "", "the files' end")
    pods.delete(pod, 0)


def test_binary_data(pods: Pods) -> None:
    """ConfigMap binary data should be reflected in volume"""
    name = pods.config_map({"text": "t"}, binaryData={"dump.bin": base64.b64encode(b"\xde\xca\xfe\xba").decode()})
    container = shell("od -An -tx1 /v/dump.bin", volumeMounts=[mount()])
    assert pods.says(container, volumes=[{"name": "v", "configMap": {"name": name}}]).split() == [
        "de",
        "ca",
        "fe",
        "ba",
    ]


def test_immutable(pods: Pods) -> None:
    """ConfigMap should be immutable if `immutable` field is set"""
    path = f"{pods.base}/configmaps/{pods.config_map(DATA)}"
    pods.rest.patched(path, {"data": {"data-4": "value-4"}})
    pods.rest.patched(path, {"immutable": True})
    for change in ({"data": {"data-5": "x"}}, {"immutable": False}):
        assert pods.rest("PATCH", path, change, content_type=MERGE).status == 422
    pods.rest.patched(path, {"metadata": {"labels": {"still": "free"}}})
    assert pods.rest("DELETE", path).status == 200


def test_several_volumes_of_one(pods: Pods) -> None:
    """should be consumable in multiple volumes in the same pod; Projected combined: all projections in one directory"""
    conf, secret = pods.config_map({"c": "conf"}), pods.secret({"s": "secret"})
    sources: list[Json] = [
        {"configMap": {"name": conf}},
        {"secret": {"name": secret}},
        {"downwardAPI": {"items": [{"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}]}},
    ]
    volumes = [{"name": "v", "projected": {"sources": sources}}, {"name": "w", "configMap": {"name": conf}}]
    script = "cat /v/c /v/s /w/c; test $(cat /v/name) = $(hostname)"
    container = shell(script, volumeMounts=[mount(), mount("/w", "w")])
    assert pods.says(container, volumes=volumes) == "confsecretconf"


@pytest.mark.parametrize("kind", ["downwardAPI", "projected"])
def test_downward_api_files(pods: Pods, kind: str) -> None:
    """Downward API volume, Projected downwardAPI: podname, cpu and memory limits and requests, DefaultMode, item mode,
    update labels
    """
    limits = {"requests": {"cpu": "250m", "memory": "32Mi"}, "limits": {"cpu": "1250m", "memory": "64Mi"}}
    items: list[Json] = [
        {"path": "podname", "fieldRef": {"fieldPath": "metadata.name"}, "mode": 0o400},
        {"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}},
        {"path": "annotations", "fieldRef": {"fieldPath": "metadata.annotations"}},
    ]
    for resource in ("limits.cpu", "limits.memory", "requests.cpu", "requests.memory"):
        items.append({"path": resource, "resourceFieldRef": {"containerName": "c", "resource": resource}})
    source: Json = {"items": items} if kind == "downwardAPI" else {"sources": [{"downwardAPI": {"items": items}}]}
    volumes = [{"name": "v", kind: source | {"defaultMode": 0o444}}]
    meta = {"labels": {"key1": "value1"}, "annotations": {"builder": "bar"}}
    container = shell("sleep 1000", volumeMounts=[mount()], resources=limits)
    name = pods.create(container, meta=meta, volumes=volumes)
    pods.ready(name)
    assert pods.sh(name, "cat /v/podname; echo; cd /v; grep -h . limits.* requests.*").split() == [
        *(name, "2", str(64 << 20), "1", str(32 << 20))
    ]
    assert pods.sh(name, "stat -Lc %a /v/podname /v/labels") == "400\n444\n"
    change = {"metadata": {"labels": {"key3": "value3"}, "annotations": {"builder": "foo"}}}
    pods.rest.patched(f"{pods.base}/pods/{name}", change)
    wanted = 'key1="value1"\nkey3="value3"'
    pods.patience.until(lambda: pods.sh(name, "cat /v/labels") == wanted, "the new label")
    pods.patience.until(lambda: 'builder="foo"' in pods.sh(name, "cat /v/annotations"), "the new annotation")
    pods.delete(name, 0)


@pytest.mark.parametrize("medium", ["", "Memory"])
@pytest.mark.parametrize("user", [0, 1001])
def test_empty_dir(pods: Pods, medium: str, user: int) -> None:
    """EmptyDir volumes: volume should have the correct mode; should support (root|non-root, mode, tmpfs|default)"""
    volumes = [{"name": "v", "emptyDir": {"medium": medium} if medium else {}}]
    for mode, letters in (("0644", "-rw-r--r--"), ("0666", "-rw-rw-rw-"), ("0777", "-rwxrwxrwx")):
        options = [f"--new_file_{mode}=/v/f", "--file_perm=/v/f", "--file_content=/v/f", "--fs_type=/v"]
        context = {"runAsUser": user} if user else {}
        text = pods.says(mounttest(*options, volumeMounts=[mount()]), volumes=volumes, securityContext=context)
        assert f'perms of file "/v/f": {letters}' in text
        assert 'content of file "/v/f": mount-tester new file' in text
        assert ('mount type of "/v": tmpfs' in text) or not medium
    text = pods.says(mounttest("--file_perm=/v", volumeMounts=[mount()]), volumes=volumes)
    assert 'perms of file "/v": -rwxrwxrwx' in text


def test_empty_dir_shared(pods: Pods) -> None:
    """EmptyDir volumes pod should support shared volumes between containers"""
    writer, reader = shell("echo hello > /v/f; sleep 1000"), shell("sleep 1000")
    for container in (writer, reader):
        container["volumeMounts"] = [mount()]
    name = pods.create(writer, reader, volumes=[{"name": "v", "emptyDir": {"sizeLimit": "1Gi"}}])
    pods.ready(name)
    pods.patience.until(lambda: pods.sh(name, "cat /v/f; true", "c1") == "hello\n", "the file")
    pods.delete(name, 0)


@pytest.mark.parametrize("kind", ["configMap", "secret", "downwardAPI", "projected"])
def test_sub_paths(pods: Pods, kind: str) -> None:
    """Subpath Atomic writer volumes should support subpaths with configmap, secret, downward and projected pod"""
    if kind == "downwardAPI":
        item = {"path": "data-1", "fieldRef": {"fieldPath": "metadata.labels['value']"}}
        volume: Json = {"name": "v", kind: {"items": [item]}}
    else:
        volume = made_of(pods, "projected configMap" if kind == "projected" else kind)
    mounts = [mount("/one/file", subPath="data-1"), mount("/etc/passwd", subPath="data-1")]
    container = shell("cat /one/file /etc/passwd; ls /one", volumeMounts=mounts)
    meta = {"labels": {"value": "value-1"}}
    assert pods.says(container, meta=meta, volumes=[volume]) == "value-1value-1file\n"


def test_wrapper_volumes(pods: Pods) -> None:
    """EmptyDir wrapper volumes should not conflict; should not cause race condition when used for configmaps"""
    names = [pods.config_map({"data": str(number)}) for number in range(20)]
    volumes: list[Json] = [{"name": f"v{n}", "configMap": {"name": name}} for n, name in enumerate(names)]
    volumes.append({"name": "s", "secret": {"secretName": pods.secret({"s": "x"})}})
    mounts = [mount(f"/m/{n}", f"v{n}") for n in range(20)] + [mount("/s", "s")]
    container = shell("cat /m/*/data /s/s", volumeMounts=mounts)
    running = [pods.create(container, volumes=volumes, restartPolicy="Never") for _ in range(3)]
    for name in running:
        assert pods.ended(name)["status"]["phase"] == "Succeeded"
        assert sorted(pods.log(name)) == sorted("".join(map(str, range(20))) + "x")


@pytest.mark.parametrize("medium", ["", "Memory"])
@pytest.mark.parametrize("user", [0, 1001])
def test_empty_dir_of_a_group(pods: Pods, medium: str, user: int) -> None:
    """EmptyDir volumes when FSGroup is specified: new files should be created with FSGroup ownership when container is
    (root|non-root); volume on (default medium|tmpfs) should have the correct mode using FSGroup
    """
    volumes = [{"name": "v", "emptyDir": {"medium": medium} if medium else {}}]
    context: Json = {"fsGroup": 123} | ({"runAsUser": user} if user else {})
    options = ["--new_file_0660=/v/f", "--file_perm=/v/f", "--file_owner=/v/f"]
    text = pods.says(mounttest(*options, volumeMounts=[mount()]), volumes=volumes, securityContext=context)
    assert 'perms of file "/v/f": -rw-rw----' in text
    assert 'owner GID of "/v/f": 123' in text
    script = shell("stat -c %A:%g /v; id -G; mkdir /v/d; stat -c %A:%g /v/d", volumeMounts=[mount()])
    volume, groups, inside = pods.says(script, volumes=volumes, securityContext=context).splitlines()
    assert volume == "drwxrwsrwx:123"
    assert "123" in groups.split()
    assert inside == "drwxr-sr-x:123"


def test_new_sub_path_of_a_group(pods: Pods) -> None:
    """EmptyDir volumes when FSGroup is specified: nonexistent volume subPath should have the correct mode and owner
    using FSGroup
    """
    container = shell("stat -c %A:%g /s", volumeMounts=[mount("/s", subPath="new")])
    text = pods.says(container, volumes=[{"name": "v", "emptyDir": {}}], securityContext={"fsGroup": 123})
    assert text == "drwxrwsrwx:123\n"


@pytest.mark.parametrize("kind", ["downwardAPI", "projected"])
def test_downward_api_default_limits(pods: Pods, kind: str) -> None:
    """Downward API volume, Projected downwardAPI: should provide node allocatable (cpu|memory) as default limit if the
    limit is not set
    """
    items = [
        {"path": name, "resourceFieldRef": {"containerName": "c", "resource": f"limits.{name}"}}
        for name in ("cpu", "memory")
    ]
    source: Json = {"items": items} if kind == "downwardAPI" else {"sources": [{"downwardAPI": {"items": items}}]}
    container = shell("cat /v/cpu; echo; cat /v/memory", volumeMounts=[mount()])
    text = pods.says(container, volumes=[{"name": "v", kind: source}])
    assert all(int(number) > 0 for number in text.split())


def test_a_secret_of_the_same_name_elsewhere(pods: Pods) -> None:
    """Secrets should be able to mount in a volume regardless of a different secret existing with same name in different
    namespace
    """
    name = pods.secret({"data-1": "value-1"})
    other = unique("other")
    pods.rest.made("/api/v1/namespaces", {"metadata": {"name": other}})
    body = {"metadata": {"name": name}, "data": {"other": base64.b64encode(b"x").decode()}}
    pods.rest.made(f"/api/v1/namespaces/{other}/secrets", body)
    container = shell("ls /v; cat /v/data-1", volumeMounts=[mount()])
    assert pods.says(container, volumes=[{"name": "v", "secret": {"secretName": name}}]) == "data-1\nvalue-1"
    pods.rest("DELETE", f"/api/v1/namespaces/{other}")
