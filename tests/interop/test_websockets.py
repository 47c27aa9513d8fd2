"""WebSocket subprotocols beside kubectl's own: the old base ones, base64, and logs as messages."""

from __future__ import annotations

import base64
import json
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import websocket
import yaml

from tests.interop.conftest import open_pod
from tests.support.kubectl import Kubectl

Message = tuple[int, bytes]


@pytest.fixture
def pod(kubectl: Kubectl) -> Iterator[Kubectl]:
    open_pod(kubectl)
    yield kubectl


def dial(kubectl: Kubectl, path: str, *protocols: str) -> websocket.WebSocket:
    config = yaml.safe_load(kubectl.kubeconfig.read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    with tempfile.TemporaryDirectory() as folder:
        files = {}
        for name, data in (
            ("ca", cluster["certificate-authority-data"]),
            ("cert", user["client-certificate-data"]),
            ("key", user["client-key-data"]),
        ):
            files[name] = Path(folder) / name
            files[name].write_bytes(base64.b64decode(data))
        options = {"ca_certs": str(files["ca"]), "certfile": str(files["cert"]), "keyfile": str(files["key"])}
        server = urlsplit(cluster["server"]).netloc
        where = f"wss://{server}/api/v1/namespaces/{kubectl.namespace}/pods/{path}"
        return websocket.create_connection(
            where, timeout=20, sslopt=options | {"cert_reqs": ssl.CERT_REQUIRED}, subprotocols=list(protocols) or None
        )


def messages(connection: websocket.WebSocket) -> list[Message]:
    """Everything until the server closes, as (opcode, data)."""
    found = []
    with closing(connection):
        while True:
            opcode, data = connection.recv_data()
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                assert data[:2] == (1000).to_bytes(2, "big")
                return found
            found.append((opcode, data))


def said(found: list[Message], channel: int) -> bytes:
    return b"".join(data[1:] for _, data in found if data[0] == channel)


def said_in_base64(found: list[Message], channel: int) -> bytes:
    assert {opcode for opcode, _ in found} == {websocket.ABNF.OPCODE_TEXT}
    return b"".join(base64.b64decode(data[1:]) for _, data in found if data[:1] == str(channel).encode())


EXEC = "web/exec?stdout=true&stderr=true&command=sh&command=-c&command="


def test_the_base_protocol_says_nothing_when_all_went_well(pod: Kubectl) -> None:
    for protocols in (("channel.k8s.io",), ()):
        connection = dial(pod, EXEC + "echo%20remote%20execution", *protocols)
        assert connection.getsubprotocol() == (protocols[0] if protocols else None)
        found = messages(connection)
        assert said(found, 1) == b"remote execution\n"
        assert {data[0] for _, data in found} == {1}
    failed = messages(dial(pod, EXEC + "exit%203", "channel.k8s.io"))
    assert said(failed, 3) == b"command terminated with non-zero exit code: exit status 3"


@pytest.mark.parametrize("protocol", ["v4.channel.k8s.io", "v5.channel.k8s.io"])
def test_later_protocols_end_with_a_status(pod: Kubectl, protocol: str) -> None:
    found = messages(dial(pod, EXEC + "echo%20x", protocol))
    assert said(found, 1) == b"x\n"
    assert json.loads(said(found, 3))["status"] == "Success"


@pytest.mark.parametrize("protocol", ["base64.channel.k8s.io", "v4.base64.channel.k8s.io"])
def test_base64_goes_both_ways_as_text(pod: Kubectl, protocol: str) -> None:
    connection = dial(pod, "web/exec?stdin=true&stdout=true&command=head&command=-c&command=3", protocol)
    connection.send("0" + base64.b64encode(b"\x00\xff\n").decode())
    found = messages(connection)
    assert said_in_base64(found, 1) == b"\x00\xff\n"
    status = said_in_base64(found, 3)
    assert json.loads(status)["status"] == "Success" if protocol.startswith("v4") else status == b""


def test_only_what_is_asked_for_is_sent(pod: Kubectl) -> None:
    script = "echo%20out%3B%20echo%20err%20%3E%262"
    found = messages(dial(pod, f"web/exec?stderr=true&command=sh&command=-c&command={script}", "v4.channel.k8s.io"))
    assert (said(found, 1), said(found, 2)) == (b"", b"err\n")


def test_unknown_protocols_are_refused(pod: Kubectl) -> None:
    for path in (EXEC + "true", "web/log", "web/portforward?ports=80"):
        with pytest.raises(websocket.WebSocketBadStatusException) as caught:
            dial(pod, path, "v9.channel.k8s.io")
        assert caught.value.status_code == 400


def test_logs_come_as_messages(pod: Kubectl) -> None:
    log = pod("logs", "web").encode()
    assert log
    for protocols in (("binary.k8s.io",), ()):
        found = messages(dial(pod, "web/log?container=web", *protocols))
        assert b"".join(data for _, data in found) == log
        assert {opcode for opcode, _ in found} == {websocket.ABNF.OPCODE_BINARY}
    found = messages(dial(pod, "web/log?container=web", "base64.binary.k8s.io"))
    assert b"".join(base64.b64decode(data) for _, data in found) == log


def test_logs_are_followed_as_messages(pod: Kubectl) -> None:
    with closing(dial(pod, "web/log?follow=true", "binary.k8s.io")) as following:
        seen = b""
        while b"start worker process" not in seen:
            seen += following.recv()
        pod("exec", "web", "--", "sh", "-c", "kill -HUP 1")
        while b"reconfiguring" not in seen:
            seen += following.recv()
