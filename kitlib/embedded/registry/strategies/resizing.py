"""Resizing a running pod through `pods/resize`: CPU and memory of its containers, and nothing else.

Source: Kubernetes' validation of resizes and resize policies.
"""

from __future__ import annotations

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import FieldError
from kitlib.embedded.registry.strategies import fields

__all__ = ["keep_all_but_resources", "validate_resize", "validate_resize_policies"]

_MIRROR = "kubernetes.io/config.mirror"
_COMPUTE = ("cpu", "memory")
_POLICIES = ("NotRequired", "RestartContainer")
_GROUPS = ("containers", "initContainers")


def keep_all_but_resources(new: Object, old: Object) -> None:
    """Undo what a write to `pods/resize` may not change; containers that do not match are left for the validation."""
    wanted, kept = new.get("spec") or {}, dict(old["spec"])
    for group in _GROUPS:
        before, after = old["spec"].get(group) or [], wanted.get(group) or []
        if [c["name"] for c in before] != [c.get("name") for c in after]:
            kept[group] = after
        elif before:
            kept[group] = [
                _resized(one, other) if group == "containers" or one.get("restartPolicy") == "Always" else one
                for one, other in zip(before, after, strict=True)
            ]
    new["spec"] = kept


def _resized(container: Object, wanted: Object) -> Object:
    resized = {key: value for key, value in container.items() if key not in ("resources", "resizePolicy")}
    return resized | {key: wanted[key] for key in ("resources", "resizePolicy") if key in wanted}


def validate_resize(new: Object, old: Object, *, qos: str) -> list[FieldError]:
    """Compare two pods.

    Args:
        new: as asked for.
        old: as it is.
        qos: the QoS class that the new one would have.
    """
    if _MIRROR in (old["metadata"].get("annotations") or {}):
        return [fields.forbidden("", "static pods cannot be resized")]
    errors: list[FieldError] = []
    current = (old.get("status") or {}).get("qosClass", qos)
    if qos != current:
        errors.append(fields.invalid("spec", current, "Pod QOS Class may not change as a result of resizing"))
    for group in _GROUPS:
        before, after = old["spec"].get(group) or [], new["spec"].get(group) or []
        if len(before) != len(after):
            return [*errors, fields.forbidden(f"spec.{group}", f"{group} may not be added or removed on resize")]
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            path = f"spec.{group}[{index}]"
            if one["name"] != other.get("name"):
                detail = f"{group} may not be renamed or reordered on resize"
                return [*errors, fields.forbidden(f"{path}.name", detail)]
            errors += _validate_container(other, one, path)
    return errors


def _validate_container(new: Object, old: Object, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for kind in ("limits", "requests"):
        before, after = _amounts(old, kind), _amounts(new, kind)
        if any(name in before and name not in after for name in _COMPUTE):
            errors.append(fields.forbidden(f"{path}.resources.{kind}", f"resource {kind} cannot be removed"))
    if _but_compute(new) != _but_compute(old):
        errors.append(fields.forbidden("spec", "only cpu and memory resources are mutable"))
    return errors


def _but_compute(container: Object) -> Object:
    """Return what a resize may not change of a container."""
    kept = {key: value for key, value in container.items() if key != "resources"}
    resources = container.get("resources") or {}
    others = {kind: {n: a for n, a in _amounts(container, kind).items() if n not in _COMPUTE} for kind in resources}
    return kept | {"resources": {kind: amounts for kind, amounts in others.items() if amounts}}


def _amounts(container: Object, kind: str) -> Object:
    found: Object = (container.get("resources") or {}).get(kind) or {}
    return found if isinstance(found, dict) else {}


def validate_resize_policies(spec: Object, path: str) -> list[FieldError]:
    """Check what containers say of being resized."""
    errors: list[FieldError] = []
    for group in _GROUPS:
        for index, container in enumerate(spec.get(group) or ()):
            names: set[str] = set()
            for number, policy in enumerate(container.get("resizePolicy") or ()):
                here = f"{path}.{group}[{index}].resizePolicy"
                name, restart = policy.get("resourceName", ""), policy.get("restartPolicy", "")
                if name in names:
                    errors.append(fields.duplicate(f"{here}[{number}]", name))
                names.add(name)
                errors += fields.one_of(here, name, _COMPUTE) + fields.one_of(here, restart, _POLICIES)
                if spec.get("restartPolicy") == "Never" and restart == "RestartContainer":
                    detail = "must be 'NotRequired' when `restartPolicy` is 'Never'"
                    errors.append(fields.invalid(here, restart, detail))
    return errors
