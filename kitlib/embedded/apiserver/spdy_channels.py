"""The streams of exec and attach over SPDY: one stream of the connection for each of the command's.

Source: Kubernetes' remotecommand protocols v1 to v4.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apiserver.channels import CLOSE, ERROR, RESIZE, STDERR, STDIN, STDOUT, error_text
from kitlib.embedded.apiserver.spdy.connection import Connection
from kitlib.embedded.apiserver.spdy.stream import Stream

__all__ = ["PROTOCOLS", "SpdyChannels", "accepted"]

PROTOCOLS = ("v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io")
_TYPES = {"stdin": STDIN, "stdout": STDOUT, "stderr": STDERR, "error": ERROR, "resize": RESIZE}
_CREATION_SECONDS = 30.0  # upstream's default
_RESIZABLE = PROTOCOLS[:2]
_LINE_LIMIT = 4096


async def accepted(connection: Connection, wanted: set[int], protocol: str) -> SpdyChannels:
    """Wait until the client has opened a stream for every channel that is wanted.

    Args:
        connection: of the client.
        wanted: channels; resizing is taken out for protocols that don't know it.
        protocol: one of `PROTOCOLS`.

    Raises:
        ConnectionError: it goes, or is too slow.
    """
    streams: dict[int, Stream] = {}
    wanted = wanted if protocol in _RESIZABLE else wanted - {RESIZE}
    try:
        async with asyncio.timeout(_CREATION_SECONDS):
            async for stream in connection.opened():
                channel = _TYPES.get(stream.headers.get("streamtype", ""))
                if channel not in wanted or channel in streams:
                    await stream.reset()
                    continue
                streams[channel] = stream
                if wanted <= streams.keys():
                    return SpdyChannels(connection, streams, protocol)
    except TimeoutError as error:
        raise ConnectionResetError("timed out waiting for the client to open its streams") from error
    raise ConnectionResetError("the client has gone")


class SpdyChannels:
    """The streams of one command, under the numbers that they have in a WebSocket.

    Args:
        connection: where the streams are.
        streams: by channel.
        protocol: one of `PROTOCOLS`.
    """

    def __init__(self, connection: Connection, streams: dict[int, Stream], protocol: str) -> None:
        self._connection, self._streams = connection, streams
        self._tells_status = protocol == PROTOCOLS[0]

    async def send(self, channel: int, data: bytes) -> None:
        """Send bytes on a channel."""
        if data:
            await self._streams[channel].write(data)

    async def finish(self, status: Object) -> None:
        """Send the final Status, as far as the protocol tells it, and end every stream."""
        await self.send(ERROR, error_text(status, as_status=self._tells_status))
        for stream in self._streams.values():
            await stream.finish()

    async def received(self) -> AsyncIterator[tuple[int, bytes]]:
        """Yield (channel, bytes) until the client goes; the end of stdin is yielded as (`CLOSE`, its channel)."""
        queue: asyncio.Queue[tuple[int, bytes] | None] = asyncio.Queue(maxsize=16)
        tasks = [asyncio.ensure_future(self._await_end(queue))]
        for channel, read in ((STDIN, self._read_input), (RESIZE, self._read_sizes)):
            if stream := self._streams.get(channel):
                tasks.append(asyncio.ensure_future(read(stream, queue)))
        try:
            while (item := await queue.get()) is not None:
                yield item
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _await_end(self, queue: asyncio.Queue[tuple[int, bytes] | None]) -> None:
        await self._connection.ended()
        await queue.put(None)

    async def _read_input(self, stream: Stream, queue: asyncio.Queue[tuple[int, bytes] | None]) -> None:
        while data := await stream.read():
            await queue.put((STDIN, data))
        await queue.put((CLOSE, bytes((STDIN,))))

    async def _read_sizes(self, stream: Stream, queue: asyncio.Queue[tuple[int, bytes] | None]) -> None:
        rest = b""
        while data := await stream.read():
            *lines, rest = (rest + data).split(b"\n")
            for line in filter(None, lines):
                await queue.put((RESIZE, line))
            if len(rest) > _LINE_LIMIT:
                await stream.reset()
                return
