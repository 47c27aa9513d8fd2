"""A SPDY connection: streams, half-close, windows, and clients that break the rules."""

from __future__ import annotations

import asyncio

import pytest

from kitlib.embedded.apiserver.spdy import frames
from kitlib.embedded.apiserver.spdy.connection import Connection
from kitlib.embedded.apiserver.spdy.stream import Stream
from tests.unit.apiserver.spdy.wire import Wire


async def opened(wire: Wire, connection: Connection, *, fin: bool = False) -> Stream:
    wire.say(frames.SynStream(1, {"streamtype": "data"}, fin))
    assert await wire.hears() == frames.SynReply(1)
    return await anext(connection.opened())


async def test_a_stream_carries_bytes_both_ways_and_each_side_ends_by_itself() -> None:
    wire = Wire()
    async with Connection(wire) as connection:
        stream = await opened(wire, connection)
        assert (stream.number, stream.headers) == (1, {"streamtype": "data"})
        wire.say(frames.Data(1, b"ping", fin=True))
        assert [await stream.read(), await stream.read()] == [b"ping", b""]
        await stream.write(b"pong")
        await stream.finish()
        assert [await wire.hears(), await wire.hears()] == [frames.Data(1, b"pong"), frames.Data(1, b"", fin=True)]
        with pytest.raises(ConnectionResetError):
            await stream.write(b"late")
    assert await wire.hears() == frames.GoAway(1)
    assert wire.closed


async def test_a_ping_is_answered_with_itself() -> None:
    wire = Wire()
    async with Connection(wire):
        wire.say(frames.Ping(2), frames.Ping(3))
        assert await wire.hears() == frames.Ping(3)


async def test_the_end_of_the_connection_is_the_end_of_its_streams() -> None:
    wire = Wire()
    async with Connection(wire) as connection:
        stream = await opened(wire, connection)
        reading = asyncio.ensure_future(stream.read())
        wire.say_bytes(b"")
        with pytest.raises(ConnectionResetError):
            await reading
        with pytest.raises(ConnectionResetError):
            await stream.write(b"x")
        assert [s async for s in connection.opened()] == []


async def test_a_reset_ends_one_stream_only() -> None:
    wire = Wire()
    async with Connection(wire) as connection:
        stream = await opened(wire, connection)
        wire.say(frames.Reset(1, 5), frames.SynStream(3, {}))
        assert await wire.hears() == frames.SynReply(3)
        with pytest.raises(ConnectionResetError):
            await stream.read()
        other = await anext(connection.opened())
        await other.write(b"x")
        assert await wire.hears() == frames.Data(3, b"x")
        await other.reset()
        assert await wire.hears() == frames.Reset(3, 5)


async def test_a_client_without_windows_gets_everything() -> None:
    wire = Wire()
    async with Connection(wire) as connection:
        stream = await opened(wire, connection)
        await stream.write(b"x" * (1 << 20))
        got = 0
        while got < 1 << 20:
            frame = await wire.hears()
            assert isinstance(frame, frames.Data)
            got += len(frame.data)


async def test_a_client_with_windows_gets_what_it_takes() -> None:
    wire = Wire()
    async with Connection(wire) as connection:
        wire.say(frames.Settings({7: 10}))
        stream = await opened(wire, connection)
        writing = asyncio.ensure_future(stream.write(b"0123456789abcdef"))
        assert await wire.hears() == frames.Data(1, b"0123456789")
        wire.say(frames.WindowUpdate(1, 4), frames.Ping(1))
        assert {await wire.hears(), await wire.hears()} == {frames.Data(1, b"abcd"), frames.Ping(1)}
        assert not writing.done()
        wire.say(frames.Settings({7: 20}))
        assert await wire.hears() == frames.Data(1, b"ef")
        await writing


async def test_the_window_of_the_whole_connection_counts_too() -> None:
    wire = Wire()
    async with Connection(wire) as connection:
        stream = await opened(wire, connection)
        await stream.write(b"x" * frames.INITIAL_WINDOW)
        while not wire.heard_nothing:
            await wire.hears()
        wire.say(frames.WindowUpdate(0, 3), frames.Ping(1))
        assert await wire.hears() == frames.Ping(1)
        writing = asyncio.ensure_future(stream.write(b"abcdef"))
        assert await wire.hears() == frames.Data(1, b"abc")
        wire.say(frames.WindowUpdate(0, 100))
        assert await wire.hears() == frames.Data(1, b"def")
        await writing


async def test_what_is_read_is_told_to_a_client_that_counts() -> None:
    wire = Wire()
    async with Connection(wire) as connection:
        stream = await opened(wire, connection)
        wire.say(frames.Data(1, b"x" * 40000))
        await stream.read()
        assert [await wire.hears(), await wire.hears()] == [
            frames.WindowUpdate(1, 40000),
            frames.WindowUpdate(0, 40000),
        ]


async def test_a_stream_that_nobody_reads_stops_the_carrier() -> None:
    wire = Wire()
    async with Connection(wire) as connection:
        stream = await opened(wire, connection)
        for _ in range(100):
            wire.say(frames.Data(1, b"x" * (64 << 10)))
        wire.say(frames.Ping(1))
        for _ in range(200):
            await asyncio.sleep(0)
        assert wire.reads == 1 + 16  # a MiB, and nothing beyond
        got = 0
        while got < 100 * (64 << 10):
            got += len(await stream.read())
        assert await wire.until(frames.Ping) == frames.Ping(1)


async def test_too_many_streams_are_refused() -> None:
    wire = Wire()
    async with Connection(wire):
        wire.say(*(frames.SynStream(2 * n + 1, {}) for n in range(513)))
        for n in range(512):
            assert await wire.hears() == frames.SynReply(2 * n + 1)
        assert await wire.hears() == frames.Reset(1025, 3)


@pytest.mark.parametrize(
    "broken",
    [
        [frames.SynStream(2, {})],
        [frames.SynStream(3, {}), frames.SynStream(1, {})],
        [frames.SynStream(1, {}), frames.SynStream(1, {})],
        [frames.WindowUpdate(0, 0x7FFFFFFF)],
        [frames.Settings({7: 0xFFFFFFFF})],
    ],
)
async def test_who_breaks_the_rules_is_sent_away(broken: list[frames.Frame]) -> None:
    wire = Wire()
    async with Connection(wire) as connection:
        wire.say(*broken)
        frame = await wire.until(frames.GoAway)
        assert isinstance(frame, frames.GoAway)
        assert frame.status == 1
        await connection.ended()
    assert wire.closed


async def test_bytes_that_are_no_spdy_close_the_connection() -> None:
    wire = Wire()
    async with Connection(wire) as connection:
        wire.say_bytes(b"\xff" * 100)
        assert await wire.hears() == frames.GoAway(0, 1)
        await connection.ended()


async def test_bytes_for_what_is_not_there_are_refused() -> None:
    wire = Wire()
    async with Connection(wire) as connection:
        wire.say(frames.Data(9, b"x"))
        assert await wire.hears() == frames.Reset(9, 2)
        stream = await opened(wire, connection, fin=True)
        assert await stream.read() == b""
        wire.say(frames.Data(1, b"after the end"))
        assert await wire.hears() == frames.Reset(1, 9)
        wire.say(frames.WindowUpdate(1, 0x7FFFFFFF), frames.SynStream(3, {}), frames.WindowUpdate(3, 0x7FFFFFFF))
        assert [await wire.hears(), await wire.hears()] == [frames.SynReply(3), frames.Reset(3, 7)]
