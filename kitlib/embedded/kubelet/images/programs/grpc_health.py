"""`agnhost grpc-health-checking`: gRPC's health service, always the same answer, on just enough of HTTP/2.

Source: RFC 9113 (frames), RFC 7541 (literal header fields), gRPC's health checking protocol.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Sequence

from .options import parse
from .web import Request, Response, start

__all__ = ["run_grpc_health_checking"]

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _SETTINGS, _PING = 0, 1, 4, 6
_END_STREAM, _END_HEADERS, _ACK = 0x1, 0x4, 0x1
_SERVING = b"\0" + struct.pack("!I", 2) + b"\x08\x01"
_NOT_SERVING = b"\0" + struct.pack("!I", 2) + b"\x08\x02"


class _Health:
    def __init__(self) -> None:
        self.serving = True


def run_grpc_health_checking(arguments: Sequence[str]) -> int:
    """Serve health over gRPC, and over HTTP the means to change it."""
    options, _ = parse(arguments)
    health = _Health()

    def answer(request: Request) -> Response:
        if request.path == "/make-not-serving":
            health.serving = False
        elif request.path == "/make-serving":
            health.serving = True
        return Response("")

    start(int(options.get("http-port", "8080")), answer)
    with socket.create_server(("", int(options.get("port", "5000")))) as server:
        while True:
            connection, _ = server.accept()
            threading.Thread(target=_talk, args=(connection, health), daemon=True).start()


def _talk(connection: socket.socket, health: _Health) -> None:
    with connection, connection.makefile("rb") as stream:
        if stream.read(len(_PREFACE)) != _PREFACE:
            return
        connection.sendall(_frame(_SETTINGS, 0, 0, b""))
        while head := stream.read(9):
            length, kind, flags, number = int.from_bytes(head[:3], "big"), head[3], head[4], head[5:9]
            payload, name = stream.read(length), int.from_bytes(number, "big")
            if kind == _SETTINGS and not flags & _ACK:
                connection.sendall(_frame(_SETTINGS, _ACK, 0, b""))
            elif kind == _PING and not flags & _ACK:
                connection.sendall(_frame(_PING, _ACK, 0, payload))
            elif kind in (_DATA, _HEADERS) and flags & _END_STREAM:
                _tell(connection, name, serving=health.serving)


def _tell(connection: socket.socket, name: int, *, serving: bool) -> None:
    head = b"\x88" + _field("content-type", "application/grpc")  # 0x88: ":status: 200" of the static table
    connection.sendall(
        _frame(_HEADERS, _END_HEADERS, name, head)
        + _frame(_DATA, 0, name, _SERVING if serving else _NOT_SERVING)
        + _frame(_HEADERS, _END_HEADERS | _END_STREAM, name, _field("grpc-status", "0"))
    )


def _frame(kind: int, flags: int, name: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + name.to_bytes(4, "big") + payload


def _field(name: str, value: str) -> bytes:
    """A literal header field that is not indexed."""
    return b"\0" + b"".join(bytes([len(text)]) + text.encode() for text in (name, value))
