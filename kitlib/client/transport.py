"""HTTP to one API server: JSON dicts in and out, over the same urllib3 that the official client uses."""

from __future__ import annotations

import json
import os
import re
import socket
import ssl
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import urllib3

from kitlib.client.failures import Unreachable, api_error
from kitlib.client.kubeconfig import Access
from kitlib.errors import UsageError

__all__ = ["Transport"]

_CONNECT_SECONDS = 5.0
_KEPT_CONNECTIONS = 64
#: `299 - "the text"`; several headers arrive joined by commas. Source: RFC 7234, section 5.5.
_WARNING = re.compile(r'(\d{3}) \S+ "((?:[^"\\]|\\.)*)"')

Opened = Callable[[Callable[[], None]], None]
"""Given a function that ends the stream at once, from any thread."""


class Transport:
    """A pool of connections to `access.server`; safe to use from several threads."""

    def __init__(self, access: Access) -> None:
        self.access = access
        url = urlsplit(access.server)
        if url.scheme not in ("http", "https") or not url.hostname:
            raise UsageError(f"{access.server!r} is not the URL of an API server", fix="get a new kubeconfig")
        self.prefix = url.path.rstrip("/")
        self.tls = _tls(access) if url.scheme == "https" else None
        self.headers = {"User-Agent": "kit", "Accept": "application/json"}
        if access.token:
            self.headers["Authorization"] = f"Bearer {access.token}"
        if self.tls is None:
            self._pool = urllib3.HTTPConnectionPool(url.hostname, url.port, maxsize=_KEPT_CONNECTIONS)
        else:
            self._pool = urllib3.HTTPSConnectionPool(
                url.hostname,
                url.port,
                maxsize=_KEPT_CONNECTIONS,
                ssl_context=self.tls,
                server_hostname=access.tls_server_name or None,
                assert_hostname=False if access.insecure else None,
            )

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        content_type: str = "application/json",
        timeout: float = 30.0,
        warnings: list[str] | None = None,
    ) -> bytes:
        """Send one request and return the raw answer; what the server warns of is added to `warnings`.

        Raises:
            ApiError: the server refused.
            Unreachable: there was no answer.
        """
        answer = self._send(method, path, query=query, body=body, content_type=content_type, timeout=timeout)
        if warnings is not None:
            warnings += [found[1].replace("\\", "") for found in _WARNING.findall(answer.headers.get("Warning", ""))]
        if answer.status >= 400:
            raise api_error(answer.status, answer.data)
        return answer.data

    def json(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        """Like `request`, and decode the answer, which must be a JSON object."""
        raw = self.request(method, path, **options)
        try:
            decoded = json.loads(raw)
        except ValueError:
            decoded = None
        if not isinstance(decoded, dict):
            raise Unreachable(f"{self.access.server} does not speak the Kubernetes API", fix="check the kubeconfig")
        return decoded

    def lines(
        self, path: str, *, query: Mapping[str, Any], idle: float, opened: Opened = lambda _: None
    ) -> Iterator[bytes]:
        """Stream an answer line by line until the server ends it; closing the iterator closes the connection."""
        answer = self._send("GET", path, query=query, body=None, timeout=idle, stream=True)
        opened(lambda: _hang_up(answer))
        try:
            if answer.status >= 400:
                raise api_error(answer.status, answer.read())
            rest = b""
            for chunk in answer.stream(amt=65536):
                *whole, rest = (rest + chunk).split(b"\n")
                yield from (line for line in whole if line)
        except urllib3.exceptions.HTTPError as error:
            raise self._unreachable(error) from None
        finally:
            answer.close()

    def close(self) -> None:
        """Close idle connections."""
        self._pool.close()

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None,
        body: Any,
        timeout: float,
        content_type: str = "application/json",
        stream: bool = False,
    ) -> urllib3.BaseHTTPResponse:
        url = self.prefix + path + ("?" + urlencode(query, doseq=True) if query else "")
        headers = dict(self.headers)
        data = None
        if body is not None:
            headers["Content-Type"] = content_type
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
        try:
            return self._pool.urlopen(
                method,
                url,
                body=data,
                headers=headers,
                preload_content=not stream,
                timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=timeout),
                retries=_retries(method, content_type) if not stream else False,
                redirect=False,
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self._unreachable(error) from None

    def _unreachable(self, error: Exception) -> Unreachable:
        cause = getattr(error, "reason", None) or error
        if isinstance(cause, urllib3.exceptions.SSLError | ssl.SSLError):
            return Unreachable(
                f"the API server {self.access.server} is not the one the kubeconfig trusts: {cause}",
                fix="get a new kubeconfig with `kit kubeconfig`",
            )
        if isinstance(cause, urllib3.exceptions.NewConnectionError):
            text = "nothing listens there"
        elif isinstance(cause, urllib3.exceptions.ProtocolError):
            text = "the connection broke off"
        else:
            text = str(cause).partition(": ")[2] or str(cause)
        return Unreachable(
            f"the API server {self.access.server} does not answer: {text}",
            fix="see `kit status`; start the cluster with `kit up`",
        )


def _retries(method: str, content_type: str) -> urllib3.Retry | bool:
    """A kept-alive connection may have died with a restarted server; what has the same effect twice is tried again."""
    if method in ("GET", "DELETE") or content_type == "application/apply-patch+yaml":
        return urllib3.Retry(total=2, backoff_factor=0.1, allowed_methods=None, status=0, raise_on_status=False)
    return False


def _hang_up(answer: urllib3.BaseHTTPResponse) -> None:
    """Shut the connection down: a reader that waits in another thread wakes up with an end of file."""
    sock = getattr(answer.connection, "sock", None)
    if sock is not None:
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


def _tls(access: Access) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cadata=access.ca or None)
    except ssl.SSLError as error:
        raise UsageError(f"the CA in {access.kubeconfig} is not PEM: {error}", fix="get a new kubeconfig") from None
    if access.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if access.certificate:
        _present(context, access)
    return context


def _present(context: ssl.SSLContext, access: Access) -> None:
    """Load the client certificate; OpenSSL reads it from a file only, so it is on disk for this moment, mode 0600."""
    handle, name = tempfile.mkstemp(prefix="kit-", suffix=".pem")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(access.certificate.rstrip() + "\n" + access.key)
        context.load_cert_chain(name)
    except ssl.SSLError as error:
        raise UsageError(
            f"the client certificate in {access.kubeconfig} is not usable: {error}", fix="get a new kubeconfig"
        ) from None
    finally:
        with suppress(OSError):
            Path(name).unlink()
