"""Validation of the spec of a claim, wherever it stands."""

from __future__ import annotations

from kitlib.embedded.apimachinery.naming import check_dns_subdomain
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.quantity import parse_quantity
from kitlib.embedded.apimachinery.status import FieldError
from kitlib.embedded.registry.strategies import fields
from kitlib.embedded.registry.strategies.label_selector_validation import validate_label_selector

__all__ = ["ACCESS_MODES", "storage_request", "validate_access_modes", "validate_claim_spec"]

ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")


def validate_claim_spec(spec: Object, path: str) -> list[FieldError]:
    """Return everything wrong with a defaulted claim spec.

    Example:
        >>> claim = {"accessModes": ["ReadWriteOnce"], "volumeMode": "Filesystem"}
        >>> [str(error) for error in validate_claim_spec(claim, "spec")]
        ['spec.resources[storage]: Required value']
    """
    errors = validate_access_modes(spec.get("accessModes") or [], f"{path}.accessModes")
    if spec.get("selector"):
        errors += validate_label_selector(spec["selector"], f"{path}.selector")
    size = storage_request(spec)
    if not size:
        errors.append(fields.required(f"{path}.resources[storage]"))
    elif parse_quantity(size).value <= 0:
        errors.append(fields.invalid(f"{path}.resources[storage]", size, "must be greater than zero"))
    if spec.get("storageClassName"):
        errors += fields.named(f"{path}.storageClassName", spec["storageClassName"], check_dns_subdomain)
    return errors + fields.one_of(f"{path}.volumeMode", spec["volumeMode"], ("Block", "Filesystem"))


def validate_access_modes(modes: list[str], path: str) -> list[FieldError]:
    """Require access modes, and ReadWriteOncePod alone."""
    if not modes:
        return [fields.required(path, "at least 1 access mode is required")]
    errors = [fields.not_supported(path, mode, ACCESS_MODES) for mode in modes if mode not in ACCESS_MODES]
    if "ReadWriteOncePod" in modes and len(modes) > 1:
        detail = "may not use ReadWriteOncePod with other access modes"
        errors.append(fields.forbidden(path, detail))
    return errors


def storage_request(spec: Object) -> str:
    """Return the size that a claim spec asks for, or `""`."""
    return str(((spec.get("resources") or {}).get("requests") or {}).get("storage", ""))
