"""Volumes and environment, seen from inside the container."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.kubelet.node import OBEYS, Node, condition, host_volume, main, mounted, phase, waits_for


def claim(node: Node, name: str, path: str, **source: Any) -> None:
    """A claim bound to a volume, as the binder and the provisioner leave it."""
    capacity = {"storage": "1Mi"}
    modes = {"accessModes": ["ReadWriteOnce"], "storageClassName": "manual"}
    volume = {"capacity": capacity, **(source or {"hostPath": {"path": path}}), **modes}
    node.client.create(
        "persistentvolumes",
        {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": volume},
    )
    spec = {"resources": {"requests": capacity}, "volumeName": name, **modes}
    meta = {"name": name, "namespace": "default"}
    made = node.client.create(
        "persistentvolumeclaims", {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta, "spec": spec}
    )
    bound = made | {"status": {"phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": capacity}}
    node.client.update("persistentvolumeclaims", bound, subresource="status")


async def read_until(node: Node, name: str, path: str, wanted: str) -> None:
    while (await node.output(name, "cat", path))[1] != wanted:
        pass


async def test_a_claim_outlives_its_pods(node: Node) -> None:
    claim(node, "data", "/volumes/data")
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
    await node.running("p", volumeMounts=[mounted("/data", "data")], spec={"volumes": volumes})
    assert (await node.output("p", "sh", "-c", "echo kept > /data/file"))[0] == 0
    await node.removed("p")
    await node.running("q", volumeMounts=[mounted("/data", "data")], spec={"volumes": volumes})
    assert await node.output("q", "cat", "/data/file") == (0, "kept\n")


async def test_a_claim_that_a_pod_only_reads(node: Node) -> None:
    claim(node, "data", "/volumes/data")
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "data", "readOnly": True}}]
    await node.running("p", volumeMounts=[mounted("/data", "data")], spec={"volumes": volumes})
    code, output = await node.output("p", "sh", "-c", "echo no > /data/file 2>&1")
    assert code and "Read-only file system" in output


async def test_an_empty_dir_goes_with_its_pod(node: Node) -> None:
    volumes = [{"name": "v", "emptyDir": {}}]
    await node.running("p", volumeMounts=[mounted("/v", "v")], spec={"volumes": volumes})
    script = "mkdir -p /v/a/b && touch /v/a/b/c && chmod 0 /v/a/b /v/a"
    assert (await node.output("p", "sh", "-c", script))[0] == 0
    assert list((node.directory / "n1/pods").glob("*/volumes/v/a"))
    await node.removed("p")
    assert not list((node.directory / "n1/pods").iterdir())


async def test_a_part_of_a_volume_is_mounted_alone(node: Node) -> None:
    node.config_map("conf", {"a.conf": "first", "b.conf": "second"})
    volumes = [host_volume("/data"), {"name": "conf", "configMap": {"name": "conf"}}]
    mounts = [
        mounted("/mine", subPathExpr="pods/$(NAME)"),
        mounted("/etc/only.conf", "conf", subPath="a.conf", readOnly=True),
    ]
    name = {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}
    node.host_file("/data/pods/p").mkdir(parents=True)
    await node.running("p", volumeMounts=mounts, env=[name], spec={"volumes": volumes})
    assert await node.output("p", "sh", "-c", "touch /mine/f; cat /etc/only.conf") == (0, "first")
    assert node.host_file("/data/pods/p/f").exists()
    assert (await node.output("p", "sh", "-c", "echo x > /etc/only.conf"))[0] != 0


async def test_a_part_that_leads_out_of_its_volume_is_refused(node: Node) -> None:
    node.host_file("/data").mkdir(parents=True)
    node.host_file("/data/out").symlink_to("/etc")
    node.pod("p", *OBEYS, volumeMounts=[mounted("/v", subPath="out")], spec={"volumes": [host_volume("/data")]})
    status = await node.until("p", waits_for("CreateContainerConfigError"))
    message = main(status)["state"]["waiting"]["message"]
    assert message.startswith('failed to prepare subPath for volumeMount "host" of container "c"')


async def test_a_host_path_stays_below_the_nodes_directory(node: Node) -> None:
    await node.running("p", volumeMounts=[mounted("/v")], spec={"volumes": [host_volume("/data")]})
    assert (await node.output("p", "ln", "-s", "/root", "/v/way-out"))[0] == 0
    node.pod("q", *OBEYS, volumeMounts=[mounted("/v")], spec={"volumes": [host_volume("/data/way-out")]})
    await node.until("q", lambda _: any(reason == "FailedMount" for reason, _ in node.events("q")))
    assert main(node.client.get("pods", "q", "default")["status"])["state"]["waiting"]
    await node.running("r", volumeMounts=[mounted("/v")], spec={"volumes": [host_volume("/etc")]})
    assert await node.output("r", "ls", "-A", "/v") == (0, "")


async def test_files_follow_their_config_map_and_secret(node: Node) -> None:
    node.config_map("conf", {"color": "blue"})
    meta = {"name": "key", "namespace": "default"}
    secret: dict[str, Any] = {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": {"key": "one"}}
    node.client.create("secrets", secret)
    volumes = [
        {"name": "conf", "configMap": {"name": "conf"}},
        {"name": "key", "secret": {"secretName": "key", "defaultMode": 0o400}},
    ]
    mounts = [mounted("/conf", "conf"), mounted("/key", "key"), mounted("/fixed", "conf", subPath="color")]
    await node.running("p", volumeMounts=mounts, spec={"volumes": volumes})
    assert await node.output("p", "readlink", "/conf/color") == (0, "..data/color\n")
    assert await node.output("p", "stat", "-Lc", "%a", "/key/key") == (0, "400\n")
    before = (await node.output("p", "readlink", "/conf/..data"))[1]
    node.client.patch("configmaps", "conf", {"data": {"color": "green"}}, namespace="default")
    node.client.patch("secrets", "key", {"stringData": {"key": "two"}}, namespace="default")
    await read_until(node, "p", "/conf/color", "green")
    await read_until(node, "p", "/key/key", "two")
    assert (await node.output("p", "readlink", "/conf/..data"))[1] != before
    assert await node.output("p", "cat", "/fixed") == (0, "blue")


async def test_a_source_that_changes_while_its_pod_goes_brings_no_files_back(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    node.config_map("conf", {"color": "blue"})
    volumes = [{"name": "conf", "configMap": {"name": "conf"}}]
    await node.running("p", volumeMounts=[mounted("/conf", "conf")], spec={"volumes": volumes})
    remove_sandbox = node.runtime.remove_sandbox

    async def and_change_the_source(sandbox_id: str) -> None:
        await remove_sandbox(sandbox_id)
        node.client.patch("configmaps", "conf", {"data": {"color": "green"}}, namespace="default")

    monkeypatch.setattr(node.runtime, "remove_sandbox", and_change_the_source)
    await node.removed("p")
    assert list((node.directory / "n1" / "pods").iterdir()) == []


async def test_the_downward_api(node: Node) -> None:
    resources = {"requests": {"cpu": "250m"}, "limits": {"memory": "64Mi"}}
    fields = {"NODE": "spec.nodeName", "IP": "status.podIP", "HOST": "status.hostIP"}
    env: list[dict[str, Any]] = [
        {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}} for name, path in fields.items()
    ]
    env.append({"name": "MEMORY", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}}})
    env.append({"name": "URL", "value": "http://$(IP):80/$(UNKNOWN)/$$(IP)"})
    item = {"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}
    volumes = [{"name": "info", "downwardAPI": {"items": [item]}}]
    mounts = [mounted("/info", "info")]
    status = await node.running("p", env=env, resources=resources, volumeMounts=mounts, spec={"volumes": volumes})
    ip = status["podIP"]
    script = 'echo $NODE $IP $HOST $MEMORY; echo "$URL"; cat /info/name'
    wanted = f"n1 {ip} 10.244.0.1 64\nhttp://{ip}:80/$(UNKNOWN)/$(IP)\np"
    assert await node.output("p", "sh", "-c", script) == (0, wanted)


async def test_variables_are_expanded_in_command_and_arguments(node: Node) -> None:
    env = [{"name": "WORD", "value": "sky"}]
    spec = {"restartPolicy": "Never"}
    node.pod("q", "sh", "-c", 'echo "$0 $1"; test "$0" = sky', env=env, args=["$(WORD)", "$(NONE)"], spec=spec)
    await node.until("q", phase("Succeeded"))
    assert [chunk async for chunk in node.kubelet.logs("default", "q", "c")] == [b"sky $(NONE)\n"]


@pytest.mark.parametrize("path", ["out", "a/../../../etc", "up/etc"])
async def test_nothing_is_mounted_from_beyond_a_volume(node: Node, path: str) -> None:
    node.host_file("/data/a").mkdir(parents=True)
    node.host_file("/data/out").symlink_to("/etc")
    node.host_file("/data/up").symlink_to("/".join([".."] * 12))
    name = {"name": "WHERE", "value": path}
    mounts = [mounted("/v", subPathExpr="$(WHERE)")]
    node.pod("p", *OBEYS, env=[name], volumeMounts=mounts, spec={"volumes": [host_volume("/data")]})
    await node.until("p", waits_for("CreateContainerConfigError"))


def settled(status: dict[str, Any]) -> bool:
    return status.get("phase") in ("Succeeded", "Failed") or waits_for("CreateContainerConfigError")(status)


async def test_a_path_that_changes_while_it_is_mounted_leads_nowhere_else(node: Node) -> None:
    swap = "cd /v; mkdir -p d; ln -sfn /etc e; while :; do mv -T d g; mv -T e d; mv -T d e; mv -T g d; done"
    volumes = [host_volume("/data")]
    await node.running("swapper", "sh", "-c", swap, volumeMounts=[mounted("/v")], spec={"volumes": volumes})
    spec = {"volumes": volumes, "restartPolicy": "Never"}
    for number in range(10):
        show = ["sh", "-c", "test ! -e /w/passwd"]  # the machine's /etc has one
        node.pod(f"p{number}", *show, volumeMounts=[mounted("/w", subPath="d")], spec=spec)
    for number in range(10):
        ended = main(await node.until(f"p{number}", settled))["state"].get("terminated", {})
        assert ended.get("exitCode", 0) in (0, 128)  # it saw nothing of the machine, or was not started


async def test_a_volume_in_memory_is_shared_by_the_pods_containers_and_bounded(node: Node) -> None:
    mounts = [mounted("/m", "memory")]
    both = [{"name": name, "image": "busybox", "command": OBEYS, "volumeMounts": mounts} for name in "cd"]
    memory = {"name": "memory", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}}
    node.pod("p", spec={"volumes": [memory], "containers": both})
    await node.until("p", condition("Ready", "True"))
    assert (await node.output("p", "stat", "-f", "-c", "%T", "/m")) == (0, "tmpfs\n")
    assert (await node.output("p", "sh", "-c", "echo shared > /m/f"))[0] == 0
    assert await node.output("p", "cat", "/m/f", container="d") == (0, "shared\n")
    assert (await node.output("p", "dd", "if=/dev/zero", "of=/m/big", "bs=1M", "count=2"))[0] == 1
    assert not list(node.directory.glob("n1/pods/*/volumes/memory/f"))


async def test_files_of_the_downward_api_follow_labels(node: Node) -> None:
    item = {"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}
    volumes = [{"name": "info", "downwardAPI": {"items": [item]}}]
    await node.running("p", volumeMounts=[mounted("/info", "info")], spec={"volumes": volumes})
    node.client.patch("pods", "p", {"metadata": {"labels": {"color": "blue"}}}, namespace="default")
    await read_until(node, "p", "/info/labels", 'color="blue"')


async def test_the_groups_files_can_be_read_by_the_group(node: Node) -> None:
    node.config_map("conf", {"key": "one"})
    volumes = [{"name": "conf", "configMap": {"name": "conf", "defaultMode": 0o400}}]
    spec = {"volumes": volumes, "securityContext": {"fsGroup": 1001, "runAsUser": 1000}}
    await node.running("p", volumeMounts=[mounted("/conf", "conf")], spec=spec)
    assert await node.output("p", "sh", "-c", "stat -Lc %a /conf/key; cat /conf/key") == (0, "440\none")


async def test_a_host_path_that_is_not_of_its_type_is_refused(node: Node) -> None:
    node.host_file("/data").mkdir(parents=True)
    wanted = 'MountVolume.SetUp failed for volume "host" : hostPath type check failed: /data is not a file'
    for kind in ("File", "FileOrCreate"):
        volume = {"name": "host", "hostPath": {"path": "/data", "type": kind}}
        name = kind.lower()
        node.pod(name, *OBEYS, volumeMounts=[mounted("/v")], spec={"volumes": [volume]})
        await node.told(name, "FailedMount", wanted)
    volume = {"name": "host", "hostPath": {"path": "/data/new", "type": "FileOrCreate"}}
    await node.running("p", volumeMounts=[mounted("/new")], spec={"volumes": [volume]})
    assert node.host_file("/data/new").is_file()


async def test_a_local_volume_is_opened_to_the_group_and_nothing_beside_it(node: Node) -> None:
    directory = node.host_file("/disk")
    (directory / "deep").mkdir(parents=True)
    (directory / "deep" / "file").write_text("x")
    (directory / "deep" / "file").chmod(0o600)
    outside = node.host_file("/outside")
    outside.write_text("x")
    outside.chmod(0o600)
    (directory / "link").symlink_to(outside)
    hostname = {"key": "kubernetes.io/hostname", "operator": "Exists"}
    affinity = {"required": {"nodeSelectorTerms": [{"matchExpressions": [hostname]}]}}
    claim(node, "data", "", local={"path": "/disk"}, nodeAffinity=affinity)
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
    spec = {"volumes": volumes, "securityContext": {"fsGroup": 1001, "runAsUser": 1000}}
    await node.running("p", volumeMounts=[mounted("/v", "data")], spec=spec)
    script = "stat -c %a:%g /v /v/deep /v/deep/file; id -G"
    code, text = await node.output("p", "sh", "-c", script)
    assert (code, text.split()) == (0, ["2775:1001", "2775:1001", "660:1001", "1001"])
    assert outside.stat().st_mode & 0o777 == 0o600
    (directory / "deep" / "late").write_text("x")
    (directory / "deep" / "late").chmod(0o600)
    spec["securityContext"] = {"fsGroup": 1001, "fsGroupChangePolicy": "OnRootMismatch"}
    await node.running("q", volumeMounts=[mounted("/v", "data")], spec=spec)
    assert await node.output("q", "stat", "-c", "%a", "/v/deep/late") == (0, "600\n")
