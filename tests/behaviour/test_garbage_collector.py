"""[sig-api-machinery] Garbage collector: what becomes of dependents."""

from __future__ import annotations

from typing import Any

from tests.behaviour.test_deployments import deployment
from tests.behaviour.test_replica_sets import controller
from tests.behaviour.workloads import Object, exists, on_conflict_again, selector_text, unique
from tests.support.patience import Patience

PAUSE_POD = {"containers": [{"name": "nginx", "image": "registry.k8s.io/pause:3.10.1"}]}


def pods(core: Any, namespace: str, labels: Object) -> list[Any]:
    return core.list_namespaced_pod(namespace, label_selector=selector_text(labels)).items


def make_controller(core: Any, namespace: str, patience: Patience, replicas: int) -> Any:
    name = unique("simpletest.rc")
    made = core.create_namespaced_replication_controller(namespace, controller(name, replicas))
    patience.until(lambda: len(pods(core, namespace, {"name": name})) == replicas, f"{replicas} pods")
    return made


def gone(core: Any, namespace: str, name: str) -> bool:
    return not exists(lambda: core.read_namespaced_replication_controller(name, namespace))


def test_background_takes_the_pods(core: Any, namespace: str, patience: Patience) -> None:
    """should delete pods created by rc when not orphaning [Conformance]"""
    made = make_controller(core, namespace, patience, 2)
    name = made.metadata.name
    core.delete_namespaced_replication_controller(
        name, namespace, propagation_policy="Background", body={"preconditions": {"uid": made.metadata.uid}}
    )
    patience.until(lambda: not pods(core, namespace, {"name": name}), "the pods to go")
    assert gone(core, namespace, name)


def test_orphans_stay(core: Any, namespace: str, patience: Patience) -> None:
    """should orphan pods created by rc if delete options say so [Conformance]

    should orphan pods created by rc if deleteOptions.OrphanDependents is nil
    """
    name = make_controller(core, namespace, patience, 3).metadata.name
    core.delete_namespaced_replication_controller(name, namespace, propagation_policy="Orphan")
    patience.until(lambda: gone(core, namespace, name), "the controller to go")
    patience.stays(lambda: len(pods(core, namespace, {"name": name})) == 3, "the pods", seconds=3)
    assert not any(pod.metadata.owner_references for pod in pods(core, namespace, {"name": name}))


def test_replica_sets_of_a_deployment(apps: Any, core: Any, namespace: str, patience: Patience) -> None:
    """should delete RS created by deployment when not orphaning [Conformance]

    should orphan RS created by deployment when deleteOptions.PropagationPolicy is Orphan [Conformance]
    """
    for policy, left in (("Background", 0), ("Orphan", 1)):
        name = unique("simpletest.deployment")
        apps.create_namespaced_deployment(namespace, deployment(name, 2))
        labels = {"label_selector": f"name={name}"}
        patience.until(lambda q=labels: apps.list_namespaced_replica_set(namespace, **q).items, "a ReplicaSet")
        apps.delete_namespaced_deployment(name, namespace, propagation_policy=policy)
        patience.until(lambda n=name: not exists(lambda: apps.read_namespaced_deployment(n, namespace)), "it to go")
        patience.until(
            lambda q=labels, n=left: len(apps.list_namespaced_replica_set(namespace, **q).items) == n,
            f"{left} ReplicaSets",
        )
        for found in apps.list_namespaced_replica_set(namespace, **labels).items:
            assert not found.metadata.owner_references
            assert found.spec.replicas == 2


def test_foreground_keeps_the_owner(core: Any, namespace: str, patience: Patience) -> None:
    """should keep the rc around until all its pods are deleted if the deleteOptions says so [Conformance]"""
    name = make_controller(core, namespace, patience, 2).metadata.name
    first = pods(core, namespace, {"name": name})[0].metadata.name
    hold = {"metadata": {"finalizers": ["behaviour.test/hold"]}}
    core.patch_namespaced_pod(first, namespace, hold, _content_type="application/merge-patch+json")
    core.delete_namespaced_replication_controller(name, namespace, propagation_policy="Foreground")
    patience.until(lambda: len(pods(core, namespace, {"name": name})) == 1, "the other pod to go")
    kept = core.read_namespaced_replication_controller(name, namespace)
    assert "foregroundDeletion" in kept.metadata.finalizers
    assert kept.metadata.deletion_timestamp
    patch = {"metadata": {"finalizers": None}}
    core.patch_namespaced_pod(first, namespace, patch, _content_type="application/merge-patch+json")
    patience.until(lambda: gone(core, namespace, name), "the controller to go at last")


def test_a_valid_owner_keeps_dependents_of_a_waiting_one(core: Any, namespace: str, patience: Patience) -> None:
    """should not delete dependents that have both valid owner and owner that's waiting for dependents to be deleted
    [Conformance]
    """
    leaving = make_controller(core, namespace, patience, 4)
    staying = make_controller(core, namespace, patience, 0)
    shared = [pod.metadata.name for pod in pods(core, namespace, {"name": leaving.metadata.name})[:2]]
    ref = {"apiVersion": "v1", "kind": "ReplicationController", "uid": staying.metadata.uid}
    for name in shared:

        def own(name: str = name) -> Any:
            pod = core.read_namespaced_pod(name, namespace)
            pod.metadata.owner_references.append(ref | {"name": staying.metadata.name})
            return core.replace_namespaced_pod(name, namespace, pod)

        on_conflict_again(patience, own)
    core.delete_namespaced_replication_controller(leaving.metadata.name, namespace, propagation_policy="Foreground")
    patience.until(lambda: gone(core, namespace, leaving.metadata.name), "the waiting owner to go")
    left = pods(core, namespace, {"name": leaving.metadata.name})
    assert sorted(pod.metadata.name for pod in left) == sorted(shared)
    for pod in left:
        assert not pod.metadata.deletion_timestamp
        assert [o.name for o in pod.metadata.owner_references] == [staying.metadata.name]


def test_a_circle_is_collected(core: Any, namespace: str, patience: Patience) -> None:
    """should not be blocked by dependency circle [Conformance]"""
    names = ["pod1", "pod2", "pod3"]
    made = [core.create_namespaced_pod(namespace, {"metadata": {"name": name}, "spec": PAUSE_POD}) for name in names]
    for name, owner in zip(names, [made[2], made[0], made[1]], strict=True):
        ref = {"apiVersion": "v1", "kind": "Pod", "name": owner.metadata.name, "uid": owner.metadata.uid}
        ref |= {"controller": True, "blockOwnerDeletion": True}
        core.patch_namespaced_pod(name, namespace, {"metadata": {"ownerReferences": [ref]}})
    core.delete_namespaced_pod("pod1", namespace, propagation_policy="Foreground")
    patience.until(lambda: not core.list_namespaced_pod(namespace).items, "the circle to go")
