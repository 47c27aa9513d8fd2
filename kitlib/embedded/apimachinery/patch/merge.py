"""RFC 7386 merge patch: null deletes, objects merge, everything else (lists too) replaces."""

from __future__ import annotations

from typing import Any

from kitlib.embedded.apimachinery.objects import Object, deep_copy

__all__ = ["merge_patch"]


def merge_patch(current: Object, patch: Object) -> Object:
    """Return `current` with `patch` merged in; neither is changed.

    Example:
        >>> merge_patch({"a": 1, "b": {"c": 2, "d": 3}}, {"a": None, "b": {"c": 4}})
        {'b': {'c': 4, 'd': 3}}
    """
    merged = deep_copy(current)
    _merge(merged, deep_copy(patch))
    return merged


def _merge(target: Object, patch: Object) -> None:
    for key, value in patch.items():
        if value is None:
            target.pop(key, None)
        elif isinstance(value, dict):
            old: Any = target.get(key)
            if not isinstance(old, dict):
                old = target[key] = {}
            _merge(old, value)
        else:
            target[key] = value
