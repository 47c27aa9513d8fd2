"""SPDY/3.1 frames as values, and their bytes. Pure.

Source: SPDY protocol draft 3.1, section 2.2 and 2.6.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from kitlib.embedded.apiserver.spdy.headers import HeaderReader, HeaderWriter, ProtocolError

__all__ = [
    "Data",
    "Frame",
    "FrameReader",
    "FrameWriter",
    "GoAway",
    "Headers",
    "Ping",
    "Reset",
    "Settings",
    "SynReply",
    "SynStream",
    "WindowUpdate",
]

INITIAL_WINDOW = 64 << 10
SETTING_INITIAL_WINDOW = 7
_VERSION = 3
_CONTROL_LIMIT = 32 << 10  # compressed; no client comes near
_ID = 0x7FFFFFFF
_HEAD = struct.Struct(">II")
_WORD = struct.Struct(">I")
_TWO_WORDS = struct.Struct(">II")
_SYN_STREAM, _SYN_REPLY, _RST_STREAM, _SETTINGS, _PING, _GOAWAY, _HEADERS, _WINDOW_UPDATE = 1, 2, 3, 4, 6, 7, 8, 9
_FIN = 1


@dataclass(frozen=True, slots=True)
class SynStream:
    """The peer opens a stream; with `fin` it will send nothing on it."""

    stream: int
    headers: dict[str, str]
    fin: bool = False


@dataclass(frozen=True, slots=True)
class SynReply:
    """A stream is accepted."""

    stream: int
    headers: dict[str, str] = field(default_factory=dict)
    fin: bool = False


@dataclass(frozen=True, slots=True)
class Headers:
    """More headers of a stream."""

    stream: int
    headers: dict[str, str]
    fin: bool = False


@dataclass(frozen=True, slots=True)
class Reset:
    """A stream is over in both directions."""

    stream: int
    status: int


@dataclass(frozen=True, slots=True)
class Settings:
    """The peer's settings, by their number."""

    values: dict[int, int]


@dataclass(frozen=True, slots=True)
class Ping:
    """To be sent back as it came."""

    id: int


@dataclass(frozen=True, slots=True)
class GoAway:
    """No more streams are accepted."""

    last_stream: int
    status: int = 0


@dataclass(frozen=True, slots=True)
class WindowUpdate:
    """The peer takes `delta` more bytes on a stream; stream 0 is the whole connection."""

    stream: int
    delta: int


@dataclass(frozen=True, slots=True)
class Data:
    """Bytes of a stream: a part of a frame; `fin` comes with its last part only."""

    stream: int
    data: bytes
    fin: bool = False


Frame = SynStream | SynReply | Headers | Reset | Settings | Ping | GoAway | WindowUpdate | Data


class FrameReader:
    """Cuts a stream of bytes into frames. A data frame is handed on in the parts in which it arrives.

    Example:
        for frame in reader.feed(received):
            ...
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._headers = HeaderReader()
        self._stream, self._fin, self._left = 0, False, 0  # of the data frame that is not complete

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield the frames that are complete by now.

        Raises:
            ProtocolError: these are no frames of SPDY/3.1, or one is too large.
        """
        self._buffer += data
        while True:
            if self._left:
                if not self._buffer:
                    return
                yield self._part()
                continue
            if len(self._buffer) < 8:
                return
            first, second = _HEAD.unpack_from(self._buffer)
            flags, length = second >> 24, second & 0xFFFFFF
            if not first >> 31:
                del self._buffer[:8]
                self._stream, self._fin, self._left = first, bool(flags & _FIN), length
                if not length:
                    yield Data(first, b"", self._fin)
                continue
            if (first >> 16) & 0x7FFF != _VERSION:
                raise ProtocolError("not a frame of SPDY/3")
            if length > _CONTROL_LIMIT:
                raise ProtocolError("a control frame is too large")
            if len(self._buffer) < 8 + length:
                return
            payload = bytes(self._buffer[8 : 8 + length])
            del self._buffer[: 8 + length]
            if (frame := self._control(first & 0xFFFF, flags, payload)) is not None:
                yield frame

    def _part(self) -> Data:
        part = bytes(self._buffer[: self._left])
        del self._buffer[: len(part)]
        self._left -= len(part)
        return Data(self._stream, part, self._fin and not self._left)

    def _control(self, kind: int, flags: int, payload: bytes) -> Frame | None:
        try:
            return self._understood(kind, flags, payload)
        except struct.error as error:
            raise ProtocolError(f"a control frame of type {kind} is too short") from error

    def _understood(self, kind: int, flags: int, payload: bytes) -> Frame | None:
        fin = bool(flags & _FIN)
        if kind == _SYN_STREAM:
            stream, _ = _TWO_WORDS.unpack_from(payload)
            _checked(payload, 10)
            return SynStream(stream & _ID, self._headers.decode(payload[10:]), fin)
        if kind in (_SYN_REPLY, _HEADERS):
            (stream,) = _WORD.unpack_from(payload)
            make = SynReply if kind == _SYN_REPLY else Headers
            return make(stream & _ID, self._headers.decode(payload[4:]), fin)
        if kind == _SETTINGS:
            (count,) = _WORD.unpack_from(payload)
            if len(payload) != 4 + 8 * count:
                raise ProtocolError("a SETTINGS frame has a wrong length")
            pairs = (_TWO_WORDS.unpack_from(payload, 4 + 8 * n) for n in range(count))
            return Settings({name & 0xFFFFFF: value for name, value in pairs})
        if kind == _PING:
            return Ping(*_WORD.unpack_from(payload))
        if kind in (_RST_STREAM, _GOAWAY, _WINDOW_UPDATE):
            one, two = _TWO_WORDS.unpack_from(payload)
            if kind == _RST_STREAM:
                return Reset(one & _ID, two)
            return GoAway(one & _ID, two) if kind == _GOAWAY else WindowUpdate(one & _ID, two & _ID)
        return None  # a type that this version does not know is to be ignored


class FrameWriter:
    """Makes the bytes of frames; those with headers must be sent in the order in which they were made."""

    def __init__(self) -> None:
        self._headers = HeaderWriter()

    def encode(self, frame: Frame) -> bytes:
        """Return the frame's bytes."""
        match frame:
            case Data(stream, data, fin):
                return _HEAD.pack(stream, (fin * _FIN) << 24 | len(data)) + data
            case SynStream(stream, headers, fin):
                return _framed(_SYN_STREAM, _TWO_WORDS.pack(stream, 0) + b"\0\0" + self._block(headers), fin)
            case SynReply(stream, headers, fin):
                return _framed(_SYN_REPLY, _WORD.pack(stream) + self._block(headers), fin)
            case Headers(stream, headers, fin):
                return _framed(_HEADERS, _WORD.pack(stream) + self._block(headers), fin)
            case Reset(stream, status):
                return _framed(_RST_STREAM, _TWO_WORDS.pack(stream, status))
            case Settings(values):
                pairs = b"".join(_TWO_WORDS.pack(name, value) for name, value in values.items())
                return _framed(_SETTINGS, _WORD.pack(len(values)) + pairs)
            case Ping(number):
                return _framed(_PING, _WORD.pack(number))
            case GoAway(last, status):
                return _framed(_GOAWAY, _TWO_WORDS.pack(last, status))
            case WindowUpdate(stream, delta):
                return _framed(_WINDOW_UPDATE, _TWO_WORDS.pack(stream, delta))

    def _block(self, headers: Mapping[str, str]) -> bytes:
        return self._headers.encode(headers)


def _framed(kind: int, payload: bytes, fin: bool = False) -> bytes:
    return _HEAD.pack(1 << 31 | _VERSION << 16 | kind, (fin * _FIN) << 24 | len(payload)) + payload


def _checked(payload: bytes, least: int) -> None:
    if len(payload) < least:
        raise ProtocolError("a control frame is too short")
