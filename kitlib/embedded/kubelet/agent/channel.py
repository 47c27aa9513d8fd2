"""JSON messages with file descriptors over a SOCK_SEQPACKET socket: one packet is one message."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

__all__ = ["Channel", "Message", "close_all"]

Message: TypeAlias = dict[str, Any]

_MAX_MESSAGE = 1 << 18
_MAX_FDS = 8


def close_all(fds: Iterable[int]) -> None:
    """Close every descriptor."""
    for fd in fds:
        os.close(fd)


class Channel:
    """One end of a control connection, served by the running event loop.

    Args:
        sock: a connected SOCK_SEQPACKET socket; the channel owns it.
        on_message: gets every message and its descriptors, which it must close.
        on_close: called once when the other end has gone.
    """

    def __init__(
        self, sock: socket.socket, *, on_message: Callable[[Message, list[int]], None], on_close: Callable[[], None]
    ) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._on_message = on_message
        self._on_close = on_close
        self._queue: deque[tuple[bytes, tuple[int, ...]]] = deque()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(sock, self._readable)

    @property
    def closed(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._sock.fileno() < 0

    def send(self, message: Message, fds: Iterable[int] = ()) -> None:
        """Send a message. The descriptors become the channel's: it closes them once they are sent.

        Raises:
            OSError: the other end is gone, or the message is larger than a packet may be.
        """
        self._queue.append((json.dumps(message).encode(), tuple(fds)))
        if len(self._queue) == 1:
            self._flush()

    def close(self) -> None:
        """Close this end; `on_close` is not called."""
        if self.closed:
            return
        self._loop.remove_reader(self._sock)
        self._loop.remove_writer(self._sock)
        self._sock.close()
        while self._queue:
            close_all(self._queue.popleft()[1])

    def _flush(self) -> None:
        while self._queue:
            data, fds = self._queue[0]
            try:
                socket.send_fds(self._sock, [data], fds)
            except BlockingIOError:
                self._loop.add_writer(self._sock, self._flush)
                return
            except OSError:
                self._drop_first()
                raise
            self._drop_first()
        self._loop.remove_writer(self._sock)

    def _drop_first(self) -> None:
        close_all(self._queue.popleft()[1])

    def _readable(self) -> None:
        try:
            data, fds, _, _ = socket.recv_fds(self._sock, _MAX_MESSAGE, _MAX_FDS)
        except BlockingIOError:
            return
        except OSError:
            data, fds = b"", []
        for fd in fds:
            os.set_inheritable(fd, False)  # `recv_fds` drops its flags, MSG_CMSG_CLOEXEC with them
        if data:
            self._on_message(json.loads(data), fds)
        else:
            self.close()
            self._on_close()
