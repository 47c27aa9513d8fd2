"""Ten thousand requests that are wrong: each gets a Status that says so, and the daemon stays as it was."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from kitlib.environments.embedded import EmbeddedProvider
from tests.faults.machine import daemon
from tests.faults.malformed import FAMILIES, GOOD, NAMESPACE
from tests.faults.wire import Answer, Wire, read_answer

CONNECTIONS, REQUESTS = 4, 2500
_DELIBERATE = (501, 503, 504)
_FEW = 64 << 20  # bytes that a daemon may grow by: far less than what was sent and built


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    provider = EmbeddedProvider(tmp_path_factory.mktemp("malformed"))
    info = provider.create("malformed")
    yield Wire(info.kubeconfig), provider.directory("malformed")
    provider.delete("malformed")


@pytest.fixture(scope="module")
def wire(cluster):
    wire = cluster[0]
    _create(wire, "/api/v1/namespaces", "v1", "Namespace", {}, name=NAMESPACE)
    path, body = GOOD["ConfigMap"]
    _create(wire, path, "v1", "ConfigMap", body)
    path, body = GOOD["StatefulSet"]
    _create(wire, path, "apps/v1", "StatefulSet", body | {"spec": body["spec"] | {"replicas": 0}})
    return wire


@pytest.mark.timeout(180)
def test_ten_thousand_malformed_requests(cluster, wire):
    server, log = daemon(cluster[1]), cluster[1] / "daemon.log"
    _play(wire, seed=0, count=300)  # what is loaded once
    before = server.memory_info().rss
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        wrong = list(pool.map(lambda seed: _play(wire, seed=seed, count=REQUESTS), range(1, CONNECTIONS + 1)))
    assert [complaint for complaints in wrong for complaint in complaints][:5] == []
    assert server.is_running() and wire.ask("GET", "/readyz").body == b"ok"
    assert server.memory_info().rss - before < _FEW
    assert "Traceback" not in log.read_text() and not re.search(" (ERROR|CRITICAL) ", log.read_text())


def _play(wire: Wire, *, seed: int, count: int) -> list[tuple[object, ...]]:
    """Send `count` requests made from one seed, over one connection as long as the server keeps it."""
    rng, complaints = random.Random(seed), []
    connection = wire.connect()
    for _ in range(count):
        family = rng.choice(FAMILIES)
        content = family(rng)
        method = content.split(b" ", 1)[0].decode()
        endless = b"watch" in content.split(b"\r\n", 1)[0]
        try:
            connection.sendall(content)
            answer = read_answer(connection, method, endless=endless)
        except ConnectionError:  # closed after the answer before, as the server may
            connection.close()
            connection = wire.connect()
            connection.sendall(content)
            answer = read_answer(connection, method, endless=endless)
        complaints += [(family.__name__, complaint, content) for complaint in _wrong(answer, method)]
        if endless or answer.headers.get("Connection") == "close":
            connection.close()
            connection = wire.connect()
    connection.close()
    return complaints


def _wrong(answer: Answer, method: str) -> Iterator[object]:
    if answer.code >= 500 and answer.code not in _DELIBERATE:
        yield answer.code, answer.body
    if b"Traceback" in answer.body or b".py" in answer.body:
        yield answer.body
    # What is no HTTP at all, and an Expect that nobody can fulfil, is answered below the API, as Go's server does.
    if answer.code >= 400 and method != "HEAD" and answer.headers["Content-Type"].startswith("application/json"):
        status = answer.status
        if (status.get("kind"), status.get("code")) != ("Status", answer.code) or not status.get("message"):
            yield status
    elif answer.code not in (200, 201, 304, 400, 417) and method != "HEAD":
        yield answer.code, answer.body


def _create(wire: Wire, path: str, version: str, kind: str, body: dict[str, object], *, name: str = "there") -> None:
    document = {"apiVersion": version, "kind": kind, "metadata": {"name": name}} | body
    answer = wire.ask("POST", path, json.dumps(document).encode(), Content_Type="application/json")
    assert answer.code == 201, answer
