"""A SPDY/3.1 connection that a client has opened, and the streams in it.

Clients made with Go's `spdystream` (kubectl, client-go) know no flow control: they neither send WINDOW_UPDATE nor mind
it, and a window kept against them would stall after 64 KiB. So a peer's windows count from its first word about them.
What is unread here is bounded in any case: no more is taken from the carrier until a stream's reader has caught up.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Protocol, Self

from kitlib.embedded.apiserver.spdy import frames
from kitlib.embedded.apiserver.spdy.frames import FrameReader, FrameWriter
from kitlib.embedded.apiserver.spdy.headers import ProtocolError
from kitlib.embedded.apiserver.spdy.stream import CHUNK, WINDOW_LIMIT, Stream

__all__ = ["Carrier", "Connection"]

_UNREAD_LIMIT = 1 << 20
_STREAM_LIMIT = 512
# Statuses of RST_STREAM.
_PROTOCOL_ERROR, _INVALID_STREAM, _REFUSED_STREAM, _FLOW_CONTROL, _ALREADY_CLOSED = 1, 2, 3, 7, 9
_log = logging.getLogger(__name__)


class Carrier(Protocol):
    """Carries a connection's bytes both ways."""

    async def read(self) -> bytes:
        """Return what has come; b"" when the peer has closed."""

    async def write(self, data: bytes) -> None:
        """Send; the bytes have their place in the order before this waits for the first time."""

    async def close(self) -> None:
        """Close; ignored when closed."""


class Connection:
    """The server's end of a connection; use it as an asynchronous context manager.

    Args:
        carrier: its bytes; closed at the end.

    Example:
        async with Connection(carrier) as connection:
            async for stream in connection.opened():
                ...
    """

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier
        self._reader, self._writer = FrameReader(), FrameWriter()
        self._streams: dict[int, Stream] = {}
        self._opened: asyncio.Queue[Stream | None] = asyncio.Queue()
        self._last = 0
        self._unread, self._catching_up = 0, asyncio.Event()
        self._stream_window, self._windowed = frames.INITIAL_WINDOW, False
        self._window, self._window_counts = frames.INITIAL_WINDOW, False
        self._closed = False
        self._serving: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._serving = asyncio.ensure_future(self._serve())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(ConnectionError):
            await self.send(frames.GoAway(self._last))
        if self._serving is not None:
            self._serving.cancel()
            await asyncio.gather(self._serving, return_exceptions=True)
        await self._carrier.close()

    async def opened(self) -> AsyncIterator[Stream]:
        """Yield the streams that the client opens, until the connection ends."""
        while (stream := await self._opened.get()) is not None:
            yield stream

    async def ended(self) -> None:
        """Wait for the end of the connection."""
        if self._serving is not None:
            await asyncio.wait([self._serving])

    # -- for its streams ---------------------------------------------------------------------------------------------

    async def send(self, frame: frames.Frame) -> None:
        """Send a frame.

        Raises:
            ConnectionResetError: the connection has ended.
        """
        if self._closed:
            raise ConnectionResetError("the connection has ended")
        if isinstance(frame, frames.Data):
            self._window -= len(frame.data)
        await self._carrier.write(self._writer.encode(frame))

    def room(self, window: int) -> int:
        """How many bytes may be sent on a stream with this window."""
        rooms = [CHUNK, *([window] if self._windowed else []), *([self._window] if self._window_counts else [])]
        return min(rooms)

    def consumed(self, count: int) -> None:
        """A stream's reader has taken bytes: there is room for more."""
        self._unread -= count
        if self._unread < _UNREAD_LIMIT:
            self._catching_up.set()

    def settle(self, stream: Stream) -> None:
        """Forget a stream that is over."""
        if stream.over:
            self._streams.pop(stream.number, None)

    # -- receiving ---------------------------------------------------------------------------------------------------

    async def _serve(self) -> None:
        try:
            while data := await self._carrier.read():
                for frame in self._reader.feed(data):
                    if isinstance(frame, frames.GoAway):
                        return
                    await self._receive(frame)
                while self._unread >= _UNREAD_LIMIT:
                    self._catching_up.clear()
                    await self._catching_up.wait()
        except ProtocolError as error:
            _log.info("a SPDY connection is closed: %s", error)
            with contextlib.suppress(ConnectionError):
                await self.send(frames.GoAway(self._last, _PROTOCOL_ERROR))
        except ConnectionError:
            pass
        finally:
            self._closed = True
            for stream in list(self._streams.values()):
                stream.break_off()
            self._streams.clear()
            self._opened.put_nowait(None)

    async def _receive(self, frame: frames.Frame) -> None:
        match frame:
            case frames.Data(number, data, fin):
                await self._data(number, data, fin)
            case frames.SynStream():
                await self._open(frame)
            case frames.Headers(number, _, fin):
                if fin:
                    await self._data(number, b"", fin)
            case frames.Reset(number):
                if found := self._streams.pop(number, None):
                    found.break_off()
            case frames.Ping(number):
                if number % 2:
                    await self.send(frame)
            case frames.Settings(values):
                if (window := values.get(frames.SETTING_INITIAL_WINDOW)) is not None:
                    await self._set_initial_window(window)
            case frames.WindowUpdate(number, delta):
                await self._widen(number, delta)

    async def _open(self, frame: frames.SynStream) -> None:
        if frame.stream % 2 == 0 or frame.stream <= self._last:
            raise ProtocolError(f"stream {frame.stream} can't be opened after stream {self._last}")
        self._last = frame.stream
        if len(self._streams) >= _STREAM_LIMIT:
            await self.send(frames.Reset(frame.stream, _REFUSED_STREAM))
            return
        stream = Stream(self, frame.stream, frame.headers, ended=frame.fin, window=self._stream_window)
        self._streams[frame.stream] = stream
        await self.send(frames.SynReply(frame.stream))
        self._opened.put_nowait(stream)

    async def _data(self, number: int, data: bytes, fin: bool) -> None:
        stream = self._streams.get(number)
        if stream is None:
            # What was still under way when the stream ended is no fault; it must not be answered part by part either.
            if number > self._last or number % 2 == 0:
                await self.send(frames.Reset(number, _INVALID_STREAM))
            return
        self._unread += len(data)
        if not stream.receive(data, end=fin):
            self.consumed(len(data))
            await self.send(frames.Reset(number, _ALREADY_CLOSED))
            stream.break_off()
        self.settle(stream)

    async def _set_initial_window(self, window: int) -> None:
        if window > WINDOW_LIMIT:
            raise ProtocolError("the initial window is too large")
        self._windowed = True
        delta, self._stream_window = window - self._stream_window, window
        for stream in list(self._streams.values()):
            await self._stretch(stream, delta)

    async def _widen(self, number: int, delta: int) -> None:
        if number == 0:
            self._window, self._window_counts = self._window + delta, True
            if self._window > WINDOW_LIMIT:
                raise ProtocolError("the connection's window is too large")
            for waiting in self._streams.values():
                waiting.widen(0)
            return
        self._windowed = True
        if stream := self._streams.get(number):
            await self._stretch(stream, delta)

    async def _stretch(self, stream: Stream, delta: int) -> None:
        if not stream.widen(delta):
            await self.send(frames.Reset(stream.number, _FLOW_CONTROL))
            stream.break_off()
            self.settle(stream)
