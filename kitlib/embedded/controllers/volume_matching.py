"""Which volume fits a claim; pure. Source: `pkg/controller/volume/persistentvolume/index.go` of Kubernetes."""

from __future__ import annotations

from collections.abc import Iterable

from kitlib.embedded.apimachinery import objects, selectors
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.quantity import parse_quantity
from kitlib.embedded.controllers.storageclasses import class_of

__all__ = ["best", "is_claimed_by", "is_reserved_for", "mismatch"]


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


def best(volumes: Iterable[Object], claim: Object) -> Object | None:
    """Choose a volume: one reserved for the claim, else the smallest sufficient Available one."""
    selector = selectors.from_label_selector(claim["spec"].get("selector") or {})
    fitting = []
    for volume in volumes:
        if objects.is_terminating(volume) or mismatch(volume, claim):
            continue
        if is_reserved_for(volume, claim):
            return volume
        free = not volume["spec"].get("claimRef") and (volume.get("status") or {}).get("phase") == "Available"
        if free and selector.matches(objects.labels(volume)):
            fitting.append(volume)
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
