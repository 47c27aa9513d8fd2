"""What a machine or a user can get wrong: one line with the cause and the fix, and nothing half-made."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from kitlib.client import ManifestError, connect
from kitlib.environments.embedded import EmbeddedProvider
from tests.faults.machine import alive, daemon, processes_of, until

BIN = Path(sys.executable).parent
KIT = str(BIN / "kit")
# A user whose namespaces may not have namespaces of their own, as where an administrator forbids them.
NO_USER_NAMESPACES = (
    "unshare --user --map-root-user sh -c 'echo 1 > /proc/sys/user/max_user_namespaces; "
    "exec unshare --user --map-user=1000 --map-group=1000 {}'"
)


@pytest.fixture
def state(tmp_path):
    state = tmp_path / "state"
    yield state
    provider = EmbeddedProvider(state)
    for name in provider.names():
        provider.delete(name)
    assert processes_of(state) == []


def kit(state, *arguments, shell="{}", **environment):
    """Run `kit`; in `shell`, {} stands for the command."""
    environment = {**os.environ, "KIT_STATE_DIR": str(state), "KIT_CLUSTER": "", **environment}
    command = ["sh", "-c", shell.format(" ".join([KIT, *arguments]))]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)


def one_line(done, *parts, code=1):
    lines = done.stderr.strip().splitlines()
    assert done.returncode == code and len(lines) == 1, done.stderr
    assert lines[0].startswith("kit: ") and ". Fix: " in lines[0]
    assert all(part in lines[0] for part in parts), lines[0]


def nothing_left(state):
    assert EmbeddedProvider(state).names() == [] == processes_of(state)


# -- the machine -----------------------------------------------------------------------------------------------------


def test_a_port_that_is_taken(state):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        one_line(kit(state, "up", "-q", f"--port={port}"), f"port {port} on 127.0.0.1", "in use", "--port")
    nothing_left(state)


def test_user_namespaces_that_are_forbidden(state):
    doctor = kit(state, "doctor", shell=NO_USER_NAMESPACES)
    assert doctor.returncode == 1 and "Traceback" not in doctor.stderr
    assert "FAIL  namespaces: unshare: unshare failed" in doctor.stdout and "fix: allow unprivileged" in doctor.stdout
    one_line(kit(state, "up", "-q", shell=NO_USER_NAMESPACES), "node agent did not start: unshare", "kit doctor")
    nothing_left(state)


@pytest.mark.parametrize("blocks", [1, 100, 400])
def test_a_disk_that_is_full_while_the_cluster_starts(state, blocks):
    done = kit(state, "up", "-q", shell=f"ulimit -f {blocks}; exec {{}}")
    one_line(done, "free some disk space")
    nothing_left(state)


def test_a_disk_with_too_little_room(state):
    state.mkdir()
    tiny = f"exec unshare --user --map-root-user --mount sh -c 'mount -t tmpfs -o size=1m tiny {state} && exec {{}}'"
    one_line(kit(state, "up", "-q", shell=tiny), "1 MiB free", "needs 64", "free some disk space")
    nothing_left(state)


def test_a_disk_that_is_full_later(state):
    """Requests fail with the reason, what was there stays, and writing goes on when there is room again."""
    info = EmbeddedProvider(state).create("default")
    cluster = connect(info.kubeconfig)
    server = daemon(state / "clusters" / "default")
    cluster.create(_config_map("before"), namespace="default")
    unlimited = server.rlimit(psutil.RLIMIT_FSIZE)
    server.rlimit(psutil.RLIMIT_FSIZE, (4096, unlimited[1]))
    done = kubectl(info, "create configmap refused")
    assert done.returncode == 1 and "can't be written" in done.stderr and "free some disk space" in done.stderr
    assert cluster.find("configmap", "refused", namespace="default") is None
    server.rlimit(psutil.RLIMIT_FSIZE, unlimited)
    cluster.create(_config_map("after"), namespace="default")
    server.send_signal(signal.SIGKILL)
    until(lambda: not alive(server))
    again = connect(EmbeddedProvider(state).create("default").kubeconfig)
    names = [found["metadata"]["name"] for found in again.list("configmaps", namespace="default")]
    assert "before" in names and "after" in names and "refused" not in names


@pytest.mark.parametrize(("folder", "cause"), [("/dev/null/x", "Not a directory"), ("/proc/x", "No such file")])
def test_a_state_folder_that_can_not_be(folder, cause):
    one_line(kit(folder, "up", "-q"), folder, cause, "KIT_STATE_DIR")
    assert "absent" in kit(folder, "status").stdout
    assert kit(folder, "down").returncode == 0


def test_a_state_folder_that_is_read_only(state):
    state.mkdir()
    read_only = f"exec unshare --user --map-root-user --mount sh -c 'mount -t tmpfs -o ro tiny {state} && exec {{}}'"
    one_line(kit(state, "up", "-q", shell=read_only), str(state), "Read-only", "KIT_STATE_DIR")


# -- what lies in the cluster's folder -------------------------------------------------------------------------------


@pytest.fixture
def stopped(state):
    provider = EmbeddedProvider(state)
    info = provider.create("default")
    connect(info.kubeconfig).create(_config_map("kept"), namespace="default")
    provider.stop("default")
    return provider.directory("default")


def _no_database(path):
    path.write_bytes(b"no database " * 1000)


def _damaged_pages(path):
    content = bytearray(path.read_bytes())
    content[8192:] = b"\xff" * len(content[8192:])
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [_no_database, _damaged_pages])
def test_damaged_objects_are_left_as_they_are(state, stopped, damage):
    database = stopped / "cluster.db"
    copy = database.read_bytes()
    damage(database)
    damaged = database.read_bytes()
    one_line(kit(state, "up", "-q"), "objects are damaged", str(database), "kit down --name default --delete")
    assert database.read_bytes() == damaged and processes_of(state) == []
    database.write_bytes(copy)
    info = EmbeddedProvider(state).create("default")
    assert connect(info.kubeconfig).get("configmap", "kept", namespace="default")


def test_damaged_certificates(state, stopped):
    (stopped / "pki" / "ca.crt").write_text("")
    one_line(kit(state, "up", "-q"), "certificates", "damaged", f"remove {stopped / 'pki'}")
    shutil.rmtree(stopped / "pki")
    assert kit(state, "up", "-q").returncode == 0


@pytest.mark.parametrize("content", ["{", "[]", '{"pid": "x"}', '{"pid": 99999999999}', '{"pid": -1}', '{"pid": 1}'])
def test_a_stale_record_of_the_daemon(state, stopped, content):
    (stopped / "daemon.json").write_text(content)
    assert "stopped" in kit(state, "status").stdout
    assert "does not run" in kit(state, "down").stdout


def test_a_record_with_the_pid_of_somebody_else(state, stopped):
    with subprocess.Popen(["sleep", "60"]) as other:
        record = {"pid": other.pid, "process": "boot/1/2", "server": "https://127.0.0.1:1"}
        (stopped / "daemon.json").write_text(json.dumps(record))
        assert "does not run" in kit(state, "down").stdout
        assert other.poll() is None, "a process that is not ours was ended"
        assert kit(state, "up", "-q").returncode == 0
        assert daemon(stopped).pid != other.pid and other.poll() is None
        other.kill()


def test_a_second_daemon_on_the_same_folder(state):
    info = EmbeddedProvider(state).create("default")
    directory = state / "clusters" / "default"
    second = subprocess.run(
        [sys.executable, "-m", "kitlib.embedded.daemon", directory],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert second.returncode == 1 and f"another process holds {directory / 'lock'}" in second.stderr
    assert "Traceback" not in second.stderr
    assert connect(info.kubeconfig).version()


# -- the user --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["'a b'", "../x", "-x-", "''", "é", "x" * 41])
def test_names_that_no_cluster_can_have(state, name):
    one_line(kit(state, "up", f"--name={name}"), "cluster name", "letters, digits and dashes")
    assert not state.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["up", "--prot=1"], "--prot"),
        (["upp"], "upp"),
        (["up", "--nodes=0"], "--nodes"),
        (["up", "--port=x"], "--port"),
        (["up", "extra"], "extra"),
    ],
)
def test_wrong_options(state, arguments, said):
    one_line(kit(state, *arguments), said, "--help", code=2)
    assert not state.exists()


@pytest.mark.parametrize("port", [-1, 65536])
def test_ports_that_do_not_exist(state, port):
    one_line(kit(state, "up", "-q", f"--port={port}"), f"port {port} does not exist")
    assert not state.exists()


def test_down_twice_and_up_twice(state):
    assert "does not run" in kit(state, "down").stdout and not state.exists()
    assert "there is no cluster" in kit(state, "down", "--delete").stdout
    assert kit(state, "up", "-q").returncode == 0
    assert "runs already" in kit(state, "up", "-q").stderr
    one_line(kit(state, "up", "-q", "--port=1"), "runs already", "kit down")
    assert "is stopped" in kit(state, "down").stdout
    assert "does not run" in kit(state, "down").stdout
    assert "are removed" in kit(state, "down", "--delete").stdout
    nothing_left(state)


def test_a_kubeconfig_that_is_not_there(state):
    code = "from kitlib.client import connect; connect().version()"
    environment = {**os.environ, "KIT_STATE_DIR": str(state), "KIT_KUBECONFIG": "/nowhere"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert "there is no kubeconfig at /nowhere. Fix: " in done.stderr and "KIT_KUBECONFIG" in done.stderr


def test_many_starts_at_once_make_one_cluster(state):
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: kit(state, "up", "-q"), range(4)))
    assert [one.returncode for one in done] == [0] * 4
    assert sum("runs already" in one.stderr for one in done) == 3
    assert len([p for p in processes_of(state) if "kitlib.embedded.daemon" in p.cmdline()]) == 1


def test_down_while_it_starts_waits_and_stops_it(state):
    start = subprocess.Popen([KIT, "up", "-q"], env={**os.environ, "KIT_STATE_DIR": str(state)})
    until(lambda: processes_of(state))
    assert "is stopped" in kit(state, "down").stdout
    assert start.wait(30) == 0 and processes_of(state) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_start_that_is_given_up_leaves_no_process(state, number):
    start = subprocess.Popen(
        [KIT, "up", "-q"], stderr=subprocess.DEVNULL, env={**os.environ, "KIT_STATE_DIR": str(state)}
    )
    until(lambda: any("kitlib.embedded.daemon" in p.cmdline() for p in processes_of(state)))
    start.send_signal(number)
    assert start.wait(30) != 0
    until(lambda: processes_of(state) == [])
    if number == signal.SIGINT:
        nothing_left(state)
    assert kit(state, "up", "-q").returncode == 0


# -- manifests -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    provider = EmbeddedProvider(tmp_path_factory.mktemp("manifests"))
    yield provider.create("manifests")
    provider.delete("manifests")


def kubectl(info, arguments, manifest=""):
    command = [str(BIN / "kubectl"), "--kubeconfig", str(info.kubeconfig), *arguments.split()]
    return subprocess.run(command, input=manifest, capture_output=True, text=True, timeout=60, check=False)


GOOD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: good}\n"


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n   labels: {}", "mapping values are not allowed"),
        ("apiVersion: v1\nkind: [", "did not find expected node content"),
        ("apiVersion: apps/v1\nkind: StatefulSett\nmetadata: {name: a}", 'no matches for kind "StatefulSett"'),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: nowhere}", 'namespaces "nowhere" not found'),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndat: {}", 'unknown field "dat"'),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: A_b}", "RFC 1123"),
    ],
)
def test_kubectl_gets_one_clear_error(running, bad, said):
    done = kubectl(running, "apply -f -", bad)
    assert done.returncode == 1 and said in done.stderr and "Traceback" not in done.stderr
    assert kubectl(running, "get pods,statefulsets -o name").stdout == ""


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n   labels: {}", "line 9"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: nowhere}", "nowhere"),
        ("apiVersion: v1\nkind: Podd\nmetadata: {name: a}", "Podd"),
    ],
)
def test_apply_checks_everything_before_it_sends_anything(running, bad, said):
    cluster = connect(running.kubeconfig)
    with pytest.raises(ManifestError, match=said) as caught:
        cluster.apply(f"{GOOD}---\n{bad}", namespace="default")
    assert caught.value.fix and "\n" not in str(caught.value)
    assert cluster.find("configmap", "good", namespace="default") is None


def _config_map(name):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
