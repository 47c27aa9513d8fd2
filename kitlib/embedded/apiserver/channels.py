"""Several byte streams over one WebSocket: the `channel.k8s.io` protocols, as kubectl and other clients speak them.

Source: KEP-4006 and apiserver's wsstream.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
from collections.abc import AsyncIterator

import orjson
from aiohttp import WSMsgType, web

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import bad_request

__all__ = [
    "CLOSE",
    "ERROR",
    "PROTOCOLS",
    "RESIZE",
    "STDERR",
    "STDIN",
    "STDOUT",
    "Channels",
    "error_text",
    "exit_status",
    "internal_error",
    "prepared_websocket",
    "success",
    "wants_websocket",
]

PROTOCOLS = (
    "v5.channel.k8s.io",
    "v4.channel.k8s.io",
    "channel.k8s.io",
    "v4.base64.channel.k8s.io",
    "base64.channel.k8s.io",
)
STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255
_MESSAGE_LIMIT = 32 << 20
_STATUS_PREFIXES = ("v4.", "v5.")


def wants_websocket(request: web.Request) -> bool:
    """Whether the client asks to go on in a WebSocket."""
    connection = request.headers.get("Connection", "").lower()
    return request.headers.get("Upgrade", "").lower() == "websocket" and "upgrade" in connection


async def prepared_websocket(request: web.Request, protocols: tuple[str, ...]) -> web.WebSocketResponse:
    """Accept a WebSocket in one of `protocols`, or in none when the client names none.

    Raises:
        StatusError: 400, it is no proper WebSocket request, or names other protocols only.
    """
    socket = web.WebSocketResponse(protocols=protocols, max_msg_size=_MESSAGE_LIMIT, compress=False)
    ready = socket.can_prepare(request)
    if not ready.ok:
        raise bad_request("Upgrade request required")
    if ready.protocol is None and (asked := request.headers.get("Sec-WebSocket-Protocol")):
        raise bad_request(f"unable to upgrade: none of the subprotocols [{asked}] is served, but {list(protocols)}")
    await socket.prepare(request)
    return socket


class Channels:
    """One accepted WebSocket.

    Args:
        socket: prepared, with one of `PROTOCOLS` chosen or none.
    """

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket
        protocol = socket.ws_protocol or ""
        self._base64, self._tells_status = "base64." in protocol, protocol.startswith(_STATUS_PREFIXES)

    async def send(self, channel: int, data: bytes) -> None:
        """Send bytes on a channel."""
        if self._base64:
            await self._socket.send_str(f"{channel}{base64.b64encode(data).decode()}")
        else:
            await self._socket.send_bytes(bytes((channel,)) + data)

    async def finish(self, status: Object) -> None:
        """Send the final Status, as far as the protocol tells it, and close normally."""
        if data := error_text(status, as_status=self._tells_status):
            await self.send(ERROR, data)
        await self._socket.close()

    async def received(self) -> AsyncIterator[tuple[int, bytes]]:
        """Yield (channel, bytes) until the client goes; a v5 half-close is yielded as (`CLOSE`, channel)."""
        async for message in self._socket:
            data = message.data
            if message.type == WSMsgType.TEXT:  # Python clients before 36 send stdin as text
                data = data.encode()
            elif message.type != WSMsgType.BINARY:
                continue
            if not data:
                continue
            if not self._base64:
                yield data[0], data[1:]
                continue
            with contextlib.suppress(binascii.Error):
                yield data[0] - ord("0"), base64.b64decode(data[1:], validate=True)

    async def close(self) -> None:
        """Close; ignored when closed."""
        await self._socket.close()


def error_text(status: Object, *, as_status: bool) -> bytes:
    """What the error channel says of a Status: all of it since protocol v4, before only the message of a failure."""
    if as_status:
        return orjson.dumps(status)
    return b"" if status["status"] == "Success" else str(status["message"]).encode()


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
