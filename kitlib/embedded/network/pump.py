"""Carries bytes between two connected sockets, both ways, with half-close."""

from __future__ import annotations

import asyncio
import contextlib
import socket

__all__ = ["pump"]

_CHUNK = 65536


async def pump(left: socket.socket, right: socket.socket) -> None:
    """Copy until both sides have ended, or one breaks; closes both."""
    with left, right:
        left.setblocking(False)
        right.setblocking(False)
        with contextlib.suppress(OSError):
            async with asyncio.TaskGroup() as group:
                group.create_task(_copy(left, right))
                group.create_task(_copy(right, left))


async def _copy(source: socket.socket, target: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    try:
        while data := await loop.sock_recv(source, _CHUNK):
            await loop.sock_sendall(target, data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        # A broken side ends both directions: the other copy sees its end of file.
        for sock in (source, target):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
