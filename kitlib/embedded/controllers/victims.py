"""Which pods a ReplicaSet gives up first. Source: `ActivePodsWithRanks` in `controller_utils.go`."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.times import parse_time
from kitlib.embedded.controllers import podstate

__all__ = ["choose"]

_COST = "controller.kubernetes.io/pod-deletion-cost"
_PHASE_RANK = {"Pending": 0, "Unknown": 1, "Running": 2}


def choose(pods: Sequence[Object], count: int, *, related: Sequence[Object], now: datetime) -> list[Object]:
    """Return the `count` pods to delete: least useful first.

    Args:
        pods: the active pods of one ReplicaSet.
        count: how many are too many.
        related: pods whose number on a node makes it "crowded": those of the same owner's sibling sets.
        now: for how long pods have been ready.
    """
    if count >= len(pods):
        return list(pods)
    crowd = Counter(_node(pod) for pod in related if podstate.is_active(pod))
    return sorted(pods, key=lambda pod: _rank(pod, crowd[_node(pod)], now))[:count]


def _rank(pod: Object, crowd: int, now: datetime) -> tuple[float | str, ...]:
    ready = podstate.is_ready(pod)
    return (
        bool(_node(pod)),
        _PHASE_RANK.get(podstate.phase(pod), 0),
        ready,
        _deletion_cost(pod),
        -crowd,
        _log_bucket(_ready_since(pod), now) if ready else 0,
        -podstate.restarts(pod),
        _log_bucket(pod["metadata"].get("creationTimestamp"), now),
        objects.uid(pod),
    )


def _node(pod: Object) -> str:
    return pod["spec"].get("nodeName") or ""


def _deletion_cost(pod: Object) -> int:
    try:
        return int(objects.annotations(pod).get(_COST, "0"))
    except ValueError:
        return 0


def _ready_since(pod: Object) -> str | None:
    ready = podstate.condition(pod, "Ready")
    return ready.get("lastTransitionTime") if ready else None


def _log_bucket(since: str | None, now: datetime) -> int:
    """Ages count by powers of two, so that pods of about the same age are equals."""
    if not since:
        return 0
    age = (now - parse_time(since)).total_seconds()
    return int(math.log2(age)) + 1 if age >= 1 else 0
