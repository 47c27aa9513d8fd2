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
    return any(
        ref["kind"] == "Pod" and ref["name"] == pod_name and ref["uid"] != pod_uid
        for ref in objects.owner_references(claim)
    )


def with_owners(claim: Object, stateful_set: Object, pod: Object, *, condemned: bool) -> Object | None:
    """Return the claim with the owner references that the policy asks for, or None when they are right already.

    A claim that somebody else controls, or that names an earlier set or pod of the same name, is left alone: that
    reference is the garbage collector's business.
    """
    if _is_foreign(claim, stateful_set, pod):
        return None
    wanted = _owner(stateful_set, pod, condemned=condemned)
    present = objects.owner_references(claim)
    others = [ref for ref in present if not (_names(ref, stateful_set) or _names(ref, pod))]
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


def _is_foreign(claim: Object, stateful_set: Object, pod: Object) -> bool:
    for ref in objects.owner_references(claim):
        owner = next((owner for owner in (stateful_set, pod) if _names(ref, owner)), None)
        if owner is None:
            if ref.get("controller"):
                return True
        elif ref["uid"] != objects.uid(owner):
            return True
    return False


def _names(ref: Object, owner: Object) -> bool:
    kind = owner.get("kind") or "Pod"
    return bool(ref["kind"] == kind and ref["name"] == objects.name(owner))


def _same(left: list[Object], right: list[Object]) -> bool:
    return sorted(map(_identity, left)) == sorted(map(_identity, right))


def _identity(ref: Object) -> tuple[str, bool]:
    return ref["uid"], bool(ref.get("controller"))
