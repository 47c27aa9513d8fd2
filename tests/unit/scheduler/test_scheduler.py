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
