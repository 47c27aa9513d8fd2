"""What probes and hooks do: a command in the container, an HTTP request, a TCP connection. One attempt each.

Everything goes through the runtime: nothing on the machine itself connects to a pod.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from urllib.parse import urljoin, urlsplit

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.kubelet.grpc_health import check_health
from kitlib.embedded.kubelet.pod_context import PodContext
from kitlib.embedded.kubelet.record import ContainerRecord
from kitlib.embedded.kubelet.runtime import RuntimeLost, StartError
from kitlib.embedded.kubelet.streams import run_command

__all__ = ["ActionFailed", "perform"]

_OUTPUT_LIMIT = 10 << 10
_DEFAULT_PORTS = {"HTTP": 80, "HTTPS": 443}
_MOST_REDIRECTS = 10


class ActionFailed(Exception):
    """The attempt failed; the text is what the kubelet's event says."""


async def perform(action: Object, context: PodContext, record: ContainerRecord, *, timeout: float) -> str:
    """Make one attempt; return what is doubtful about its success, or "".

    Args:
        action: a probe or a lifecycle handler: with `exec`, `httpGet`, `tcpSocket`, `grpc` or `sleep`.
        context: the pod.
        record: the container.
        timeout: seconds.

    Raises:
        ActionFailed: it did not succeed.
    """
    try:
        async with asyncio.timeout(timeout):
            if command := action.get("exec"):
                await _command(command.get("command") or [], context, record, timeout)
            elif request := action.get("httpGet"):
                return await _http(request, context, record)
            elif target := action.get("tcpSocket"):
                await _tcp(target, context, record)
            elif target := action.get("grpc"):
                await _grpc(target, context, record)
            elif wait := action.get("sleep"):
                await context.clock.sleep(wait["seconds"])
    except TimeoutError as error:
        raise ActionFailed(_timeout_text(action, context, record, timeout)) from error
    except RuntimeLost as error:
        raise ActionFailed(str(error)) from error
    return ""


async def _command(command: list[str], context: PodContext, record: ContainerRecord, timeout: float) -> None:
    if record.execution is None:
        raise ActionFailed("container is not running")
    try:
        code, output = await run_command(context.runtime, record.execution.id, command, timeout=timeout)
    except StartError as error:
        raise ActionFailed(str(error)) from error
    if code != 0:
        raise ActionFailed(output[:_OUTPUT_LIMIT].decode(errors="replace").strip() or f"command exited with {code}")


async def _http(request: Object, context: PodContext, record: ContainerRecord) -> str:
    scheme = request.get("scheme", "HTTP")
    host, port = request.get("host") or context.ip, _port(request.get("port"), record, _DEFAULT_PORTS[scheme])
    url = f"{scheme.lower()}://{host}:{port}/{request.get('path', '/').lstrip('/')}"
    headers = {header["name"]: header["value"] for header in request.get("httpHeaders") or []}
    for _ in range(_MOST_REDIRECTS):
        code, location, body = await _get(context, url, headers)
        if not 200 <= code < 400:
            raise ActionFailed(f"HTTP probe failed with statuscode: {code}")
        if code < 300 or not location:
            return ""
        following = urljoin(url, location)
        if urlsplit(following).hostname != host:  # a probe does not leave its pod
            return f"Probe terminated redirects, Response body: {body}"
        url = following
    raise ActionFailed(f'Get "{url}": stopped after {_MOST_REDIRECTS} redirects')


async def _get(context: PodContext, url: str, further: dict[str, str]) -> tuple[int, str, str]:
    """Return the code, the `Location` and the begin of the body of a response."""
    parts = urlsplit(url)
    port = parts.port or _DEFAULT_PORTS[parts.scheme.upper()]
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {"Host": parts.netloc, "User-Agent": "kube-probe/1.36", "Accept": "*/*", "Connection": "close"} | further
    lines = [f"GET {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    try:
        reader, writer = await _connect(context, str(parts.hostname), port, tls=parts.scheme == "https")
    except OSError as error:
        raise ActionFailed(f'Get "{url}": {_dial_text(str(parts.hostname), port, error)}') from error
    try:
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        status, location, body = (await reader.readline()).split(), "", ""
        if len(status) > 1 and status[1].startswith(b"3"):
            while line := (await reader.readline()).decode(errors="replace").strip():
                name, _, value = line.partition(":")
                location = value.strip() if name.lower() == "location" else location
            body = (await reader.read(_OUTPUT_LIMIT)).decode(errors="replace")
    except (OSError, ValueError) as error:  # a line longer than any should be is a ValueError
        raise ActionFailed(f'Get "{url}": {getattr(error, "strerror", None) or error}') from error
    finally:
        writer.close()
    if len(status) < 2 or not status[1].isdigit():
        raise ActionFailed(f'Get "{url}": EOF')
    return int(status[1]), location, body


async def _tcp(target: Object, context: PodContext, record: ContainerRecord) -> None:
    host, port = target.get("host") or context.ip, _port(target.get("port"), record, 0)
    try:
        _, writer = await _connect(context, host, port, tls=False)
    except OSError as error:
        raise ActionFailed(_dial_text(host, port, error)) from error
    writer.close()


async def _grpc(target: Object, context: PodContext, record: ContainerRecord) -> None:
    host, port = context.ip, _port(target.get("port"), record, 0)
    try:
        reader, writer = await _connect(context, host, port, tls=False)
    except OSError as error:
        raise ActionFailed(f'timeout: failed to connect service "{host}:{port}" within 1s: {error}') from error
    try:
        status = await check_health(reader, writer, f"{host}:{port}", target.get("service") or "")
    except (OSError, EOFError) as error:
        raise ActionFailed(f"error: health rpc probe failed: {error}") from error
    finally:
        writer.close()
    if status != "SERVING":
        raise ActionFailed(f'service unhealthy (responded with "{status}")')


async def _connect(
    context: PodContext, host: str, port: int, *, tls: bool
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    connection = await context.runtime.dial(host, port)
    unverified = None
    if tls:  # the kubelet does not verify certificates of probes
        unverified = ssl.create_default_context()
        unverified.check_hostname = False
        unverified.verify_mode = ssl.CERT_NONE
    try:
        return await asyncio.open_connection(sock=connection, ssl=unverified, server_hostname=host if tls else None)
    except BaseException:
        connection.close()
        raise


def _port(port: int | str | None, record: ContainerRecord, default: int) -> int:
    if isinstance(port, int):
        return port
    for candidate in record.spec.get("ports") or []:
        if candidate.get("name") == port:
            return int(candidate["containerPort"])
    with contextlib.suppress(ValueError, TypeError):
        return int(port)  # type: ignore[arg-type]  # a number written as text is allowed
    if port:
        raise ActionFailed(f'couldn\'t find port: "{port}" in container {record.name}')
    return default


def _dial_text(host: str, port: int, error: OSError) -> str:
    return f"dial tcp {host}:{port}: connect: {(error.strerror or str(error)).lower()}"


def _timeout_text(action: Object, context: PodContext, record: ContainerRecord, timeout: float) -> str:
    if request := action.get("httpGet"):
        scheme = request.get("scheme", "HTTP")
        host, port = request.get("host") or context.ip, _port(request.get("port"), record, _DEFAULT_PORTS[scheme])
        url = f"{scheme.lower()}://{host}:{port}/{request.get('path', '/').lstrip('/')}"
        return f'Get "{url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
    if "exec" in action:
        command = " ".join(action["exec"].get("command") or [])
        return f'command timed out: "{command}" timed out after {timeout:g}s'
    return f"dial tcp {context.ip}: i/o timeout"
