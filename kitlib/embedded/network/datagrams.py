"""Relays datagrams between clients and backends: a client keeps its backend until neither has spoken for a while.

Source of the behaviour: kube-proxy and the kernel's connection tracking of UDP.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from kitlib.embedded.network.frontends import Target

__all__ = ["DatagramRelay", "OpenDatagrams"]

OpenDatagrams: TypeAlias = Callable[[str, int], Awaitable[socket.socket]]

_LARGEST = 65536
_IDLE_SECONDS = 30.0
_MOST_CLIENTS = 4096


class DatagramRelay:
    """Serves one UDP frontend.

    Args:
        listener: the frontend's socket; closed by `run`.
        choose: a client's address to the backends in the order to try; the first is used.
        open_socket: opens an unconnected UDP socket that reaches backends.
        idle: seconds of silence after which a client is forgotten.
    """

    def __init__(
        self,
        listener: socket.socket,
        *,
        choose: Callable[[str], list[Target]],
        open_socket: OpenDatagrams,
        idle: float = _IDLE_SECONDS,
    ) -> None:
        self._listener, self._choose, self._open, self._idle = listener, choose, open_socket, idle
        self._clients: dict[Any, tuple[Target, socket.socket]] = {}
        self._answers: dict[Any, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Relay until cancelled, or until the frontend's socket breaks."""
        loop = asyncio.get_running_loop()
        self._listener.setblocking(False)
        try:
            while True:
                data, peer = await loop.sock_recvfrom(self._listener, _LARGEST)
                with contextlib.suppress(
                    OSError
                ):  # refused by the backend, or no socket to be had: the datagram is lost
                    await self._forward(data, peer)
        finally:
            self._listener.close()
            answers = list(self._answers.values())
            for task in answers:
                task.cancel()
            await asyncio.gather(*answers, return_exceptions=True)

    async def _forward(self, data: bytes, peer: Any) -> None:
        targets = self._choose(str(peer[0]))
        known = self._clients.get(peer)
        if known is not None and known[0] not in targets:
            self._answers[peer].cancel()
            self._clients.pop(peer)
            known = None
        if not targets or (known is None and len(self._clients) >= _MOST_CLIENTS):
            return
        if known is None:
            upstream = await self._open("0.0.0.0", 0)
            upstream.setblocking(False)
            upstream.connect(targets[0])
            known = self._clients[peer] = (targets[0], upstream)
            task = asyncio.get_running_loop().create_task(self._answer(peer, known))
            self._answers[peer] = task
        await asyncio.get_running_loop().sock_sendall(known[1], data)

    async def _answer(self, peer: Any, client: tuple[Target, socket.socket]) -> None:
        """Carry answers back to one client."""
        loop, upstream = asyncio.get_running_loop(), client[1]
        try:
            with upstream, contextlib.suppress(OSError, TimeoutError):
                while True:
                    async with asyncio.timeout(self._idle):
                        data = await loop.sock_recv(upstream, _LARGEST)
                    await loop.sock_sendto(self._listener, data, peer)
        finally:
            if self._clients.get(peer) is client:
                del self._clients[peer]
            if self._answers.get(peer) is asyncio.current_task():
                del self._answers[peer]
