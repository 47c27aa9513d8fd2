"""Remove from an object the fields that their only owner does not apply any more."""

from __future__ import annotations

from typing import Any

from kitlib.embedded.apimachinery.managedfields.fieldset import FieldSet
from kitlib.embedded.apimachinery.managedfields.typed import item_names
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.schema import Field, Kind, Type

__all__ = ["prune"]


def prune(obj: Object, dropped: FieldSet, kind: Type, *, keep: FieldSet) -> None:
    """Remove `dropped` from `obj` in place, except what is in `keep` or has something of it below.

    A list item whose owner drops it goes with its defaulted fields, unless somebody owns part of it.
    """
    for name, node in dropped.items():
        field = kind.fields.get(name.removeprefix("f:"))
        key = name.removeprefix("f:")
        if field is None or key not in obj:
            continue
        if name not in keep and (not node or "." in node):
            del obj[key]
            continue
        if not node:
            continue
        obj[key] = _prune_value(obj[key], node, field, keep=keep.get(name, {}))
        if not obj[key] and not keep.get(name):
            del obj[key]


def _prune_value(value: Any, dropped: FieldSet, field: Field, *, keep: FieldSet) -> Any:
    if isinstance(value, list):
        return _prune_items(value, dropped, field, keep=keep)
    if not isinstance(value, dict):
        return value
    if field.type.kind is Kind.MAP:
        gone = {name.removeprefix("f:") for name in dropped if name not in keep}
        return {key: item for key, item in value.items() if key not in gone}
    prune(value, dropped, field.type, keep=keep)
    return value


def _prune_items(items: list[Any], dropped: FieldSet, field: Field, *, keep: FieldSet) -> list[Any]:
    element = field.type.element
    assert element is not None
    left: list[Any] = []
    for name, item in item_names(items, field).items():
        if name not in dropped:
            left.append(item)
        elif name in keep:
            if isinstance(item, dict):
                prune(item, dropped[name], element, keep=keep[name])
            left.append(item)
        elif "." not in dropped[name] and dropped[name]:
            prune(item, dropped[name], element, keep={})
            left.append(item)
    return left
