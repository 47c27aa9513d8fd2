"""[sig-apps] StatefulSet: the order of scaling, minReadySeconds, and where ordinals start."""

from __future__ import annotations

from typing import Any

import pytest

from tests.behaviour.stateful_sets import StatefulSets
from tests.behaviour.workloads import is_ready, ordinal


def names(name: str, ordinals: range) -> list[str]:
    return [f"{name}-{index}" for index in ordinals]


def make_unhealthy(sets: StatefulSets, name: str, replicas: int) -> None:
    """Break the probes of all pods and wait until status and pods say so."""
    sets.break_probe()
    sets.wait_status(name, ready_replicas=0)
    sets.wait_running(replicas, 0)


def test_scaling_in_order_halts_on_unhealthy_pods(sets: StatefulSets) -> None:
    """Scaling should happen in predictable order and halt if any stateful pod is unhealthy [Slow] [Conformance]"""
    seconds = sets.patience.seconds
    watched = sets.watch_pods()
    name = sets.create(1)
    sets.wait_ready(1)
    make_unhealthy(sets, name, 1)
    sets.set_replicas(name, 3)
    sets.stays_at(1)
    sets.restore_probe()
    sets.wait_ready(3)
    watched.in_order(seconds, "ADDED", names(name, range(3)))

    watched = sets.watch_pods()
    make_unhealthy(sets, name, 3)
    sets.set_replicas(name, 0)
    sets.stays_at(3)
    sets.restore_probe()
    sets.scale(name, 0)
    watched.in_order(seconds, "DELETED", names(name, range(3))[::-1])


def test_burst_scaling_ignores_unhealthy_pods(sets: StatefulSets) -> None:
    """Burst scaling should run to completion even with unhealthy pods [Slow] [Conformance]"""
    name = sets.create(1, podManagementPolicy="Parallel")
    sets.wait_ready(1)
    make_unhealthy(sets, name, 1)
    sets.set_replicas(name, 3)
    sets.stays_at(3)
    sets.restore_probe(f"{name}-0")
    sets.wait_ready(3)
    make_unhealthy(sets, name, 3)
    sets.set_replicas(name, 0)
    sets.stays_at(0)
    sets.wait_status(name, replicas=0)


def test_min_ready_seconds_is_honoured(sets: StatefulSets) -> None:
    """MinReadySeconds should be honored when enabled"""
    name = sets.create(3, minReadySeconds=2)
    sets.wait_status(name, available_replicas=3, ready_replicas=3, replicas=3)


def test_available_replicas_follow_min_ready_seconds(sets: StatefulSets) -> None:
    """AvailableReplicas should get updated accordingly when MinReadySeconds is enabled"""
    name = sets.create(2, minReadySeconds=30, podManagementPolicy="Parallel")
    sets.wait_ready(2)
    sets.wait_status(name, ready_replicas=2, available_replicas=0)
    sets.patience.until(
        lambda: sets.get(name).status.available_replicas == 2,
        "both to be available",
        seconds=sets.patience.seconds + 30,
    )
    sets.patch(name, {"minReadySeconds": 3600})
    sets.wait_status(name, ready_replicas=2, available_replicas=0)
    sets.patch(name, {"minReadySeconds": 0})
    sets.wait_status(name, ready_replicas=2, available_replicas=2)


def wait_ordinals(sets: StatefulSets, wanted: range) -> None:
    def reached() -> bool:
        pods = sets.pods()
        assert [ordinal(pod.metadata.name) for pod in pods] == list(wanted)
        return all(is_ready(pod) and not pod.metadata.deletion_timestamp for pod in pods)

    sets.patience.until(reached, f"pods {wanted.start} to {wanted.stop - 1}")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(None, 2, id="setting"),
        pytest.param(2, 4, id="increasing"),
        pytest.param(3, 2, id="decreasing"),
        pytest.param(3, None, id="removing"),
    ],
)
def test_start_ordinal(sets: StatefulSets, before: int | None, after: int | None) -> None:
    """Scaling StatefulSetStartOrdinal Setting .start.ordinal

    Scaling StatefulSetStartOrdinal Increasing .start.ordinal
    Scaling StatefulSetStartOrdinal Decreasing .start.ordinal
    Scaling StatefulSetStartOrdinal Removing .start.ordinal
    """
    more: dict[str, Any] = {"ordinals": {"start": before}} if before is not None else {}
    name = sets.create(2, **more)
    wait_ordinals(sets, range(before or 0, (before or 0) + 2))
    sets.patch(name, {"ordinals": None if after is None else {"start": after}})
    wait_ordinals(sets, range(after or 0, (after or 0) + 2))
    sets.wait_status(name, replicas=2, ready_replicas=2)
