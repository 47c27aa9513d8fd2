"""Clients that take too much, send too much, or never finish: they lose their request, nobody else loses anything."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import socket

import pytest

from kitlib.environments.embedded import EmbeddedProvider
from tests.faults.machine import daemon, until
from tests.faults.wire import Wire, read_answer, request

MAPS = "/api/v1/namespaces/default/configmaps"
JSON = {"Content_Type": "application/json"}
LIMIT = 3 << 20


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    provider = EmbeddedProvider(tmp_path_factory.mktemp("hostile"))
    provider.create("hostile")
    yield provider.directory("hostile")
    provider.delete("hostile")


@pytest.fixture(scope="module")
def wire(directory):
    return Wire(directory / "kubeconfig")


@pytest.fixture
def server(directory):
    server = daemon(directory)
    yield server
    assert server.is_running() and "Traceback" not in (directory / "daemon.log").read_text()


def config_map(name: str, data: str = "") -> bytes:
    return json.dumps({"kind": "ConfigMap", "metadata": {"name": name}, "data": {"k": data}}).encode()


def test_a_watcher_that_never_reads(wire, server):
    """It costs no more than the history, is told that it is too late, and delays nobody."""
    assert wire.ask("POST", MAPS, config_map("big"), **JSON).code == 201
    watch = request("GET", f"{MAPS}?watch=true&fieldSelector=metadata.name=big&resourceVersion=0")
    with wire.connect() as slow, wire.connect() as quick, wire.connect() as writer:
        for connection in (slow, quick):
            connection.sendall(watch)
        events = quick.makefile("rb")
        before = server.memory_info().rss
        for number in range(150):
            writer.sendall(request("PUT", f"{MAPS}/big", config_map("big", f"{number:06}" + "x" * 200_000), **JSON))
            assert read_answer(writer).code == 200
            until(lambda number=number: f'"{number:06}xxx'.encode() in events.readline())
        assert server.memory_info().rss - before < 160 << 20  # of 30 MB written, each change twice in memory
        told = read_answer(slow).body  # to its end: the server cuts it off
    assert b'"type":"ERROR"' in told and b'"code":410' in told and b"too old resource version" in told
    assert told.count(b'"type":"MODIFIED"') < 150


def test_a_thousand_idle_connections(wire, server):
    descriptors, before = server.num_fds(), server.memory_info().rss
    connections = [wire.connect() for _ in range(1000)]
    assert wire.ask("GET", "/readyz").code == 200
    assert server.memory_info().rss - before < 400 << 20  # TLS keeps a quarter of a mebibyte for each
    for connection in connections:
        connection.close()
    until(lambda: server.num_fds() <= descriptors + 5)


HALVES = [
    b"GET /api/v1/na",
    b"GET /api HTTP/1.1\r\nHost: kit\r\nX-Slow: ",
    b"POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nHost: kit\r\nContent-Length: 100\r\n\r\n{",
    b"POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nHost: kit\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
]


def test_half_requests_hold_nobody_up(wire, server):
    descriptors = server.num_fds()
    connections = [wire.connect() for _ in range(100)]
    for number, connection in enumerate(connections):
        connection.sendall(HALVES[number % len(HALVES)])
    assert wire.ask("POST", MAPS, config_map("meanwhile"), **JSON).code == 201
    for connection in connections:
        connection.close()
    until(lambda: server.num_fds() <= descriptors + 5)


def test_tls_that_is_none(wire, server):
    descriptors = server.num_fds()
    for junk in (b"GET / HTTP/1.1\r\nHost: kit\r\n\r\n", os.urandom(2000), b"\x16\x03\x01\xff\xff" + b"\0" * 500, b""):
        with socket.create_connection(wire.address) as plain:
            plain.sendall(junk)
            plain.shutdown(socket.SHUT_WR)
            plain.settimeout(20)
            with contextlib.suppress(OSError):
                plain.recv(1000)
    assert wire.ask("GET", "/readyz").code == 200
    until(lambda: server.num_fds() <= descriptors + 5)


@pytest.mark.parametrize("size", [LIMIT, LIMIT + 1, 4 * LIMIT])
def test_a_body_may_have_three_mebibytes(wire, server, size):
    body = config_map("huge", "x" * (size - len(config_map("huge"))))
    assert len(body) == size
    answer = wire.ask("POST", f"{MAPS}?dryRun=All", body, **JSON)
    assert (answer.code, answer.status["reason"]) == (
        (422, "Invalid") if size == LIMIT else (413, "RequestEntityTooLarge")
    )


def test_a_body_that_grows_when_it_is_unpacked(wire, server):
    bomb = gzip.compress(b" " * (512 << 20))
    before = server.memory_info().rss
    answer = wire.ask("POST", MAPS, bomb, Content_Encoding="gzip", **JSON)
    assert answer.code in (413, 415)
    assert server.memory_info().rss - before < 64 << 20


_TWO_LENGTHS = b"POST / HTTP/1.1\r\nHost: kit\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (request("GET", "/" + "a" * 100_000), 404),
        (request("GET", "/api", X="a" * 60_000), 200),
        (request("GET", "/api", X="a" * 70_000), 400),
        (request("GET", "/" + "a" * (1 << 20)), 400),
        (b"GET /api HTTP/1.1\r\nHost: kit\r\n" + b"X: y\r\n" * 1000 + b"\r\n", 400),
        (b"GET /version HTTP/1.0\r\n\r\n", 200),
        (b"GET /version HTTP/1.1\r\n\r\n", 400),
        (b"GET /version HTTP/9.9\r\n\r\n", 400),
        (b"\r\n\r\n\0\0\0\r\n\r\n", 400),
        (b"POST /version HTTP/1.1\r\nHost: kit\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /version HTTP/1.1\r\nHost: kit\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        (_TWO_LENGTHS, 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    ],
)  # fmt: skip
def test_http_that_is_odd(wire, server, content, code):
    assert wire.exchange(content).code == code
    assert wire.ask("GET", "/readyz").code == 200


@pytest.mark.parametrize("chunks", [b"zz\r\n{}\r\n0\r\n\r\n", b"2\r\n{}0\r\n\r\n", b"-1\r\n\r\n"])
def test_chunks_that_are_none(wire, server, chunks):
    head = f"POST {MAPS} HTTP/1.1\r\nHost: kit\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n"
    with wire.connect() as connection:
        connection.sendall(head.encode() + chunks)
        connection.settimeout(20)
        assert read_answer(connection, "POST").code == 400
    assert wire.ask("GET", "/readyz").code == 200


def test_many_requests_in_one_breath(wire, server):
    with wire.connect() as connection:
        connection.sendall(request("GET", "/version") * 200)
        answers = connection.makefile("rb")
        assert all(answers.readline() == b"HTTP/1.1 200 OK\r\n" and _rest(answers) for _ in range(200))


def _rest(answers):
    """Read what follows a status line: headers, and as many bytes as they say."""
    lines = list(iter(answers.readline, b"\r\n"))
    [length] = [int(line.split()[1]) for line in lines if line.startswith(b"Content-Length:")]
    return answers.read(length)
