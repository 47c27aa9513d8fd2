from __future__ import annotations

from typing import Any

from kitlib.embedded.apimachinery.objects import Object
from tests.unit.controllers.world import NODE, World


def pod(name: str, **spec: Any) -> Object:
    body = {"containers": [{"name": "c", "image": "nginx"}], **spec}
    return {"metadata": {"name": name, "namespace": "default"}, "spec": body}


def test_a_pod_is_bound_and_the_event_says_where() -> None:
    world = World()
    world.client.create("pods", pod("p"))
    world.settle()
    assert world.pod("p")["spec"]["nodeName"] == NODE
    assert world.events("p", "Scheduled") == [f"Successfully assigned default/p to {NODE}"]


def test_a_pod_waits_for_a_node_without_polling() -> None:
    world = World(with_node=False)
    world.client.create("pods", pod("p"))
    world.settle()
    assert world.events("p", "FailedScheduling") == ["no nodes available to schedule pods"]
    world.advance(60)
    assert len(world.events("p")) == 1
    world.add_node()
    world.settle()
    assert world.pod("p")["spec"]["nodeName"] == NODE


def test_a_cordoned_node_is_used_again_after_uncordon() -> None:
    world = World()
    world.edit("nodes", NODE, {"spec": {"unschedulable": True}}, namespace="")
    world.client.create("pods", pod("p"))
    world.settle()
    [message] = world.events("p", "FailedScheduling")
    assert message == (
        "0/1 nodes are available: 1 node(s) were unschedulable. "
        "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
    )
    world.edit("nodes", NODE, {"spec": {"unschedulable": None}}, namespace="")
    assert world.pod("p")["spec"]["nodeName"] == NODE


def test_room_made_by_another_pod_is_used() -> None:
    world = World()
    big = {"containers": [{"name": "c", "image": "nginx", "resources": {"requests": {"cpu": "3"}}}]}
    for name in ("one", "two"):
        world.client.create("pods", pod(name, **big))
        world.settle()
    assert "nodeName" not in world.pod("two")["spec"]
    world.delete("pods", "one")
    assert world.pod("two")["spec"]["nodeName"] == NODE


def test_other_schedulers_pods_are_left_alone() -> None:
    world = World()
    world.client.create("pods", pod("p", schedulerName="mine"))
    world.settle()
    assert "nodeName" not in world.pod("p")["spec"]


def with_cpu(cpu: str, **spec: Any) -> dict[str, Any]:
    return {"containers": [{"name": "c", "image": "nginx", "resources": {"requests": {"cpu": cpu}}}], **spec}


def priority_class(world: World, name: str, value: int, **fields: Any) -> None:
    world.client.create("priorityclasses.scheduling.k8s.io", {"metadata": {"name": name}, "value": value, **fields})


def test_a_pod_of_high_priority_makes_room() -> None:
    world = World()
    world.kubelet.undying.add("low")
    priority_class(world, "high", 1000)
    world.client.create("pods", pod("low", **with_cpu("3")))
    world.settle()
    world.client.create("pods", pod("high", **with_cpu("3", priorityClassName="high")))
    world.settle()
    high, low = world.pod("high"), world.pod("low")
    assert high["status"]["nominatedNodeName"] == NODE
    assert world.events("high", "FailedScheduling") == ["0/1 nodes are available: 1 Insufficient cpu."]
    assert world.events("low", "Preempted") == [f"Preempted by pod {high['metadata']['uid']} on node {NODE}"]
    [condition] = [c for c in low["status"]["conditions"] if c["type"] == "DisruptionTarget"]
    assert (condition["status"], condition["reason"]) == ("True", "PreemptionByScheduler")
    assert low["metadata"]["deletionTimestamp"]
    # Whoever is less important does not slip into the room that is being made.
    world.client.create("pods", pod("late", **with_cpu("1")))
    world.settle()
    assert "nodeName" not in world.pod("late")["spec"]
    world.kubelet.undying.clear()
    world.kubelet.queue.add("default/low")
    world.settle()
    assert world.pod("high")["spec"]["nodeName"] == NODE
    assert "nominatedNodeName" not in world.pod("high")["status"]
    assert world.pod("late")["spec"]["nodeName"] == NODE


def test_who_never_preempts_waits() -> None:
    world = World()
    priority_class(world, "patient", 1000, preemptionPolicy="Never")
    world.client.create("pods", pod("low", **with_cpu("3")))
    world.settle()
    world.client.create("pods", pod("high", **with_cpu("3", priorityClassName="patient")))
    world.settle()
    assert world.events("high", "FailedScheduling") == [
        "0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never."
    ]
    assert not world.events("low", "Preempted")


def test_only_as_many_as_needed_go_and_the_least_important() -> None:
    world = World()
    priority_class(world, "high", 1000)
    priority_class(world, "middle", 10)
    for name, spec in (("a", with_cpu("1")), ("b", with_cpu("1", priorityClassName="middle")), ("c", with_cpu("2"))):
        world.client.create("pods", pod(name, **spec))
    world.settle()
    world.client.create("pods", pod("high", **with_cpu("1", priorityClassName="high")))
    world.settle()
    # One of the two that nobody calls important: a can stay if c goes.
    assert world.pods() == ["a", "b", "high"]


def test_a_disruption_budget_is_spared_when_that_is_possible() -> None:
    world = World()
    priority_class(world, "high", 1000)
    for name in ("guarded", "free"):
        world.client.create("pods", pod(name, **with_cpu("2")) | {"kind": "Pod"})
    world.edit("pods", "guarded", {"metadata": {"labels": {"app": "db"}}})
    spec = {"minAvailable": 1, "selector": {"matchLabels": {"app": "db"}}}
    world.client.create(
        "poddisruptionbudgets.policy", {"metadata": {"name": "b", "namespace": "default"}, "spec": spec}
    )
    world.settle()
    world.client.create("pods", pod("high", **with_cpu("2", priorityClassName="high")))
    world.settle()
    assert world.pods() == ["guarded", "high"]


def test_equals_are_no_victims() -> None:
    world = World()
    for name in ("first", "second"):
        world.client.create("pods", pod(name, **with_cpu("3")))
        world.settle()
    assert world.events("second", "FailedScheduling") == [
        "0/1 nodes are available: 1 Insufficient cpu. "
        "preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod."
    ]


def test_the_most_important_of_those_who_wait_is_next() -> None:
    world = World(with_node=False)
    priority_class(world, "high", 1000)
    world.client.create("pods", pod("early", **with_cpu("3")))
    world.client.create("pods", pod("late", **with_cpu("3", priorityClassName="high")))
    world.settle()
    world.add_node()
    world.settle()
    assert world.pod("late")["spec"].get("nodeName") == NODE
    assert "nodeName" not in world.pod("early")["spec"]


def test_gates_hold_a_pod_back_until_the_last_is_gone() -> None:
    world = World()
    world.client.create("pods", pod("p", schedulingGates=[{"name": "a.io/x"}]))
    world.settle()
    assert "nodeName" not in world.pod("p")["spec"]
    [condition] = world.pod("p")["status"]["conditions"]
    assert (condition["type"], condition["status"], condition["reason"]) == ("PodScheduled", "False", "SchedulingGated")
    world.edit("pods", "p", {"spec": {"schedulingGates": None}})
    assert world.pod("p")["spec"]["nodeName"] == NODE
