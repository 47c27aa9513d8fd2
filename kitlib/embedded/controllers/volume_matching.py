"""Which volume fits a claim; pure.

Source: `FindMatchingVolume` of Kubernetes' component helpers, and `index.go` and `checkVolumeSatisfyClaim` in
`pkg/controller/volume/persistentvolume`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kitlib.embedded.apimachinery import objects, selectors
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.quantity import parse_quantity
from kitlib.embedded.controllers.storageclasses import class_of

__all__ = [
    "BOUND_BY_CONTROLLER",
    "best",
    "claimed_for",
    "is_claimed_by",
    "is_reserved_for",
    "mismatch",
    "same_volume_mode",
    "why_not",
]

BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"


def is_reserved_for(volume: Object, claim: Object) -> bool:
    """Tell whether the volume's claimRef names this claim, with its UID or (pre-bound by a person) without."""
    ref = volume["spec"].get("claimRef")
    if not ref or ref.get("name") != objects.name(claim) or ref.get("namespace") != objects.namespace(claim):
        return False
    return ref.get("uid", "") in ("", objects.uid(claim))


def is_claimed_by(volume: Object, claim: Object) -> bool:
    """Tell whether the volume's claimRef carries this claim's UID."""
    return bool((volume["spec"].get("claimRef") or {}).get("uid") == objects.uid(claim))


def claimed_for(volume: Object, claim: Object) -> Object:
    """Return the volume as it is once it belongs to the claim."""
    changed = objects.deep_copy(volume)
    if not is_reserved_for(volume, claim):
        changed["metadata"]["annotations"] = dict(objects.annotations(changed)) | {BOUND_BY_CONTROLLER: "yes"}
    changed["spec"]["claimRef"] = {
        "kind": "PersistentVolumeClaim",
        "apiVersion": "v1",
        "namespace": objects.namespace(claim),
        "name": objects.name(claim),
        "uid": objects.uid(claim),
        "resourceVersion": claim["metadata"].get("resourceVersion", ""),
    }
    return changed


def mismatch(volume: Object, claim: Object) -> str:
    """Say why a volume that a claim asks for by name cannot be its volume, or `""`."""
    if objects.is_terminating(volume):
        return f'the volume is marked for deletion "{objects.name(volume)}"'
    return _unlike(volume, claim)


def why_not(volume: Object, claim: Object) -> str:
    """Say what keeps a volume from a claim that asks for none by name, or `""` when it may have it.

    A reserved volume need not be of the claim's class, nor have the labels that it selects.
    """
    if objects.is_terminating(volume):
        return "it is being deleted"
    reserved = is_reserved_for(volume, claim)
    problem = _unlike(volume, claim, any_class=reserved)
    if problem or reserved:
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


def best(
    volumes: Iterable[Object], claim: Object, *, reachable: Callable[[Object], bool] | None = None
) -> Object | None:
    """Choose a volume: one reserved for the claim, else that with the fewest access modes, of these the smallest.

    Args:
        volumes: all there are.
        claim: which is not bound.
        reachable: whether a node reaches a volume. Asked for by the scheduler, to which access modes don't matter.
    """
    fitting = [volume for volume in volumes if not why_not(volume, claim)]
    for volume in fitting:
        if is_reserved_for(volume, claim):
            return volume if reachable is None or reachable(volume) else None

    def waste(volume: Object) -> tuple[int, int, str]:
        spare = 0 if reachable is not None else len(volume["spec"].get("accessModes") or ())
        return spare, _capacity(volume), objects.name(volume)

    within_reach = (volume for volume in fitting if reachable is None or reachable(volume))
    return min(within_reach, key=waste, default=None)


def same_volume_mode(volume: Object, claim: Object) -> bool:
    """Tell whether both are file systems, or both block devices."""
    return _mode(volume) == _mode(claim)


def _unlike(volume: Object, claim: Object, *, any_class: bool = False) -> str:
    if _capacity(volume) < _request(claim):
        return "requested PV is too small"
    if not any_class and (class_of(volume) or "") != (class_of(claim) or ""):
        return "storageClassName does not match"
    if not same_volume_mode(volume, claim):
        return "incompatible volumeMode"
    if _attributes_class(volume) != _attributes_class(claim):
        return "volumeAttributesClassName does not match"
    if not _offers_modes(volume, claim):
        return "incompatible accessMode"
    return ""


def _capacity(volume: Object) -> int:
    return int(parse_quantity((volume["spec"].get("capacity") or {}).get("storage", "0")))


def _request(claim: Object) -> int:
    requests = (claim["spec"].get("resources") or {}).get("requests") or {}
    return int(parse_quantity(requests.get("storage", "0")))


def _mode(obj: Object) -> str:
    return str(obj["spec"].get("volumeMode") or "Filesystem")


def _attributes_class(obj: Object) -> str:
    return str(obj["spec"].get("volumeAttributesClassName") or "")


def _offers_modes(volume: Object, claim: Object) -> bool:
    return set(claim["spec"].get("accessModes") or []) <= set(volume["spec"].get("accessModes") or [])
