"""Request bodies in JSON and YAML: what they say, what they say twice, and how deep they may go.

A body must not cost more than its bytes. Nesting is bounded because every later step (and libyaml) recurses, and the
nodes that YAML's aliases stand for are counted before they are built.
"""

from __future__ import annotations

import math
import re
from collections.abc import Hashable
from typing import Any

import orjson
import yaml

from kitlib.embedded.apimachinery.duplicates import duplicate_fields
from kitlib.embedded.apimachinery.status import bad_request

__all__ = ["DEEPEST", "from_json", "from_yaml"]

# No served kind comes near it.
DEEPEST = 256
_MOST_ALIASED = 100_000
_TIMESTAMP = "tag:yaml.org,2002:timestamp"


def from_json(body: bytes) -> tuple[Any, list[str]]:
    """Decode JSON; return it and its duplicate fields.

    Raises:
        StatusError: 400.

    Example:
        >>> from_json(b'{"a": 1, "a": 2}')
        ({'a': 2}, ['duplicate field "a"'])
    """
    try:
        decoded = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise bad_request(f"couldn't get version/kind; json parse error: {error}") from error
    if body.count(b"{") + body.count(b"[") > DEEPEST and _is_too_deep(decoded):
        raise bad_request("couldn't get version/kind; json parse error: exceeded max depth")
    return decoded, duplicate_fields(body)


def from_yaml(body: bytes) -> tuple[Any, list[str]]:
    """Decode YAML as the JSON it stands for; return it and its duplicate fields.

    Raises:
        StatusError: 400.

    Example:
        >>> from_yaml(b"1: {since: 2026-01-01}")
        ({'1': {'since': '2026-01-01'}}, [])
    """
    try:
        _check_cost(body)
        return yaml.load(body, Loader=_JsonLoader), duplicate_fields(body, is_yaml=True)
    # ValueError: a number that can't be, such as 0x or one of thousands of digits.
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        text = " ".join(str(error).split())
        raise bad_request(f"error converting YAML to JSON: {text}") from error


def _is_too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        level = [
            child
            for item in level
            if isinstance(item, dict | list)
            for child in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return False
    return True


def _check_cost(body: bytes) -> None:
    """Read the events of a YAML stream, which needs no recursion, and count."""
    sizes: dict[str, int] = {}
    open_nodes: list[tuple[str | None, int]] = []
    nodes = aliased = 0
    for event in yaml.parse(body, Loader=yaml.CSafeLoader):
        match event:
            case yaml.AliasEvent():
                if event.anchor in (anchor for anchor, _ in open_nodes):
                    raise yaml.YAMLError(f"anchor '{event.anchor}' value contains itself")
                size = sizes.get(event.anchor or "", 1)
                aliased += size
                nodes += size
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                open_nodes.append((event.anchor, nodes))
                nodes += 1
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                anchor, before = open_nodes.pop()
                if anchor is not None:
                    sizes[anchor] = nodes - before
            case yaml.ScalarEvent():
                nodes += 1
        if len(open_nodes) > DEEPEST:
            raise yaml.YAMLError("exceeded max depth")
        if aliased > _MOST_ALIASED:
            raise yaml.YAMLError("document contains excessive aliasing")


class _JsonLoader(yaml.CSafeLoader):
    """YAML as Kubernetes reads it: keys are strings, times are strings, and nothing has a type that JSON lacks."""

    yaml_implicit_resolvers = {
        first: [pair for pair in pairs if pair[0] != _TIMESTAMP]
        for first, pairs in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Refuse what JSON has no word for."""
        value = super().construct_object(node, deep=deep)
        if isinstance(value, int) and not -(2**63) <= value < 2**64:
            return float(value)
        if isinstance(value, float):
            if not math.isfinite(value):
                raise yaml.constructor.ConstructorError(None, None, f"unsupported value: {value}", node.start_mark)
            return int(value) if value.is_integer() and abs(value) < 2**63 else value
        if isinstance(value, bytes | set | tuple) or value.__class__.__module__ == "datetime":
            raise yaml.constructor.ConstructorError(None, None, f"{node.tag} is not supported", node.start_mark)
        return value

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Write keys as JSON does."""
        mapping = super().construct_mapping(node, deep=deep)
        return {key if isinstance(key, str) else orjson.dumps(key).decode(): value for key, value in mapping.items()}


# Other than PyYAML, Go needs no point in a number with an exponent. Source: go-yaml v2, as sigs.k8s.io/yaml has it.
_JsonLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$"),
    list("-+.0123456789"),
)
