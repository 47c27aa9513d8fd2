"""SPDY/3.1 on the bare connection: what older kubectls and client-go's SPDY executor speak."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.interop.conftest import open_pod
from tests.support.kubectl import Kubectl
from tests.support.raw_http import SpdyClient, connect, request

V4, V3, V2, V1 = "v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io"
UPGRADE = {"Connection": "Upgrade", "Upgrade": "SPDY/3.1"}

LISTENING = """\
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  restartPolicy: Never
  containers: [{name: web, image: "busybox:1.36", command: [cat], stdin: true, stdinOnce: true}]
"""


@pytest.fixture
def pod(kubectl: Kubectl) -> Iterator[Kubectl]:
    open_pod(kubectl)
    yield kubectl


def path(kubectl: Kubectl, subresource: str, *query: str) -> str:
    return f"/api/v1/namespaces/{kubectl.namespace}/pods/web/{subresource}?{'&'.join(query)}"


def shell(kubectl: Kubectl, script: str, *query: str, protocols: tuple[str, ...] = (V4,)) -> SpdyClient:
    words = "&".join(f"command={word}" for word in ("sh", "-c", script.replace(" ", "%20").replace(";", "%3B")))
    return SpdyClient.upgrade(kubectl.kubeconfig, path(kubectl, "exec", words, *query), *protocols)


def test_a_command_has_a_stream_for_each_of_its_own(pod: Kubectl) -> None:
    client = shell(pod, "echo out; echo err 1>%262; exit 3", "stdout=true", "stderr=true")
    with closing(client.connection):
        error, out, err = (client.open(streamType=kind) for kind in ("error", "stdout", "stderr"))
        client.run()
    assert (client.received[out], client.received[err]) == (b"out\n", b"err\n")
    status = json.loads(client.received[error])
    assert (status["status"], status["reason"]) == ("Failure", "NonZeroExitCode")
    assert status["details"]["causes"] == [{"reason": "ExitCode", "message": "3"}]
    assert client.ended >= {error, out, err}


def test_input_ends_when_its_stream_does(pod: Kubectl) -> None:
    client = shell(pod, "cat", "stdin=true", "stdout=true")
    text = bytes(range(256)) * 4000
    with closing(client.connection):
        error, stdin, out = (client.open(streamType=kind) for kind in ("error", "stdin", "stdout"))
        client.write(stdin, text[:500_000])
        client.write(stdin, text[500_000:], fin=True)
        client.run()
    assert client.received[out] == text
    assert json.loads(client.received[error])["status"] == "Success"


def test_a_terminal_gets_its_size(pod: Kubectl) -> None:
    client = shell(pod, "read line; stty size", "stdin=true", "stdout=true", "stderr=true", "tty=true")
    with closing(client.connection):
        kinds = ("error", "stdin", "stdout", "resize")
        error, stdin, out, resize = (client.open(streamType=kind) for kind in kinds)
        size = b'{"Width":77,"Height":33}\n{"Width":78,"Height":34}\n'
        client.write(resize, size[:30])
        client.write(resize, size[30:])
        while b"\n" not in client.received[out]:  # the terminal echoes what is typed once it is there
            client.write(stdin, b"\n")
            client.step()
        client.run()
    assert b"34 78" in client.received[out]
    assert json.loads(client.received[error])["status"] == "Success"


@pytest.mark.parametrize(
    ("offered", "chosen", "failure"),
    [
        ((V4, V3, V2, V1), V4, b"NonZeroExitCode"),
        ((V3, V2, V1), V3, b"command terminated with non-zero exit code: exit status 3"),
        ((V1,), V1, b"command terminated with non-zero exit code: exit status 3"),
        (("v9.channel.k8s.io", V2), V2, b"exit status 3"),
    ],
)
def test_the_newest_protocol_that_both_know_is_spoken(
    pod: Kubectl, offered: tuple[str, ...], chosen: str, failure: bytes
) -> None:
    client = shell(pod, "exit 3", "stdout=true", protocols=offered)
    with closing(client.connection):
        error = client.open(streamType="error")
        client.open(streamType="stdout")
        client.run()
    assert client.protocol == chosen
    assert failure in client.received[error]
    assert client.received[error].startswith(b"{") == (chosen == V4)


def test_attach_joins_the_container(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=LISTENING)
    kubectl("wait", "pod/web", "--for=condition=Ready", "--timeout=20s")
    where = path(kubectl, "attach", "stdin=true", "stdout=true", "container=web")
    client = SpdyClient.upgrade(kubectl.kubeconfig, where, V4)
    with closing(client.connection):
        error, stdin, out = (client.open(streamType=kind) for kind in ("error", "stdin", "stdout"))
        client.write(stdin, b"hello\n")
        while client.received[out] != b"hello\n":
            assert client.step()
        client.write(stdin, b"", fin=True)
        client.run()
    assert json.loads(client.received[error])["status"] == "Success"


def test_what_can_not_be_upgraded_has_a_status(pod: Kubectl) -> None:
    for where, headers, code in (
        (path(pod, "exec", "command=true", "stdout=true"), UPGRADE | {"X-Stream-Protocol-Version": "v9"}, 403),
        (path(pod, "exec", "command=true", "stdout=true"), {}, 400),
        (path(pod, "exec", "command=true"), UPGRADE | {"X-Stream-Protocol-Version": V4}, 400),
        (path(pod, "exec", "command=true", "stdout=true", "container=no"), UPGRADE, 400),
        (path(pod, "portforward"), UPGRADE | {"X-Stream-Protocol-Version": "v9"}, 403),
        (path(pod, "portforward"), {}, 400),
        (path(pod, "exec", "command=true", "stdout=true").replace("/web/", "/none/"), UPGRADE, 404),
    ):
        with closing(connect(pod.kubeconfig)) as connection:
            assert request(connection, "POST", where, headers)[0] == code, (where, headers)


def test_connections_are_forwarded_side_by_side(pod: Kubectl) -> None:
    client = SpdyClient.upgrade(pod.kubeconfig, path(pod, "portforward"), "portforward.k8s.io")
    pairs = []
    with closing(client.connection):
        for number in range(3):
            port = "81" if number == 1 else "80"
            error = client.open(streamType="error", port=port, requestID=str(number))
            data = client.open(streamType="data", port=port, requestID=str(number))
            pairs.append((error, data))
        for _, data in pairs:
            client.write(data, b"GET / HTTP/1.0\r\n\r\n", fin=True)
        client.run(*(stream for pair in pairs for stream in pair))
    answers = [client.received[data] for _, data in pairs]
    assert [answer[:15] for answer in answers] == [b"HTTP/1.1 200 OK", b"", b"HTTP/1.1 200 OK"]
    assert [b"port 81" in client.received[error] for error, _ in pairs] == [False, True, False]


def test_a_pair_without_request_id_belongs_together(pod: Kubectl) -> None:
    client = SpdyClient.upgrade(pod.kubeconfig, path(pod, "portforward"), "portforward.k8s.io")
    with closing(client.connection):
        client.open(streamType="error", port="80")
        data = client.open(streamType="data", port="80")
        client.write(data, b"GET / HTTP/1.0\r\n\r\n", fin=True)
        client.run(data)
    assert client.received[data].startswith(b"HTTP/1.1 200 OK")


def test_a_client_that_speaks_nonsense_is_sent_away_and_others_go_on(pod: Kubectl) -> None:
    client = SpdyClient.upgrade(pod.kubeconfig, path(pod, "portforward"), "portforward.k8s.io")
    with closing(client.connection):
        client.connection.sendall(b"\xff" * 1000)
        client.run()
    assert pod("exec", "web", "--", "echo", "fine") == "fine\n"
