"""Short constructors of `FieldError`, named as in `validation/field`; values look as the API server prints them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any

import orjson

from kitlib.embedded.apimachinery.naming import Check
from kitlib.embedded.apimachinery.quantity import parse_quantity
from kitlib.embedded.apimachinery.status import FieldError

__all__ = [
    "IMMUTABLE",
    "duplicate",
    "forbidden",
    "invalid",
    "ip_address",
    "named",
    "non_negative",
    "not_found",
    "not_supported",
    "one_of",
    "positive_quantities",
    "required",
    "too_long",
    "unchanged",
]

IMMUTABLE = "field is immutable"
_NON_NEGATIVE = "must be greater than or equal to 0"


def _shown(value: Any) -> str:
    return orjson.dumps(value).decode()


def required(path: str, detail: str = "") -> FieldError:
    """A field that must be given."""
    return FieldError("FieldValueRequired", path, detail)


def invalid(path: str, value: Any, detail: str) -> FieldError:
    """A value that cannot be.

    Example:
        >>> str(invalid("spec.replicas", -1, "must be greater than or equal to 0"))
        'spec.replicas: Invalid value: -1: must be greater than or equal to 0'
    """
    return FieldError("FieldValueInvalid", path, detail, _shown(value))


def not_supported(path: str, value: Any, choices: Iterable[str]) -> FieldError:
    """A value outside an enumeration."""
    known = ", ".join(_shown(choice) for choice in choices)
    return FieldError("FieldValueNotSupported", path, f"supported values: {known}", _shown(value))


def duplicate(path: str, value: Any) -> FieldError:
    """A value that must be unique in its list."""
    return FieldError("FieldValueDuplicate", path, "", _shown(value))


def forbidden(path: str, detail: str) -> FieldError:
    """A field that may not be set, or changed, here."""
    return FieldError("FieldValueForbidden", path, detail)


def not_found(path: str, value: Any) -> FieldError:
    """A reference to something that the object does not have."""
    return FieldError("FieldValueNotFound", path, "", _shown(value))


def ip_address(path: str, value: str) -> list[FieldError]:
    """Complain of what is neither an IPv4 nor an IPv6 address."""
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return [invalid(path, value, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")]
    return []


def too_long(path: str, limit: int) -> FieldError:
    """A value that is too long."""
    return FieldError("FieldValueTooLong", path, f"may not be more than {limit} bytes")


def named(path: str, value: str, check: Check) -> list[FieldError]:
    """Require a value and complain of what `check` finds."""
    return [invalid(path, value, text) for text in check(value)] if value else [required(path)]


def non_negative(path: str, value: int | None) -> list[FieldError]:
    """Complain of a negative number; an absent one is fine."""
    return [invalid(path, value, _NON_NEGATIVE)] if value is not None and value < 0 else []


def one_of(path: str, value: str | None, choices: Iterable[str]) -> list[FieldError]:
    """Require a value of an enumeration."""
    if not value:
        return [required(path)]
    return [] if value in choices else [not_supported(path, value, sorted(choices))]


def unchanged(path: str, new: Any, old: Any) -> list[FieldError]:
    """Complain of a changed field that is immutable."""
    return [] if new == old else [invalid(path, new, IMMUTABLE)]


def positive_quantities(path: str, amounts: dict[str, str]) -> list[FieldError]:
    """Complain of amounts below zero."""
    return [
        invalid(f"{path}[{name}]", amount, _NON_NEGATIVE)
        for name, amount in amounts.items()
        if parse_quantity(amount).value < 0
    ]
