from __future__ import annotations

from typing import Any

import pytest

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import StatusError, forbidden
from kitlib.embedded.controllers.replicaset import ReplicaSetController
from kitlib.embedded.registry.loopback import LoopbackClient
from tests.unit.controllers.world import NODE, World, template

RS, RC = "replicasets.apps", "replicationcontrollers"


def replica_set(name: str = "rs", **spec: object) -> Object:
    body = {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}, "template": template(), **spec}
    return {"metadata": {"name": name, "namespace": "default"}, "spec": body}


def test_a_replication_controller_is_a_replica_set_with_a_plain_selector(world: World) -> None:
    body = {"metadata": {"name": "rc", "namespace": "default"}, "spec": {"replicas": 2, "template": template()}}
    world.client.create(RC, body)
    world.settle()
    made = world.client.get(RC, "rc", "default")
    assert made["spec"]["selector"] == made["metadata"]["labels"] == {"app": "web"}
    assert made["status"] == {
        "replicas": 2,
        "fullyLabeledReplicas": 2,
        "readyReplicas": 2,
        "availableReplicas": 2,
        "observedGeneration": 1,
    }
    ref = objects.controller_of(world.pod(world.pods()[0]))
    assert (ref["apiVersion"], ref["kind"], ref["name"]) == ("v1", "ReplicationController", "rc")
    assert all(name.startswith("rc-") for name in world.pods())
    released = world.pods()[0]
    world.edit("pods", released, {"metadata": {"labels": {"app": "other"}}})
    assert objects.owner_references(world.pod(released)) == []
    assert len(world.pods()) == 3


def test_terminating_pods_are_counted_apart(world: World) -> None:
    world.client.create(RS, replica_set())
    world.settle()
    victim = world.pods()[0]
    world.kubelet.undying.add(victim)
    world.delete("pods", victim)
    status = world.client.get(RS, "rs", "default")["status"]
    assert (status["replicas"], status["terminatingReplicas"]) == (3, 1)
    world.delete("pods", victim, grace_period_seconds=0)
    assert world.client.get(RS, "rs", "default")["status"]["terminatingReplicas"] == 0


def test_pods_that_cannot_be_created_are_reported_and_tried_again(world: World) -> None:
    broken = template(serviceAccountName="missing")
    world.client.create(RS, replica_set(template=broken))
    world.settle()
    assert world.pods() == []
    [condition] = world.client.get(RS, "rs", "default")["status"]["conditions"]
    assert (condition["type"], condition["status"], condition["reason"]) == ("ReplicaFailure", "True", "FailedCreate")
    assert 'serviceaccount "missing" not found' in condition["message"]
    events = world.events("rs", "FailedCreate")
    assert events
    assert all(event == f"Error creating: {condition['message']}" for event in events)
    world.client.create("serviceaccounts", {"metadata": {"name": "missing", "namespace": "default"}})
    world.advance(60)
    assert len(world.pods()) == 3
    assert "conditions" not in world.client.get(RS, "rs", "default")["status"]


def test_a_broken_template_fails_once_and_not_for_every_replica(world: World) -> None:
    world.client.create(RS, replica_set(replicas=40, template=template(serviceAccountName="missing")))
    world.settle()
    [event] = [e for e in world.client.list("events", "default") if e["reason"] == "FailedCreate"]
    assert event.get("count", 1) <= 2, "a batch begins with one pod, and the status is written once"
    world.advance(60)
    [event] = [e for e in world.client.list("events", "default") if e["reason"] == "FailedCreate"]
    assert event["count"] < 30, "the back-off grows"


@pytest.mark.parametrize("cost", [None, "-5"])
def test_the_pod_that_is_worth_least_goes_first(world: World, cost: str | None) -> None:
    world.client.create(RS, replica_set())
    world.settle()
    chosen = world.pods()[1]
    note = {"controller.kubernetes.io/pod-deletion-cost": cost} if cost else {}
    world.edit("pods", chosen, {"metadata": {"annotations": note}})
    if cost is None:
        world.make_ready(chosen, ready=False)
    world.edit(RS, "rs", {"spec": {"replicas": 2}})
    assert chosen not in world.pods()
    assert len(world.pods()) == 2


class Refusing(LoopbackClient):
    """What a policy that protects pods does to a controller."""

    def delete(self, resource: str, *args: Any, **options: Any) -> None:
        raise forbidden(resource, args[0], "they are protected")


def test_pods_that_cannot_be_deleted_are_reported(world: World) -> None:
    world.client.create(RS, replica_set())
    world.settle()
    world.client.patch(RS, "rs", {"spec": {"replicas": 2}}, namespace="default")
    controller = ReplicaSetController(Refusing(world.cluster.registry, "replicaset-controller"), world.clock)
    with pytest.raises(StatusError, match="they are protected"):
        controller.reconcile("default/rs")
    [condition] = world.client.get(RS, "rs", "default")["status"]["conditions"]
    assert (condition["type"], condition["status"], condition["reason"]) == ("ReplicaFailure", "True", "FailedDelete")
    [text] = world.events("rs", "FailedDelete")
    assert text.startswith("Error deleting: pods ")
    assert len(world.pods()) == 3


def owned(name: str, *, by: Object | None, node: str, replicas: int = 1) -> Object:
    made = replica_set(name, replicas=replicas, selector={"matchLabels": {"rs": name}})
    made["spec"]["template"] = template(nodeName=node) | {"metadata": {"labels": {"rs": name}}}
    if by is not None:
        made["metadata"]["ownerReferences"] = [objects.owner_reference(by)]
    return made


def test_the_pods_of_a_replica_set_alone_do_not_crowd_a_node(world: World) -> None:
    """Two older pods share a node: the third, alone on another, goes because it is the newest."""
    world.add_node("other")
    world.client.create(RS, owned("rs", by=None, node="other", replicas=2))
    world.settle()
    world.advance(100)
    older = world.pods()
    world.edit(RS, "rs", {"spec": {"replicas": 3, "template": {"spec": {"nodeName": NODE}}}})
    assert len(world.pods()) == 3
    world.advance(3)
    world.edit(RS, "rs", {"spec": {"replicas": 2}})
    assert world.pods() == older


@pytest.mark.parametrize("together", [True, False], ids=["one-deployment", "on-their-own"])
def test_the_pods_of_siblings_crowd_a_node(world: World, together: bool) -> None:
    """Of two pods the one beside its siblings goes, though it is older; without a common owner the newer one."""
    world.add_node("other")
    owner = world.client.create("configmaps", {"metadata": {"name": "owner", "namespace": "default"}})
    by = owner if together else None
    world.client.create(RS, owned("sibling", by=by, node="other", replicas=3))
    world.client.create(RS, owned("rs", by=by, node="other"))
    world.settle()
    [crowded] = [name for name in world.pods() if name.startswith("rs-")]
    world.advance(100)
    patch = {"spec": {"replicas": 2, "template": {"spec": {"nodeName": NODE}}}}
    world.edit(RS, "rs", patch)
    [alone] = [name for name in world.pods() if name.startswith("rs-") and name != crowded]
    world.advance(3)
    world.edit(RS, "rs", {"spec": {"replicas": 1}})
    assert [name for name in world.pods() if name.startswith("rs-")] == [alone if together else crowded]
