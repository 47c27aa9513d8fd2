"""Validation of `metadata`, the same for every kind (`ValidateObjectMeta` upstream)."""

from __future__ import annotations

from kitlib.embedded.apimachinery.naming import Check, check_label_value, check_qualified_name
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import FieldError
from kitlib.embedded.registry.strategies import fields

__all__ = ["validate_annotations", "validate_labels", "validate_metadata"]

_OWNER_FIELDS = {"apiVersion": "version must not be empty"} | dict.fromkeys(
    ("kind", "name", "uid"), "must not be empty"
)
_ANNOTATIONS_LIMIT = 256 * 1024


def validate_metadata(metadata: Object, check_name: Check, path: str = "metadata") -> list[FieldError]:
    """Return what is wrong with names, labels, annotations, owners and finalizers."""
    errors = fields.named(f"{path}.name", metadata.get("name", ""), check_name)
    if labels := metadata.get("labels"):
        errors += validate_labels(labels, f"{path}.labels")
    if annotations := metadata.get("annotations"):
        errors += validate_annotations(annotations, f"{path}.annotations")
    if owners := metadata.get("ownerReferences"):
        errors += _validate_owners(owners, f"{path}.ownerReferences")
    for finalizer in metadata.get("finalizers") or ():
        errors += [fields.invalid(f"{path}.finalizers", finalizer, text) for text in check_qualified_name(finalizer)]
    return errors


def validate_labels(labels: dict[str, str], path: str) -> list[FieldError]:
    """Check keys and values of labels."""
    errors: list[FieldError] = []
    for key, value in labels.items():
        errors += [fields.invalid(path, key, text) for text in check_qualified_name(key)]
        errors += [fields.invalid(path, value, text) for text in check_label_value(value)]
    return errors


def validate_annotations(annotations: dict[str, str], path: str) -> list[FieldError]:
    """Check keys of annotations (in any case) and their total size."""
    errors = [fields.invalid(path, key, text) for key in annotations for text in check_qualified_name(key.lower())]
    if sum(len(key) + len(value) for key, value in annotations.items()) > _ANNOTATIONS_LIMIT:
        errors.append(fields.too_long(path, _ANNOTATIONS_LIMIT))
    return errors


def _validate_owners(owners: list[Object], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    controller = ""
    for index, owner in enumerate(owners):
        for field, detail in _OWNER_FIELDS.items():
            if not owner.get(field):
                errors.append(fields.invalid(f"{path}[{index}].{field}", owner.get(field, ""), detail))
        if not owner.get("controller"):
            continue
        subject = f"{owner.get('kind')}/{owner.get('name')}"
        if controller:
            detail = (
                'Only one reference can have Controller set to true. Found "true" in references for '
                f"{controller} and {subject}"
            )
            errors.append(fields.invalid(path, owners, detail))
        controller = subject
    return errors
