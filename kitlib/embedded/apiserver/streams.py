"""Into a running pod: log, exec, attach and port-forward, handed to the kubelet of the pod's node."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.resources import by_name
from kitlib.embedded.apimachinery.status import bad_request, generic
from kitlib.embedded.apiserver.log_options import LogOptions
from kitlib.embedded.apiserver.log_stream import send_log
from kitlib.embedded.apiserver.node_streams import Node
from kitlib.embedded.apiserver.pod_containers import check_running, check_started, chosen_container
from kitlib.embedded.apiserver.port_forward import Target, forward
from kitlib.embedded.apiserver.remote_command import StreamOptions, serve
from kitlib.embedded.apiserver.request import ApiRequest
from kitlib.embedded.registry.registry import Registry

__all__ = ["PodStreams"]

_PODS = by_name("pods")
_KUBELET_PORT = 10250


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
        options = LogOptions.of(query, info.name, self._registry.clock.now())
        pod, node = self._locate(request)
        container = chosen_container(pod, query.get("container", ""))
        check_started(pod, container, previous=options.previous)
        lines = node.logs(
            info.namespace,
            info.name,
            container,
            follow=options.follow,
            previous=options.previous,
            tail_lines=options.tail_lines,
            since_time=options.since,
            timestamps=options.timestamps,
            limit_bytes=options.limit_bytes,
        )
        try:
            first = await anext(lines, b"")
        except LookupError as error:
            raise bad_request(str(error.args[0])) from error
        return await send_log(request.http, first, lines)

    async def exec(self, request: ApiRequest) -> web.StreamResponse:
        """GET or POST `/exec`, upgraded to a WebSocket or to SPDY."""
        query, info = request.http.query, request.info
        command = query.getall("command", [])
        if not command:
            raise bad_request("you must specify at least one command for the container")
        options = StreamOptions.of(query)
        pod, node = self._locate(request)
        container = chosen_container(pod, query.get("container", ""))
        check_running(pod, container)
        started = node.exec(info.namespace, info.name, container, command, stdin=options.stdin, tty=options.tty)
        return await serve(request.http, started, options)

    async def attach(self, request: ApiRequest) -> web.StreamResponse:
        """GET or POST `/attach`, upgraded to a WebSocket or to SPDY."""
        query, info = request.http.query, request.info
        options = StreamOptions.of(query)
        pod, node = self._locate(request)
        container = chosen_container(pod, query.get("container", ""))
        check_running(pod, container)
        started = node.attach(info.namespace, info.name, container, stdin=options.stdin, tty=options.tty)
        return await serve(request.http, started, options)

    async def port_forward(self, request: ApiRequest) -> web.StreamResponse:
        """GET or POST `/portforward`: SPDY, as it is or in a WebSocket, or two channels a port over one WebSocket."""
        info = request.info
        pod, node = self._locate(request)
        if pod.get("status", {}).get("phase") != "Running":
            phase = pod.get("status", {}).get("phase", "Pending")
            raise bad_request(f"unable to forward port because pod is not running. Current status={phase}")
        target = Target(pod, lambda port: node.connect(info.namespace, info.name, port))
        return await forward(request.http, target)

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
