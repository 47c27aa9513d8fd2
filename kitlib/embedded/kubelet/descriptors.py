"""Asynchronous reads and writes of pipes and terminals."""

from __future__ import annotations

import asyncio
import fcntl
import os
import struct
import termios

__all__ = ["set_terminal_size", "wait_readable", "write_all"]


async def wait_readable(fd: int) -> None:
    """Wait until there is something to read, or the end."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(fd, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(fd)


async def write_all(fd: int, data: bytes) -> None:
    """Write to a non-blocking descriptor; what comes after the reader's end is dropped."""
    while data:
        try:
            data = data[os.write(fd, data) :]
        except BlockingIOError:
            await _wait_writable(fd)
        except OSError:
            return


def set_terminal_size(terminal: int, width: int, height: int) -> None:
    """Tell a terminal, by its master, how many characters it shows."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))


async def _wait_writable(fd: int) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_writer(fd, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_writer(fd)
