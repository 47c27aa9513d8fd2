"""kill -9 at random moments: what was acknowledged stays, and nothing is left over."""

import random
import threading

import pytest

from kitlib.errors import KitError
from tests.faults.churn import Churn
from tests.faults.conftest import NAMESPACE
from tests.faults.machine import agent, alive, daemon, holder, mounts_of, processes_of, tree, until


@pytest.mark.timeout(120)
def test_ten_kills_lose_nothing_that_was_acknowledged(provider, info, cluster, directory):
    rng = random.Random(5)
    churn = Churn(info, NAMESPACE)
    kubeconfig = info.kubeconfig.read_bytes()
    claims = _uids(cluster, "pvc")
    for victim in rng.sample([daemon, daemon, holder, agent, agent] * 2, 10):
        before = churn.acknowledged
        with churn:
            until(lambda before=before: churn.acknowledged > before or churn.failure)
            threading.Event().wait(rng.random())  # the random moment
            processes = tree(directory)
            victim(directory).kill()
            if victim is daemon:
                until(lambda processes=processes: not any(map(alive, processes)), why="processes outlive the cluster")
                again = provider.create("faults")
                assert again.created and again.server == info.server
        assert churn.failure is None, repr(churn.failure)
        assert info.kubeconfig.read_bytes() == kubeconfig
        _check_objects(cluster, churn)
    cluster.scale("sts", "web", 3, namespace=NAMESPACE)
    cluster.wait("sts", "web", namespace=NAMESPACE)
    assert claims.items() <= _uids(cluster, "pvc").items()
    # Right after the last loss the set still counts pods of the lost node as ready.
    log = until(lambda: _pod_says(cluster, "cat /data/log")).splitlines()
    assert churn.lines and set(churn.lines) <= set(log) and len(log) == len(set(log))
    _check_identities(cluster, directory)
    processes = tree(directory)
    provider.delete("faults")
    assert not any(map(alive, processes)) and processes_of(directory) == [] == mounts_of(directory)


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
    """Every pod has one address and one main process, and no process is without a pod."""
    pods = cluster.list("pods", namespace=NAMESPACE)
    assert [pod["metadata"]["name"] for pod in pods] == ["web-0", "web-1", "web-2"]
    assert len({pod["status"]["podIP"] for pod in pods}) == 3
    # A set counts pods of a lost node as ready for a moment: what is missing may still come, what is too much may not.
    until(lambda: len(_masters(directory)) >= 3)
    assert len(_masters(directory)) == 3, [(p.parent(), p.cmdline()) for p in _masters(directory)]


def _masters(directory):
    return [p for p in tree(directory) if p.name() == "nginx" and p.parent().name() != "nginx"]
