"""Request bodies in protobuf, which kubectl's typed commands send (`create namespace`, `auth can-i`, ...).

Only reading is needed: every client that writes protobuf reads JSON. The numbers of the fields are in
`protobuf_fields.json`, written by `environments/embedded/make_protobuf.py`; their types are those of the JSON schema.

Source: protobuf's encoding guide, Kubernetes' `runtime.Unknown`.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

import orjson

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.schema import Kind, Type, kind_type
from kitlib.embedded.apimachinery.status import bad_request
from kitlib.embedded.apimachinery.times import format_micro_time, format_time

__all__ = ["CONTENT_TYPE", "decode_protobuf"]

CONTENT_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_DEEPEST = 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Table: TypeAlias = dict[str, Any]
Wire: TypeAlias = int | bytes


def decode_protobuf(body: bytes) -> Object:
    """Return the object of a protobuf request body, in the form its JSON would have.

    Raises:
        StatusError: 400 when it is not a Kubernetes protobuf message, or of a kind that is not known.
    """
    if not body.startswith(_MAGIC):
        raise bad_request("provided data does not appear to be a protobuf message, expected prefix k8s\\x00")
    try:
        unknown = dict(_fields(body[len(_MAGIC) :]))
        names = {number: _text(value) for number, value in _fields(_bytes(unknown.get(1, b"")))}
        api_version, kind = names.get(1, ""), names.get(2, "")
        obj: Object = {"apiVersion": api_version, "kind": kind}
        return obj | _struct(_bytes(unknown.get(2, b"")), _type_of(api_version, kind))
    except (ValueError, IndexError, struct.error, OverflowError) as error:
        raise bad_request(f"the body can't be read as protobuf: {error}") from error


def _type_of(api_version: str, kind: str) -> Type:
    group, _, version = api_version.rpartition("/")
    try:
        return kind_type("meta", "v1", kind) if kind == "DeleteOptions" else kind_type(group, version, kind)
    except KeyError as error:
        raise bad_request(f'no kind "{kind}" is registered for version "{api_version}"') from error


@cache
def _tables() -> dict[str, Table]:
    tables: dict[str, Table] = orjson.loads(files(__package__).joinpath("protobuf_fields.json").read_bytes())
    return tables


# -- the wire ------------------------------------------------------------------------------------------------------


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
        if shift > 63:
            raise ValueError("a number is too long")


def _fields(data: bytes) -> Iterator[tuple[int, Wire]]:
    """Yield (field number, value as it is on the wire)."""
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, position = _varint(data, position)
            yield number, value
            continue
        if wire == _BYTES:
            size, position = _varint(data, position)
        elif wire in (_FIXED64, _FIXED32):
            size = 8 if wire == _FIXED64 else 4
        else:
            raise ValueError(f"wire type {wire} of field {number} is not used by Kubernetes")
        if position + size > len(data):
            raise ValueError(f"field {number} is cut off")
        yield number, data[position : position + size]
        position += size


def _bytes(value: Wire) -> bytes:
    if isinstance(value, int):
        raise ValueError("a number stands where bytes are expected")
    return value


def _text(value: Wire) -> str:
    return _bytes(value).decode()


def _signed(value: Wire) -> int:
    if not isinstance(value, int):
        raise ValueError("bytes stand where a number is expected")
    return value - (1 << 64) if value >> 63 else value


# -- the types -----------------------------------------------------------------------------------------------------


def _struct(data: bytes, kind: Type, depth: int = 0) -> Object:
    if depth > _DEEPEST:
        raise ValueError("the message is nested too deeply")
    obj: Object = {}
    _fill(obj, data, kind, _tables().get(kind.name, {}), depth)
    return obj


def _fill(obj: Object, data: bytes, kind: Type, table: Table, depth: int) -> None:
    """Read a message into `obj`; fields that the schema does not have are dropped, as a server of its age would."""
    for number, wire in _fields(data):
        name = table.get(str(number))
        if isinstance(name, dict):  # a struct that Go embeds: its fields are the outer object's in JSON
            _fill(obj, _bytes(wire), kind, name, depth)
        elif name is not None:
            _add(obj, name, wire, kind.fields[name].type, depth)


def _add(obj: Object, name: str, wire: Wire, kind: Type, depth: int) -> None:
    element = kind.element
    if kind.kind is Kind.MAP and element is not None:
        key, value = _entry(_bytes(wire), element, depth)
        obj.setdefault(name, {})[key] = value
    elif kind.kind is Kind.LIST and element is not None:
        obj.setdefault(name, []).append(_value(wire, element, depth))
    else:
        obj[name] = _value(wire, kind, depth)


def _entry(data: bytes, element: Type, depth: int) -> tuple[str, Any]:
    """Read one entry of a map; a list as its value is a message of its own (`ExtraValue`)."""
    found = dict(_fields(data))
    value = found.get(2, b"")
    if element.kind is Kind.LIST and element.element is not None:
        items = [_value(item, element.element, depth) for _, item in _fields(_bytes(value))]
        return _text(found.get(1, b"")), items
    return _text(found.get(1, b"")), _value(value, element, depth)


def _value(wire: Wire, kind: Type, depth: int) -> Any:
    if kind.kind is Kind.STRUCT:
        return _struct(_bytes(wire), kind, depth + 1)
    return _READERS[kind.kind](wire)


def _double(wire: Wire) -> float:
    return float(struct.unpack("<d", _bytes(wire))[0])


def _time(wire: Wire) -> str | None:
    moment = _moment(wire)
    return None if moment is None else format_time(moment)


def _micro_time(wire: Wire) -> str | None:
    moment = _moment(wire)
    return None if moment is None else format_micro_time(moment)


def _moment(wire: Wire) -> datetime | None:
    parts = dict(_fields(_bytes(wire)))
    if not parts:
        return None
    return _EPOCH + timedelta(seconds=_signed(parts.get(1, 0)), microseconds=_signed(parts.get(2, 0)) // 1000)


def _quantity(wire: Wire) -> str:
    return _text(dict(_fields(_bytes(wire))).get(1, b""))


def _int_or_string(wire: Wire) -> int | str:
    parts = dict(_fields(_bytes(wire)))
    return _text(parts.get(3, b"")) if parts.get(1) else _signed(parts.get(2, 0))


def _raw(wire: Wire) -> Any:
    """JSON inside protobuf: FieldsV1 and RawExtension."""
    text = _bytes(dict(_fields(_bytes(wire))).get(1, b""))
    return orjson.loads(text) if text else None


_READERS: dict[Kind, Callable[[Wire], Any]] = {
    Kind.STRING: _text,
    Kind.INTEGER: _signed,
    Kind.BOOLEAN: lambda wire: bool(_signed(wire)),
    Kind.NUMBER: _double,
    Kind.BYTES: lambda wire: base64.b64encode(_bytes(wire)).decode(),
    Kind.TIME: _time,
    Kind.MICRO_TIME: _micro_time,
    Kind.QUANTITY: _quantity,
    Kind.INT_OR_STRING: _int_or_string,
    Kind.RAW: _raw,
}
