"""Kubernetes quantities compared by value: `1Gi` is `1024Mi`, `0.5` is `500m`. Pure."""

from __future__ import annotations

import re
from decimal import Decimal

from kitlib.errors import UsageError

__all__ = ["quantity", "same_quantity"]

_SUFFIX = {
    "n": "1e-9",
    "u": "1e-6",
    "m": "1e-3",
    "": "1",
    "k": "1e3",
    "M": "1e6",
    "G": "1e9",
    "T": "1e12",
    "P": "1e15",
    "E": "1e18",
}
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_FORM = re.compile(r"^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)$")


def quantity(text: str | int | float) -> Decimal:
    """Return the exact value of a quantity.

    Raises:
        UsageError: it is not a quantity.

    Example:
        >>> quantity("1.5Ki")
        Decimal('1536.0')
    """
    found = _FORM.match(str(text).strip())
    if not found:
        raise UsageError(f"{text!r} is not a quantity", fix="write a number with a unit such as 64Mi or 500m")
    number, exponent, suffix = found.groups()
    if exponent:
        return Decimal(number + exponent)
    if suffix in _BINARY:
        return Decimal(number) * Decimal(1024 ** _BINARY[suffix])
    return Decimal(number) * Decimal(_SUFFIX[suffix or ""])


def same_quantity(one: str | int | float, other: str | int | float) -> bool:
    """Tell whether two quantities have the same value."""
    return quantity(one) == quantity(other)
