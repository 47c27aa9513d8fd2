"""WebSocket and SPDY frames that are none or make no sense: the stream they came on ends, and nothing else."""

import base64
import contextlib
import json
import os
import random
import socket
import struct

import psutil
import pytest

from kitlib.client import connect
from kitlib.environments.embedded import EmbeddedProvider
from tests.faults.machine import agent, daemon, until
from tests.faults.wire import Wire

ROUNDS = 8
FEW = 6  # descriptors that come and go by themselves: far fewer than streams were opened
POD = "/api/v1/namespaces/default/pods/cat"
CAT = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "cat"},
    "spec": {
        "terminationGracePeriodSeconds": 0,
        "containers": [{"name": "c", "image": "nginx", "stdin": True, "command": ["sh", "-c", "nginx; exec cat"]}],
    },
}
TERMINAL = f"{POD}/exec?stdin=true&stdout=true&tty=true&command=sh"
STREAMS = [
    (
        f"{POD}/exec?stdin=true&stdout=true&stderr=true&command=sh&command=-c&command=cat%3Bexec+sleep+1000",
        "v5.channel.k8s.io",
    ),
    (TERMINAL, "v4.channel.k8s.io"),
    (TERMINAL, "base64.channel.k8s.io"),
    (f"{POD}/attach?stdin=true&stdout=true", "v4.channel.k8s.io"),
    (f"{POD}/portforward?ports=80", "v4.channel.k8s.io"),
    (f"{POD}/portforward", "SPDY/3.1+portforward.k8s.io"),
    (f"{POD}/exec?stdin=true&stdout=true&command=cat", "SPDY/3.1"),
    (f"{POD}/portforward", "SPDY/3.1"),
    (f"{POD}/log?follow=true", "binary.k8s.io"),
]


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    provider = EmbeddedProvider(tmp_path_factory.mktemp("junk"))
    info = provider.create("junk")
    cluster = connect(info.kubeconfig)
    cluster.create(CAT, namespace="default")
    cluster.wait("pod", "cat", namespace="default")
    yield provider.directory("junk")
    provider.delete("junk")


@pytest.fixture
def wire(directory):
    return Wire(directory / "kubeconfig")


def opened(wire, path, protocol):
    """Return a connection after its upgrade."""
    spdy = protocol == "SPDY/3.1"
    key = base64.b64encode(os.urandom(16)).decode()
    lines = ["Host: kit", "Connection: Upgrade", f"Upgrade: {'SPDY/3.1' if spdy else 'websocket'}"]
    if spdy:
        lines += ["X-Stream-Protocol-Version: portforward.k8s.io", "X-Stream-Protocol-Version: v4.channel.k8s.io"]
    else:
        lines += ["Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}", f"Sec-WebSocket-Protocol: {protocol}"]
    connection = wire.connect()
    connection.sendall("\r\n".join([f"{'POST' if spdy else 'GET'} {path} HTTP/1.1", *lines, "", ""]).encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        assert byte, head
        head += byte
    assert head.startswith(b"HTTP/1.1 101"), (path, protocol, head)
    return connection


def frame(first, payload, *, masked=True, length=None):
    """A frame with this first byte; `length` is what it says of itself."""
    said = len(payload) if length is None else length
    bit = 0x80 if masked else 0
    if said < 126:
        head = bytes((first, bit | said))
    elif said < 1 << 16:
        head = bytes((first, bit | 126)) + struct.pack(">H", said)
    else:
        head = bytes((first, bit | 127)) + struct.pack(">Q", said)
    mask = os.urandom(4) if masked else b""
    data = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload)) if masked else payload
    return head + mask + data


def channels(chance):
    """Well-formed messages that make no sense."""
    data = chance.choice(
        [
            b"",
            bytes((chance.randrange(256),)),
            bytes((chance.randrange(256),)) + chance.randbytes(chance.randrange(2000)),
            b"\x04" + chance.choice([b"{", b"[]", b"null", b'{"Width":-1,"Height":1e99}', b'{"Width":"x"}', b"\xff"]),
            b'\x04{"Width":99999999999,"Height":0}',
            b"\xff" + bytes((chance.randrange(256),)),
            b"0!!!not base64",
            b"4" + base64.b64encode(b'{"Width":[]}'),
            b"\x01\x00\x00",
        ]
    )
    return frame(chance.choice([0x81, 0x82]), data)


def odd_frames(chance):
    return chance.choice(
        [
            lambda: chance.randbytes(chance.randrange(1, 3000)),
            lambda: frame(0x82, b"\0unmasked", masked=False),
            lambda: frame(0xF2, b"reserved bits"),
            lambda: frame(chance.choice([0x83, 0x87, 0x8B, 0x8F]), b"an opcode of nobody"),
            lambda: frame(0x80, b"goes on with nothing"),
            lambda: frame(0x02, b"\0begins ") + frame(0x81, b"\0and begins again"),
            lambda: frame(0x09, b"a control frame in parts"),
            lambda: frame(0x89, b"p" * 126),
            lambda: frame(0x89, b"ping") * 50,
            lambda: frame(0x81, b"\0\xff\xfe\xfd"),
            lambda: frame(0x88, b"\x03"),
            lambda: frame(0x88, struct.pack(">H", chance.choice([0, 999, 1005, 5000, 65535])) + b"\xff"),
            lambda: frame(0x82, b"\0", length=1 << 62),
            lambda: frame(0x82, b"\0", length=33 << 20),
            lambda: frame(0x82, b"\0half", length=100),
        ]
    )()  # fmt: skip


def spdy_frames(chance):
    """Control frames of any type with any flags, lengths that are not kept, streams that do not exist."""
    kind, size = chance.randrange(14), chance.randrange(64)
    said = chance.choice([size, 0, size + 9, 0xFFFFFF])
    control = struct.pack(">HHI", 0x8003, kind, chance.randrange(256) << 24 | said)
    data = struct.pack(">II", chance.randrange(1 << 31), chance.randrange(4) << 24 | said)
    return chance.choice([control, data]) + chance.randbytes(size)


def junk(chance, protocol):
    makers = [odd_frames] if protocol != "SPDY/3.1" else []
    if protocol.startswith("SPDY"):
        makers.append(spdy_frames if protocol == "SPDY/3.1" else lambda c: frame(0x82, spdy_frames(c)))
    else:
        makers.append(channels)
    return b"".join(chance.choice(makers)(chance) for _ in range(chance.randrange(1, 12)))


@pytest.mark.parametrize(("path", "protocol"), STREAMS)
def test_junk_ends_the_stream_and_nothing_else(wire, directory, path, protocol):
    server, chance = daemon(directory), random.Random(f"{path} {protocol}")
    opened(wire, path, protocol).close()
    before = server.memory_info().rss
    for number in range(ROUNDS):
        with opened(wire, path, protocol) as connection, contextlib.suppress(OSError):
            connection.sendall(junk(chance, protocol))
            if number % 2:  # else the client just goes
                connection.shutdown(socket.SHUT_WR)
                connection.settimeout(20)
                while connection.recv(1 << 16):
                    pass
    assert wire.ask("GET", "/readyz").code == 200
    assert server.memory_info().rss - before < 64 << 20
    assert "Traceback" not in (directory / "daemon.log").read_text()
    until(lambda: commands(directory) == [], why=f"a command goes on: {commands(directory)}")
    pod = json.loads(wire.ask("GET", POD).body)
    assert pod["status"]["containerStatuses"][0]["restartCount"] == 0


def commands(directory):
    """What was started by exec and still runs: children of the agent that are no launcher of a container."""
    found = []
    for process in agent(directory).children():
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.name() != "bwrap" and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def test_streams_leave_no_descriptors(wire, directory):
    server, chance = daemon(directory), random.Random(3)
    streams = [stream for stream in STREAMS if "attach" not in stream[0]]
    until(lambda: commands(directory) == [])
    before = server.num_fds(), agent(directory).num_fds()
    for path, protocol in streams * 3:
        with opened(wire, path, protocol) as connection, contextlib.suppress(OSError):
            connection.sendall(junk(chance, protocol))
    until(lambda: server.num_fds() <= before[0] + FEW and agent(directory).num_fds() <= before[1] + FEW)
