"""Strict decoding: check an object against its type, drop what the type does not know, and say what was dropped.

Go decodes JSON into structs. What follows from that, and what clients can see, is done here on plain dicts: unknown
fields, nulls and (for what is no pointer) zero values disappear; a value of the wrong type is a 400 in Go's words.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.quantity import canonical
from kitlib.embedded.apimachinery.resources import Resource
from kitlib.embedded.apimachinery.schema import Field, Kind, Type, kind_type
from kitlib.embedded.apimachinery.status import StatusError, bad_request
from kitlib.embedded.apimachinery.times import read_micro_time, read_time

__all__ = ["cannot_handle", "decode", "decode_as", "strict_error"]

_QUANTITY_PATTERN = r"^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$"
_INDEX = re.compile(r"\[\d+\]")
_RANGES = {"int32": 2**31, "int64": 2**63}


def decode(obj: Object, resource: Resource, *, partial: bool = False) -> list[str]:
    """Prune `obj` in place to what its kind knows.

    Args:
        obj: the object.
        resource: what it must be.
        partial: it is an apply configuration, which says no more than it says: don't add the fields that Go always
            writes, and keep zero values.

    Returns:
        What was wrong but could be dropped, as `unknown field "spec.foo"`; empty for a clean object. It is for the
        caller to refuse (`fieldValidation=Strict`, see `strict_error`), to warn of or to ignore.

    Raises:
        StatusError: 400, a value has the wrong type.

    Example:
        >>> from kitlib.embedded.apimachinery.resources import by_name
        >>> obj = {"metadata": {"name": "web", "labels": None}, "spec": {"replicas": 1, "foo": 2}}
        >>> decode(obj, by_name("statefulsets.apps"))
        ['unknown field "spec.foo"']
        >>> obj["metadata"]
        {'name': 'web'}
    """
    return decode_as(obj, resource.group, resource.version, resource.kind, partial=partial)


def decode_as(obj: Object, group: str, version: str, kind: str, *, partial: bool = False) -> list[str]:
    """Do what `decode` does for a kind that is no resource of its own (`Scale`, `Eviction`, `Binding`)."""
    decoder = _Decoder(partial=partial)
    decoder.struct(obj, kind_type(group, version, kind), "")
    if decoder.error:
        raise cannot_handle(kind, version, decoder.error)
    return [f'unknown field "{path}"' for path in decoder.unknown]


def cannot_handle(kind: str, version: str, why: str) -> StatusError:
    """Build the 400 for a body that does not fit its kind."""
    return bad_request(f'{kind} in version "{version}" cannot be handled as a {kind}: {why}')


def strict_error(kind: str, version: str, problems: Sequence[str]) -> StatusError:
    """Build the 400 of `fieldValidation=Strict`.

    Example:
        >>> strict_error("Pod", "v1", ['unknown field "spec.foo"']).message
        'Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.foo"'
    """
    return cannot_handle(kind, version, f"strict decoding error: {', '.join(problems)}")


class _Decoder:
    """One run: collects unknown paths, and the first type error as Go does."""

    __slots__ = ("_partial", "error", "unknown")

    def __init__(self, *, partial: bool) -> None:
        self._partial = partial
        self.error = ""
        self.unknown: list[str] = []

    def struct(self, obj: Object, struct: Type, path: str) -> None:
        fields = struct.fields
        dropped: list[str] = []
        for key, value in obj.items():
            field = fields.get(key)
            if field is None:
                self.unknown.append(path + key)
                dropped.append(key)
            elif value is None or (not value and self._omitted(value, field)):
                dropped.append(key)
            else:
                new = self.value(value, field.type, f"{path}{key}", struct)
                if new is not value:
                    obj[key] = new
        for key in dropped:
            del obj[key]
        if not self._partial:
            self._complete(obj, struct, path)

    def _omitted(self, value: Any, field: Field) -> bool:
        return not self._partial and field.omit_empty and _is_zero(value, field.type.kind)

    def _complete(self, obj: Object, struct: Type, path: str) -> None:
        """Add the fields that Go writes whether they are set or not."""
        for key, zero in struct.always.items():
            if key not in obj:
                obj[key] = dict(zero) if isinstance(zero, dict) else zero
            zero_type = struct.fields[key].type
            if zero == {} and not obj[key] and zero_type.always:
                self.struct(obj[key], zero_type, f"{path}{key}.")

    def value(self, value: Any, kind: Type, path: str, owner: Type) -> Any:
        """Check one value that is not null, and return what to keep."""
        shape = kind.kind
        if shape is Kind.STRING:
            if value.__class__ is not str:
                self.mismatch(value, kind, path, owner)
        elif shape is Kind.STRUCT:
            if value.__class__ is dict:
                self.struct(value, kind, path + ".")
            else:
                self.mismatch(value, kind, path, owner)
        elif shape is Kind.LIST:
            self.list(value, kind, path, owner)
        elif shape is Kind.MAP:
            self.map(value, kind, path, owner)
        else:
            return _SCALARS[shape](self, value, kind, path, owner)
        return value

    def list(self, value: Any, kind: Type, path: str, owner: Type) -> None:
        item_type = kind.element
        assert item_type is not None
        if value.__class__ is not list:
            return self.mismatch(value, kind, path, owner)
        for index, item in enumerate(value):
            value[index] = _zero(item_type) if item is None else self.value(item, item_type, f"{path}[{index}]", owner)
        return None

    def map(self, value: Any, kind: Type, path: str, owner: Type) -> None:
        item_type = kind.element
        assert item_type is not None
        if value.__class__ is not dict:
            return self.mismatch(value, kind, path, owner)
        for key, item in value.items():
            value[key] = _zero(item_type) if item is None else self.value(item, item_type, path, owner)
        return None

    def mismatch(self, value: Any, kind: Type, path: str, owner: Type, *, json_name: str = "") -> None:
        """Note Go's `UnmarshalTypeError`; its path has neither indexes nor map keys."""
        field = f"{owner.struct_name}.{_INDEX.sub('', path)}"
        found = json_name or _json_name(value)
        self.fail(f"json: cannot unmarshal {found} into Go struct field {field} of type {kind.go}")

    def fail(self, error: str) -> None:
        self.error = self.error or error

    def boolean(self, value: Any, kind: Type, path: str, owner: Type) -> Any:
        if value.__class__ is not bool:
            self.mismatch(value, kind, path, owner)
        return value

    def integer(self, value: Any, kind: Type, path: str, owner: Type) -> Any:
        if value.__class__ is float and value.is_integer() and abs(value) < 2**53:
            value = int(value)
        limit = _RANGES.get(kind.go, 2**63)
        if value.__class__ is not int:
            self.mismatch(value, kind, path, owner)
        elif not -limit <= value < limit:
            self.mismatch(value, kind, path, owner, json_name=f"number {value}")
        return value

    def number(self, value: Any, kind: Type, path: str, owner: Type) -> Any:
        if value.__class__ not in (int, float):
            self.mismatch(value, kind, path, owner)
        return value

    def bytes(self, value: Any, kind: Type, path: str, owner: Type) -> Any:
        if value.__class__ is not str:
            self.mismatch(value, kind, path, owner)
        else:
            try:
                base64.b64decode(value.replace("\n", "").replace("\r", ""), validate=True)
            except ValueError:  # binascii.Error, or a character that is not ASCII
                self.fail(f"illegal base64 data at input byte {_bad_base64_byte(value)}")
        return value

    def time(self, value: Any, kind: Type, path: str, owner: Type) -> Any:
        if value.__class__ is not str:
            self.fail(f"json: cannot unmarshal {_json_name(value)} into Go value of type string")
            return value
        try:
            return read_time(value) if kind.kind is Kind.TIME else read_micro_time(value)
        except ValueError as error:
            self.fail(str(error))
        return value

    def quantity(self, value: Any, kind: Type, path: str, owner: Type) -> Any:
        try:
            return _canonical(value)
        except (TypeError, ValueError):
            self.fail(f"quantities must match the regular expression '{_QUANTITY_PATTERN}'")
        return value

    def int_or_string(self, value: Any, kind: Type, path: str, owner: Type) -> Any:
        if value.__class__ not in (int, str):
            self.fail(f"json: cannot unmarshal {_json_name(value)} into Go value of type int32")
        return value

    def raw(self, value: Any, kind: Type, path: str, owner: Type) -> Any:
        return value


_SCALARS: dict[Kind, Callable[[_Decoder, Any, Type, str, Type], Any]] = {
    Kind.BOOLEAN: _Decoder.boolean,
    Kind.INTEGER: _Decoder.integer,
    Kind.NUMBER: _Decoder.number,
    Kind.BYTES: _Decoder.bytes,
    Kind.TIME: _Decoder.time,
    Kind.MICRO_TIME: _Decoder.time,
    Kind.QUANTITY: _Decoder.quantity,
    Kind.INT_OR_STRING: _Decoder.int_or_string,
    Kind.RAW: _Decoder.raw,
}
_ZEROS: dict[Kind, Any] = {
    Kind.STRING: "",
    Kind.INTEGER: 0,
    Kind.BOOLEAN: False,
    Kind.NUMBER: 0,
    Kind.QUANTITY: "0",
    Kind.INT_OR_STRING: 0,
    Kind.BYTES: "",
}
_EMPTY_OF: dict[Kind, type | tuple[type, ...]] = {
    Kind.STRING: str,
    Kind.BYTES: str,
    Kind.LIST: list,
    Kind.MAP: dict,
    Kind.BOOLEAN: bool,
    Kind.INTEGER: int,
    Kind.NUMBER: (int, float),
}


@lru_cache(maxsize=1024)
def _canonical(value: Any) -> str:
    """Return a quantity as Go writes it back; unhashable values and booleans are no quantities."""
    if isinstance(value, bool):
        raise TypeError(value)
    return canonical(value)


def _zero(kind: Type) -> Any:
    """What Go leaves for a null inside a list or map."""
    return {} if kind.kind is Kind.STRUCT else _ZEROS.get(kind.kind)


def _is_zero(value: Any, kind: Kind) -> bool:
    """Tell whether a falsy value has the right type, so that dropping it hides no type error."""
    wanted = _EMPTY_OF.get(kind)
    return wanted is not None and isinstance(value, wanted) and (kind is Kind.BOOLEAN or value is not False)


def _json_name(value: Any) -> str:
    """Name a JSON value as Go's decoder does."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "number"
    if isinstance(value, float):
        return f"number {value:g}"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def _bad_base64_byte(text: str) -> int:
    bad = re.search(r"[^A-Za-z0-9+/\r\n]", text)
    return bad.start() if bad else len(text)
