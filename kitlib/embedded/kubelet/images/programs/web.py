"""A web server in little: one thread for each connection, one request for each connection."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

__all__ = ["Handler", "Request", "Response", "serve", "start"]

_REASONS = {200: "OK", 302: "Found", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed"}
_LIMIT = 16 << 20


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    client: tuple[str, int]
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Response:
    """What it gets."""

    body: bytes | str = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Request], Response]


def serve(port: int, handler: Handler, *, address: str = "") -> None:
    """Serve for ever."""
    _accept(_listen(port, address), handler)


def start(port: int, handler: Handler, *, address: str = "") -> socket.socket:
    """Listen at once and serve beside the caller; closing the returned socket ends it."""
    listener = _listen(port, address)
    threading.Thread(target=_accept, args=(listener, handler), daemon=True).start()
    return listener


def _listen(port: int, address: str) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(128)
    return listener


def _accept(listener: socket.socket, handler: Handler) -> None:
    while True:
        try:
            connection, client = listener.accept()
        except OSError:
            return
        threading.Thread(target=_talk, args=(connection, client, handler), daemon=True).start()


def _talk(connection: socket.socket, client: tuple[str, int], handler: Handler) -> None:
    with connection:
        try:
            request = _read(connection, client)
            if request is not None:
                _write(connection, request.method, handler(request))
        except OSError:
            return
        except ValueError:
            _write(connection, "GET", Response("400 Bad Request", 400))


def _read(connection: socket.socket, client: tuple[str, int]) -> Request | None:
    with connection.makefile("rb") as stream:
        words = stream.readline(65536).decode("latin-1").split()
        if not words:
            return None
        if len(words) != 3:
            raise ValueError("malformed request line")
        method, target, _ = words
        headers: dict[str, str] = {}
        while (line := stream.readline(65536).decode("latin-1").strip()) != "":
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        if headers.get("expect", "").lower() == "100-continue":
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = stream.read(min(int(headers.get("content-length", "0")), _LIMIT))
    url = urlsplit(target)
    values = parse_qsl(url.query, keep_blank_values=True)
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        values += parse_qsl(body.decode(errors="replace"), keep_blank_values=True)
    return Request(method, unquote(url.path), dict(values), headers, body, client, tuple(values))


def _write(connection: socket.socket, method: str, response: Response) -> None:
    body = response.body.encode() if isinstance(response.body, str) else response.body
    headers = {"Content-Type": "text/plain; charset=utf-8", **response.headers}
    headers |= {"Content-Length": str(len(body)), "Connection": "close"}
    lines = [f"HTTP/1.1 {response.status} {_REASONS.get(response.status, 'Status')}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
    connection.sendall(head if method == "HEAD" else head + body)
