"""Taints and tolerations: what scheduler and taint eviction both ask. Source: `component-helpers/scheduling/corev1`."""

from __future__ import annotations

from collections.abc import Iterable

from kitlib.embedded.apimachinery.objects import Object

__all__ = ["HARD_EFFECTS", "taints_of", "tolerates", "tolerations_of", "untolerated"]

HARD_EFFECTS = ("NoSchedule", "NoExecute")


def taints_of(node: Object) -> list[Object]:
    """Return `spec.taints`."""
    return (node.get("spec") or {}).get("taints") or []


def tolerations_of(pod: Object) -> list[Object]:
    """Return `spec.tolerations`."""
    return pod["spec"].get("tolerations") or []


def tolerates(toleration: Object, taint: Object) -> bool:
    """Tell whether a toleration covers a taint; an empty key, value or effect is a wildcard where the API says so.

    Example:
        >>> tolerates({"operator": "Exists"}, {"key": "a", "effect": "NoExecute"})
        True
    """
    if toleration.get("effect") not in (None, "", taint.get("effect")):
        return False
    key, operator = toleration.get("key") or "", toleration.get("operator") or "Equal"
    if key not in ("", taint["key"]):
        return False
    if operator == "Exists":
        return True
    return bool(key) and (toleration.get("value") or "") == (taint.get("value") or "")


def untolerated(pod: Object, taints: Iterable[Object], effects: Iterable[str]) -> Object | None:
    """Return the first taint with one of these effects that no toleration of the pod covers, or None."""
    tolerations, effects = tolerations_of(pod), tuple(effects)
    for taint in taints:
        if taint.get("effect") in effects and not any(tolerates(each, taint) for each in tolerations):
            return taint
    return None
