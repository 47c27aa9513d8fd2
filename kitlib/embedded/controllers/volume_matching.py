"""Which volume fits a claim; pure. Source: `pkg/controller/volume/persistentvolume/index.go` of Kubernetes."""

from __future__ import annotations

from collections.abc import Iterable

from kitlib.embedded.apimachinery import objects, selectors
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.quantity import parse_quantity
from kitlib.embedded.controllers.storageclasses import class_of

__all__ = ["best", "is_claimed_by", "is_reserved_for", "mismatch", "why_not"]


def is_reserved_for(volume: Object, claim: Object) -> bool:
    """Tell whether the volume's claimRef names this claim, with its UID or (pre-bound by a person) without."""
    ref = volume["spec"].get("claimRef")
    if not ref or ref.get("name") != objects.name(claim) or ref.get("namespace") != objects.namespace(claim):
        return False
    return ref.get("uid", "") in ("", objects.uid(claim))


def is_claimed_by(volume: Object, claim: Object) -> bool:
    """Tell whether the volume's claimRef carries this claim's UID."""
    return bool((volume["spec"].get("claimRef") or {}).get("uid") == objects.uid(claim))


def mismatch(volume: Object, claim: Object) -> str:
    """Say why a volume that a claim asks for by name cannot be its volume, or `""`."""
    if _capacity(volume) < _request(claim):
        return "requested PV is too small"
    if (class_of(volume) or "") != (class_of(claim) or ""):
        return "storageClassName does not match"
    if _mode(volume) != _mode(claim):
        return "incompatible volumeMode"
    if not _offers_modes(volume, claim):
        return "incompatible accessMode"
    return ""


def why_not(volume: Object, claim: Object) -> str:
    """Say what keeps a volume from a claim that asks for none by name, or `""` when it may have it."""
    if objects.is_terminating(volume):
        return "it is being deleted"
    problem = mismatch(volume, claim)
    if problem or is_reserved_for(volume, claim):
        return problem
    ref = volume["spec"].get("claimRef")
    phase = (volume.get("status") or {}).get("phase")
    if ref:
        whose = f"claim {ref.get('namespace')}/{ref.get('name')}"
        return f"it is Released: {whose} was its last" if phase == "Released" else f"it belongs to {whose}"
    if phase != "Available":
        return f"it is {phase or 'not Available yet'}"
    selector = selectors.from_label_selector(claim["spec"].get("selector") or {})
    return "" if selector.matches(objects.labels(volume)) else "the claim's selector does not match its labels"


def best(volumes: Iterable[Object], claim: Object) -> Object | None:
    """Choose a volume: one reserved for the claim, else the smallest sufficient Available one."""
    fitting = [volume for volume in volumes if not why_not(volume, claim)]
    reserved = [volume for volume in fitting if is_reserved_for(volume, claim)]
    if reserved:
        return reserved[0]
    return min(fitting, key=lambda volume: (_capacity(volume), objects.name(volume)), default=None)


def _capacity(volume: Object) -> int:
    return int(parse_quantity((volume["spec"].get("capacity") or {}).get("storage", "0")))


def _request(claim: Object) -> int:
    requests = (claim["spec"].get("resources") or {}).get("requests") or {}
    return int(parse_quantity(requests.get("storage", "0")))


def _mode(obj: Object) -> str:
    return str(obj["spec"].get("volumeMode") or "Filesystem")


def _offers_modes(volume: Object, claim: Object) -> bool:
    return set(claim["spec"].get("accessModes") or []) <= set(volume["spec"].get("accessModes") or [])
