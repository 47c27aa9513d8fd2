"""PersistentVolumeClaims."""

from __future__ import annotations

from typing import ClassVar

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.quantity import parse_quantity
from kitlib.embedded.apimachinery.status import FieldError, forbidden
from kitlib.embedded.registry.strategies import fields
from kitlib.embedded.registry.strategies.base import Context, Strategy
from kitlib.embedded.registry.strategies.claim_validation import storage_request, validate_claim_spec
from kitlib.embedded.registry.strategies.pod_defaults import default_claim_spec
from kitlib.embedded.registry.strategies.storageclasses import (
    CLASS_ANNOTATION,
    annotation_warnings,
    claim_class,
    default_class,
)

__all__ = ["PersistentVolumeClaimStrategy"]

_FINALIZER = "kubernetes.io/pvc-protection"
_IMMUTABLE = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
_UNBOUND = "Only bound persistent volume claims can be expanded"
_RESIZE = (
    "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize"
)


class PersistentVolumeClaimStrategy(Strategy):
    """Claims: default class, protection finalizer, immutable but for growth."""

    initial_status: ClassVar[Object] = {"phase": "Pending"}

    def default(self, obj: Object) -> None:
        """Default the volume mode and the phase."""
        default_claim_spec(obj.setdefault("spec", {}))
        obj.setdefault("status", {}).setdefault("phase", "Pending")

    def prepare_for_create(self, obj: Object, ctx: Context) -> None:
        """Add the protection finalizer and the default class; an explicit empty class stays."""
        super().prepare_for_create(obj, ctx)
        metadata, spec = obj["metadata"], obj["spec"]
        if _FINALIZER not in metadata.setdefault("finalizers", []):
            metadata["finalizers"].append(_FINALIZER)
        if "storageClassName" not in spec and CLASS_ANNOTATION not in _annotations(obj):
            found = default_class(ctx.objects("storageclasses.storage.k8s.io", ""))
            if found is not None:
                spec["storageClassName"] = found["metadata"]["name"]

    def prepare_for_update(self, obj: Object, old: Object, ctx: Context) -> None:
        """Refuse growth where the class does not allow it (the resize admission plugin).

        Raises:
            StatusError: 403.
        """
        new_size, old_size = storage_request(obj["spec"]), storage_request(old["spec"])
        if not new_size or not old_size or parse_quantity(new_size) <= parse_quantity(old_size):
            return
        if (old.get("status") or {}).get("phase") != "Bound":
            raise forbidden("persistentvolumeclaims", old["metadata"]["name"], _UNBOUND)
        found = ctx.lookup("storageclasses.storage.k8s.io", claim_class(old) or "", "")
        if found is None or claim_class(obj) != claim_class(old) or not found.get("allowVolumeExpansion"):
            raise forbidden("persistentvolumeclaims", old["metadata"]["name"], _RESIZE)

    def validate_update(self, obj: Object, old: Object, ctx: Context) -> list[FieldError]:
        """Beside the rest: the old annotation of the class is as immutable as the field."""
        new, before = (str(_annotations(each).get(CLASS_ANNOTATION, "")) for each in (obj, old))
        return [
            *super().validate_update(obj, old, ctx),
            *fields.unchanged(f"metadata.annotations[{CLASS_ANNOTATION}]", new, before),
        ]

    def check(self, obj: Object, ctx: Context) -> list[FieldError]:
        """Check the spec."""
        return validate_claim_spec(obj["spec"], "spec")

    def check_change(self, obj: Object, old: Object, ctx: Context) -> list[FieldError]:
        """Only growth, binding (volumeName) and a late default class may change a claim."""
        new, before = obj["spec"], old["spec"]
        errors: list[FieldError] = []
        if _fixed(new, before) != _fixed(before, before):
            errors.append(fields.forbidden("spec", _IMMUTABLE))
        capacity = ((old.get("status") or {}).get("capacity") or {}).get("storage")
        size = storage_request(new)
        if size != storage_request(before):
            if (old.get("status") or {}).get("phase") != "Bound":
                errors.append(fields.forbidden("spec", _IMMUTABLE))
            elif size and capacity and parse_quantity(size) < parse_quantity(capacity):
                path = "spec.resources.requests.storage"
                errors.append(fields.forbidden(path, "field can not be less than status.capacity"))
        return errors

    def warnings(self, obj: Object) -> list[str]:
        """Warn of the annotation that came before storageClassName."""
        return annotation_warnings(obj)


def _annotations(obj: Object) -> Object:
    return obj["metadata"].get("annotations") or {}


def _fixed(spec: Object, before: Object) -> Object:
    """Return the part of a spec that must not change; binding may set the volume and a class where there was none."""
    skipped = {"resources", "volumeAttributesClassName"}
    if not before.get("volumeName"):
        skipped.add("volumeName")
        if "storageClassName" not in before:
            skipped.add("storageClassName")
    return {field: value for field, value in spec.items() if field not in skipped}
