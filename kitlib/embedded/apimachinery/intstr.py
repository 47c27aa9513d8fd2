"""`IntOrString`: a count, or a percentage of one."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["is_percent", "scaled"]

_PERCENT = re.compile(r"([0-9]+)%")


def is_percent(value: Any) -> bool:
    """Tell whether `value` is a string such as `25%`."""
    return isinstance(value, str) and _PERCENT.fullmatch(value) is not None


def scaled(value: int | str, total: int, *, round_up: bool) -> int:
    """Return a count: `value` itself, or its percentage of `total`.

    Raises:
        ValueError: a string that is no percentage.

    Example:
        >>> scaled("25%", 10, round_up=True), scaled("25%", 10, round_up=False), scaled(3, 10, round_up=True)
        (3, 2, 3)
    """
    if isinstance(value, int):
        return value
    found = _PERCENT.fullmatch(value)
    if found is None:
        raise ValueError(f"invalid value for IntOrString: invalid type: string is not a percentage: {value!r}")
    product = int(found[1]) * total
    return -(-product // 100) if round_up else product // 100
