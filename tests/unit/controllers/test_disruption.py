from __future__ import annotations

from kitlib.embedded.registry.eviction import evict
from tests.unit.controllers.world import World, stateful_set

PDB = "poddisruptionbudgets.policy"


def budget(world: World, **spec: object) -> None:
    body = {"selector": {"matchLabels": {"app": "web"}}, **spec}
    world.client.create(PDB, {"metadata": {"name": "b", "namespace": "default"}, "spec": body})
    world.settle()


def numbers(world: World) -> tuple[int, ...]:
    status = world.client.get(PDB, "b", "default")["status"]
    fields = ("expectedPods", "desiredHealthy", "currentHealthy", "disruptionsAllowed")
    return tuple(status[field] for field in fields)


def running(world: World, replicas: int = 5) -> None:
    world.client.create("statefulsets.apps", stateful_set(replicas=replicas))
    world.settle()


def test_percentages_round_up_over_what_the_controller_wants(world: World) -> None:
    running(world)
    budget(world, maxUnavailable="30%")
    assert numbers(world) == (5, 3, 5, 2)
    world.edit(PDB, "b", {"spec": {"maxUnavailable": None, "minAvailable": "50%"}})
    assert numbers(world) == (5, 3, 5, 2)
    world.make_ready("web-4", ready=False)
    assert numbers(world) == (5, 3, 4, 1)


def test_an_evicted_pod_does_not_count_until_it_is_gone_or_stays_too_long(world: World) -> None:
    running(world)
    budget(world, minAvailable=3)
    world.kubelet.undying.add("web-4")
    evict(world.cluster.registry, "web-4", namespace="default", eviction={})
    world.settle()
    assert numbers(world) == (5, 3, 4, 1)
    world.kubelet.undying.clear()
    world.delete("pods", "web-4", grace_period_seconds=0)
    assert numbers(world) == (5, 3, 5, 2)
    assert "disruptedPods" not in world.client.get(PDB, "b", "default")["status"]


def test_a_pod_that_was_not_deleted_counts_again(world: World) -> None:
    running(world)
    budget(world, minAvailable=3)
    noted = {"disruptedPods": {"web-0": "2026-01-01T00:00:00Z"}}
    world.client.patch(PDB, "b", {"status": noted}, namespace="default", subresource="status")
    world.settle()
    assert numbers(world) == (5, 3, 4, 1)
    world.advance(121)
    assert numbers(world) == (5, 3, 5, 2)
    assert world.events("web-0", "NotDeleted") == ["Pod was expected by PDB default/b to be deleted but it wasn't"]


def test_conditions_of_others_are_kept(world: World) -> None:
    running(world, 1)
    budget(world, minAvailable=1)
    present = world.client.get(PDB, "b", "default")["status"]["conditions"]
    mine = {
        "type": "Mine",
        "status": "True",
        "reason": "R",
        "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    world.client.patch(
        PDB, "b", {"status": {"conditions": [*present, mine]}}, namespace="default", subresource="status"
    )
    world.make_ready("web-0", ready=False)
    kinds = [c["type"] for c in world.client.get(PDB, "b", "default")["status"]["conditions"]]
    assert sorted(kinds) == ["DisruptionAllowed", "Mine"]
