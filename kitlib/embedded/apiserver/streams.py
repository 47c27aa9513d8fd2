"""Into a running pod: log, exec, attach and port-forward, handed to the kubelet of the pod's node."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import datetime
from typing import Protocol

import orjson
from aiohttp import web

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.resources import by_name
from kitlib.embedded.apimachinery.status import StatusError, bad_request, generic
from kitlib.embedded.apimachinery.times import parse_time
from kitlib.embedded.apiserver import channels
from kitlib.embedded.apiserver.request import ApiRequest
from kitlib.embedded.apiserver.request_info import is_true
from kitlib.embedded.registry.registry import Registry

__all__ = ["ExecSession", "Node", "PodStreams"]

_PODS = by_name("pods")
_DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
_CHUNK = 65536
_KUBELET_PORT = 10250


class ExecSession(Protocol):
    """A command that runs in a container, or the container's own process when attached."""

    def output(self) -> AsyncIterator[tuple[int, bytes]]:
        """Yield (1 for stdout or 2 for stderr, bytes) until both are closed."""

    async def write(self, data: bytes) -> None:
        """Write to stdin."""

    async def close_stdin(self) -> None:
        """Close stdin."""

    async def resize(self, width: int, height: int) -> None:
        """Tell the terminal its size in characters."""

    async def wait(self) -> int:
        """Return the exit code once it has ended."""

    async def close(self) -> None:
        """End it if it still runs, and let go of its streams."""


class Node(Protocol):
    """The streaming side of a kubelet."""

    def logs(
        self,
        namespace: str,
        pod: str,
        container: str,
        *,
        follow: bool = False,
        previous: bool = False,
        tail_lines: int | None = None,
        since_time: datetime | None = None,
        timestamps: bool = False,
        limit_bytes: int | None = None,
    ) -> AsyncIterator[bytes]:
        """Yield the container's log; LookupError when there is none."""

    async def exec(
        self, namespace: str, pod: str, container: str, command: list[str], *, stdin: bool, tty: bool
    ) -> ExecSession:
        """Start a command in a container; LookupError when it does not run, OSError when it can't be started."""

    async def attach(self, namespace: str, pod: str, container: str, *, stdin: bool, tty: bool) -> ExecSession:
        """Join the container's own streams; LookupError when it does not run."""

    async def connect(self, namespace: str, pod: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to a port inside the pod's network; OSError when nobody listens."""


class PodStreams:
    """Answers the streaming subresources of pods.

    Args:
        registry: where pods are looked up.
        node: finds the kubelet of a node by name; None when it is down.
    """

    def __init__(self, registry: Registry, node: Callable[[str], Node | None]) -> None:
        self._registry, self._node = registry, node

    async def log(self, request: ApiRequest) -> web.StreamResponse:
        """GET `/log`."""
        query, info = request.http.query, request.info
        pod, node = self._locate(request)
        container = _container(pod, query.get("container", ""))
        previous = is_true(query.get("previous"))
        _check_started(pod, container, previous=previous)
        since = _since(query.get("sinceTime"), query.get("sinceSeconds"), self._registry.clock.now())
        lines = node.logs(
            info.namespace,
            info.name,
            container,
            follow=is_true(query.get("follow")),
            previous=previous,
            tail_lines=_number(query.get("tailLines"), "tailLines"),
            since_time=since,
            timestamps=is_true(query.get("timestamps")),
            limit_bytes=_number(query.get("limitBytes"), "limitBytes"),
        )
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        try:
            first = await anext(lines, b"")
        except LookupError as error:
            raise bad_request(str(error.args[0])) from error
        await response.prepare(request.http)
        try:
            await response.write(first)
            async for chunk in lines:
                await response.write(chunk)
        except ConnectionResetError:
            return response  # the client stopped following
        await response.write_eof()
        return response

    async def exec(self, request: ApiRequest) -> web.StreamResponse:
        """GET or POST `/exec`, upgraded to a WebSocket."""
        query, info = request.http.query, request.info
        command = query.getall("command", [])
        if not command:
            raise bad_request("you must specify at least one command for the container")
        pod, node = self._locate(request)
        container = _container(pod, query.get("container", ""))
        _check_running(pod, container)
        stdin, tty = is_true(query.get("stdin")), is_true(query.get("tty"))
        started = node.exec(info.namespace, info.name, container, command, stdin=stdin, tty=tty)
        return await self._stream(request, started)

    async def attach(self, request: ApiRequest) -> web.StreamResponse:
        """GET or POST `/attach`, upgraded to a WebSocket."""
        query, info = request.http.query, request.info
        pod, node = self._locate(request)
        container = _container(pod, query.get("container", ""))
        _check_running(pod, container)
        stdin, tty = is_true(query.get("stdin")), is_true(query.get("tty"))
        return await self._stream(request, node.attach(info.namespace, info.name, container, stdin=stdin, tty=tty))

    async def _stream(
        self, request: ApiRequest, starting: Coroutine[object, object, ExecSession]
    ) -> web.StreamResponse:
        socket = web.WebSocketResponse(protocols=channels.PROTOCOLS, max_msg_size=32 << 20)
        if not socket.can_prepare(request.http):
            starting.close()
            raise bad_request("Upgrade request required")
        try:
            session = await starting
        except LookupError as error:
            raise bad_request(str(error.args[0])) from error
        except OSError as error:
            await socket.prepare(request.http)
            await channels.Channels(socket).finish(channels.internal_error(str(error)))
            return socket
        await socket.prepare(request.http)
        await _serve_session(channels.Channels(socket), session)
        return socket

    async def port_forward(self, request: ApiRequest) -> web.StreamResponse:
        """GET `/portforward` as the Python client asks: two channels a port over one WebSocket."""
        info = request.info
        ports = [int(p) for text in request.http.query.getall("ports", []) for p in text.split(",") if p.isdigit()]
        _, node = self._locate(request)
        socket = web.WebSocketResponse(protocols=("v4.channel.k8s.io", "portforward.k8s.io"), max_msg_size=32 << 20)
        if not ports or not socket.can_prepare(request.http):
            raise bad_request("Upgrade request required, with at least one port in the query")
        await socket.prepare(request.http)
        stream = channels.Channels(socket)
        writers: dict[int, asyncio.StreamWriter] = {}
        pumps: list[asyncio.Future[None]] = []
        for index, port in enumerate(ports):
            for channel in (2 * index, 2 * index + 1):
                await stream.send(channel, struct.pack("<H", port))
            try:
                reader, writers[2 * index] = await node.connect(info.namespace, info.name, port)
            except (OSError, LookupError) as error:
                await stream.send(2 * index + 1, f"connect to port {port} of {info.name}: {error}".encode())
                continue
            pumps.append(asyncio.ensure_future(_pump(reader, stream, 2 * index)))
        # As a kubelet does: the connection lasts as long as what it forwards.
        ending = asyncio.ensure_future(_close_after(pumps, socket))
        try:
            async for channel, data in stream.received():
                if writer := writers.get(channel):
                    writer.write(data)
                    await writer.drain()
        except ConnectionError:
            pass
        finally:
            for task in (ending, *pumps):
                task.cancel()
            for writer in writers.values():
                writer.close()
        return socket

    def _locate(self, request: ApiRequest) -> tuple[Object, Node]:
        pod = self._registry.get(_PODS, request.info.name, request.info.namespace)
        name = pod["spec"].get("nodeName", "")
        if not name:
            raise bad_request(f"pod {request.info.name} does not have a host assigned")
        node = self._node(name)
        if node is None:
            host = pod.get("status", {}).get("hostIP", name)
            text = f"error dialing backend: dial tcp {host}:{_KUBELET_PORT}: connect: connection refused"
            raise generic(500, "InternalError", text)
        return pod, node


async def _pump(reader: asyncio.StreamReader, stream: channels.Channels, channel: int) -> None:
    while data := await reader.read(_CHUNK):
        await stream.send(channel, data)


async def _close_after(pumps: list[asyncio.Future[None]], socket: web.WebSocketResponse) -> None:
    await asyncio.gather(*pumps, return_exceptions=True)
    await socket.close()


async def _serve_session(stream: channels.Channels, session: ExecSession) -> None:
    """Carry bytes both ways until the command ends or the client goes."""
    reading = asyncio.ensure_future(_feed(stream, session))
    try:
        await stream.send(channels.STDOUT, b"")
        async for channel, data in session.output():
            await stream.send(channel, data)
        await stream.finish(channels.exit_status(await session.wait()))
    except ConnectionError:
        pass  # the client has gone
    finally:
        reading.cancel()
        await session.close()


async def _feed(stream: channels.Channels, session: ExecSession) -> None:
    try:
        async for channel, data in stream.received():
            if channel == channels.STDIN:
                await session.write(data)
            elif channel == channels.RESIZE:
                size = orjson.loads(data)
                await session.resize(int(size["Width"]), int(size["Height"]))
            elif channel == channels.CLOSE:
                await session.close_stdin()
    except (ConnectionError, ValueError, KeyError):
        return
    await session.close()  # the client closed the connection: nobody reads the output any more


def _containers(pod: Object) -> list[str]:
    spec = pod["spec"]
    groups = (spec.get("initContainers"), spec.get("containers"), spec.get("ephemeralContainers"))
    return [c["name"] for group in groups for c in group or []]


def _container(pod: Object, wanted: str) -> str:
    """Return the container that is meant.

    Raises:
        StatusError: 400 when it is not in the pod, or must be named.
    """
    name: str = pod["metadata"]["name"]
    mains: list[str] = [c["name"] for c in pod["spec"]["containers"]]
    wanted = wanted or (pod["metadata"].get("annotations") or {}).get(_DEFAULT_CONTAINER, "")
    if not wanted:
        if len(mains) > 1:
            choices = " ".join(mains)
            raise bad_request(f"a container name must be specified for pod {name}, choose one of: [{choices}]")
        return mains[0]
    if wanted not in _containers(pod):
        raise bad_request(f"container {wanted} is not valid for pod {name}")
    return wanted


def _check_started(pod: Object, container: str, *, previous: bool) -> None:
    status = pod.get("status", {})
    statuses = [*(status.get("containerStatuses") or []), *(status.get("initContainerStatuses") or [])]
    found = next((s for s in statuses if s["name"] == container), None)
    name = pod["metadata"]["name"]
    if previous:
        if not (found or {}).get("lastState", {}).get("terminated"):
            raise bad_request(f'previous terminated container "{container}" in pod "{name}" not found')
        return
    waiting = (found or {}).get("state", {}).get("waiting")
    if found is None or (waiting and not found.get("lastState", {}).get("terminated")):
        reason = (waiting or {}).get("reason", "ContainerCreating")
        raise bad_request(f'container "{container}" in pod "{name}" is waiting to start: {reason}')


def _check_running(pod: Object, container: str) -> None:
    """Say why there is nothing to enter, before the upgrade: after it a client tries SPDY, and shows that error.

    Raises:
        StatusError: 400.
    """
    status, name = pod.get("status", {}), pod["metadata"]["name"]
    if status.get("phase") in ("Succeeded", "Failed"):
        raise bad_request(f"cannot exec into a container in a completed pod; current phase is {status['phase']}")
    groups = ("containerStatuses", "initContainerStatuses")
    states = {s["name"]: s.get("state") or {} for group in groups for s in status.get(group) or []}
    state = states.get(container, {})
    if "running" not in state:
        why = next((value.get("reason", key) for key, value in state.items()), "ContainerCreating")
        raise bad_request(f'container "{container}" in pod "{name}" does not run: {why}')


def _number(text: str | None, name: str) -> int | None:
    if text in (None, ""):
        return None
    if not text.lstrip("-").isdigit() or int(text) < 0:
        raise StatusError(400, "BadRequest", f"{name}: Invalid value: {text}: must be greater than or equal to 0")
    return int(text)


def _since(time: str | None, seconds: str | None, now: datetime) -> datetime | None:
    if time:
        try:
            return parse_time(time)
        except ValueError as error:
            raise bad_request(f"sinceTime: {error}") from error
    if seconds and (number := _number(seconds, "sinceSeconds")) is not None:
        return datetime.fromtimestamp(now.timestamp() - number, now.tzinfo)
    return None
