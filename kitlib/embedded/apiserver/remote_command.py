"""Exec and attach: the streams of a command, carried over whatever the client speaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping
from dataclasses import dataclass
from typing import Protocol, Self

import orjson
from aiohttp import web

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import bad_request
from kitlib.embedded.apiserver import channels, spdy_channels
from kitlib.embedded.apiserver.carriers import UpgradedConnection, negotiated, wants_spdy
from kitlib.embedded.apiserver.channels import Channels, prepared_websocket, wants_websocket
from kitlib.embedded.apiserver.node_streams import ExecSession
from kitlib.embedded.apiserver.request_info import is_true
from kitlib.embedded.apiserver.spdy.connection import Connection

__all__ = ["StreamOptions", "serve"]


class _Client(Protocol):
    """The client's side of a command's streams."""

    async def send(self, channel: int, data: bytes) -> None:
        """Send bytes on a channel."""

    async def finish(self, status: Object) -> None:
        """Send the final Status, and end."""

    def received(self) -> AsyncIterator[tuple[int, bytes]]:
        """Yield what comes, until the client goes."""


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """Which streams a client asks for."""

    stdin: bool
    stdout: bool
    stderr: bool
    tty: bool

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Self:
        """Read them from a query.

        Raises:
            StatusError: 400, there are none.
        """
        stdin, stdout, stderr, tty = (is_true(query.get(name)) for name in ("stdin", "stdout", "stderr", "tty"))
        if not (stdin or stdout or stderr):
            raise bad_request("you must specify at least 1 of stdin, stdout, stderr")
        return cls(stdin, stdout, stderr and not tty, tty)

    @property
    def channels(self) -> set[int]:
        """The channels that a client has for these streams."""
        wanted = {
            channels.STDIN: self.stdin,
            channels.STDOUT: self.stdout,
            channels.STDERR: self.stderr,
            channels.ERROR: True,
            channels.RESIZE: self.tty,
        }
        return {channel for channel, is_wanted in wanted.items() if is_wanted}


async def serve(
    request: web.Request, starting: Coroutine[object, object, ExecSession], options: StreamOptions
) -> web.StreamResponse:
    """Start the command, upgrade the connection, and carry bytes both ways until the command ends or the client goes.

    Args:
        request: asks for a WebSocket or for SPDY.
        starting: starts it.
        options: the streams that the client wants.

    Raises:
        StatusError: 400 when it asks for neither or there is nothing to enter; 403 without a protocol in common.
    """
    if not (wants_spdy(request) or wants_websocket(request)):
        starting.close()
        raise bad_request("Upgrade request required")
    protocol = ""
    try:
        if wants_spdy(request):
            protocol = negotiated(request, spdy_channels.PROTOCOLS)
        session: ExecSession | OSError = await starting
    except LookupError as error:
        raise bad_request(str(error.args[0])) from error
    except OSError as error:  # told when the streams are there: it is the command's fault, not the request's
        session = error
    finally:
        starting.close()
    try:
        if protocol:
            return await _over_spdy(request, session, options, protocol)
        socket = await prepared_websocket(request, channels.PROTOCOLS)
        await _converse(Channels(socket), session, options)
        return socket
    finally:
        if not isinstance(session, OSError):
            await session.close()


async def _over_spdy(
    request: web.Request, session: ExecSession | OSError, options: StreamOptions, protocol: str
) -> web.StreamResponse:
    carrier = UpgradedConnection(protocol)
    await carrier.start(request)
    async with Connection(carrier) as connection:
        try:
            client = await spdy_channels.accepted(connection, options.channels, protocol)
        except ConnectionError:
            return carrier
        await _converse(client, session, options)
    return carrier


async def _converse(client: _Client, session: ExecSession | OSError, options: StreamOptions) -> None:
    if isinstance(session, OSError):
        await client.finish(channels.internal_error(str(session)))
        return
    wanted = options.channels
    reading = asyncio.ensure_future(_feed(client, session))
    try:
        if channels.STDOUT in wanted:
            await client.send(channels.STDOUT, b"")
        async for channel, data in session.output():
            if channel in wanted:
                await client.send(channel, data)
        await client.finish(channels.exit_status(await session.wait()))
    except ConnectionError:
        pass  # the client has gone
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


async def _feed(client: _Client, session: ExecSession) -> None:
    try:
        async for channel, data in client.received():
            if channel == channels.STDIN:
                await session.write(data)
            elif channel == channels.RESIZE:
                size = orjson.loads(data)
                await session.resize(int(size["Width"]), int(size["Height"]))
            elif channel == channels.CLOSE and data == bytes((channels.STDIN,)):
                await session.close_stdin()
    except (ConnectionError, ValueError, KeyError, TypeError):
        return
    await session.close()  # the client closed the connection: nobody reads the output any more
