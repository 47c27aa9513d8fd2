"""[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic]: updates of the template."""

from __future__ import annotations

from typing import Any

import pytest

from tests.behaviour.stateful_sets import StatefulSets, set_body
from tests.behaviour.workloads import AGNHOST, AGNHOST_BEFORE, BUSYBOX, is_ready, on_conflict_again, unique

TRAP = 'trap "exit 1" TERM; while true; do sleep 1; done'


def expect(sets: StatefulSets, *, images: list[str], revisions: list[str]) -> None:
    """Compare what the pods run, by ordinal."""
    pods = sets.pods()
    assert [sets.image(pod) for pod in pods] == images
    assert [sets.revision(pod) for pod in pods] == revisions


def settled(sets: StatefulSets, replicas: int, **more: Any) -> tuple[str, str]:
    """Create a set, wait until it is at rest, and return its name and only revision."""
    name = sets.create(replicas, **more)
    sets.wait_ready(replicas)
    status = sets.wait_status(name, replicas=replicas, ready_replicas=replicas).status
    assert status.current_revision == status.update_revision
    expect(sets, images=[AGNHOST_BEFORE] * replicas, revisions=[status.current_revision] * replicas)
    return name, status.current_revision


def changed(sets: StatefulSets, name: str, image: str) -> tuple[str, str]:
    """Change the image and return the current and the update revision."""
    assert sets.image_of(name) != image
    sets.set_image(name, image)
    status = sets.wait_observed(name).status
    assert status.current_revision != status.update_revision
    return status.current_revision, status.update_revision


@pytest.mark.parametrize("claims", [False, True], ids=["plain", "claims"])
def test_rolling_updates_and_roll_backs(sets: StatefulSets, claims: bool) -> None:
    """should perform rolling updates and roll backs of template modifications [Conformance]

    should perform rolling updates and roll backs of template modifications with PVCs
    """
    name, first = settled(sets, 3, claims=claims)
    middle = f"{name}-1"
    sets.break_probe(middle)
    sets.wait_pod(middle, ready=False)
    current, update = changed(sets, name, AGNHOST)
    assert current == first
    sets.restore_probe(middle)
    sets.wait_pod(middle, ready=True)
    status = sets.wait_rolling_update(name).status
    assert status.current_revision == update
    expect(sets, images=[AGNHOST] * 3, revisions=[update] * 3)

    sets.break_probe(middle)
    sets.wait_pod(middle, ready=False)
    current, back = changed(sets, name, AGNHOST_BEFORE)
    assert current == update
    assert back == first, "the old template must lead to its old revision"
    sets.restore_probe(middle)
    sets.wait_pod(middle, ready=True)
    status = sets.wait_rolling_update(name).status
    assert status.current_revision == first
    expect(sets, images=[AGNHOST_BEFORE] * 3, revisions=[first] * 3)


def partitioned(partition: int, **more: Any) -> dict[str, Any]:
    return {"type": "RollingUpdate", "rollingUpdate": {"partition": partition, **more}}


def test_canary_and_phased_updates(sets: StatefulSets) -> None:
    """should perform canary updates and phased rolling updates of template modifications [Conformance]"""
    name, _ = settled(sets, 3, updateStrategy=partitioned(3))
    old, new = changed(sets, name, AGNHOST)
    expect(sets, images=[AGNHOST_BEFORE] * 3, revisions=[old] * 3)

    sets.patch(name, {"updateStrategy": partitioned(2)})
    sets.wait_partitioned_update(name)
    canary = {"images": [AGNHOST_BEFORE, AGNHOST_BEFORE, AGNHOST], "revisions": [old, old, new]}
    expect(sets, **canary)

    sets.delete_pod(f"{name}-0")
    sets.delete_pod(f"{name}-2")
    sets.wait_ready(3)
    expect(sets, **canary)

    for partition in (1, 0):
        sets.patch(name, {"updateStrategy": partitioned(partition)})
        sets.wait_partitioned_update(name)
        images = [AGNHOST_BEFORE] * partition + [AGNHOST] * (3 - partition)
        expect(sets, images=images, revisions=[old] * partition + [new] * (3 - partition))
    status = sets.wait_rolling_update(name).status
    assert status.current_revision == status.update_revision == new


FINALIZER = "behaviour.test/hold"


@pytest.mark.parametrize("failing", [False, True], ids=["without", "with"])
def test_canary_with_pod_zero_held_while_it_terminates(sets: StatefulSets, failing: bool) -> None:
    """should perform canary updates and phased rolling updates of template modifications for partiton1 and delete
    pod-0 without failing container

    should perform canary updates and phased rolling updates of template modifications for partiton1 and delete pod-0
    with failing container
    """
    body = set_body(unique("ss"), 3, updateStrategy=partitioned(1))
    if failing:
        source = {"fieldRef": {"fieldPath": "metadata.labels['apps.kubernetes.io/pod-index']"}}
        sidecar = {"name": "failing", "image": BUSYBOX, "command": ["sh", "-c", TRAP]}
        body["spec"]["template"]["spec"]["containers"].append(
            sidecar | {"env": [{"name": "POD_INDEX", "valueFrom": source}]}
        )
    name = sets.create_body(body)
    sets.wait_ready(3)
    old, new = changed(sets, name, AGNHOST)
    zero = f"{name}-0"
    uid = hold(sets, zero)
    try:
        sets.delete_pod(zero, grace=None)
        if failing:
            sets.patience.until(lambda: sets.pod(zero).status.phase == "Failed", f"{zero} to fail")
        sets.patience.until(lambda: sets.pod(zero).metadata.deletion_timestamp, f"{zero} to terminate")
        sets.patience.stays(lambda: sets.pod(zero).metadata.uid == uid, f"{zero} is held", seconds=2)
    finally:
        release(sets, zero)
    sets.wait_partitioned_update(name)
    assert sets.pod(zero).metadata.uid != uid
    expect(sets, images=[AGNHOST_BEFORE, AGNHOST, AGNHOST], revisions=[old, new, new])
    sets.patch(name, {"updateStrategy": partitioned(0)})
    sets.wait_rolling_update(name)
    expect(sets, images=[AGNHOST] * 3, revisions=[new] * 3)


def hold(sets: StatefulSets, pod: str) -> str:
    """Keep a pod from being removed; return its UID."""

    def add() -> Any:
        found = sets.pod(pod)
        found.metadata.finalizers = [FINALIZER]
        return sets.core.replace_namespaced_pod(pod, sets.namespace, found)

    return str(on_conflict_again(sets.patience, add).metadata.uid)


def release(sets: StatefulSets, pod: str) -> None:
    patch = {"metadata": {"finalizers": None}}
    sets.core.patch_namespaced_pod(pod, sets.namespace, patch, _content_type="application/merge-patch+json")


def test_on_delete(sets: StatefulSets) -> None:
    """should implement legacy replacement when the update strategy is OnDelete"""
    name, first = settled(sets, 3, updateStrategy={"type": "OnDelete"})
    for index in range(3):
        sets.delete_pod(f"{name}-{index}")
    sets.wait_ready(3)
    expect(sets, images=[AGNHOST_BEFORE] * 3, revisions=[first] * 3)
    old, new = changed(sets, name, AGNHOST)
    assert old == first
    for index in range(3):
        sets.delete_pod(f"{name}-{index}")
    sets.wait_ready(3)
    expect(sets, images=[AGNHOST] * 3, revisions=[new] * 3)


def test_max_unavailable(gated_sets: StatefulSets) -> None:
    """should perform rolling updates with maxUnavailable [FeatureGate:MaxUnavailableStatefulSet]"""
    sets = gated_sets
    strategy = partitioned(0, maxUnavailable=2)
    body = set_body(unique("probe"), 1, updateStrategy=strategy)
    dry = sets.apps.create_namespaced_stateful_set(sets.namespace, body, dry_run="All")
    if dry.spec.update_strategy.rolling_update.max_unavailable is None:
        pytest.skip("this cluster's gate MaxUnavailableStatefulSet is off")
    name, _ = settled(sets, 5, updateStrategy=strategy)
    least, removed = 5, []
    watched = sets.watch_pods()
    _, new = changed(sets, name, AGNHOST)

    def updated(seen: list[tuple[str, Any]]) -> bool:
        nonlocal least
        kind, pod = seen[-1]
        if kind == "DELETED":
            removed.append(pod.metadata.name)
        least = min(least, sum(is_ready(p) and not p.metadata.deletion_timestamp for p in sets.pods()))
        return sum(is_ready(p) and sets.revision(p) == new for p in sets.pods()) == 5

    watched.until(sets.patience.seconds, updated)
    assert least >= 3, f"only {least} of 5 pods were ready"
    assert set(removed[:2]) == {f"{name}-4", f"{name}-3"}, "two go together, from the top"
    sets.wait_rolling_update(name)
