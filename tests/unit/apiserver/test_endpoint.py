"""Connections whose client never finishes what it began are ended."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web

from kitlib.embedded.apiserver.endpoint import HttpsEndpoint, listen_on_loopback
from kitlib.embedded.apiserver.pki import Pki

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def connected(tmp_path: Path) -> AsyncIterator[Streams]:
    app = web.Application()
    app.router.add_get("/", lambda _: _answer())
    endpoint = HttpsEndpoint(app, Pki(tmp_path, datetime.now(UTC)), idle_seconds=0.2)
    listener = listen_on_loopback(0, strict=False)
    await endpoint.start()
    await endpoint.serve(listener)
    tls = ssl.create_default_context(cafile=str(tmp_path / "ca.crt"))
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.getsockname()[1], ssl=tls)
    yield reader, writer
    writer.close()
    await endpoint.stop()


async def _answer() -> web.Response:
    return web.Response(text="ok")


@pytest.mark.parametrize("begun", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: kit\r\nX: "])
async def test_a_request_that_never_ends(connected: Streams, begun: bytes) -> None:
    reader, writer = connected
    writer.write(begun)
    assert await reader.read() == b""  # the server has closed it


async def test_an_idle_connection_after_its_request(connected: Streams) -> None:
    reader, writer = connected
    writer.write(b"GET / HTTP/1.1\r\nHost: kit\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 200 OK")


async def test_headers_that_drip(connected: Streams) -> None:
    reader, writer = connected
    writer.write(b"GET / HTTP/1.1\r\nHost: kit\r\n")
    ended = asyncio.ensure_future(reader.read())
    while not ended.done():
        writer.write(b"X: y\r\n")
        await asyncio.wait([ended], timeout=0.01)
    assert b"200 OK" not in ended.result()
