"""One stream of a SPDY/3.1 connection: opened by a client with headers, ended by each side for itself."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Protocol

from kitlib.embedded.apiserver.spdy import frames

__all__ = ["CHUNK", "WINDOW_LIMIT", "Stream"]

CHUNK = 32 << 10
WINDOW_LIMIT = 0x7FFFFFFF
_CANCEL = 5


class _Owner(Protocol):
    """The connection, as its streams see it."""

    async def send(self, frame: frames.Frame) -> None:
        """Send a frame; ConnectionResetError when the connection has ended."""

    def room(self, window: int) -> int:
        """How many bytes may be sent on a stream with this window."""

    def consumed(self, count: int) -> None:
        """A stream's reader has taken bytes."""

    def settle(self, stream: Stream) -> None:
        """Forget a stream that is over."""


class Stream:
    """One stream of a connection.

    Args:
        connection: where it belongs.
        number: its id.
        headers: as its client opened it, names in lower case.
        ended: whether the client will send nothing.
        window: how many bytes the client takes before it tells more.
    """

    def __init__(self, connection: _Owner, number: int, headers: dict[str, str], *, ended: bool, window: int) -> None:
        self.number, self.headers = number, headers
        self._connection = connection
        self._unread: deque[bytes] = deque()
        self._consumed = 0
        self._received_end, self._sent_end, self._broken = ended, False, False
        self._window = window
        self._changed = asyncio.Event()

    async def read(self) -> bytes:
        """Return the next bytes; b"" when the client has ended its direction.

        Raises:
            ConnectionResetError: the stream or its connection is broken.
        """
        while not self._unread:
            if self._broken:
                raise ConnectionResetError("the stream was reset")
            if self._received_end:
                return b""
            await self._wait()
        data = self._unread.popleft()
        self._connection.consumed(len(data))
        self._consumed += len(data)
        if self._consumed >= frames.INITIAL_WINDOW // 2 and not self._received_end:
            consumed, self._consumed = self._consumed, 0
            for number in (self.number, 0):
                await self._connection.send(frames.WindowUpdate(number, consumed))
        return data

    async def write(self, data: bytes) -> None:
        """Send bytes, as soon as the client takes them.

        Raises:
            ConnectionResetError: the stream or its connection is broken, or this direction has ended.
        """
        view = memoryview(data)
        while view:
            if self._broken or self._sent_end:
                raise ConnectionResetError("the stream was reset")
            room = self._connection.room(self._window)
            if room <= 0:
                await self._wait()
                continue
            part = view[: min(room, CHUNK)]
            view = view[len(part) :]
            self._window -= len(part)
            await self._connection.send(frames.Data(self.number, bytes(part)))

    async def finish(self) -> None:
        """End this direction; the client's goes on."""
        if not (self._sent_end or self._broken):
            self._sent_end = True
            await self._connection.send(frames.Data(self.number, b"", fin=True))
            self._connection.settle(self)

    async def reset(self) -> None:
        """End both directions at once."""
        if not (self._broken or self.over):
            await self._connection.send(frames.Reset(self.number, _CANCEL))
            self.break_off()
            self._connection.settle(self)

    @property
    def over(self) -> bool:
        """Whether nothing goes either way any more."""
        return self._broken or (self._received_end and self._sent_end)

    # -- for the connection ------------------------------------------------------------------------------------------

    def receive(self, data: bytes, *, end: bool) -> bool:
        """Take what the client sent; False when it has ended this direction before."""
        if self._received_end:
            return False
        if data:
            self._unread.append(data)
        self._received_end = end
        self._changed.set()
        return True

    def widen(self, delta: int) -> bool:
        """Take more room to send; False when it is more than there can be."""
        self._window += delta
        self._changed.set()
        return self._window <= WINDOW_LIMIT

    def break_off(self) -> None:
        """The stream is broken: readers and writers learn it, and what is unread is dropped."""
        self._connection.consumed(sum(map(len, self._unread)))
        self._unread.clear()
        self._broken = True
        self._changed.set()

    async def _wait(self) -> None:
        self._changed.clear()
        await self._changed.wait()
