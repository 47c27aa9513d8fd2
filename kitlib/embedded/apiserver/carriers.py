"""What can carry SPDY: the connection itself after a `101 Switching Protocols`, or the messages of a WebSocket."""

from __future__ import annotations

import asyncio
from collections import deque

from aiohttp import WSMsgType, web

from kitlib.embedded.apimachinery.status import bad_request, generic

__all__ = ["PROTOCOL_HEADER", "UpgradedConnection", "WebSocketCarrier", "negotiated", "wants_spdy"]

PROTOCOL_HEADER = "X-Stream-Protocol-Version"
_SPDY = "SPDY/3.1"
_UNREAD_LIMIT = 1 << 20


def wants_spdy(request: web.Request) -> bool:
    """Whether the client asks to go on in SPDY/3.1 on this very connection."""
    connection = request.headers.get("Connection", "").lower()
    return request.headers.get("Upgrade", "").lower() == _SPDY.lower() and "upgrade" in connection


def negotiated(request: web.Request, served: tuple[str, ...]) -> str:
    """Return the first protocol the client offers that is served; the last one served when it offers none.

    Raises:
        StatusError: 403, it offers others only.
    """
    offered = [p.strip() for line in request.headers.getall(PROTOCOL_HEADER, []) for p in line.split(",") if p.strip()]
    if not offered:
        return served[-1]
    if found := next((protocol for protocol in offered if protocol in served), None):
        return found
    message = f"unable to negotiate protocol: client supports {offered}, server accepts {list(served)}"
    raise generic(403, "Forbidden", message)


class UpgradedConnection(web.StreamResponse):
    """The answer that ends HTTP on a connection; what follows it in both directions are bare bytes.

    Args:
        protocol: what is told in `X-Stream-Protocol-Version`.

    Example:
        carrier = UpgradedConnection("v4.channel.k8s.io")
        await carrier.start(request)
        data = await carrier.read()
        return carrier  # aiohttp closes the connection
    """

    _length_check = False  # as aiohttp's WebSocketResponse: neither a length nor chunks

    def __init__(self, protocol: str) -> None:
        headers = {"Connection": "Upgrade", "Upgrade": _SPDY, PROTOCOL_HEADER: protocol}
        super().__init__(status=101, headers=headers)
        self._received: deque[bytes] = deque()
        self._unread, self._paused, self._ended = 0, False, False
        self._arrived = asyncio.Event()

    async def start(self, request: web.Request) -> None:
        """Send the answer, and take over the connection.

        Raises:
            StatusError: 400, the connection has gone.
        """
        transport = request.transport
        if transport is None:
            raise bad_request("the connection has gone")
        self._transport = transport
        # What aiohttp does for its own WebSockets: from here on bytes are given to this parser.
        request.protocol.set_parser(self)  # type: ignore[arg-type]
        self.force_close()
        await self.prepare(request)

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Take what has arrived (called by aiohttp)."""
        self._received.append(bytes(data))
        self._unread += len(data)
        if self._unread >= _UNREAD_LIMIT and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        self._arrived.set()
        return False, b""

    def feed_eof(self) -> None:
        """The client has closed (called by aiohttp)."""
        self._ended = True
        self._arrived.set()

    async def read(self) -> bytes:
        """Return what has come; b"" when the client has closed."""
        while not self._received:
            if self._ended:
                return b""
            self._arrived.clear()
            await self._arrived.wait()
        data = b"".join(self._received)
        self._received.clear()
        self._unread = 0
        if self._paused:
            self._paused = False
            self._transport.resume_reading()
        return data

    async def close(self) -> None:
        """Nothing to do: the connection is closed when the request has been answered."""


class WebSocketCarrier:
    """Binary messages of a WebSocket, one after the other; their borders mean nothing.

    Args:
        socket: prepared, without compression (a message's place in the order must be certain at once).
    """

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket

    async def read(self) -> bytes:
        """Return what has come; b"" when the client has closed."""
        while True:
            message = await self._socket.receive()
            if message.type == WSMsgType.BINARY:
                if message.data:
                    return bytes(message.data)
            elif message.type != WSMsgType.TEXT:
                return b""

    async def write(self, data: bytes) -> None:
        """Send bytes as one message."""
        await self._socket.send_bytes(data)

    async def close(self) -> None:
        """Close normally."""
        await self._socket.close()
