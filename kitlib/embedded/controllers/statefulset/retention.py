"""Who owns a claim, so that the garbage collector deletes it at the right moment - or never.

Source: KEP-1847 and the owner-reference rules in `stateful_set_utils.go`. The controller itself never deletes a claim.
"""

from __future__ import annotations

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object

__all__ = ["is_stale", "policy", "with_owners"]


def policy(stateful_set: Object) -> tuple[str, str]:
    """Return (whenScaled, whenDeleted)."""
    chosen = stateful_set["spec"].get("persistentVolumeClaimRetentionPolicy") or {}
    return chosen.get("whenScaled") or "Retain", chosen.get("whenDeleted") or "Retain"


def is_stale(claim: Object, pod_name: str, pod_uid: str) -> bool:
    """Tell whether a claim belongs to an earlier pod of this name: it is about to be collected."""
    pod: Object = {"metadata": {"name": pod_name}}
    return any(_names(ref, pod) and ref["uid"] != pod_uid for ref in objects.owner_references(claim))


def with_owners(claim: Object, stateful_set: Object, pod: Object, *, condemned: bool) -> Object | None:
    """Return the claim with the owner references that the policy asks for, or None when they are right already.

    A claim that names an earlier set or pod of the same name is left alone: that reference is the garbage collector's
    business. One that somebody else controls gets no reference, and loses those to the set and the pod.
    """
    present = objects.owner_references(claim)
    ours = [ref for ref in present if _names(ref, stateful_set) or _names(ref, pod)]
    if any(ref["uid"] not in (objects.uid(stateful_set), objects.uid(pod)) for ref in ours):
        return None
    others = [ref for ref in present if ref not in ours]
    wanted = _owner(stateful_set, pod, condemned=condemned)
    if any(ref.get("controller") for ref in others):
        wanted = None
    target = [*others, objects.owner_reference(wanted)] if wanted is not None else others
    if _same(present, target):
        return None
    changed = objects.deep_copy(claim)
    if target:
        changed["metadata"]["ownerReferences"] = target
    else:
        changed["metadata"].pop("ownerReferences", None)
    return changed


def _owner(stateful_set: Object, pod: Object, *, condemned: bool) -> Object | None:
    when_scaled, when_deleted = policy(stateful_set)
    if condemned and when_scaled == "Delete":
        return {"apiVersion": "v1", "kind": "Pod"} | pod
    return stateful_set if when_deleted == "Delete" else None


def _names(ref: Object, owner: Object) -> bool:
    kind = ("apps/v1", "StatefulSet") if owner.get("kind") == "StatefulSet" else ("v1", "Pod")
    return (ref["apiVersion"], ref["kind"], ref["name"]) == (*kind, objects.name(owner))


def _same(left: list[Object], right: list[Object]) -> bool:
    return sorted(map(_identity, left)) == sorted(map(_identity, right))


def _identity(ref: Object) -> tuple[str, bool]:
    return ref["uid"], bool(ref.get("controller"))
