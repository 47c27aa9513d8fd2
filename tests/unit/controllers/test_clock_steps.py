"""The wall clock is set, forwards and back by hours: what takes its time takes neither more nor less of it."""

from __future__ import annotations

import pytest

from kitlib.embedded.controllers import podstate
from tests.unit.controllers.test_disruption import budget, numbers, running
from tests.unit.controllers.test_lost_nodes import Nodes
from tests.unit.controllers.world import World, stateful_set

HOURS = [-5 * 3600, 5 * 3600]


def available(world: World) -> int:
    return int(world.client.get("statefulsets.apps", "web", "default")["status"].get("availableReplicas", 0))


def test_pods_stay_available_when_the_clock_is_set_back(world: World) -> None:
    world.client.create("statefulsets.apps", stateful_set(replicas=3, minReadySeconds=10))
    world.settle()
    world.advance(60)
    assert available(world) == 3
    world.clock.set_back(5 * 3600)
    world.edit("statefulsets.apps", "web", {"spec": {"template": {"metadata": {"labels": {"round": "two"}}}}})
    world.settle()
    for _ in range(3):
        world.advance(11)
    assert available(world) == 3
    pods = world.client.list("pods", "default", label_selector="round=two")
    assert len(pods) == 3 and all(map(podstate.is_ready, pods))


def test_who_was_ready_in_a_later_time_is_available_and_new_pods_wait(world: World) -> None:
    world.client.create("statefulsets.apps", stateful_set(replicas=1, minReadySeconds=10))
    world.settle()
    world.advance(11)
    world.clock.set_back(5 * 3600)
    world.edit("statefulsets.apps", "web", {"spec": {"replicas": 2}})
    world.settle()
    assert available(world) == 1
    world.advance(11)
    assert available(world) == 2


@pytest.mark.parametrize("back", HOURS)
def test_a_node_is_lost_after_its_grace_by_any_clock(back: int) -> None:
    nodes = Nodes("a", "b")
    nodes.run("p", "a")
    nodes.settle()
    nodes.clock.set_back(back)
    nodes.advance(100)
    assert (nodes.ready("a"), nodes.ready("b")) == ("True", "True")
    nodes.silent.add("a")
    nodes.advance(25)
    nodes.clock.set_back(back)
    nodes.advance(5)
    assert nodes.ready("a") == "True"
    nodes.advance(30)
    assert (nodes.ready("a"), nodes.ready("b")) == ("Unknown", "True")
    nodes.clock.set_back(back)
    nodes.advance(200)
    assert nodes.client.find("pods", "p", "default")
    assert not nodes.client.get("pods", "p", "default")["metadata"].get("deletionTimestamp")
    nodes.advance(150)
    assert nodes.client.get("pods", "p", "default")["metadata"].get("deletionTimestamp")


def test_an_eviction_noted_before_the_clock_was_set_back_does_not_count_for_hours(world: World) -> None:
    running(world)
    budget(world, minAvailable=3)
    noted = {"disruptedPods": {"web-0": "2026-01-01T00:00:00Z"}}
    world.client.patch("poddisruptionbudgets.policy", "b", {"status": noted}, namespace="default", subresource="status")
    world.settle()
    assert numbers(world) == (5, 3, 4, 1)
    world.clock.set_back(5 * 3600)
    world.advance(121)
    assert numbers(world) == (5, 3, 5, 2)
