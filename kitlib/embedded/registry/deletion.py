"""What DELETE does: remove at once, or mark and wait for grace and finalizers.

Source: Kubernetes' generic registry (`BeforeDelete`, `deletionFinalizersForGarbageCollection`).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from kitlib.embedded.apimachinery.objects import Object, deep_copy
from kitlib.embedded.apimachinery.resources import Resource
from kitlib.embedded.apimachinery.times import format_time
from kitlib.embedded.registry.client import PropagationPolicy

__all__ = ["RETURNS_OBJECT", "finished", "mark"]

_GC_FINALIZERS = ("orphan", "foregroundDeletion")
_POLICY_FINALIZER = {"Orphan": "orphan", "Foreground": "foregroundDeletion"}

RETURNS_OBJECT = frozenset({"pods", "persistentvolumeclaims", "persistentvolumes", "services", "serviceaccounts"})
"""Kinds whose immediate deletion answers with the object; the others answer with a Status."""


def finished(obj: Object) -> bool:
    """Tell whether nothing holds a terminating object any more: no grace left, no finalizers."""
    metadata = obj["metadata"]
    if not metadata.get("deletionTimestamp") or metadata.get("deletionGracePeriodSeconds"):
        return False
    if obj.get("kind") == "Namespace" and (obj.get("spec") or {}).get("finalizers"):
        return False
    return not metadata.get("finalizers")


def mark(old: Object, resource: Resource, *, now: datetime, grace: int, policy: PropagationPolicy | None) -> Object:
    """Return the object as the deletion leaves it: finalizers of the policy set, deletion stamped.

    Args:
        old: the object; not changed.
        resource: its resource.
        now: the time of the request.
        grace: seconds until it must be gone (0 but for pods).
        policy: what happens to dependents; None keeps the GC finalizers that are set.
    """
    obj = deep_copy(old)
    metadata = obj["metadata"]
    if policy is not None:
        finalizers = [f for f in metadata.get("finalizers") or [] if f not in _GC_FINALIZERS]
        if wanted := _POLICY_FINALIZER.get(policy):
            finalizers.append(wanted)
        metadata["finalizers"] = finalizers
        if not finalizers:
            del metadata["finalizers"]
    already = metadata.get("deletionTimestamp")
    if already and grace >= (metadata.get("deletionGracePeriodSeconds") or 0):
        return obj
    metadata["deletionTimestamp"] = format_time(now + timedelta(seconds=grace))
    metadata["deletionGracePeriodSeconds"] = grace
    if resource.has_generation:
        metadata["generation"] = metadata.get("generation", 0) + 1
    if resource.qualified == "namespaces":
        obj.setdefault("status", {})["phase"] = "Terminating"
    return obj
