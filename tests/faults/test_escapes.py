"""Ways out that pods and requests might try: by names, paths and links. Each is refused, or ends inside."""

from __future__ import annotations

import json
import uuid

import pytest

from kitlib.environments.embedded import EmbeddedProvider
from tests.faults.machine import daemon
from tests.faults.wire import Wire
from tests.support.kubectl import Kubectl
from tests.support.patience import Patience

PODS = "/api/v1/namespaces/default/pods"
JSON = {"Content_Type": "application/json"}
PATIENCE = Patience(30)
UP = "/.." * 24


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    provider = EmbeddedProvider(tmp_path_factory.mktemp("escapes"))
    provider.create("escapes")
    yield provider.directory("escapes")
    provider.delete("escapes")


@pytest.fixture(scope="module")
def wire(directory):
    return Wire(directory / "kubeconfig")


@pytest.fixture(scope="module")
def kubectl(directory, tmp_path_factory):
    known = Kubectl(directory / "kubeconfig", tmp_path_factory.mktemp("home"))
    PATIENCE.until(lambda: known.run("get", "serviceaccount", "default").returncode == 0, "the default service account")
    return known


@pytest.fixture
def outside(tmp_path, directory):
    """A folder of the machine with a secret in it, which stays as it is."""
    folder = tmp_path / "outside"
    folder.mkdir(mode=0o750)
    (folder / "secret").write_text("secret of the machine")
    before = (folder.stat().st_mode, (folder / "secret").stat().st_mode)
    yield folder
    assert sorted(path.name for path in folder.iterdir()) == ["secret"]
    assert (folder / "secret").read_text() == "secret of the machine"
    assert (folder.stat().st_mode, (folder / "secret").stat().st_mode) == before
    assert daemon(directory).is_running()
    assert "Traceback" not in (directory / "daemon.log").read_text()


def pod(name="", *, script="sleep 1000", mounts=(), volumes=(), container=None, **spec):
    body = {"name": "c", "image": "busybox", "command": ["/bin/sh", "-c", script], "volumeMounts": list(mounts)}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name or f"p-{uuid.uuid4().hex[:8]}"},
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "restartPolicy": "Never",
            "containers": [body | (container or {})],
            "volumes": list(volumes),
        }
        | spec,
    }


def create(wire, body, path=PODS):
    return wire.ask("POST", path, json.dumps(body).encode(), **JSON)


def run(kubectl, wire, **parts):
    """Start a pod; return its name."""
    body = pod(**parts)
    answer = create(wire, body)
    assert answer.code == 201, answer.body.decode()
    return body["metadata"]["name"]


def phase(kubectl, name):
    return kubectl("get", "pod", name, "-o", "jsonpath={.status.phase}")


def ended(kubectl, name):
    PATIENCE.until(lambda: phase(kubectl, name) in ("Succeeded", "Failed"), f"the end of {name}")
    return kubectl("logs", name)


def complains(kubectl, name):
    """Wait until the pod says that it can't start, and return how."""
    shown = "jsonpath={.status.containerStatuses[0].state}"

    def probe():
        state = kubectl("get", "pod", name, "-o", shown)
        events = kubectl(
            "get", "events", "--field-selector", f"involvedObject.name={name}", "-o", "jsonpath={..message}"
        )
        text = state + events
        return text if "rror" in text or "failed" in text else ""

    return PATIENCE.until(probe, f"{name} to complain")


NODE = {"name": "n", "hostPath": {"path": "/"}}
EMPTY = {"name": "e", "emptyDir": {}}


@pytest.mark.parametrize(
    "name", ["..", ".", "../../x", "a/../b", "..%2f..%2fx", "a..b", "-", "a\x00b", "x" * 300], ids=repr
)
def test_names(wire, outside, name):
    """Whatever becomes a file's name is checked first."""
    assert create(wire, pod() | {"metadata": {"name": name}}).code in (400, 422)
    assert create(wire, pod(volumes=[EMPTY | {"name": name}])).code in (400, 422)
    assert create(wire, pod(container={"name": name})).code in (400, 422)
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1"}}}
    claims = "/api/v1/namespaces/default/persistentvolumeclaims"
    assert create(wire, {"metadata": {"name": name}, "spec": claim}, claims).code in (400, 422)
    assert create(wire, {"metadata": {"name": name}}, "/api/v1/namespaces").code in (400, 422)
    for kind in ("configmaps", "secrets"):
        body = {"metadata": {"name": "c"}, "stringData" if kind == "secrets" else "data": {name: ""}}
        answer = create(wire, body, f"/api/v1/namespaces/default/{kind}?dryRun=All")
        assert answer.code in (400, 422) or name in ("a..b", "-")


def test_identities_are_not_the_clients(wire, kubectl, outside):
    """A UID names directories of the node: it is the server's."""
    body = pod("uid")
    body["metadata"]["uid"] = "../../escape"
    made = create(wire, body).status
    assert uuid.UUID(made["metadata"]["uid"])
    change = json.dumps({"metadata": {"uid": "../../escape"}}).encode()
    answer = wire.ask("PATCH", f"{PODS}/uid", change, Content_Type="application/merge-patch+json")
    assert answer.code in (409, 422)


@pytest.mark.parametrize("path", ["..", "../x", "/x", "a/../../x", "..x", "a/.."])
def test_paths_of_projected_files(wire, outside, path):
    item = {"key": "k", "path": path}
    field = {"path": path, "fieldRef": {"fieldPath": "metadata.name"}}
    volumes = [
        {"configMap": {"name": "c", "items": [item]}},
        {"secret": {"secretName": "c", "items": [item]}},
        {"downwardAPI": {"items": [field]}},
        {"projected": {"sources": [{"configMap": {"name": "c", "items": [item]}}]}},
        {"projected": {"sources": [{"secret": {"name": "c", "items": [item]}}]}},
        {"projected": {"sources": [{"downwardAPI": {"items": [field]}}]}},
        {"projected": {"sources": [{"serviceAccountToken": {"path": path}}]}},
    ]
    for volume in volumes:
        answer = create(wire, pod(volumes=[{"name": "v"} | volume]))
        assert answer.code == 422, (volume, answer.body.decode())


@pytest.mark.parametrize("path", ["..", "../x", "/x", "a/../../x"])
def test_sub_paths(wire, kubectl, outside, path):
    """Said outright, they are refused; made of variables, they keep the container from starting."""
    for field in ("subPath", "subPathExpr"):
        mount = {"name": "e", "mountPath": "/v", field: path}
        assert create(wire, pod(mounts=[mount], volumes=[EMPTY])).code == 422
    mount = {"name": "e", "mountPath": "/v", "subPathExpr": "$(WHERE)"}
    environment = {"env": [{"name": "WHERE", "value": path}]}
    name = run(kubectl, wire, mounts=[mount], volumes=[EMPTY], container=environment)
    assert "subPath" in complains(kubectl, name).replace("SubPath", "subPath")


def test_host_paths(wire, kubectl, outside):
    """A hostPath is the node's, which is a folder of the kit; the machine's files are not there."""
    refused = {"name": "h", "hostPath": {"path": f"/x{UP}{outside}"}}
    assert create(wire, pod(volumes=[refused])).code == 422
    volume = {"name": "h", "hostPath": {"path": str(outside), "type": "DirectoryOrCreate"}}
    name = run(
        kubectl,
        wire,
        script="ls -A /v; ls -A /n/proc /n/usr",
        volumes=[volume, NODE],
        mounts=[{"name": "h", "mountPath": "/v"}, {"name": "n", "mountPath": "/n"}],
    )
    assert "secret" not in ended(kubectl, name)


@pytest.mark.parametrize("target", ["mountPath", "terminationMessagePath", "workingDir"])
def test_paths_inside_a_container(wire, kubectl, outside, target):
    """They begin at the container's root, however many `..` they have."""
    where = f"{UP}{outside}/made"
    mounts = [{"name": "e", "mountPath": where}] if target == "mountPath" else []
    container = {} if target == "mountPath" else {target: where}
    name = run(kubectl, wire, script=f"ls -A {outside}", mounts=mounts, volumes=[EMPTY], container=container)
    said = complains(kubectl, name) if target == "workingDir" else ended(kubectl, name)
    assert "secret" not in said


@pytest.mark.parametrize("prefix", ["", "/oldroot", "/proc/1/root", "/proc/self/root"])
def test_links_below_a_mount(wire, kubectl, outside, prefix):
    """A pod leaves a link in a volume; the next one has something mounted where it leads."""
    place = uuid.uuid4().hex
    node = {"name": "n", "hostPath": {"path": f"/{place}"}}
    script = f"ln -s {prefix}{outside} /n/link; ln -s {prefix}{outside}/secret /n/file; ln -s {UP[1:]}{outside} /n/far"
    first = run(kubectl, wire, script=script, volumes=[node], mounts=[{"name": "n", "mountPath": "/n"}])
    assert ended(kubectl, first) == ""
    for link in ("link", "link/made", "far/made", "file"):
        mounts = [{"name": "n", "mountPath": "/n"}, {"name": "e", "mountPath": f"/n/{link}"}]
        name = run(kubectl, wire, script="cat /n/link/secret /n/file", volumes=[node, EMPTY], mounts=mounts)
        PATIENCE.until(
            lambda name=name: phase(kubectl, name) != "Pending" or complains(kubectl, name), "a start, or none"
        )
        assert "machine" not in kubectl.run("logs", name).stdout
    for link in ("link", "file", "far"):
        mounts = [{"name": "n", "mountPath": "/v", "subPath": link}]
        name = run(kubectl, wire, script="cat /v /v/secret", volumes=[node], mounts=mounts)
        assert "subPath" in complains(kubectl, name)
        through = {"name": "h", "hostPath": {"path": f"/{place}/{link}"}}
        name = run(
            kubectl, wire, script="cat /v /v/secret", volumes=[through], mounts=[{"name": "h", "mountPath": "/v"}]
        )
        PATIENCE.until(
            lambda name=name: phase(kubectl, name) != "Pending" or complains(kubectl, name), "a start, or none"
        )
        assert "machine" not in kubectl.run("logs", name).stdout


def test_a_link_that_comes_and_goes(wire, kubectl, outside):
    """While one pod swaps a folder for a link as fast as it can, others mount what is below it."""
    node = {"name": "n", "hostPath": {"path": "/race"}}
    swap = "mv -T a t; mv -T b a; mv -T a b; mv -T t a"
    script = f"cd /n; mkdir -p a/sub; ln -s {UP[1:]}{outside} b; while :; do {swap}; done"
    run(kubectl, wire, script=script, volumes=[node], mounts=[{"name": "n", "mountPath": "/n"}])
    names = []
    for number in range(12):
        below = {"name": "n", "mountPath": "/v", "subPath": "a/sub" if number % 2 else "a"}
        through = {"name": "h", "hostPath": {"path": "/race/a", "type": "DirectoryOrCreate"}}
        mounts = [below, {"name": "h", "mountPath": "/h"}]
        script = "ls -A /v /h; cat /v/secret /h/secret; touch /v/made /h/made"
        names.append(run(kubectl, wire, script=script, volumes=[node, through], mounts=mounts))
    for name in names:
        PATIENCE.until(
            lambda name=name: phase(kubectl, name) != "Pending" or complains(kubectl, name), "a start, or none"
        )
        assert "machine" not in kubectl.run("logs", name).stdout


@pytest.mark.parametrize("path", ["/", "/x/..", "/link", "/link/secret", "/folder/link"])
def test_what_a_released_volume_takes_along(wire, kubectl, outside, path):
    """A forged volume of the provisioner's removes nothing but a folder of the node, and never all of it."""
    here = uuid.uuid4().hex[:8]
    script = f"mkdir /n/{here} /n/{here}/folder; ln -s {outside} /n/{here}/link; ln -s {outside} /n/{here}/folder/link"
    ended(kubectl, run(kubectl, wire, script=script, volumes=[NODE], mounts=[{"name": "n", "mountPath": "/n"}]))
    volume = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {
            "name": here,
            "annotations": {
                "pv.kubernetes.io/provisioned-by": "rancher.io/local-path",
                "local.path.provisioner/selected-node": "kit-control-plane",
            },
        },
        "spec": {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Delete",
            "storageClassName": "none",
            "hostPath": {"path": path if path == "/" else f"/{here}{path}"},
            "claimRef": {"namespace": "default", "name": "gone", "uid": "gone"},
        },
    }
    answer = create(wire, volume, "/api/v1/persistentvolumes")
    assert answer.code == (422 if ".." in path else 201)
    if answer.code == 201:

        def over():
            found = kubectl.run("get", "pv", here, "-o", "jsonpath={.status.phase}")
            return found.returncode != 0 or found.stdout == "Failed"

        PATIENCE.until(over, "the volume's end, or its failure")
    name = run(
        kubectl, wire, script=f"ls -d /n/{here}/folder", volumes=[NODE], mounts=[{"name": "n", "mountPath": "/n"}]
    )
    assert ended(kubectl, name) == f"/n/{here}/folder\n"


def test_logs_and_commands_name_a_container_of_the_pod(wire, kubectl, outside):
    name = run(kubectl, wire)
    PATIENCE.until(lambda: phase(kubectl, name) == "Running", "the pod")
    for container in ("..", "../c", f"..{UP}{outside}/secret", "c/../c", "c%00", ""):
        answer = wire.ask("GET", f"{PODS}/{name}/log?container={container}")
        assert answer.code == (200 if container == "" else 400), container
        assert "machine" not in answer.body.decode()
    for path in (
        f"{PODS}/..%2f{name}/log",
        f"{PODS}/%2e%2e/log",
        "/api/v1/nodes/..%2f..%2fx",
        f"/logs{UP}{outside}/secret",
    ):
        answer = wire.ask("GET", path)
        assert answer.code in (400, 404), path
        assert "machine" not in answer.body.decode()


def test_copies(wire, kubectl, outside, tmp_path):
    """`kubectl cp` sees the container's files, links included, and nothing else."""
    name = run(kubectl, wire, script=f"ln -s {outside}/secret /tmp/link; ln -s {UP[1:]}{outside} /tmp/far; sleep 1000")
    PATIENCE.until(lambda: kubectl.run("exec", name, "--", "ls", "/tmp/far", "-d").returncode == 0, "the links")
    copied = tmp_path / "copied"
    copied.mkdir()
    for path in ("/tmp", "/tmp/link", "/tmp/far/secret", f"{UP}{outside}", f"../..{outside}/secret"):
        kubectl.run("cp", f"{name}:{path}", str(copied / uuid.uuid4().hex))
    assert not [path for path in copied.rglob("*") if path.is_file() and "machine" in path.read_text()]
    (tmp_path / "mine").write_text("mine")
    for path in ("/tmp/far/made", f"{UP}{outside}/made", "/tmp/link"):
        kubectl.run("cp", str(tmp_path / "mine"), f"{name}:{path}")


def test_an_endless_termination_message(wire, kubectl, outside):
    """As much of its end as a status may have; the rest is not even read."""
    script = "truncate -s 1T /dev/termination-log; printf end >> /dev/termination-log"
    name = run(kubectl, wire, script=script)
    ended(kubectl, name)
    message = kubectl("get", "pod", name, "-o", "jsonpath={.status.containerStatuses[0].state.terminated.message}")
    assert message.endswith("end")
    assert len(message) <= 4096
