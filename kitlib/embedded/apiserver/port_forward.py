"""Port-forward: connections into a pod over one connection of a client, in each of the ways that clients know.

kubectl tunnels SPDY in a WebSocket or, older, speaks it on the bare connection: a pair of streams for each
connection. Clients of the older WebSocket form name the ports in the query: a pair of channels for each port.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import bad_request
from kitlib.embedded.apiserver.carriers import UpgradedConnection, WebSocketCarrier, negotiated, wants_spdy
from kitlib.embedded.apiserver.channels import Channels, prepared_websocket, wants_websocket
from kitlib.embedded.apiserver.spdy.connection import Carrier, Connection
from kitlib.embedded.apiserver.spdy.stream import Stream

__all__ = ["Target", "forward"]

_PROTOCOL = "portforward.k8s.io"
_TUNNEL = f"SPDY/3.1+{_PROTOCOL}"
_CHANNEL_PROTOCOLS = ("v4.channel.k8s.io", "v4.base64.channel.k8s.io", _PROTOCOL)
_CHUNK = 64 << 10
_Connected = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, slots=True)
class Target:
    """The pod, and how to connect to a port of it (OSError, LookupError)."""

    pod: Object
    connect: Callable[[int], Awaitable[_Connected]]

    def failure(self, port: int, error: Exception) -> bytes:
        """What the error stream says of a connection that could not be made."""
        why = str(error)
        if isinstance(error, OSError) and error.strerror:
            why = f"dial tcp4 127.0.0.1:{port}: connect: {error.strerror.lower()}"
        where = f"error forwarding port {port} to pod {self.pod['metadata']['uid']}, uid "
        return f"{where}: failed to connect to localhost:{port}: {why}".encode()


async def forward(request: web.Request, target: Target) -> web.StreamResponse:
    """Upgrade the connection and forward until the client goes.

    Raises:
        StatusError: 400 or 403, it can't be upgraded.
    """
    if wants_spdy(request):
        upgraded = UpgradedConnection(negotiated(request, (_PROTOCOL,)))
        await upgraded.start(request)
        await _serve_pairs(upgraded, target)
        return upgraded
    ports = [int(p) for text in request.query.getall("ports", []) for p in text.split(",") if p.isdigit()]
    offered = [p.strip() for p in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
    if wants_websocket(request) and _TUNNEL in offered:
        socket = await prepared_websocket(request, (_TUNNEL,))
        await _serve_pairs(WebSocketCarrier(socket), target)
        return socket
    if not ports or any(not 0 < port < 1 << 16 for port in ports):
        raise bad_request("Upgrade request required, with at least one port in the query")
    socket = await prepared_websocket(request, _CHANNEL_PROTOCOLS)
    await _serve_channels(socket, ports, target)
    return socket


# -- SPDY: a pair of streams for each connection ---------------------------------------------------------------------


async def _serve_pairs(carrier: Carrier, target: Target) -> None:
    waiting: dict[str, dict[str, Stream]] = {}
    forwarding: set[asyncio.Task[None]] = set()
    try:
        async with Connection(carrier) as connection:
            async for stream in connection.opened():
                kind, port = stream.headers.get("streamtype", ""), stream.headers.get("port", "")
                if kind not in ("error", "data") or not port.isdigit() or not 0 < int(port) < 1 << 16:
                    await stream.reset()
                    continue
                pair = waiting.setdefault(_request_id(stream, kind), {})
                pair[kind] = stream
                if len(pair) == 2:
                    del waiting[_request_id(stream, kind)]
                    task = asyncio.ensure_future(_forward_pair(pair["data"], pair["error"], int(port), target))
                    forwarding.add(task)
                    task.add_done_callback(forwarding.discard)
    except ConnectionError:
        pass
    finally:
        for task in forwarding:
            task.cancel()
        await asyncio.gather(*forwarding, return_exceptions=True)


def _request_id(stream: Stream, kind: str) -> str:
    """What a pair has in common; clients too old to tell it open the data stream right after its error stream."""
    return stream.headers.get("requestid") or str(stream.number if kind == "error" else stream.number - 2)


async def _forward_pair(data: Stream, error: Stream, port: int, target: Target) -> None:
    with contextlib.suppress(ConnectionError):
        try:
            reader, writer = await target.connect(port)
        except (OSError, LookupError) as failure:
            await error.write(target.failure(port, failure))
        else:
            await _exchange(data, reader, writer)
        await error.finish()
        await data.finish()


async def _exchange(stream: Stream, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy both ways; each direction ends by itself, a break of one side breaks the other."""
    try:
        async with asyncio.TaskGroup() as both:
            both.create_task(_upstream(stream, writer))
            both.create_task(_downstream(reader, stream))
    except* OSError:
        pass  # one side is gone, and with it the connection
    finally:
        writer.close()


async def _upstream(stream: Stream, writer: asyncio.StreamWriter) -> None:
    while data := await stream.read():
        writer.write(data)
        await writer.drain()
    writer.write_eof()


async def _downstream(reader: asyncio.StreamReader, stream: Stream) -> None:
    while data := await reader.read(_CHUNK):
        await stream.write(data)
    await stream.finish()


# -- a WebSocket: a pair of channels for each port -------------------------------------------------------------------


async def _serve_channels(socket: web.WebSocketResponse, ports: list[int], target: Target) -> None:
    client = Channels(socket)
    writers: dict[int, asyncio.StreamWriter] = {}
    pumps: list[asyncio.Future[None]] = []
    for index, port in enumerate(ports):
        for channel in (2 * index, 2 * index + 1):
            await client.send(channel, struct.pack("<H", port))
        try:
            reader, writers[2 * index] = await target.connect(port)
        except (OSError, LookupError) as error:
            await client.send(2 * index + 1, target.failure(port, error))
            continue
        pumps.append(asyncio.ensure_future(_pump(reader, client, 2 * index)))
    # As a kubelet does: the connection lasts as long as what it forwards.
    ending = asyncio.ensure_future(_close_after(pumps, client))
    try:
        async for channel, data in client.received():
            if writer := writers.get(channel):
                writer.write(data)
                await writer.drain()
    except ConnectionError:
        pass
    finally:
        for task in (ending, *pumps):
            task.cancel()
        for writer in writers.values():
            writer.close()


async def _pump(reader: asyncio.StreamReader, client: Channels, channel: int) -> None:
    while data := await reader.read(_CHUNK):
        await client.send(channel, data)


async def _close_after(pumps: list[asyncio.Future[None]], client: Channels) -> None:
    await asyncio.gather(*pumps, return_exceptions=True)
    await client.close()
