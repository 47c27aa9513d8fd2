"""The client against a cluster that runs."""

import json
import threading
import time

import psutil
import pytest

from kitlib.checks import Observer, Probe
from kitlib.client import ApiError, ManifestError, Timeline, Unreachable, WaitTimeout, connect
from kitlib.lab.reset import ensure_namespace

SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {clusterIP: None}\n"

POD = """
apiVersion: v1
kind: Pod
metadata: {name: one}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: nginx, image: "nginx:1.27"}]
"""


def test_apply_creates_changes_and_leaves_alone(cluster, namespace):
    manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: '1'}\n"
    actions = [
        cluster.apply(text, namespace=namespace)[0].action
        for text in (manifest, manifest, manifest.replace("'1'", "'2'"))
    ]
    assert actions == ["created", "unchanged", "configured"]


def test_apply_tells_what_the_server_warns_of(cluster, namespace):
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "old", "annotations": {"volume.beta.kubernetes.io/storage-class": "any"}},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}},
    }
    (applied,) = cluster.apply(claim, namespace=namespace)
    assert applied.warnings == (
        "metadata.annotations[volume.beta.kubernetes.io/storage-class]: "
        'deprecated since v1.8; use "storageClassName" attribute instead',
    )
    assert cluster.apply(SERVICE, namespace=namespace)[0].warnings == ()


def test_a_probe_runs_a_command_or_reads_the_log_of_the_first_ready_pod(cluster, namespace):
    talking = POD.replace('image: "nginx:1.27"', 'image: busybox, command: [sh, -c, "echo hello; sleep 100"]')
    cluster.apply(talking, namespace=namespace)
    cluster.wait("pod", "one", namespace=namespace)
    cluster.apply(POD.replace("name: one", "name: no-one").replace("nginx:1.27", "nginx:none"), namespace=namespace)
    probes = (Probe("log", "*one"), Probe("name", "o*", ("hostname",)), Probe("none", "two-*"))
    while not (found := Observer(cluster, namespace).look(probes).probes)["log"].stdout:
        time.sleep(0.05)
    assert [found[name].stdout for name in ("log", "name", "none")] == ["hello\n", "one\n", ""]
    assert found["none"].problem == "two-* is not Ready"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("apiVersion: v1\nkind: Sevice\nmetadata: {name: a}", 2, "did you mean Service?"),
        ("apiVersion: v1\nkind: StatefulSet\nmetadata: {name: a}", 2, "write apiVersion: apps/v1"),
        ("apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  namespace: b\nspec: {}", 5, "namespace 'b'"),
        ("apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n  clusterIP: None\n  prots: []", 6, "prots"),
        ("apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n  ports: 3", 5, "ports"),
        (POD + "---\napiVersion: v1\nkind: Nothing\nmetadata: {name: b}", 10, "no kind 'Nothing'"),
    ],
)
def test_a_bad_manifest_is_one_line_and_leaves_nothing_half_made(cluster, namespace, text, line, said):
    with pytest.raises(ManifestError, match=said) as caught:
        cluster.apply(text, namespace=namespace)
    assert caught.value.line == line and caught.value.fix and "\n" not in str(caught.value)
    assert cluster.list("pods", namespace=namespace) == [] == cluster.list("svc", namespace=namespace)


def test_a_missing_namespace_is_named(cluster):
    with pytest.raises(ManifestError, match="create the namespace 'nowhere' first"):
        cluster.apply(POD, namespace="nowhere")


def test_exec_and_logs(cluster, namespace):
    cluster.apply(POD, namespace=namespace)
    said = []
    cluster.wait("pod", "one", namespace=namespace, progress=said.append)
    assert said[-1] == "pod/one: Ready"
    done = cluster.exec("one", ["sh", "-c", "echo out; echo err >&2; exit 3"], namespace=namespace)
    assert (done.stdout, done.stderr, done.exit_code) == ("out\n", "err\n", 3)
    assert cluster.exec("one", ["hostname"], namespace=namespace).stdout == "one\n"
    big = cluster.exec("one", ["sh", "-c", "head -c 300000 /dev/zero | tr '\\0' x"], namespace=namespace)
    assert len(big.stdout) == 300000
    assert isinstance(cluster.logs("one", namespace=namespace, tail=1), str)
    with pytest.raises(ApiError, match="nobody"):
        cluster.exec("nobody", ["ls"], namespace=namespace)


def test_a_wait_that_runs_out_says_why(cluster, namespace):
    cluster.apply(POD.replace("nginx:1.27", "ngnix:1.27"), namespace=namespace)
    with pytest.raises(WaitTimeout, match=r"cannot get the image .ngnix:1\.27.") as caught:
        cluster.wait("pod", "one", namespace=namespace, timeout=4)
    assert caught.value.fix and caught.value.diagnosis


def test_a_timeline_outlives_its_process(cluster, namespace, tmp_path):
    first = Timeline(cluster, namespace, folder=tmp_path)
    first.start()
    cluster.apply("apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {clusterIP: None}", namespace=namespace)
    _until(lambda: any(c.name == "a" for c in first.changes()))
    first.stop()
    cluster.delete("svc", "a", namespace=namespace)
    cluster.apply("apiVersion: v1\nkind: Service\nmetadata: {name: b}\nspec: {clusterIP: None}", namespace=namespace)
    with first.file.open("a") as log:
        log.write('{"time": 1, "ty')  # what a SIGKILL leaves behind
    with Timeline(cluster, namespace, folder=tmp_path) as second:
        _until(lambda: any(c.name == "b" for c in second.changes()))
        told = [(c.type, c.name) for c in second.changes() if c.kind == "Service"]
    assert told == [("ADDED", "a"), ("DELETED", "a"), ("ADDED", "b")]


def test_a_stopped_timeline_leaves_no_threads(cluster, namespace, tmp_path):
    before = threading.active_count()
    with Timeline(cluster, namespace, folder=tmp_path):
        assert threading.active_count() > before
    _until(lambda: threading.active_count() <= before)


def test_a_server_that_is_not_there(info, cluster, tmp_path):
    other = tmp_path / "kubeconfig"
    other.write_text(info.kubeconfig.read_text().replace(info.server, "https://127.0.0.1:9"))
    with pytest.raises(Unreachable, match="nothing listens there"):
        connect(other, info.context).version()


def test_the_official_client_reaches_the_same_cluster(cluster, namespace):
    from kubernetes import client  # noqa: PLC0415 -- slow on purpose

    found = client.CoreV1Api(cluster.official()).list_namespaced_service_account(namespace)
    assert "default" in [one.metadata.name for one in found.items]


def _until(holds, seconds=5.0):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_timeline_outlives_a_killed_server(provider, tmp_path):
    info = provider.create("killed")
    try:
        cluster = connect(info.kubeconfig, info.context)
        ensure_namespace(cluster, "lab", slug="tests")
        with Timeline(cluster, "lab", folder=tmp_path) as timeline:
            cluster.apply(SERVICE, namespace="lab")
            _until(lambda: [c.type for c in timeline.changes() if c.kind == "Service"] == ["ADDED"])
            daemon = json.loads((provider.directory("killed") / "daemon.json").read_text())["pid"]
            psutil.Process(daemon).kill()
            _until(lambda: psutil.Process(daemon).status() == psutil.STATUS_ZOMBIE)
            again = provider.create("killed")
            assert again.server == info.server
            cluster.delete("svc", "a", namespace="lab")
            _until(lambda: [c.type for c in timeline.changes() if c.kind == "Service"][-1:] == ["DELETED"], 10)
            told = [c.type for c in timeline.changes() if c.kind == "Service"]
        assert told == ["ADDED", "DELETED"]
    finally:
        provider.delete("killed")
