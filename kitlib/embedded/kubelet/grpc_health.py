"""One call of gRPC's health service: just enough of HTTP/2 to ask it and to read the answer.

Source: RFC 9113 (frames), RFC 7541 (literal header fields), gRPC's health checking protocol.
"""

from __future__ import annotations

import asyncio

__all__ = ["check_health"]

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RESET, _SETTINGS, _PING, _GO_AWAY = 0, 1, 3, 4, 6, 7
_END_STREAM, _END_HEADERS, _ACK, _PADDED = 0x1, 0x4, 0x1, 0x8
_STATUSES = {0: "UNKNOWN", 1: "SERVING", 2: "NOT_SERVING", 3: "SERVICE_UNKNOWN"}


async def check_health(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, authority: str, service: str) -> str:
    """Return what the server says of a service; "" asks about the server itself.

    Raises:
        EOFError: it does not speak gRPC, or has no health service.
        OSError: the connection broke.
    """
    fields = {
        ":method": "POST",
        ":scheme": "http",
        ":path": "/grpc.health.v1.Health/Check",
        ":authority": authority,
        "content-type": "application/grpc",
        "te": "trailers",
        "user-agent": "kube-probe/1.36",
    }
    head = b"".join(b"\0" + _text(name) + _text(value) for name, value in fields.items())
    message = b"\x0a" + _text(service) if service else b""
    body = b"\0" + len(message).to_bytes(4, "big") + message
    writer.write(_PREFACE + _frame(_SETTINGS, 0, 0, b"") + _frame(_HEADERS, _END_HEADERS, 1, head))
    writer.write(_frame(_DATA, _END_STREAM, 1, body))
    return _status(await _answer(reader, writer))


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    data = b""
    while True:
        head = await reader.readexactly(9)
        kind, flags, stream = head[3], head[4], int.from_bytes(head[5:9], "big") & 0x7FFFFFFF
        payload = await reader.readexactly(int.from_bytes(head[:3], "big"))
        if kind == _SETTINGS and not flags & _ACK:
            writer.write(_frame(_SETTINGS, _ACK, 0, b""))
        elif kind == _PING and not flags & _ACK:
            writer.write(_frame(_PING, _ACK, 0, payload))
        elif kind in (_RESET, _GO_AWAY):
            raise EOFError("the server closed the stream")
        elif kind == _DATA and stream == 1:
            data += payload[1 : len(payload) - payload[0]] if flags & _PADDED else payload
        if kind in (_DATA, _HEADERS) and stream == 1 and flags & _END_STREAM:
            return data


def _status(data: bytes) -> str:
    """Read the one field of a HealthCheckResponse; without a message the call was refused."""
    if len(data) < 5:
        raise EOFError("rpc error: code = Unimplemented desc = unknown service grpc.health.v1.Health")
    message = data[5:]
    number = message[1] if message[:1] == b"\x08" else 0
    return _STATUSES.get(number, str(number))


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def _text(text: str) -> bytes:
    """A string with its length before it; shorter than 127 bytes, so that one byte holds it."""
    data = text.encode()[:126]
    return bytes([len(data)]) + data
