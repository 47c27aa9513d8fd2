"""Run a command in a container over the WebSocket protocol that kubectl speaks (v5 or v4.channel.k8s.io)."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from kitlib.client.failures import Unreachable, api_error
from kitlib.errors import ClusterError

if TYPE_CHECKING:
    import websocket

    from kitlib.client.transport import Transport

__all__ = ["ExecResult", "execute"]

_STDOUT, _STDERR, _STATUS = 1, 2, 3


@dataclass(frozen=True, slots=True)
class ExecResult:
    """What a command printed, and how it ended."""

    stdout: str
    stderr: str
    exit_code: int


def execute(
    transport: Transport, path: str, command: Sequence[str], *, container: str | None, timeout: float
) -> ExecResult:
    """Run `command` in the pod at `path` and collect its output.

    Raises:
        ApiError: the server refused (no such pod or container).
        ClusterError: the command did not end within `timeout` seconds, or could not be started.
    """
    query: list[tuple[str, str]] = [("command", part) for part in command]
    query += [("stdout", "true"), ("stderr", "true")]
    query += [("container", container)] if container else []
    url = urlsplit(transport.access.server)
    scheme = "wss" if url.scheme == "https" else "ws"
    socket = _open(transport, f"{scheme}://{url.netloc}{transport.prefix}{path}?{urlencode(query)}", timeout)
    try:
        return _collect(socket, command, time.monotonic() + timeout)
    finally:
        socket.close()


def _open(transport: Transport, url: str, timeout: float) -> websocket.WebSocket:
    import websocket  # noqa: PLC0415 -- not needed before the first exec

    sslopt: dict[str, Any] = {}
    if transport.tls is not None:
        sslopt = {"context": transport.tls, "check_hostname": transport.tls.check_hostname}
        if transport.access.tls_server_name:
            sslopt["server_hostname"] = transport.access.tls_server_name
        if transport.access.insecure:
            sslopt["cert_reqs"] = ssl.CERT_NONE
    token = transport.access.token
    try:
        return websocket.create_connection(
            url,
            timeout=min(timeout, 10.0),
            subprotocols=["v5.channel.k8s.io", "v4.channel.k8s.io"],
            header=[f"Authorization: Bearer {token}"] if token else [],
            sslopt=sslopt,
            http_no_proxy=["*"],
            suppress_origin=True,
        )
    except websocket.WebSocketBadStatusException as error:
        body = error.resp_body or b""
        raise api_error(error.status_code, body if isinstance(body, bytes) else str(body).encode()) from None
    except (websocket.WebSocketException, OSError) as error:
        raise Unreachable(f"exec over {transport.access.server} failed: {error}", fix="see `kit status`") from None


def _collect(socket: websocket.WebSocket, command: Sequence[str], deadline: float) -> ExecResult:
    import websocket  # noqa: PLC0415

    streams = {_STDOUT: bytearray(), _STDERR: bytearray(), _STATUS: bytearray()}
    while not streams[_STATUS]:
        left = deadline - time.monotonic()
        if left <= 0:
            raise ClusterError(f"`{' '.join(command)}` did not end in time", fix="run a command that ends by itself")
        socket.settimeout(left)
        try:
            data = socket.recv()
        except websocket.WebSocketTimeoutException:
            continue
        except (websocket.WebSocketException, OSError):
            break
        if isinstance(data, str):
            data = data.encode()
        if not data and not socket.connected:
            break
        if data and data[0] in streams:
            streams[data[0]] += data[1:]
    return ExecResult(
        streams[_STDOUT].decode(errors="replace"),
        streams[_STDERR].decode(errors="replace"),
        _exit_code(bytes(streams[_STATUS]), command),
    )


def _exit_code(raw: bytes, command: Sequence[str]) -> int:
    try:
        status = json.loads(raw)
    except ValueError:
        raise ClusterError(f"`{' '.join(command)}` broke off without a status", fix="try again") from None
    if status.get("status") == "Success":
        return 0
    for cause in (status.get("details") or {}).get("causes") or []:
        if cause.get("reason") == "ExitCode":
            return int(cause["message"])
    raise ClusterError(
        f"`{' '.join(command)}` could not be run: {status.get('message')}", fix="check the command and the container"
    )
