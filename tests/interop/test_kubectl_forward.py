"""kubectl port-forward: a tunnel of SPDY, as a learner uses it."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
import urllib.request
from collections.abc import Iterator

import pytest

from tests.support.kubectl import Kubectl

ECHO = """\
apiVersion: v1
kind: Pod
metadata: {name: echo}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: main
    image: busybox:1.36
    command: [perl, -e]
    args:
    - |
      use IO::Socket::INET;
      my $server = IO::Socket::INET->new(LocalPort => 7, Listen => 9, ReuseAddr => 1) or die;
      while (my $client = $server->accept) {
        next if fork;
        while (sysread($client, my $data, 65536)) { print $client $data; $client->flush }
        print $client "END";
        exit;
      }
    readinessProbe: {tcpSocket: {port: 7}, periodSeconds: 1}
"""


@contextlib.contextmanager
def forwarded(kubectl: Kubectl, what: str, port: int) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """The local port, as kubectl tells it."""
    with kubectl.follow("port-forward", what, f":{port}") as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        try:
            assert first.startswith("Forwarding from 127.0.0.1:"), first
            yield int(first.split(":")[1].split()[0]), process
        finally:
            process.terminate()


def read_all(connection: socket.socket) -> bytes:
    parts = []
    while data := connection.recv(1 << 16):
        parts.append(data)
    return b"".join(parts)


@pytest.mark.parametrize("what", ["pod/web-0", "service/nginx", "statefulset/web"])
def test_what_a_pod_serves_is_at_a_local_port(running: Kubectl, what: str) -> None:
    running("exec", "web-0", "--", "sh", "-c", "echo hello > /usr/share/nginx/html/index.html")
    running("exec", "web-1", "--", "sh", "-c", "echo hello > /usr/share/nginx/html/index.html")
    with forwarded(running, what, 80) as (port, _):
        for _ in range(3):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20) as answer:
                assert answer.read() == b"hello\n"


def test_a_refused_port_is_told(running: Kubectl) -> None:
    with forwarded(running, "pod/web-0", 81) as (port, process):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            connection.sendall(b"x")
            with contextlib.suppress(ConnectionResetError):
                assert connection.recv(1) == b""
        assert process.stdout is not None
        told = process.stdout.read()
    assert "error forwarding port 81 to pod" in told
    assert "dial tcp4 127.0.0.1:81: connect: connection refused" in told


def test_megabytes_go_both_ways_at_once_and_each_way_ends_by_itself(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=ECHO)
    kubectl("wait", "pod/echo", "--for=condition=Ready", "--timeout=20s")
    sent = bytes(range(256)) * (12 << 10)  # 3 MiB
    with forwarded(kubectl, "pod/echo", 7) as (port, _):
        connections = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(4)]

        def send(connection: socket.socket) -> None:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)

        threads = [threading.Thread(target=send, args=(connection,)) for connection in connections]
        for thread in threads:
            thread.start()
        got = [read_all(connection) for connection in connections]
        for thread, connection in zip(threads, connections, strict=True):
            thread.join()
            connection.close()
    assert all(answer == sent + b"END" for answer in got)
