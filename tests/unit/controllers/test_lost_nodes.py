"""A node falls silent, comes back, is given up or removed: what becomes of it and of its pods."""

from __future__ import annotations

from typing import Any

import pytest

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.times import format_micro_time
from kitlib.embedded.controllers import podstate
from kitlib.embedded.controllers.node_timings import REAL, parse_timings
from kitlib.embedded.controllers.taint_eviction import patience
from tests.unit.controllers.world import World, stateful_set

UNREACHABLE, NOT_READY = "node.kubernetes.io/unreachable", "node.kubernetes.io/not-ready"


class Nodes(World):
    """A world with several nodes, all of which send heartbeats but the silent ones."""

    def __init__(self, *names: str) -> None:
        super().__init__(with_node=False, timings=REAL)
        self.silent = self.kubelet.silent
        self.names = names
        for name in names:
            self.add_node(name)
        self.beat()
        self.settle()

    def beat(self) -> None:
        for name in self.names:
            if name in self.silent:
                continue
            lease: Object = {
                "metadata": {"name": name, "namespace": "kube-node-lease"},
                "spec": {"renewTime": format_micro_time(self.clock.now()), "leaseDurationSeconds": 40},
            }
            known = self.client.find("leases.coordination.k8s.io", name, "kube-node-lease")
            (self.client.create if known is None else self.client.update)("leases.coordination.k8s.io", lease)

    def advance(self, seconds: float) -> None:
        for second in range(round(seconds)):
            if second % 10 == 0:
                self.beat()
            super().advance(1)

    def node(self, name: str) -> Object:
        return self.client.get("nodes", name)

    def ready(self, name: str) -> str:
        return str((podstate.condition(self.node(name), "Ready") or {})["status"])

    def taints(self, name: str) -> set[tuple[str, str]]:
        return {(taint["key"], taint["effect"]) for taint in self.node(name)["spec"].get("taints") or []}

    def run(self, name: str, node: str, **spec: Any) -> None:
        body = {"containers": [{"name": "c", "image": "nginx"}], "nodeName": node, **spec}
        self.client.create("pods", {"metadata": {"name": name, "namespace": "default"}, "spec": body})
        self.settle()

    def lose(self, name: str) -> None:
        """The node's kubelet hears and says nothing any more."""
        self.silent.add(name)

    def report(self, name: str, status: str) -> None:
        node = objects.deep_copy(self.node(name))
        node["status"]["conditions"] = [{"type": "Ready", "status": status, "lastHeartbeatTime": str(self.clock.now())}]
        self.client.update("nodes", node, subresource="status")
        self.settle()


def test_a_silent_node_is_unknown_after_the_grace_period_and_not_before() -> None:
    world = Nodes("a", "b")
    world.run("p", "a")
    world.lose("a")
    world.advance(49)
    assert world.ready("a") == "True"
    world.advance(2)
    condition = podstate.condition(world.node("a"), "Ready")
    assert condition and (condition["status"], condition["reason"]) == ("Unknown", "NodeStatusUnknown")
    assert condition["message"] == "Kubelet stopped posting node status."
    assert world.taints("a") == {(UNREACHABLE, "NoSchedule"), (UNREACHABLE, "NoExecute")}
    assert not podstate.is_ready(world.pod("p"))
    assert world.events("p", "NodeNotReady") == ["Node is not ready"]
    assert world.events("a", "NodeNotReady") == ["Node a status is now: NodeNotReady"]
    assert (world.ready("b"), world.taints("b")) == ("True", set())


def test_pods_are_marked_after_their_toleration_and_stay_until_somebody_answers() -> None:
    world = Nodes("a", "b")
    world.run("p", "a")
    world.lose("a")
    world.advance(51 + 298)
    assert not objects.is_terminating(world.pod("p"))
    world.advance(3)
    assert objects.is_terminating(world.pod("p"))
    condition = podstate.condition(world.pod("p"), "DisruptionTarget")
    assert condition and (condition["status"], condition["reason"]) == ("True", "DeletionByTaintManager")
    assert world.events("p", "TaintManagerEviction") == ["Marking for deletion Pod default/p"]
    world.advance(600)
    assert "p" in world.pods()


def test_a_stateful_set_makes_no_second_pod_of_an_identity_before_the_first_is_gone() -> None:
    world = Nodes("a", "b")
    world.client.create("statefulsets.apps", stateful_set(replicas=2))
    world.settle()
    first = world.pod("web-0")
    lost = first["spec"]["nodeName"]
    world.lose(lost)
    world.advance(600)
    assert objects.is_terminating(world.pod("web-0"))
    assert objects.uid(world.pod("web-0")) == objects.uid(first)
    # Force: whoever deletes the object says that the process is gone. Nobody checks.
    world.delete("pods", "web-0", grace_period_seconds=0)
    assert objects.uid(world.pod("web-0")) != objects.uid(first)
    assert world.pod("web-0")["spec"]["nodeName"] != lost


def test_a_node_that_returns_in_time_keeps_its_pods() -> None:
    world = Nodes("a", "b")
    world.run("p", "a")
    world.lose("a")
    world.advance(100)
    world.silent.clear()
    world.report("a", "True")
    assert world.taints("a") == set()
    assert world.events("p", "TaintManagerEviction") == ["Cancelling deletion of Pod default/p"]
    world.advance(600)
    assert not objects.is_terminating(world.pod("p"))


def test_a_kubelet_that_says_it_is_not_ready_is_believed() -> None:
    world = Nodes("a", "b")
    world.report("a", "False")
    assert world.taints("a") == {(NOT_READY, "NoSchedule"), (NOT_READY, "NoExecute")}


def test_when_all_nodes_are_silent_nobody_is_evicted() -> None:
    world = Nodes("a", "b")
    world.run("p", "a")
    world.lose("a")
    world.lose("b")
    world.advance(600)
    assert world.taints("a") == {(UNREACHABLE, "NoSchedule")}
    assert not objects.is_terminating(world.pod("p"))
    world.silent.discard("b")
    world.report("b", "True")
    assert (UNREACHABLE, "NoExecute") in world.taints("a")


def test_cordon_is_a_taint_too() -> None:
    world = Nodes("a")
    world.edit("nodes", "a", {"spec": {"unschedulable": True}}, namespace="")
    assert world.taints("a") == {("node.kubernetes.io/unschedulable", "NoSchedule")}
    world.edit("nodes", "a", {"spec": {"unschedulable": None}}, namespace="")
    assert world.taints("a") == set()


def test_other_peoples_taints_are_left_alone() -> None:
    world = Nodes("a", "b")
    mine = {"key": "mine", "effect": "NoSchedule"}
    world.edit("nodes", "a", {"spec": {"taints": [mine]}}, namespace="")
    world.report("a", "False")
    world.report("a", "True")
    assert world.node("a")["spec"]["taints"] == [mine]


def test_an_out_of_service_node_loses_its_terminating_pods_at_once() -> None:
    world = Nodes("a", "b")
    world.run("p", "a")
    world.run("q", "a", tolerations=[{"operator": "Exists"}])
    world.lose("a")
    world.advance(400)
    taint = {"key": "node.kubernetes.io/out-of-service", "value": "nodeshutdown", "effect": "NoExecute"}
    taints = [*world.node("a")["spec"]["taints"], taint]
    world.edit("nodes", "a", {"spec": {"taints": taints}}, namespace="")
    assert world.pods() == ["q"]  # it tolerates everything, so nobody has asked for its end


def test_pods_of_a_node_that_is_deleted_go_after_its_quarantine() -> None:
    world = Nodes("a", "b")
    world.run("p", "a")
    world.lose("a")
    world.delete("nodes", "a", namespace="")
    super(Nodes, world).advance(39)
    assert world.pods() == ["p"]
    super(Nodes, world).advance(2)
    assert world.pods() == []


def test_a_no_execute_taint_takes_effect_at_once_or_when_the_toleration_ends() -> None:
    world = Nodes("a", "b")
    tolerates = {"key": "k", "operator": "Exists", "effect": "NoExecute"}
    world.run("none", "a")
    world.run("some", "a", tolerations=[tolerates | {"tolerationSeconds": 10}])
    world.run("ever", "a", tolerations=[tolerates])
    world.edit("nodes", "a", {"spec": {"taints": [{"key": "k", "effect": "NoExecute"}]}}, namespace="")
    assert world.pods() == ["ever", "some"]
    world.advance(11)
    assert world.pods() == ["ever"]


TAINTS = [{"key": "a", "effect": "NoExecute"}, {"key": "b", "effect": "NoExecute"}]


@pytest.mark.parametrize(
    ("tolerations", "seconds"),
    [
        ([], 0),
        ([{"key": "a", "operator": "Exists"}], 0),
        ([{"operator": "Exists"}], None),
        ([{"operator": "Exists"}, {"key": "a", "operator": "Exists", "tolerationSeconds": 7}], 7),
        ([{"operator": "Exists", "tolerationSeconds": -1}], 0),
    ],
)
def test_the_shortest_toleration_counts(tolerations: list[Object], seconds: float | None) -> None:
    assert patience({"spec": {"tolerations": tolerations}}, TAINTS) == seconds


@pytest.mark.parametrize("text", ["", "slow", "10", "0,5", "5,-1", "a,b", "nan,3"])
def test_times_that_are_none(text: str) -> None:
    with pytest.raises(ValueError):
        parse_timings(text)
