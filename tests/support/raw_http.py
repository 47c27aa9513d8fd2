"""A bare TLS connection to the API server, as the cluster's admin, for what no HTTP library speaks."""

from __future__ import annotations

import base64
import socket
import ssl
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from kitlib.embedded.apiserver.spdy.frames import Data, Frame, FrameReader, FrameWriter, SynReply, SynStream


def connect(kubeconfig: Path) -> ssl.SSLSocket:
    """Connect with the client certificate of a kubeconfig."""
    config = yaml.safe_load(kubeconfig.read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    context = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
    with tempfile.NamedTemporaryFile() as pem:
        pem.write(base64.b64decode(user["client-certificate-data"]) + base64.b64decode(user["client-key-data"]))
        pem.flush()
        context.load_cert_chain(pem.name)
    address = urlsplit(cluster["server"])
    assert address.hostname is not None
    plain = socket.create_connection((address.hostname, address.port), timeout=20)
    return context.wrap_socket(plain, server_hostname=address.hostname)


def request(connection: ssl.SSLSocket, method: str, path: str, headers: dict[str, str]) -> tuple[int, dict[str, str]]:
    """Send a request without a body; return the status and the headers of the answer."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *(f"{name}: {value}" for name, value in headers.items())]
    connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        assert byte, f"closed in the answer's head: {head!r}"
        head += byte
    first, *rest = head.decode().strip().split("\r\n")
    return int(first.split()[1]), {n.lower(): v for n, _, v in (line.partition(": ") for line in rest)}


@dataclass
class SpdyClient:
    """The client's side of an upgraded connection.

    Example:
        client = SpdyClient.upgrade(kubeconfig, "/api/v1/…/exec?command=true&stdout=true", "v4.channel.k8s.io")
        error = client.open(streamType="error")
        client.run()  # to the end of the connection
        client.received[error]
    """

    connection: ssl.SSLSocket
    protocol: str
    received: dict[int, bytes] = field(default_factory=dict)
    ended: set[int] = field(default_factory=set)
    _next: int = 1
    _reader: FrameReader = field(default_factory=FrameReader)
    _writer: FrameWriter = field(default_factory=FrameWriter)

    @classmethod
    def upgrade(cls, kubeconfig: Path, path: str, *protocols: str) -> SpdyClient:
        connection = connect(kubeconfig)
        headers = {"Connection": "Upgrade", "Upgrade": "SPDY/3.1", "X-Stream-Protocol-Version": ", ".join(protocols)}
        status, answer = request(connection, "POST", path, headers)
        assert (status, answer.get("upgrade")) == (101, "SPDY/3.1"), (status, answer)
        return cls(connection, answer["x-stream-protocol-version"])

    def open(self, **headers: str) -> int:
        number, self._next = self._next, self._next + 2
        self.received[number] = b""
        self.send(SynStream(number, {name.replace("_", "-"): value for name, value in headers.items()}))
        return number

    def send(self, frame: Frame) -> None:
        self.connection.sendall(self._writer.encode(frame))

    def write(self, number: int, data: bytes, *, fin: bool = False) -> None:
        for start in range(0, len(data), 32768):
            self.send(Data(number, data[start : start + 32768]))
        if fin:
            self.send(Data(number, b"", True))

    def step(self) -> bool:
        """Take what has come; False at the end of the connection."""
        data = self.connection.recv(65536)
        for frame in self._reader.feed(data):
            if isinstance(frame, Data):
                self.received[frame.stream] += frame.data
            if isinstance(frame, Data | SynReply) and frame.fin:
                self.ended.add(frame.stream)
        return bool(data)

    def run(self, *until_ended: int) -> None:
        """Take what comes until these streams have ended, or the connection when none is named."""
        while not (until_ended and set(until_ended) <= self.ended) and self.step():
            pass

    def close(self) -> None:
        self.connection.close()
