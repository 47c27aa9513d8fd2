"""Sets of fields in `FieldsV1` form: a trie of `f:<field>`, `k:<list item key>` and `v:<set item>`.

A node without children is a member of the set; a node with children is one only if it has the child `.`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TypeAlias

__all__ = ["FieldSet", "difference", "intersection", "leaves", "path_text", "union"]

FieldSet: TypeAlias = dict[str, Any]

_SELF = "."


def _is_member(node: FieldSet) -> bool:
    return not node or _SELF in node


def _node(*, member: bool, children: FieldSet) -> FieldSet:
    return {_SELF: {}, **children} if member and children else children


def difference(left: FieldSet, right: FieldSet) -> FieldSet:
    """Return what is in `left` only.

    Example:
        >>> difference({"f:a": {}, "f:b": {"f:c": {}, "f:d": {}}}, {"f:b": {"f:c": {}}})
        {'f:a': {}, 'f:b': {'f:d': {}}}
    """
    out: FieldSet = {}
    for name, node in left.items():
        if name == _SELF:
            continue
        other = right.get(name)
        if other is None:
            out[name] = node
            continue
        member = _is_member(node) and not _is_member(other)
        children = difference(node, other)
        if member or children:
            out[name] = _node(member=member, children=children)
    return out


def union(left: FieldSet, right: FieldSet) -> FieldSet:
    """Return what is in either."""
    if not left or not right:
        return left or right
    out = {name: node for name, node in left.items() if name != _SELF}
    for name, node in right.items():
        if name == _SELF:
            continue
        mine = out.get(name)
        if mine is None:
            out[name] = node
        elif mine != node:
            children = {key: value for key, value in union(mine, node).items() if key != _SELF}
            out[name] = _node(member=_is_member(mine) or _is_member(node), children=children)
    return out


def intersection(left: FieldSet, right: FieldSet) -> FieldSet:
    """Return what is in both."""
    out: FieldSet = {}
    for name, node in left.items():
        other = right.get(name)
        if name == _SELF or other is None:
            continue
        member = _is_member(node) and _is_member(other)
        children = intersection(node, other)
        if member or children:
            out[name] = _node(member=member, children=children)
    return out


def leaves(fields: FieldSet, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the members of a set as paths, what is above before what is below."""
    for name, node in fields.items():
        if name == _SELF:
            continue
        if _is_member(node):
            yield (*path, name)
        yield from leaves(node, (*path, name))


def path_text(path: tuple[str, ...]) -> str:
    """Return a path as conflicts print it.

    Example:
        >>> path_text(("f:spec", "f:containers", 'k:{"name":"web"}', "f:image"))
        '.spec.containers[name="web"].image'
    """
    text = ""
    for name in path:
        kind, _, rest = name.partition(":")
        if kind == "f":
            text += f".{rest}"
        elif kind == "v":
            text += f"[={rest}]"
        else:
            keys = json.loads(rest)
            text += "[" + ",".join(f"{key}={json.dumps(value)}" for key, value in keys.items()) + "]"
    return text
