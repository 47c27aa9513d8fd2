"""When an object counts as ready, and a few words on how it is. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["condition", "pod_ready", "ready", "summary"]

Json = Mapping[str, Any]


def condition(obj: Json, kind: str) -> Json:
    """Return the status condition of that type, or an empty dict."""
    found = (obj.get("status") or {}).get("conditions") or []
    return next((one for one in found if one.get("type") == kind), {})


def pod_ready(pod: Json) -> bool:
    """Tell whether a pod runs, is Ready and is not on its way out."""
    if (pod.get("metadata") or {}).get("deletionTimestamp"):
        return False
    return (pod.get("status") or {}).get("phase") == "Running" and condition(pod, "Ready").get("status") == "True"


def ready(obj: Json | None) -> bool:
    """Tell whether an object of any kind does what it is there for."""
    if obj is None:
        return False
    spec, status, metadata = obj.get("spec") or {}, obj.get("status") or {}, obj.get("metadata") or {}
    match obj.get("kind"):
        case "Pod":
            return pod_ready(obj)
        case "PersistentVolumeClaim":
            return bool(status.get("phase") == "Bound")
        case "StatefulSet" | "Deployment" | "ReplicaSet":
            wanted = spec.get("replicas", 1)
            seen = int(status.get("observedGeneration") or 0) >= int(metadata.get("generation") or 0)
            # A scaled-down set is settled only when the surplus pods are gone.
            return seen and status.get("replicas", 0) == wanted and status.get("readyReplicas", 0) == wanted
        case "Namespace":
            return bool(status.get("phase") == "Active")
        case "Node":
            return condition(obj, "Ready").get("status") == "True"
    return True


def summary(obj: Json | None) -> str:
    """Return how an object is in a few words, for progress lines."""
    if obj is None:
        return "not there"
    status = obj.get("status") or {}
    if (obj.get("metadata") or {}).get("deletionTimestamp"):
        return "Terminating"
    if obj.get("kind") in ("StatefulSet", "Deployment", "ReplicaSet"):
        return f"{status.get('readyReplicas', 0)} of {(obj.get('spec') or {}).get('replicas', 1)} replicas ready"
    if obj.get("kind") == "Pod":
        return "Ready" if pod_ready(obj) else pod_reason(obj)
    if obj.get("kind") == "Node":
        return "Ready" if ready(obj) else "NotReady"
    return str(status.get("phase") or "there")


def pod_reason(pod: Json) -> str:
    """Return the word that kubectl shows in the STATUS column of a pod that is not ready."""
    status = pod.get("status") or {}
    for container in status.get("containerStatuses") or []:
        state = container.get("state") or {}
        reason = (state.get("waiting") or state.get("terminated") or {}).get("reason")
        if reason:
            return str(reason)
    return str(status.get("reason") or status.get("phase") or "Pending")
