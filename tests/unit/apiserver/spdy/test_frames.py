"""Frames of SPDY/3.1 survive the wire, and nothing a peer sends can do harm."""

from __future__ import annotations

import contextlib
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitlib.embedded.apiserver.spdy import frames
from kitlib.embedded.apiserver.spdy.headers import DICTIONARY, HeaderReader, HeaderWriter, ProtocolError

IDS = st.integers(0, 0x7FFFFFFF)
WORDS = st.integers(0, 0xFFFFFFFF)
NAMES = st.text(st.characters(codec="ascii", categories=["Ll", "Nd"], include_characters="-"), min_size=1, max_size=20)
HEADERS = st.dictionaries(NAMES, st.text(st.characters(codec="utf-8"), max_size=40), max_size=8)
CONTROL = st.one_of(
    st.builds(frames.SynStream, IDS, HEADERS, st.booleans()),
    st.builds(frames.SynReply, IDS, HEADERS, st.booleans()),
    st.builds(frames.Headers, IDS, HEADERS, st.booleans()),
    st.builds(frames.Reset, IDS, WORDS),
    st.builds(frames.Settings, st.dictionaries(st.integers(0, 0xFFFFFF), WORDS, max_size=5)),
    st.builds(frames.Ping, WORDS),
    st.builds(frames.GoAway, IDS, WORDS),
    st.builds(frames.WindowUpdate, IDS, IDS),
)
ANY = st.one_of(CONTROL, st.builds(frames.Data, IDS, st.binary(max_size=300), st.booleans()))


def joined(parts: list[frames.Frame]) -> list[frames.Frame]:
    """Data frames arrive in parts: put together what belongs together."""
    whole: list[frames.Frame] = []
    open_part = False
    for part in parts:
        if isinstance(part, frames.Data) and open_part and isinstance(last := whole[-1], frames.Data):
            whole[-1] = frames.Data(part.stream, last.data + part.data, part.fin)
        else:
            whole.append(part)
        open_part = isinstance(part, frames.Data) and not part.fin
    return whole


@given(st.lists(ANY, max_size=8), st.integers(1, 50))
def test_frames_arrive_as_they_were_sent_however_they_are_cut(sent: list[frames.Frame], size: int) -> None:
    writer, reader = frames.FrameWriter(), frames.FrameReader()
    # A data frame that does not end a stream can't be told from the next one's beginning: end each.
    sent = [frames.Data(f.stream, f.data, True) if isinstance(f, frames.Data) else f for f in sent]
    wire = b"".join(writer.encode(frame) for frame in sent)
    received = [f for n in range(0, len(wire), size) for f in reader.feed(wire[n : n + size])]
    assert joined(received) == sent


@given(st.lists(st.binary(max_size=200), max_size=10))
def test_any_bytes_are_frames_or_a_protocol_error(chunks: list[bytes]) -> None:
    reader = frames.FrameReader()
    try:
        for chunk in chunks:
            for frame in reader.feed(chunk):
                assert isinstance(frame, frames.Frame)
    except ProtocolError:
        pass


@given(CONTROL, st.integers(0, 400), st.integers(0, 255))
def test_a_damaged_frame_is_a_frame_or_a_protocol_error(frame: frames.Frame, place: int, value: int) -> None:
    wire = bytearray(frames.FrameWriter().encode(frame))
    wire[place % len(wire)] = value
    with contextlib.suppress(ProtocolError):
        list(frames.FrameReader().feed(bytes(wire)))


def test_the_bytes_are_those_of_the_specification() -> None:
    encoded = frames.FrameWriter().encode(frames.Ping(7))
    assert encoded == bytes.fromhex("800300060000000400000007")
    assert frames.FrameWriter().encode(frames.Data(5, b"ab", True)) == bytes.fromhex("0000000501000002") + b"ab"
    update = frames.FrameWriter().encode(frames.WindowUpdate(3, 9))
    assert update == bytes.fromhex("80030009000000080000000300000009")


def test_a_client_of_go_is_understood() -> None:
    """Header blocks recorded from `spdystream`: streamType error, port 80, requestID 0, then the same of type data."""
    reader = frames.FrameReader()
    assert [f for block in RECORDED for f in reader.feed(bytes.fromhex(block))] == [
        frames.SynStream(1, {"streamtype": "error", "port": "80", "requestid": "0"}),
        frames.SynStream(3, {"streamtype": "data", "port": "80", "requestid": "0"}),
    ]


def test_names_are_sent_in_lower_case_and_blocks_share_their_state() -> None:
    writer, reader = HeaderWriter(), HeaderReader()
    first, second = (writer.encode({"Stream-Type": "stdin"}) for _ in range(2))
    assert len(second) < len(first)
    assert [reader.decode(first), reader.decode(second)] == [{"stream-type": "stdin"}] * 2


def test_a_small_block_that_expands_to_much_is_refused() -> None:
    deflate = zlib.compressobj(zdict=DICTIONARY)
    length = 8 << 20
    plain = struct.pack(">II", 1, 1) + b"a" + struct.pack(">I", length) + b"x" * length
    block = deflate.compress(plain) + deflate.flush(zlib.Z_SYNC_FLUSH)
    assert len(block) < 32 << 10
    with pytest.raises(ProtocolError, match="too large"):
        HeaderReader().decode(block)


@pytest.mark.parametrize(
    ("wire", "why"),
    [
        ("800200060000000400000007", "not a frame"),
        ("800300040000000400000007", "wrong length"),
        ("80030006000000020007", "too short"),
        ("8003000100ffffff", "too large"),
        ("8003000100000009000000010000000000", "too short"),
    ],
)
def test_what_is_no_frame_is_refused(wire: str, why: str) -> None:
    with pytest.raises(ProtocolError, match=why):
        list(frames.FrameReader().feed(bytes.fromhex(wire)))


def test_a_huge_data_frame_is_never_held() -> None:
    reader = frames.FrameReader()
    assert list(reader.feed(struct.pack(">II", 1, 0xFFFFFF))) == []
    for _ in range(100):
        (part,) = reader.feed(b"x" * 1000)
        assert part == frames.Data(1, b"x" * 1000)


def test_an_unknown_type_is_ignored() -> None:
    wire = bytes.fromhex("800300ff00000002abcd800300060000000400000007")
    assert list(frames.FrameReader().feed(wire)) == [frames.Ping(7)]


RECORDED = (
    "800300010000003d0000000100000000000078f9e3c6a7c202253a703a2b294a4dcc851625aca9a0808614cb45a024cc6461"
    "c0c0c0c0590489c44c50e2663400000000ffff",
    "800300010000001a00000003000000000000826a25a406d56850299508000000ffff",
)
