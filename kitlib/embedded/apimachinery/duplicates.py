"""Duplicate keys in a request body: JSON and YAML parsers drop them silently, `fieldValidation=Strict` refuses them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import yaml

__all__ = ["duplicate_fields"]


class _Pairs(dict[str, Any]):
    """A JSON object that remembers which keys came twice."""

    repeated: tuple[str, ...] = ()


def duplicate_fields(body: bytes, *, is_yaml: bool = False) -> list[str]:
    """Return `duplicate field "path"` for each key that an object of the body has twice.

    A body that does not parse has none: parsing it properly is where that error belongs.

    Example:
        >>> duplicate_fields(b'{"spec": {"replicas": 1, "replicas": 2}}')
        ['duplicate field "spec.replicas"']
    """
    if is_yaml:
        try:
            node = yaml.compose(body, Loader=yaml.CSafeLoader)
        except yaml.YAMLError:
            return []
        paths = _in_yaml(node, "") if node is not None else iter(())
    else:
        paths = _in_json(body)
    return [f'duplicate field "{path}"' for path in paths]


def _in_json(body: bytes) -> Iterator[str]:
    found = False

    def collect(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal found
        obj = dict(pairs)
        if len(obj) == len(pairs):
            return obj
        found = True
        keys = [key for key, _ in pairs]
        marked = _Pairs(obj)
        marked.repeated = tuple(dict.fromkeys(key for index, key in enumerate(keys) if key in keys[:index]))
        return marked

    try:
        parsed = json.loads(body, object_pairs_hook=collect)
    except ValueError:
        return iter(())
    return _walk(parsed, "") if found else iter(())


def _walk(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        prefix = f"{path}." if path else ""
        if isinstance(value, _Pairs):
            yield from (prefix + key for key in value.repeated)
        for key, item in value.items():
            yield from _walk(item, prefix + key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk(item, f"{path}[{index}]")


def _in_yaml(node: yaml.Node, path: str) -> Iterator[str]:
    if isinstance(node, yaml.MappingNode):
        prefix = f"{path}." if path else ""
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                yield prefix + name
            seen.add(name)
            yield from _in_yaml(value, prefix + name)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _in_yaml(item, f"{path}[{index}]")
