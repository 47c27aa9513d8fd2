"""Listening sockets in the pod network and on the host, and what is carried from them to backends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from kitlib.embedded.network.datagrams import DatagramRelay
from kitlib.embedded.network.frontends import Frontend, Owner, Target
from kitlib.embedded.network.pump import pump

__all__ = ["Choose", "Listen", "Listeners", "Sockets"]

_log = logging.getLogger(__name__)

Listen: TypeAlias = Callable[[str, int], Awaitable[socket.socket]]
Choose: TypeAlias = Callable[[Frontend, str], list[Target]]

_TRIES = 3
_RETRY = 1.0


async def _host_stream(address: str, port: int) -> socket.socket:
    return socket.create_server((address, port))


async def _host_datagrams(address: str, port: int) -> socket.socket:
    sock = socket.socket(type=socket.SOCK_DGRAM)
    try:
        sock.bind((address, port))
    except OSError:
        sock.close()
        raise
    return sock


@dataclass(frozen=True, slots=True)
class Sockets:
    """How sockets are made; each raises OSError.

    Args:
        listen: a listening TCP socket on an address of the pod network.
        dial: a TCP connection to an address in the pod network.
        datagrams: a UDP socket bound to an address of the pod network.
        listen_on_host: as `listen`, on the machine.
        datagrams_on_host: as `datagrams`, on the machine.
    """

    listen: Listen
    dial: Listen
    datagrams: Listen
    listen_on_host: Listen = field(default=_host_stream)
    datagrams_on_host: Listen = field(default=_host_datagrams)


class Listeners:
    """Keeps the wanted frontends open.

    Args:
        sockets: how sockets are made.
        choose: a frontend and a client's address to the backends in the order to try.
    """

    def __init__(self, sockets: Sockets, choose: Choose) -> None:
        self._sockets, self._choose = sockets, choose
        self._open: dict[Frontend, asyncio.Task[None]] = {}
        self._connections: set[asyncio.Task[None]] = set()

    def want(self, owner: Owner, wanted: set[Frontend]) -> None:
        """Open and close so that exactly `wanted` is open for `owner`; connections that exist live on."""
        for frontend in [known for known in self._open if known.owner == owner and known not in wanted]:
            self._open.pop(frontend).cancel()
        for frontend in wanted - self._open.keys():
            self._open[frontend] = asyncio.get_running_loop().create_task(self._serve(frontend))

    async def stop(self) -> None:
        """Close every listener and connection."""
        tasks = [*self._open.values(), *self._connections]
        self._open.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, frontend: Frontend) -> None:
        told = ""
        while True:
            try:
                listener = await self._opener(frontend)(frontend.address, frontend.number)
            except OSError as error:
                if told != (told := str(error)):
                    where = f"{frontend.address}:{frontend.number}/{frontend.protocol}"
                    _log.warning("cannot listen on %s: %s", where, error)
                await asyncio.sleep(_RETRY)
                continue
            with listener, contextlib.suppress(OSError):
                await (self._relay if frontend.protocol == "UDP" else self._accept)(frontend, listener)
            await asyncio.sleep(_RETRY)

    def _opener(self, frontend: Frontend) -> Listen:
        if frontend.protocol == "UDP":
            return self._sockets.datagrams_on_host if frontend.on_host else self._sockets.datagrams
        return self._sockets.listen_on_host if frontend.on_host else self._sockets.listen

    async def _relay(self, frontend: Frontend, listener: socket.socket) -> None:
        relay = DatagramRelay(
            listener, choose=lambda peer: self._choose(frontend, peer), open_socket=self._sockets.datagrams
        )
        await relay.run()

    async def _accept(self, frontend: Frontend, listener: socket.socket) -> None:
        listener.setblocking(False)
        loop = asyncio.get_running_loop()
        while True:
            client, peer = await loop.sock_accept(listener)
            task = loop.create_task(self._connect(frontend, client, str(peer[0])))
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)

    async def _connect(self, frontend: Frontend, client: socket.socket, peer: str) -> None:
        with client:
            for address, port in self._choose(frontend, peer)[:_TRIES]:
                try:
                    server = await self._sockets.dial(address, port)
                except OSError:
                    continue
                return await pump(client, server)
            # Closed without a byte: every backend is dead, and none of them is known to be yet.
            return None
