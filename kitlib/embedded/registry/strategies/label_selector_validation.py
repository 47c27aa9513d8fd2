"""Validation of `LabelSelector` objects (`ValidateLabelSelector` of apimachinery)."""

from __future__ import annotations

from kitlib.embedded.apimachinery.naming import check_label_value, check_qualified_name
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import FieldError
from kitlib.embedded.registry.strategies import fields
from kitlib.embedded.registry.strategies.metadata_validation import validate_labels

__all__ = ["validate_label_selector"]


def validate_label_selector(selector: Object, path: str) -> list[FieldError]:
    """Check a `LabelSelector` object."""
    errors = validate_labels(selector.get("matchLabels") or {}, f"{path}.matchLabels")
    for index, term in enumerate(selector.get("matchExpressions") or ()):
        here, operator, values = f"{path}.matchExpressions[{index}]", term.get("operator", ""), term.get("values") or []
        if operator in ("In", "NotIn"):
            if not values:
                errors.append(fields.required(f"{here}.values", "must be specified when `operator` is 'In' or 'NotIn'"))
        elif operator in ("Exists", "DoesNotExist"):
            if values:
                detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
                errors.append(fields.forbidden(f"{here}.values", detail))
        else:
            errors.append(fields.invalid(f"{here}.operator", operator, "not a valid selector operator"))
        key = term.get("key", "")
        errors += [fields.invalid(f"{here}.key", key, text) for text in check_qualified_name(key)]
        for number, value in enumerate(values):
            errors += [fields.invalid(f"{here}.values[{number}]", value, text) for text in check_label_value(value)]
    return errors
