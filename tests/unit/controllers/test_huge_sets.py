"""What a sync costs depends on the pods there are, never on the number that was asked for."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.controllers.controller import Controller
from kitlib.embedded.controllers.statefulset.slots import LARGEST_BURST
from tests.unit.controllers.test_statefulset_core import Simulation, check_sync, make_set
from tests.unit.controllers.world import World, stateful_set, template

HUGE = 3_000_000
LAST_START = 2**31 - 1


class Counting:
    """Counts the calls of a client."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.calls: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def call(*args: Any, **options: Any) -> Any:
            self.calls[name] += 1
            return method(*args, **options)

        return call


def counted(world: World, name: str) -> tuple[Controller, Counting]:
    controller = next(c for c in world.manager.controllers if c.name == name)
    controller.client = counting = Counting(controller.client)  # type: ignore[assignment]
    return controller, counting


def rescale(world: Simulation, replicas: int) -> None:
    world.set = world.set | {"spec": world.set["spec"] | {"replicas": replicas}}


@pytest.mark.parametrize("start", [0, LAST_START])
@pytest.mark.parametrize(("policy", "most"), [("OrderedReady", 1), ("Parallel", LARGEST_BURST)])
def test_one_decision_is_bounded_and_can_be_taken_back(policy: str, most: int, start: int) -> None:
    world = Simulation(make_set(podManagementPolicy=policy, ordinals={"start": start}))
    world.run_to_rest()
    rescale(world, HUGE)
    world.created.clear()
    for syncs in (1, 2, 3):
        plan = world.sync()
        assert len(plan.actions) <= 2 * most  # a claim and a pod each
        assert len(plan.reasons) <= most + 101
        assert plan.status["replicas"] < 3 + syncs * most
        for name in list(world.pods):
            world.set_state(name, "True")
    assert world.created == list(range(start + 3, start + 3 + 3 * most))
    rescale(world, 3)
    for _ in range(3 * most + 1):
        plan = world.sync()
        assert len(plan.actions) <= most
        for name in list(world.pods):
            world.set_state(name, "gone")
    assert sorted(world.pods) == [f"web-{start + n}" for n in range(3)]


@pytest.mark.parametrize("policy", ["OrderedReady", "Parallel"])
def test_the_invariants_hold_on_the_way_there_and_back(policy: str) -> None:
    world = Simulation(make_set(podManagementPolicy=policy))
    world.run_to_rest()
    for replicas, update in ((HUGE, "old"), (HUGE, "new"), (3, "new")):
        rescale(world, replicas)
        world.update = update
        for _ in range(3):
            check_sync(world, partition=0, ordered=policy == "OrderedReady", strict=True)
    world.run_to_rest()
    assert sorted(world.pods) == ["web-0", "web-1", "web-2"]


def test_the_rest_comes_by_itself_and_a_set_that_is_deleted_does_not_spin() -> None:
    world = Simulation(make_set(podManagementPolicy="Parallel", replicas=LARGEST_BURST + 10))
    assert world.sync().requeue_after == 0
    assert world.sync().requeue_after is None
    assert len(world.pods) == LARGEST_BURST + 10
    rescale(world, HUGE)
    world.set = world.set | {"metadata": world.set["metadata"] | {"deletionTimestamp": "2026-01-01T00:00:00Z"}}
    plan = world.sync()
    assert (plan.actions, plan.requeue_after) == ((), None)


def test_claims_are_looked_after_before_any_of_their_pods_goes() -> None:
    retention = {"whenScaled": "Delete", "whenDeleted": "Retain"}
    parallel = make_set(podManagementPolicy="Parallel", replicas=170, persistentVolumeClaimRetentionPolicy=retention)
    world = Simulation(parallel)
    world.run_to_rest()
    rescale(world, 0)
    for _ in range(10):
        world.sync()
        for pod in world.deleted:
            (owner,) = world.claims[f"www-{objects.name(pod)}"]["metadata"]["ownerReferences"]
            assert owner["kind"] == "Pod"
    assert len(world.deleted) == 170


@pytest.mark.parametrize(("policy", "most"), [("OrderedReady", 1), ("Parallel", LARGEST_BURST)])
def test_a_sync_makes_a_bounded_number_of_calls(policy: str, most: int) -> None:
    world = World()
    world.client.create("statefulsets.apps", stateful_set(claims=True, podManagementPolicy=policy))
    world.settle()
    controller, counting = counted(world, "statefulset-controller")
    world.client.patch("statefulsets.apps", "web", {"spec": {"replicas": HUGE}}, namespace="default")
    assert controller.process_next()
    assert counting.calls["create"] == 2 * most
    assert counting.calls["find"] <= most + 10
    assert sum(counting.calls.values()) <= 5 * most + 30
    world.client.patch("statefulsets.apps", "web", {"spec": {"replicas": 3}}, namespace="default")
    world.settle()
    assert world.pods() == ["web-0", "web-1", "web-2"]


def test_a_huge_deployment_grows_by_bounded_steps() -> None:
    world = World()
    deployment = {
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}, "template": template()},
    }
    world.client.create("deployments.apps", deployment)
    world.settle()
    world.client.patch("deployments.apps", "web", {"spec": {"replicas": HUGE}}, namespace="default")
    deployments, calls = counted(world, "deployment-controller")
    while deployments.process_next():
        pass
    assert sum(calls.calls.values()) < 50
    replica_sets, calls = counted(world, "replicaset-controller")
    assert replica_sets.process_next()
    assert (calls.calls["create"], len(world.pods())) == (LARGEST_BURST, LARGEST_BURST + 3)
    world.client.patch("deployments.apps", "web", {"spec": {"replicas": 3}}, namespace="default")
    world.settle()
    assert len(world.pods()) == 3


def test_a_terminating_namespace_is_not_fought_over(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    world.client.create("namespaces", {"metadata": {"name": "going"}})
    world.settle()
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template()}
    world.client.create("deployments.apps", {"metadata": {"name": "web", "namespace": "going"}, "spec": spec})
    world.client.create("statefulsets.apps", stateful_set() | {"metadata": {"name": "db", "namespace": "going"}})
    world.settle()
    caplog.clear()
    kept = world.pods("going")[0]
    world.kubelet.undying.add(kept)
    world.client.delete("namespaces", "going")
    world.advance(60)
    assert world.pods("going") == [kept]
    assert not [record.message for record in caplog.records if record.levelname in ("WARNING", "ERROR")]
    pod = world.client.get("pods", kept, "going")
    world.client.delete("pods", kept, "going", grace_period_seconds=0, uid=objects.uid(pod))
    world.advance(5)
    assert world.client.find("namespaces", "going") is None
