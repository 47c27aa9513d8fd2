"""Questions about a pod that several controllers ask. Source: `pkg/api/v1/pod` and `pkg/controller` of Kubernetes."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from kitlib.embedded.apimachinery.objects import Object, is_terminating, name
from kitlib.embedded.apimachinery.times import parse_time

__all__ = [
    "available_in",
    "claim_name",
    "claim_names",
    "condition",
    "is_active",
    "is_available",
    "is_finished",
    "is_ready",
    "is_running_and_ready",
    "phase",
    "restarts",
]


def phase(pod: Object) -> str:
    """Return `status.phase`, or `""`."""
    return cast("str", (pod.get("status") or {}).get("phase", ""))


def condition(obj: Object, kind: str) -> Object | None:
    """Return the condition of type `kind`, or None."""
    conditions = (obj.get("status") or {}).get("conditions") or []
    return next((c for c in conditions if c.get("type") == kind), None)


def is_ready(pod: Object) -> bool:
    """Tell whether the Ready condition is True."""
    ready = condition(pod, "Ready")
    return ready is not None and ready.get("status") == "True"


def is_running_and_ready(pod: Object) -> bool:
    """Tell whether the phase is Running and the pod is Ready."""
    return phase(pod) == "Running" and is_ready(pod)


def is_finished(pod: Object) -> bool:
    """Tell whether the phase is Succeeded or Failed."""
    return phase(pod) in ("Succeeded", "Failed")


def is_active(pod: Object) -> bool:
    """Tell whether a ReplicaSet counts the pod: neither finished nor terminating."""
    return not is_finished(pod) and not is_terminating(pod)


def available_in(pod: Object, min_ready_seconds: int, now: datetime) -> float | None:
    """Return the seconds until the pod is available (0: it is), or None when it is not Ready.

    A pod that is Ready since a later time than now was so before the clock was set back.
    """
    ready = condition(pod, "Ready")
    if ready is None or ready.get("status") != "True":
        return None
    if min_ready_seconds <= 0:
        return 0.0
    since = ready.get("lastTransitionTime")
    if not since:
        return None
    age = (now - parse_time(since)).total_seconds()
    return max(0.0, min_ready_seconds - age) if age >= 0 else 0.0


def is_available(pod: Object, min_ready_seconds: int, now: datetime) -> bool:
    """Tell whether the pod has been Ready for `min_ready_seconds`."""
    return available_in(pod, min_ready_seconds, now) == 0.0


def claim_names(pod: Object) -> list[str]:
    """Return the names of the claims that a pod mounts, those of its ephemeral volumes among them."""
    volumes = pod["spec"].get("volumes") or []
    return [claim for volume in volumes if (claim := claim_name(pod, volume))]


def claim_name(pod: Object, volume: Object) -> str:
    """Return the name of the claim behind one of a pod's volumes, or `""`."""
    if volume.get("ephemeral"):
        return f"{name(pod)}-{volume['name']}"
    return str((volume.get("persistentVolumeClaim") or {}).get("claimName") or "")


def restarts(pod: Object) -> int:
    """Return the sum of the containers' restart counts."""
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    return sum(int(status.get("restartCount", 0)) for status in statuses)
