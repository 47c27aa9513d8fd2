"""A state directory without any room left: writes fail with the reason, everything else goes on, and recovers."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kitlib.client import connect
from kitlib.errors import KitError
from tests.faults.machine import alive, processes_of, until
from tests.faults.wire import Wire

KIT = Path(sys.executable).with_name("kit")
MAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
JSON = {"Content_Type": "application/json"}
# A file system of its own that only the cluster sees, and that ends with it.
OF_ITS_OWN = "mount -t tmpfs -o size=100m state {0} && KIT_STATE_DIR={0} exec {1} up -q"


@pytest.fixture
def server(tmp_path):
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", OF_ITS_OWN.format(tmp_path, KIT)]
    subprocess.run(command, check=True, capture_output=True, timeout=60, env=os.environ | {"KIT_CLUSTER": ""})
    [server] = [found for found in processes_of(tmp_path) if "kitlib.embedded.daemon" in found.cmdline()]
    yield server
    server.send_signal(signal.SIGTERM)
    until(lambda: not alive(server))
    assert processes_of(tmp_path) == []


@pytest.fixture
def state(server, tmp_path):
    """The cluster's state directory, as the cluster sees it."""
    return Path(f"/proc/{server.pid}/root{tmp_path}")


@pytest.fixture
def kubeconfig(state, tmp_path):
    copy = tmp_path / "kubeconfig"
    copy.write_bytes((state / "clusters/default/kubeconfig").read_bytes())
    return copy


def fill(path):
    with path.open("ab", buffering=0) as file:
        for block in (1 << 20, 1 << 12, 1):
            while True:
                try:
                    if file.write(b"x" * block) < block:
                        break
                except OSError:
                    break


def config_map(name):
    data = {"k": "x" * 100_000}
    return json.dumps({"kind": "ConfigMap", "metadata": {"name": name}, "data": data}).encode()


def pod(name, trap):
    command = ["sh", "-c", f"{trap}; echo started; while :; do sleep 0.1; done"]
    spec = {"containers": [{"name": "c", "image": "busybox", "command": command}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def test_no_room_and_room_again(server, state, kubeconfig):
    cluster, wire = connect(kubeconfig), Wire(kubeconfig)
    cluster.create(pod("falls", "trap 'exit 3' USR1"), namespace="default")
    cluster.create(pod("leaves", "trap 'while ! [ -e /go ]; do sleep 0.1; done; exit' TERM"), namespace="default")
    for name in ("falls", "leaves"):
        cluster.wait("pod", name, namespace="default")
    cluster.delete("pod", "leaves", namespace="default")
    fill(state / "filler")
    made = [name for name in map("c{}".format, range(100)) if write(wire, config_map(name)).code == 201]
    assert len(made) < 100

    refused(write(wire, config_map("refused")))
    refused(wire.ask("DELETE", f"{PODS}/falls"))
    assert "started" in cluster.logs("falls", namespace="default")
    # What the kubelet notes now it can't tell.
    run(cluster, "falls", "kill -USR1 1")
    run(cluster, "leaves", "touch /go")
    until(lambda: not runs(cluster, "leaves"))
    assert names(cluster) >= set(made) and "refused" not in names(cluster)
    assert wire.ask("GET", "/readyz").code == 200

    (state / "filler").unlink()
    assert write(wire, config_map("after")).code == 201
    cluster.wait("pod", "falls", namespace="default", until=restarted)
    until(lambda: cluster.find("pod", "leaves", namespace="default") is None)
    cluster.create(pod("new", "true"), namespace="default")
    cluster.wait("pod", "new", namespace="default")
    assert alive(server) and "Traceback" not in (state / "clusters/default/daemon.log").read_text()


def write(wire, body):
    return wire.ask("POST", MAPS, body, **JSON)


def refused(answer):
    assert answer.code >= 500 and answer.status["kind"] == "Status", answer
    assert "can't be written" in answer.status["message"] and "free some disk space" in answer.status["message"]


def run(cluster, name, script):
    assert cluster.exec(name, ["sh", "-c", script], namespace="default").exit_code == 0


def runs(cluster, name):
    try:
        return cluster.exec(name, ["true"], namespace="default").exit_code == 0
    except KitError:
        return False


def names(cluster):
    return {found["metadata"]["name"] for found in cluster.list("configmaps", namespace="default")}


def restarted(found):
    [status] = found["status"]["containerStatuses"]
    return status["restartCount"] == 1 and "running" in status["state"]
