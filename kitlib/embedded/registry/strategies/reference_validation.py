"""Validation of what environment variables and downward volumes take from elsewhere: fields, resources, keys."""

from __future__ import annotations

import re

from kitlib.embedded.apimachinery.naming import check_config_key, check_qualified_name
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import FieldError
from kitlib.embedded.registry.strategies import fields

__all__ = ["validate_key", "validate_variable_source", "validate_volume_field", "validate_volume_resource"]

_SUBSCRIPT = re.compile(r"(metadata\.(?:labels|annotations))\['([^']*)'\]")
_METADATA = ("metadata.name", "metadata.namespace", "metadata.uid")
_VARIABLES = (
    *_METADATA, "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP",
    "status.podIPs",
)  # fmt: skip
_FILES = ("metadata.annotations", "metadata.labels", *_METADATA)
_RESOURCES = (
    "limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage",
    "requests.memory",
)  # fmt: skip
_CHOICES = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"


def validate_variable_source(variable: Object, path: str) -> list[FieldError]:
    """Check `valueFrom` of an environment variable."""
    source = variable.get("valueFrom")
    if source is None:
        return []
    errors: list[FieldError] = []
    if variable.get("value"):
        errors.append(fields.invalid(path, "", "may not be specified when `value` is not empty"))
    if not source:
        errors.append(fields.invalid(path, "", _CHOICES))
    elif len(source) > 1:
        errors.append(fields.invalid(path, "", "may not have more than one field specified at a time"))
    for kind, inner in source.items():
        here = f"{path}.{kind}"
        if kind == "fieldRef":
            errors += _field(inner, here, _VARIABLES)
        elif kind == "resourceFieldRef":
            errors += _resource(inner, here)
        elif kind in ("configMapKeyRef", "secretKeyRef"):
            errors += validate_key(inner, here)
    return errors


def validate_key(reference: Object, path: str) -> list[FieldError]:
    """Check a reference to one key of a ConfigMap or Secret."""
    errors = [] if reference.get("name") else [fields.required(f"{path}.name")]
    return errors + fields.named(f"{path}.key", reference.get("key", ""), check_config_key)


def validate_volume_field(reference: Object, path: str) -> list[FieldError]:
    """Check the `fieldRef` of a file."""
    return _field(reference, path, _FILES)


def validate_volume_resource(reference: Object, path: str) -> list[FieldError]:
    """Check the `resourceFieldRef` of a file, which must name the container."""
    errors = [] if reference.get("containerName") else [fields.required(f"{path}.containerName")]
    return errors + _resource(reference, path)


def _field(reference: Object, path: str, choices: tuple[str, ...]) -> list[FieldError]:
    wanted, here = reference.get("fieldPath", ""), f"{path}.fieldPath"
    if not wanted:
        return [fields.required(here)]
    if found := _SUBSCRIPT.fullmatch(wanted):
        key = found[2].lower() if found[1].endswith("annotations") else found[2]
        return [fields.invalid(path, key, text) for text in check_qualified_name(key)]
    if wanted not in {*_VARIABLES, *_FILES}:
        return [fields.invalid(here, wanted, f"error converting fieldPath: field label not supported: {wanted}")]
    return [] if wanted in choices else [fields.not_supported(here, wanted, sorted(choices))]


def _resource(reference: Object, path: str) -> list[FieldError]:
    wanted = reference.get("resource", "")
    if not wanted:
        return [fields.required(f"{path}.resource")]
    if wanted in _RESOURCES or wanted.startswith(("limits.hugepages-", "requests.hugepages-")):
        return []
    return [fields.not_supported(f"{path}.resource", wanted, _RESOURCES)]
