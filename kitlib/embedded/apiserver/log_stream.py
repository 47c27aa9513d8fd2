"""A log on its way to a client: as text, or as the messages of a WebSocket.

Source: apiserver's wsstream reader protocols.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator

from aiohttp import web

from kitlib.embedded.apiserver.channels import prepared_websocket, wants_websocket

__all__ = ["send_log"]

_BASE64 = "base64.binary.k8s.io"
_PROTOCOLS = ("binary.k8s.io", _BASE64)


async def send_log(request: web.Request, first: bytes, rest: AsyncIterator[bytes]) -> web.StreamResponse:
    """Send the whole log, for as long as it goes on.

    Args:
        request: tells by its headers whether a WebSocket is wanted.
        first: the beginning, already read.
        rest: what follows.
    """
    if wants_websocket(request):
        return await _send_messages(request, first, rest)
    response = web.StreamResponse(headers={"Content-Type": "text/plain"})
    await response.prepare(request)
    try:
        await response.write(first)
        async for chunk in rest:
            await response.write(chunk)
    except ConnectionResetError:
        return response  # the client stopped following
    await response.write_eof()
    return response


async def _send_messages(request: web.Request, first: bytes, rest: AsyncIterator[bytes]) -> web.StreamResponse:
    socket = await prepared_websocket(request, _PROTOCOLS)

    async def send(chunk: bytes) -> None:
        if not chunk:
            return
        if socket.ws_protocol == _BASE64:
            await socket.send_str(base64.b64encode(chunk).decode())
        else:
            await socket.send_bytes(chunk)

    try:
        await send(first)
        async for chunk in rest:
            await send(chunk)
    except ConnectionError:
        return socket
    await socket.close()
    return socket
