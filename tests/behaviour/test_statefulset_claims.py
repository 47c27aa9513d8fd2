"""[sig-apps] StatefulSet: who owns the claims, and a claim that is made again under a pending pod."""

from __future__ import annotations

from typing import Any

import pytest

from tests.behaviour.stateful_sets import StatefulSets, set_body
from tests.behaviour.workloads import absent_is_fine, exists, on_conflict_again, unique

RETAINED = {"whenDeleted": "Retain", "whenScaled": "Retain"}


def policy(**changed: str) -> dict[str, Any]:
    return {"persistentVolumeClaimRetentionPolicy": RETAINED | changed}


def claim_name(name: str, index: int) -> str:
    return f"datadir-{name}-{index}"


def owners(sets: StatefulSets, claim: str) -> list[str]:
    """Return `Kind/name/uid` of a claim's owners."""
    found = sets.core.read_namespaced_persistent_volume_claim(claim, sets.namespace)
    return [f"{ref.kind}/{ref.name}/{ref.uid}" for ref in found.metadata.owner_references or ()]


def wait_owned(sets: StatefulSets, name: str, *, by_set: list[int], by_pod: list[int], free: list[int]) -> None:
    """Wait until each claim has exactly the owner that the policy gives it."""
    uid = sets.get(name).metadata.uid

    def right() -> bool:
        for index in by_set:
            assert owners(sets, claim_name(name, index)) == [f"StatefulSet/{name}/{uid}"]
        for index in by_pod:
            pod = sets.pod(f"{name}-{index}")
            assert owners(sets, claim_name(name, index)) == [f"Pod/{name}-{index}/{pod.metadata.uid}"]
        for index in free:
            assert owners(sets, claim_name(name, index)) == []
        return True

    sets.patience.until(right, "the owners of the claims")


def wait_claims(sets: StatefulSets, wanted: list[str]) -> None:
    def present() -> list[str]:
        found = sets.core.list_namespaced_persistent_volume_claim(sets.namespace).items
        return sorted(claim.metadata.name for claim in found)

    sets.patience.until(lambda: present() == sorted(wanted), f"exactly the claims {wanted}")


def take_over(sets: StatefulSets, claim: str) -> None:
    """Give a claim another controller."""
    body = {"metadata": {"name": unique("owner")}}
    made = sets.core.create_namespaced_config_map(sets.namespace, body)
    ref = {"apiVersion": "v1", "kind": "ConfigMap", "name": made.metadata.name, "uid": made.metadata.uid}

    def write() -> None:
        found = sets.core.read_namespaced_persistent_volume_claim(claim, sets.namespace)
        found.metadata.owner_references = [ref | {"controller": True}]
        sets.core.replace_namespaced_persistent_volume_claim(claim, sets.namespace, found)

    on_conflict_again(sets.patience, write)


def delete_set(sets: StatefulSets, name: str, **how: Any) -> None:
    sets.apps.delete_namespaced_stateful_set(name, sets.namespace, **how)
    sets.patience.until(lambda: not exists(lambda: sets.get(name)), f"{name} to go")


def test_when_deleted(sets: StatefulSets) -> None:
    """Non-retain StatefulSetPersistentVolumeClaimPolicy should delete PVCs with a WhenDeleted policy"""
    name = sets.create(3, claims=True, **policy(whenDeleted="Delete"))
    sets.wait_ready(3)
    wait_owned(sets, name, by_set=[0, 1, 2], by_pod=[], free=[])
    delete_set(sets, name)
    wait_claims(sets, [])


def test_on_scale_down(sets: StatefulSets) -> None:
    """Non-retain StatefulSetPersistentVolumeClaimPolicy should delete PVCs with a OnScaledown policy"""
    name = sets.create(3, claims=True, **policy(whenScaled="Delete"))
    sets.wait_ready(3)
    wait_owned(sets, name, by_set=[], by_pod=[], free=[0, 1, 2])
    sets.scale(name, 1)
    wait_claims(sets, [claim_name(name, 0)])
    wait_owned(sets, name, by_set=[], by_pod=[], free=[0])


def test_on_scale_down_with_another_controller(sets: StatefulSets) -> None:
    """Non-retain StatefulSetPersistentVolumeClaimPolicy should not delete PVC with OnScaledown policy if another
    controller owns the PVC
    """
    name = sets.create(3, claims=True, **policy(whenScaled="Delete"))
    sets.wait_ready(3)
    take_over(sets, claim_name(name, 1))
    sets.scale(name, 0)
    wait_claims(sets, [claim_name(name, 1)])


def test_when_deleted_with_another_controller(sets: StatefulSets) -> None:
    """Non-retain StatefulSetPersistentVolumeClaimPolicy should not delete PVCs when there is another controller"""
    name = sets.create(3, claims=True, **policy(whenDeleted="Delete"))
    sets.wait_ready(3)
    take_over(sets, claim_name(name, 0))
    delete_set(sets, name)
    wait_claims(sets, [claim_name(name, 0)])


@pytest.mark.parametrize("when", ["whenDeleted", "whenScaled"])
def test_after_adopting_pods(sets: StatefulSets, when: str) -> None:
    """Non-retain StatefulSetPersistentVolumeClaimPolicy should delete PVCs after adopting pod (WhenDeleted)

    Non-retain StatefulSetPersistentVolumeClaimPolicy should delete PVCs after adopting pod (WhenScaled)
    """
    name = sets.create(3, claims=True)
    sets.wait_ready(3)
    wait_owned(sets, name, by_set=[], by_pod=[], free=[0, 1, 2])
    uids = [pod.metadata.uid for pod in sets.pods()]
    delete_set(sets, name, propagation_policy="Orphan")
    sets.create_body(set_body(name, 3, claims=True, **policy(**{when: "Delete"})))
    sets.wait_status(name, replicas=3, ready_replicas=3)
    assert [pod.metadata.uid for pod in sets.pods()] == uids
    if when == "whenDeleted":
        wait_owned(sets, name, by_set=[0, 1, 2], by_pod=[], free=[])
        delete_set(sets, name)
    else:
        wait_owned(sets, name, by_set=[], by_pod=[], free=[0, 1, 2])
        sets.scale(name, 0)
    wait_claims(sets, [])


def test_claim_made_again_for_a_pending_pod(sets: StatefulSets) -> None:
    """Automatically recreate PVC for pending pod when PVC is missing PVC should be recreated when pod is pending due
    to missing PVC [Serial]
    """
    name = sets.create(1, claims=True)
    sets.wait_ready(1)
    claim = claim_name(name, 0)
    before = sets.core.read_namespaced_persistent_volume_claim(claim, sets.namespace).metadata.uid
    nodes = [node.metadata.name for node in sets.core.list_node().items if not node.spec.unschedulable]
    for node in nodes:
        sets.kubectl("cordon", node)
    try:
        sets.delete_pod(f"{name}-0")
        with absent_is_fine():
            sets.core.delete_namespaced_persistent_volume_claim(claim, sets.namespace)

        def made_again() -> bool:
            found = sets.core.list_namespaced_persistent_volume_claim(sets.namespace).items
            assert [c.metadata.uid != before for c in found] == [True]
            return sets.pod(f"{name}-0").status.phase == "Pending"

        sets.patience.until(made_again, "a new claim under the pending pod")
    finally:
        for node in nodes:
            sets.kubectl("uncordon", node)
    sets.wait_ready(1)
