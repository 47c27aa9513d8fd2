"""Both ends of a SPDY connection in one process."""

from __future__ import annotations

import asyncio

from kitlib.embedded.apiserver.spdy.frames import Frame, FrameReader, FrameWriter


class Wire:
    """The server's carrier, and a client that speaks frames: `await wire.say(frame)`, `await wire.hears(kind)`."""

    def __init__(self) -> None:
        self._incoming: asyncio.Queue[bytes] = asyncio.Queue()
        self._outgoing: asyncio.Queue[Frame | None] = asyncio.Queue()
        self._reader, self._writer = FrameReader(), FrameWriter()
        self.closed = False
        self.reads = 0

    async def read(self) -> bytes:
        data = await self._incoming.get()
        self.reads += 1
        return data

    async def write(self, data: bytes) -> None:
        for frame in self._reader.feed(data):
            self._outgoing.put_nowait(frame)

    async def close(self) -> None:
        self.closed = True
        self._outgoing.put_nowait(None)

    def say(self, *frames: Frame) -> None:
        self._incoming.put_nowait(b"".join(self._writer.encode(frame) for frame in frames))

    def say_bytes(self, data: bytes) -> None:
        self._incoming.put_nowait(data)

    async def hears(self) -> Frame | None:
        """The next frame from the server; None when it has closed."""
        async with asyncio.timeout(20):
            return await self._outgoing.get()

    async def until(self, kind: type[Frame]) -> Frame:
        while not isinstance(frame := await self.hears(), kind):
            assert frame is not None, f"closed before a {kind}"
        return frame

    @property
    def heard_nothing(self) -> bool:
        return self._outgoing.empty()
