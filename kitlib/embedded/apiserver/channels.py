"""Several byte streams over one WebSocket: the `channel.k8s.io` protocols, as kubectl and the Python client speak them.

Source: KEP-4006 and apiserver's wsstream.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import orjson
from aiohttp import WSMsgType, web

from kitlib.embedded.apimachinery.objects import Object

__all__ = [
    "CLOSE",
    "ERROR",
    "PROTOCOLS",
    "RESIZE",
    "STDERR",
    "STDIN",
    "STDOUT",
    "Channels",
    "exit_status",
    "internal_error",
    "success",
]

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io", "channel.k8s.io")
STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255


class Channels:
    """One accepted WebSocket.

    Args:
        socket: prepared, with one of `PROTOCOLS` chosen.
    """

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket

    async def send(self, channel: int, data: bytes) -> None:
        """Send bytes on a channel."""
        await self._socket.send_bytes(bytes((channel,)) + data)

    async def finish(self, status: Object) -> None:
        """Send the final Status and close normally."""
        await self.send(ERROR, orjson.dumps(status))
        await self._socket.close()

    async def received(self) -> AsyncIterator[tuple[int, bytes]]:
        """Yield (channel, bytes) until the client goes; a v5 half-close is yielded as (`CLOSE`, channel)."""
        async for message in self._socket:
            data = message.data
            if message.type == WSMsgType.TEXT:  # Python clients before 36 send stdin as text
                data = data.encode()
            elif message.type != WSMsgType.BINARY:
                continue
            if data:
                yield data[0], data[1:]


def success() -> Object:
    """The Status of a command that ended with 0."""
    return {"metadata": {}, "status": "Success"}


def exit_status(code: int) -> Object:
    """The Status of a command that ended with `code`; clients read the number from the cause.

    Example:
        >>> exit_status(3)["details"]["causes"]
        [{'reason': 'ExitCode', 'message': '3'}]
    """
    if code == 0:
        return success()
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: exit status {code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }


def internal_error(message: str) -> Object:
    """The Status of a stream that failed for another reason."""
    return {
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": "InternalError",
        "details": {"causes": [{"message": message}]},
        "code": 500,
    }
