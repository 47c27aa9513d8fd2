"""A lab that needs several nodes: on a cluster that has too few, and after the learner has let one fail."""

from dataclasses import replace

import pytest

from kitlib.client import connect
from kitlib.environments.embedded import EmbeddedProvider
from kitlib.errors import LabError, UsageError
from kitlib.lab import Course, Lab, LabSpec
from kitlib.lab.opening import open_cluster
from kitlib.settings import settings

MACHINE = "kit.embedded/machine"
POD = """
apiVersion: v1
kind: Pod
metadata: {name: away}
spec:
  nodeSelector: {kubernetes.io/hostname: kit-worker}
  terminationGracePeriodSeconds: 1
  containers: [{name: box, image: "busybox:1.36", command: [sleep, "3600"]}]
"""


@pytest.fixture
def three_nodes(provider):
    info = provider.create("three", nodes=3, node_timeouts="fast")
    yield connect(info.kubeconfig, info.context)
    provider.delete("three")


def test_a_cluster_that_is_too_small_is_named_with_its_remedy(info):
    found = replace(settings(), kubeconfig=info.kubeconfig, context=info.context)
    wanted = LabSpec(slug="t", title="T", namespace="t", checkpoints=(), nodes=3, node_timeouts="fast")
    with pytest.raises(LabError, match="needs 3 nodes, and the cluster has 1") as raised:
        open_cluster(found, spec=wanted)
    assert "kit up --nodes 3 --node-timeouts fast" in raised.value.fix
    assert len(open_cluster(found, spec=replace(wanted, nodes=1)).list("nodes")) == 1


def test_opening_a_lab_starts_a_cluster_when_none_is_up(tmp_path, monkeypatch):
    """As the first cell of the first lab does; a cluster that was larger before keeps its nodes."""
    monkeypatch.setenv("KIT_STATE_DIR", str(tmp_path))
    for variable in ("KIT_KUBECONFIG", "KIT_CONTEXT", "KIT_CLUSTER"):
        monkeypatch.delenv(variable, raising=False)
    provider, spec = EmbeddedProvider(), LabSpec(slug="t", title="T", namespace="t", checkpoints=())
    name = settings().cluster
    try:
        assert len(open_cluster(settings(), spec=spec).list("nodes")) == 1
        provider.delete(name)
        provider.create(name, nodes=2)
        provider.stop(name)
        assert len(open_cluster(settings(), spec=spec).list("nodes")) == 2
    finally:
        provider.delete(name)


def test_a_reset_gives_back_the_node_that_was_stopped(three_nodes, tmp_path):
    lab = Lab(Course.here().lab("09"), three_nodes, namespace="lab-09", state_dir=tmp_path)
    lab.open()
    try:
        lab.apply(POD)
        lab.wait("pod", "away")
        former = lab.uid("pod", "away")
        three_nodes.patch("node", "kit-worker", {"metadata": {"annotations": {MACHINE: "unreachable"}}})
        lab.wait("pod", "away", until="Terminating")
        assert "back at its beginning" in str(lab.reset())
        node = three_nodes.get("node", "kit-worker")
        assert MACHINE not in (node["metadata"].get("annotations") or {})
        lab.apply(POD)
        lab.wait("pod", "away")
        assert lab.uid("pod", "away") != former
    finally:
        lab.close()


@pytest.mark.parametrize("seed", ["Anna", "a b", "-a", "a" * 41, "a/b"])
def test_a_seed_that_makes_no_name_is_refused(seed):
    spec = Course.here().lab("10").spec()
    with pytest.raises(UsageError, match="not usable"):
        spec.for_student(seed)
    assert spec.for_student("anna-2") == "lab-10-anna-2" and spec.for_student("") == "lab-10"
