"""Objects seen through their schema: which fields they set, how two differ, how an applied one is merged.

List rules are those of the schema: `map` lists merge by their keys, `set` lists by value, all others are owned whole.
"""

from __future__ import annotations

import json
from collections import deque
from typing import Any

from kitlib.embedded.apimachinery.managedfields.fieldset import FieldSet
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.resources import Resource
from kitlib.embedded.apimachinery.schema import Field, Kind, Type

__all__ = ["field_set", "item_names", "merge", "strip", "typed_diff"]

_KEY_DEFAULTS = {"protocol": "TCP"}
_NEVER_OWNED = frozenset(
    {
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "generation",
        "managedFields",
        "name",
        "namespace",
        "resourceVersion",
        "selfLink",
        "uid",
    }
)
_VALUE_STRUCTS = frozenset({"metadata", "spec", "status"})


def strip(obj: Object, resource: Resource, subresource: str) -> Object:
    """Return what a writer may own: no type, identity or system fields, and a status only through `/status`."""
    if subresource == "status":
        owned = {"status": obj["status"]} if "status" in obj else {}
    else:
        skipped = {"apiVersion", "kind", "metadata"} | ({"status"} if resource.has_status else set())
        owned = {field: value for field, value in obj.items() if field not in skipped}
    metadata = {field: value for field, value in obj.get("metadata", {}).items() if field not in _NEVER_OWNED}
    return {"metadata": metadata, **owned} if metadata else owned


def field_set(value: Object, kind: Type, *, parents: bool) -> FieldSet:
    """Return the fields that an object of a struct type sets.

    Args:
        value: the object.
        kind: its type.
        parents: whether containers are members beside what is in them (so for updates; applied sets have leaves only).
    """
    fields = kind.fields
    out: FieldSet = {}
    for name, item in value.items():
        if (field := fields.get(name)) is not None:
            own = parents and not field.required and name not in _VALUE_STRUCTS and name not in kind.always
            out[f"f:{name}"] = _set_of(item, field, own=own, parents=parents)
    return out


def _set_of(value: Any, field: Field, *, own: bool, parents: bool) -> FieldSet:
    if not value or not _is_granular(value, field):
        return {}
    shape = field.type.kind
    if shape is Kind.STRUCT:
        inner = field_set(value, field.type, parents=parents)
    elif shape is Kind.MAP:
        inner = {f"f:{key}": {} for key in value}
    elif field.list_type == "set":
        inner = {name: {} for name in item_names(value, field)}
    else:
        element = field.type.element
        assert element is not None
        inner = {
            name: {".": {}, **field_set(item, element, parents=parents)}
            for name, item in item_names(value, field).items()
        }
    return {".": {}, **inner} if own and inner else inner


def _is_granular(value: Any, field: Field) -> bool:
    shape = field.type.kind
    if field.atomic:
        return False
    if shape is Kind.LIST:
        return isinstance(value, list) and field.list_type in ("map", "set")
    return shape in (Kind.STRUCT, Kind.MAP) and isinstance(value, dict)


def item_names(items: list[Any], field: Field) -> dict[str, Any]:
    """Return the items of a list by their `k:` or `v:` names."""
    if field.list_type == "set":
        return {f"v:{json.dumps(item)}": item for item in items}
    named: dict[str, Any] = {}
    for item in items:
        keys = {key: item.get(key, _KEY_DEFAULTS.get(key)) for key in sorted(field.list_keys)}
        present = {key: value for key, value in keys.items() if value is not None}
        named[f"k:{json.dumps(present, separators=(',', ':'))}"] = item
    return named


def typed_diff(old: Object, new: Object, kind: Type) -> tuple[FieldSet, FieldSet]:
    """Return (fields added or changed, fields removed) between two objects of a struct type."""
    fields = kind.fields
    changed: FieldSet = {}
    removed: FieldSet = {}
    for name, value in new.items():
        field = fields.get(name)
        if field is None:
            continue
        before = old.get(name)
        if before == value:
            continue
        if before is None:
            changed |= field_set({name: value}, kind, parents=True)
        else:
            _note(f"f:{name}", _diff_field(before, value, field), changed, removed)
    for name, value in old.items():
        if name not in new and name in fields:
            removed |= field_set({name: value}, kind, parents=True)
    return changed, removed


def _note(name: str, parts: tuple[FieldSet, FieldSet] | None, changed: FieldSet, removed: FieldSet) -> None:
    if parts is None:
        changed[name] = {}
        return
    if parts[0]:
        changed[name] = parts[0]
    if parts[1]:
        removed[name] = parts[1]


def _diff_field(old: Any, new: Any, field: Field) -> tuple[FieldSet, FieldSet] | None:
    """Return the difference below a field, or None where it changed as a whole."""
    if not old or not new or not _is_granular(old, field) or not _is_granular(new, field):
        return None
    shape = field.type.kind
    if shape is Kind.STRUCT:
        return typed_diff(old, new, field.type)
    if shape is Kind.MAP:
        set_keys: FieldSet = {f"f:{key}": {} for key, value in new.items() if old.get(key) != value}
        return set_keys, {f"f:{key}": {} for key in old if key not in new}
    return _diff_items(item_names(old, field), item_names(new, field), field)


def _diff_items(old: dict[str, Any], new: dict[str, Any], field: Field) -> tuple[FieldSet, FieldSet]:
    element = field.type.element
    assert element is not None
    changed: FieldSet = {}
    removed: FieldSet = {}

    def whole(item: Any) -> FieldSet:
        return {".": {}, **field_set(item, element, parents=True)} if isinstance(item, dict) else {}

    for name, item in new.items():
        if name not in old:
            changed[name] = whole(item)
        elif old[name] != item:
            _note(name, typed_diff(old[name], item, element), changed, removed)
    for name, item in old.items():
        if name not in new:
            removed[name] = whole(item)
    return changed, removed


def merge(live: Object, applied: Object, kind: Type) -> Object:
    """Return `live` with what `applied` says; neither is changed, parts may be shared."""
    fields = kind.fields
    merged = dict(live)
    for name, value in applied.items():
        field = fields.get(name)
        merged[name] = value if field is None else _merge_field(live.get(name), value, field)
    return merged


def _merge_field(live: Any, applied: Any, field: Field) -> Any:
    if not live or not _is_granular(live, field) or not _is_granular(applied, field):
        return applied
    shape = field.type.kind
    if shape is Kind.STRUCT:
        return merge(live, applied, field.type)
    if shape is Kind.MAP:
        return live | applied
    mine, theirs = item_names(applied, field), item_names(live, field)
    merged, element = theirs | mine, field.type.element
    if field.list_type != "set":
        assert element is not None
        merged |= {name: merge(item, mine[name], element) for name, item in theirs.items() if name in mine}
    return [merged[name] for name in _in_order(list(theirs), list(mine))]


def _in_order(live: list[str], applied: list[str]) -> list[str]:
    """Return the names of both: those applied in their order, the others before the shared one that they stood before.

    Source: structured-merge-diff, which lets the applied order prevail.
    """
    known, wanted, rest = set(live), set(applied), deque(applied)
    shared = deque(name for name in applied if name in known)
    order: list[str] = []
    for name in live:
        if name not in wanted:
            order.append(name)
        elif shared and name == shared[0]:
            order += iter(rest.popleft, name)
            order.append(shared.popleft())
    return [*order, *rest]
