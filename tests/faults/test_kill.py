"""kill -9 at random moments: what was acknowledged stays, and nothing is left over."""

import os
import random
import threading
from pathlib import Path

import psutil
import pytest

from kitlib.errors import KitError
from tests.faults.census import Census
from tests.faults.churn import Churn
from tests.faults.conftest import NAMESPACE
from tests.faults.machine import agent, alive, daemon, holder, mounts_of, processes_of, tree, until


def container_process(directory):
    """Any process of any container, or of what holds a pod together."""
    return _RANDOM.choice(agent(directory).children(recursive=True))


_RANDOM = random.Random(int(os.environ.get("KIT_TEST_SEED", "5")))
_KILLS = int(os.environ.get("KIT_TEST_KILLS", "40"))
_SHARES = {daemon: 10, holder: 15, agent: 25, container_process: 50}  # per cent


@pytest.mark.timeout(200 + 5 * _KILLS)
def test_kills_at_random_lose_nothing_that_was_acknowledged(provider, info, cluster, directory):
    victims = [victim for victim, share in _SHARES.items() for _ in range(_KILLS * share // 100)]
    _RANDOM.shuffle(victims)
    churn = Churn(info, NAMESPACE)
    kubeconfig, mounts, claims = info.kubeconfig.read_bytes(), _mounts_inside(directory), _uids(cluster, "pvc")
    with Census(directory) as census:
        for victim in victims:
            before = churn.acknowledged
            with churn:
                until(lambda before=before: churn.acknowledged > before or churn.failure)
                threading.Event().wait(_RANDOM.random() / 4)  # the random moment
                until(lambda victim=victim: _killed(victim, directory))
                if victim is daemon:
                    until(lambda: census.alive() == [], why="processes outlive the cluster")
                    again = provider.create("faults")
                    assert again.created and again.server == info.server
            assert churn.failure is None, repr(churn.failure)
        assert info.kubeconfig.read_bytes() == kubeconfig
        _check_objects(cluster, churn)
        cluster.scale("sts", "web", 3, namespace=NAMESPACE)
        for name in _uids(cluster, "pods"):  # those whose containers were killed often wait minutes to be started again
            cluster.delete("pod", name, namespace=NAMESPACE)
        # Right after the last loss the set still counts pods of the lost node as ready.
        until(lambda: _settled(cluster, directory), 60.0, why="the set does not come back")
        assert claims.items() <= _uids(cluster, "pvc").items()
        log = until(lambda: _pod_says(cluster, "cat /data/log")).splitlines()
        assert churn.lines and set(churn.lines) <= set(log) and len(log) == len(set(log))
        _check_identities(cluster, directory)
        until(lambda: _pod_directories(directory) == _uids_of_all_pods(cluster), why="a pod's directory is left")
        assert _mounts_inside(directory) == mounts
        provider.delete("faults")
        until(lambda: census.alive() == [], why="processes outlive the cluster")
        assert processes_of(directory) == [] == mounts_of(directory)


def _killed(victim, directory):
    """Kill it; false while it is not there yet again."""
    try:
        victim(directory).kill()
    except (StopIteration, IndexError, psutil.NoSuchProcess):
        return False
    return True


def _settled(cluster, directory):
    """Three pods are ready, and one main process of each runs."""
    pods = cluster.list("pods", namespace=NAMESPACE)
    ready = [pod for pod in pods if any(c["type"] == "Ready" and c["status"] == "True" for c in _conditions(pod))]
    return len(ready) == 3 == len(_masters(directory))


def _conditions(pod):
    return pod["status"].get("conditions") or []


def _uids_of_all_pods(cluster):
    return {pod["metadata"]["uid"] for pod in cluster.list("pods", namespace="*")}


def _mounts_inside(directory):
    """Where the node's agent has mounted something, for containers that share it."""
    lines = Path(f"/proc/{agent(directory).pid}/mountinfo").read_text().splitlines()
    return sorted(line.split()[4] for line in lines)


def _pod_directories(directory):
    return {path.name for path in directory.glob("nodes/*/pods/*")}


@pytest.mark.parametrize("victim", [holder, agent])
def test_pods_come_back_when_their_node_was_killed(cluster, directory, victim):
    before = {pod["metadata"]["name"]: pod for pod in cluster.list("pods", namespace=NAMESPACE)}
    victim(directory).kill()
    for name, old in before.items():
        pod = cluster.wait("pod", name, until=lambda found: _restarts(found) == 1, namespace=NAMESPACE)
        assert pod["metadata"]["uid"] == old["metadata"]["uid"]
    cluster.wait("sts", "web", namespace=NAMESPACE)
    until(lambda: _pod_says(cluster, "getent hosts web-1.web").endswith(f"web-1.web.{NAMESPACE}.svc.cluster.local"))
    until(lambda: "200 OK" in _pod_says(cluster, GET.format("front")), why="the service does not answer")
    until(lambda: _pod_says(cluster, "exec 3<>/dev/tcp/kubernetes.default/443 && echo open") == "open")
    assert [_restarts(pod) for pod in cluster.list("pods", namespace=NAMESPACE)] == [1, 1]


def test_a_node_killed_again_while_it_comes_back(cluster, directory):
    for _ in range(3):
        first = until(lambda: _holder(directory))
        first.kill()
        until(lambda first=first: (found := _holder(directory)) and found != first)
    cluster.wait("sts", "web", namespace=NAMESPACE, until=lambda found: _all_restarted(cluster))
    until(lambda: "200 OK" in _pod_says(cluster, GET.format("front")), why="the service does not answer")


def test_a_node_that_hangs_ends_with_its_cluster(provider, info, directory):
    processes = tree(directory)
    agent(directory).suspend()
    daemon(directory).kill()
    until(lambda: not any(map(alive, processes)))
    assert provider.create(info.name).server == info.server


GET = r"exec 3<>/dev/tcp/{}/80 && printf 'GET / HTTP/1.0\r\n\r\n' >&3 && head -1 <&3"


def _pod_says(cluster, script):
    try:
        return cluster.exec("web-0", ["bash", "-c", script], namespace=NAMESPACE).stdout.strip()
    except KitError:
        return ""


def _holder(directory):
    try:
        return holder(directory)
    except StopIteration:
        return None


def _restarts(pod):
    return sum(status["restartCount"] for status in (pod["status"].get("containerStatuses") or []))


def _all_restarted(cluster):
    pods = cluster.list("pods", namespace=NAMESPACE)
    return len(pods) == 2 and all(_restarts(pod) >= 1 and "running" in _state(pod) for pod in pods)


def _state(pod):
    return pod["status"]["containerStatuses"][0]["state"]


def _uids(cluster, kind):
    return {one["metadata"]["name"]: one["metadata"]["uid"] for one in cluster.list(kind, namespace=NAMESPACE)}


def _check_objects(cluster, churn):
    found = _uids(cluster, "configmaps")
    wanted = {name: uid for name, uid in churn.created.items() if name not in churn.tried_to_delete}
    assert wanted.items() <= found.items()
    assert not churn.deleted & found.keys()
    counter = cluster.get("configmap", "counter", namespace=NAMESPACE)
    assert int(counter["data"]["n"]) >= churn.counter


def _check_identities(cluster, directory):
    """Every pod has one address, one launcher and one main process, and no process is without a pod."""
    pods = cluster.list("pods", namespace=NAMESPACE)
    assert [pod["metadata"]["name"] for pod in pods] == ["web-0", "web-1", "web-2"]
    assert len({pod["status"]["podIP"] for pod in pods}) == 3
    assert len(_masters(directory)) == 3 == len(agent(directory).children()), tree(directory)


def _masters(directory):
    return [process for process in tree(directory) if _is_master(process)]


def _is_master(process):
    try:
        return process.name() == "nginx" and process.parent().name() != "nginx"
    except (psutil.Error, AttributeError):  # it has ended meanwhile
        return False
