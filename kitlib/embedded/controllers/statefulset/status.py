"""The `status` of a StatefulSet. Source: `updateStatus` and `completeRollingUpdate` in `stateful_set_control.go`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.controllers import podstate
from kitlib.embedded.controllers.statefulset.identity import ordinal_range, revision_of

__all__ = ["Counts", "build", "count"]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many pods are what."""

    replicas: int = 0
    ready: int = 0
    available: int = 0
    current: int = 0
    updated: int = 0


def count(pods: Iterable[Object], *, current: str, update: str, min_ready: int, now: datetime) -> Counts:
    """Count the set's pods; a terminating pod is still a replica, and ready while its condition says so."""
    replicas = ready = available = at_current = at_update = 0
    for pod in pods:
        replicas += 1
        if podstate.is_running_and_ready(pod):
            ready += 1
            available += podstate.is_available(pod, min_ready, now)
        if not objects.is_terminating(pod):
            revision = revision_of(pod)
            at_current += revision == current
            at_update += revision == update
    return Counts(replicas, ready, available, at_current, at_update)


def build(stateful_set: Object, counts: Counts, *, current: str, update: str, deleted_for_update: int = 0) -> Object:
    """Build the status object.

    Zero-valued optional counters are left out, `replicas` and `availableReplicas` never; `conditions` belong to clients
    and are kept as they are.
    """
    wanted = len(ordinal_range(stateful_set))
    current_replicas = max(0, counts.current - deleted_for_update)
    rolling = (stateful_set["spec"].get("updateStrategy") or {}).get("type", "RollingUpdate") == "RollingUpdate"
    if rolling and not deleted_for_update and counts.updated == counts.ready == counts.replicas == wanted:
        current_replicas, current = counts.updated, update
    old = stateful_set.get("status") or {}
    status: Object = {
        "observedGeneration": max(
            int(old.get("observedGeneration") or 0), int(stateful_set["metadata"].get("generation") or 0)
        ),
        "replicas": counts.replicas,
    }
    optional = {"readyReplicas": counts.ready, "currentReplicas": current_replicas, "updatedReplicas": counts.updated}
    status |= {field: number for field, number in optional.items() if number}
    status |= {
        "currentRevision": current,
        "updateRevision": update,
        "collisionCount": int(old.get("collisionCount") or 0),
    }
    if old.get("conditions"):
        status["conditions"] = old["conditions"]
    return status | {"availableReplicas": counts.available}
