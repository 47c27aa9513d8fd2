"""Which pods a ReplicaSet gives up first. Source: `ActivePodsWithRanks` in `controller_utils.go`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cmp_to_key
from typing import Any

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

    def compare(one: Object, other: Object) -> int:
        return _compare(one, other, crowd, now)

    return sorted(pods, key=cmp_to_key(compare))[:count]


def _compare(one: Object, other: Object, crowd: Mapping[str, int], now: datetime) -> int:
    """Return less than 0 if `one` goes before `other`.

    Pods that became ready, or were made, at different times of about the same age are equals: their UIDs decide, and
    nothing that would come after.
    """
    if difference := _sign(_rank(one, crowd), _rank(other, crowd)):
        return difference
    uids = _sign(objects.uid(one), objects.uid(other))
    ready = _ready_since(one), _ready_since(other)
    if ready[0] != ready[1]:
        return _sign(_log_age(ready[0], now), _log_age(ready[1], now)) or uids
    if difference := _sign(_restarts(other), _restarts(one)):
        return difference
    made = one["metadata"].get("creationTimestamp", ""), other["metadata"].get("creationTimestamp", "")
    return (_sign(_log_age(made[0], now), _log_age(made[1], now)) or uids) if made[0] != made[1] else 0


def _sign(left: Any, right: Any) -> int:
    return int(left > right) - int(left < right)


def _rank(pod: Object, crowd: Mapping[str, int]) -> tuple[int, ...]:
    node = _node(pod)
    phase = _PHASE_RANK.get(podstate.phase(pod), 0)
    return bool(node), phase, podstate.is_ready(pod), _deletion_cost(pod), -crowd[node]


def _node(pod: Object) -> str:
    return pod["spec"].get("nodeName") or ""


def _deletion_cost(pod: Object) -> int:
    try:
        return int(objects.annotations(pod).get(_COST, "0"))
    except ValueError:
        return 0


def _ready_since(pod: Object) -> str:
    ready = podstate.condition(pod, "Ready")
    return str(ready.get("lastTransitionTime") or "") if ready and ready.get("status") == "True" else ""


def _restarts(pod: Object) -> tuple[int, int]:
    """Return the most restarts of one container, and of one sidecar."""
    status = pod.get("status") or {}
    sidecars = {c["name"] for c in pod["spec"].get("initContainers") or () if c.get("restartPolicy") == "Always"}
    main = (int(c.get("restartCount") or 0) for c in status.get("containerStatuses") or ())
    beside = (
        int(c.get("restartCount") or 0) for c in status.get("initContainerStatuses") or () if c["name"] in sidecars
    )
    return max(main, default=0), max(beside, default=0)


def _log_age(since: str, now: datetime) -> int:
    """Ages count by powers of two (of nanoseconds), so that pods of about the same age are equals."""
    if not since:
        return -2
    age = int((now - parse_time(since)).total_seconds() * 1e9)
    return age.bit_length() - 1 if age > 0 else -1
