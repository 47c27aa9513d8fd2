"""The types of the served kinds, compiled from `schemas.json` the first time each is needed.

A `Type` answers what decoding, strategic merge and server-side apply ask: which fields exist, what Go would call them,
how lists merge. The data file is written by `environments/embedded/make_schema.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

import orjson

__all__ = ["Field", "Kind", "Schema", "Type", "components", "kind_type", "named_type"]

Schema: TypeAlias = dict[str, Any]

_PREFIX = "#/components/schemas/"
_META = "io.k8s.apimachinery.pkg.apis.meta.v1."


class Kind(Enum):
    """The shapes that behave differently."""

    STRUCT = auto()
    MAP = auto()
    LIST = auto()
    STRING = auto()
    INTEGER = auto()
    NUMBER = auto()
    BOOLEAN = auto()
    BYTES = auto()
    TIME = auto()
    MICRO_TIME = auto()
    QUANTITY = auto()
    INT_OR_STRING = auto()
    RAW = auto()


_SPECIAL = {
    _META + "Time": Kind.TIME,
    _META + "MicroTime": Kind.MICRO_TIME,
    _META + "FieldsV1": Kind.RAW,
    _META + "Patch": Kind.RAW,
    "io.k8s.apimachinery.pkg.runtime.RawExtension": Kind.RAW,
    "io.k8s.apimachinery.pkg.api.resource.Quantity": Kind.QUANTITY,
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": Kind.INT_OR_STRING,
}
_SCALARS = {"string": Kind.STRING, "integer": Kind.INTEGER, "number": Kind.NUMBER, "boolean": Kind.BOOLEAN}
_GO_SCALARS = {Kind.STRING: "string", Kind.BOOLEAN: "bool", Kind.NUMBER: "float64", Kind.BYTES: "[]uint8"}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a struct.

    Args:
        type: what it holds.
        required: whether the schema says so.
        omit_empty: whether its zero value is dropped, as Go's `omitempty` does for what is no pointer.
        patch_strategies: `merge`, `replace`, `retainKeys`, from `x-kubernetes-patch-strategy`.
        merge_key: the key of a list merged by strategic merge patch.
        list_type: `atomic`, `set` or `map`, or `""` where the schema says nothing (then it is atomic).
        list_keys: the keys of a `map` list for server-side apply.
        atomic: whether a map or struct is owned as a whole (`x-kubernetes-map-type: atomic`).
    """

    type: Type
    required: bool = False
    omit_empty: bool = False
    patch_strategies: frozenset[str] = frozenset()
    merge_key: str = ""
    list_type: str = ""
    list_keys: tuple[str, ...] = ()
    atomic: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Type:
    """What a value may be.

    Args:
        kind: the shape.
        name: name of the definition, or `""` for an inline type.
        go: how Go prints the type in a decoding error, for example `v1.PodSpec`, `map[string]string`, `int32`.
        element: what a list or a map holds.
        always: for a struct, the fields written even when unset, with their zero values.
        atomic: whether the definition itself says that it is owned as a whole.
    """

    kind: Kind
    name: str = ""
    go: str = ""
    element: Type | None = None
    always: Schema = field(default_factory=dict)
    atomic: bool = False
    _fields: dict[str, Field] = field(default_factory=dict, repr=False)
    _source: Schema = field(default_factory=dict, repr=False)

    @property
    def struct_name(self) -> str:
        """The Go name without its package, for example `PodSpec`."""
        return self.name.rpartition(".")[2]

    @property
    def fields(self) -> dict[str, Field]:
        """The fields of a struct by JSON name; compiled on first use, so that types may refer to each other."""
        if self._source and not self._fields:
            kept = frozenset(_data()["go"].get(self.name, {}).get("kept", ()))
            required = frozenset(self._source.get("required", ()))
            for key, schema in self._source["properties"].items():
                self._fields[key] = _field(schema, required=key in required, kept=key in kept)
        return self._fields


@cache
def _data() -> Schema:
    data: Schema = orjson.loads(files(__package__).joinpath("schemas.json").read_bytes())
    return data


@cache
def _kinds() -> dict[tuple[str, str, str], str]:
    """Definition names by (group, version, kind); names used by every group belong to meta."""
    found: dict[tuple[str, str, str], str] = {}
    for name, schema in _data()["schemas"].items():
        for gvk in schema.get("x-kubernetes-group-version-kind", ()):
            found[gvk["group"], gvk["version"], gvk["kind"]] = name
    return found


def components() -> Schema:
    """Return all definitions as OpenAPI v3 `components.schemas`. Shared: don't change them."""
    schemas: Schema = _data()["schemas"]
    return schemas


@cache
def named_type(name: str) -> Type:
    """Return the type of a definition.

    Raises:
        KeyError: there is no such definition.

    Example:
        >>> named_type("io.k8s.api.apps.v1.StatefulSetSpec").fields["replicas"].type.go
        'int32'
    """
    if name in _SPECIAL:
        return Type(_SPECIAL[name], name, go=name.rpartition(".")[2])
    schema = _data()["schemas"][name]
    if "properties" not in schema:
        return Type(Kind.RAW, name)
    return Type(
        Kind.STRUCT,
        name,
        go="v1." + name.rpartition(".")[2],
        always=_data()["go"].get(name, {}).get("always", {}),
        atomic=schema.get("x-kubernetes-map-type") == "atomic",
        _source=schema,
    )


def kind_type(group: str, version: str, kind: str) -> Type:
    """Return the type of a kind; the group of what all groups share (`DeleteOptions`, `Status`) is `meta`.

    Raises:
        KeyError: the kind has no schema.

    Example:
        >>> kind_type("apps", "v1", "StatefulSet").struct_name
        'StatefulSet'
    """
    return named_type(f"{_META}{kind}" if group == "meta" else _kinds()[group, version, kind])


def _field(schema: Schema, *, required: bool, kept: bool) -> Field:
    kind = _type(schema)
    containers = (Kind.LIST, Kind.MAP)
    scalars = (Kind.STRING, Kind.INTEGER, Kind.NUMBER, Kind.BOOLEAN, Kind.BYTES)
    return Field(
        kind,
        required=required,
        omit_empty=not kept and kind.kind in (*containers, *scalars),
        patch_strategies=frozenset(filter(None, schema.get("x-kubernetes-patch-strategy", "").split(","))),
        merge_key=schema.get("x-kubernetes-patch-merge-key", ""),
        list_type=schema.get("x-kubernetes-list-type", ""),
        list_keys=tuple(schema.get("x-kubernetes-list-map-keys", ())),
        atomic=kind.atomic or schema.get("x-kubernetes-map-type") == "atomic",
    )


def _type(schema: Schema) -> Type:
    if "$ref" in schema:
        return named_type(schema["$ref"].removeprefix(_PREFIX))
    name = schema.get("type", "")
    if name == "array":
        item = _type(schema["items"])
        return Type(Kind.LIST, go=f"[]{item.go}", element=item)
    if name == "object":
        if "additionalProperties" not in schema:
            return Type(Kind.RAW)
        value = _type(schema["additionalProperties"])
        return Type(Kind.MAP, go=f"map[string]{value.go}", element=value)
    if name == "string" and schema.get("format") == "byte":
        return Type(Kind.BYTES, go=_GO_SCALARS[Kind.BYTES])
    kind = _SCALARS[name]
    return Type(kind, go=schema.get("format", "int32") if kind is Kind.INTEGER else _GO_SCALARS[kind])
