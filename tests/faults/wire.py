"""Bytes to a cluster's HTTPS port and what comes back, with no client library in between that would tidy them up."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml


@dataclass(frozen=True, slots=True)
class Answer:
    """A response as it came."""

    code: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def status(self) -> dict[str, Any]:
        """The body as a Status object."""
        return json.loads(self.body)


class Wire:
    """The API server of one kubeconfig, for a client that holds the admin's certificate.

    Args:
        kubeconfig: as the kit wrote it.
    """

    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        server = urlsplit(cluster["server"])
        self.address = (server.hostname, server.port)
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self._tls = ssl.create_default_context(cadata=authority)
        with tempfile.NamedTemporaryFile() as pair:
            for part in ("client-certificate-data", "client-key-data"):
                pair.write(base64.b64decode(user[part]))
            pair.flush()
            self._tls.load_cert_chain(pair.name)

    def connect(self, *, seconds: float = 30.0) -> ssl.SSLSocket:
        """Open a connection that has done its TLS handshake."""
        return self._tls.wrap_socket(socket.create_connection(self.address, seconds), server_hostname=self.address[0])

    def exchange(self, content: bytes, *, method: str = "GET") -> Answer:
        """Send bytes on a connection of their own and read one answer."""
        with self.connect() as connection:
            connection.sendall(content)
            return read_answer(connection, method)

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        """Send one well-formed request on a connection of its own."""
        return self.exchange(request(method, path, body, **headers), method=method)


def request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    """Write a request; header names are given with underscores.

    Example:
        >>> request("GET", "/healthz")
        b'GET /healthz HTTP/1.1\\r\\nHost: kit\\r\\nContent-Length: 0\\r\\n\\r\\n'
    """
    lines = [f"{method} {path} HTTP/1.1", "Host: kit"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + body


def read_answer(connection: ssl.SSLSocket, method: str = "GET", *, endless: bool = False) -> Answer:
    """Read one response; of an endless stream only what stands before its body."""
    response = http.client.HTTPResponse(connection, method=method)
    try:
        response.begin()
        return Answer(response.status, response.headers, b"" if endless and response.status == 200 else response.read())
    finally:
        response.close()
