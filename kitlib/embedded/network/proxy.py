"""The service proxy: every ClusterIP port is a listening socket whose connections go to a ready endpoint.

Source of the behaviour: kube-proxy in its old userspace mode. It never connects to a pod by itself: both ends come from
callbacks, since those addresses exist in the pod network only.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import socket
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import TypeAlias

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.network.pump import pump
from kitlib.embedded.network.zone import ServiceKey, Zone

__all__ = ["Dial", "Listen", "ServiceProxy"]

_log = logging.getLogger(__name__)

Listen: TypeAlias = Callable[[str, int], Awaitable[socket.socket]]
Dial: TypeAlias = Callable[[str, int], Awaitable[socket.socket]]

_HOST = "127.0.0.1"
_TRIES = 3
_RETRY = 1.0


@dataclass(frozen=True, slots=True)
class _Frontend:
    """A place where a service port is reachable."""

    service: ServiceKey
    port_name: str
    address: str
    port: int
    on_host: bool


class ServiceProxy:
    """Opens and closes listeners as Services come and go.

    Args:
        zone: Services and ready endpoints.
        listen: opens a listening TCP socket on an address of the pod network.
        dial: connects to an address in the pod network; raises OSError.
        listen_on_host: opens one on the host, for node ports; None for the host's own sockets.
        reserved: cluster IPs that are served by somebody else.
        rng: chooses endpoints.
    """

    def __init__(
        self,
        zone: Zone,
        *,
        listen: Listen,
        dial: Dial,
        listen_on_host: Listen | None = None,
        reserved: Collection[str] = (),
        rng: random.Random | None = None,
    ) -> None:
        self._zone = zone
        self._listen = listen
        self._dial = dial
        self._listen_on_host = listen_on_host or _host_socket
        self._reserved = reserved
        self._rng = rng or random.Random()
        self._following = self._open = False
        self._listeners: dict[_Frontend, asyncio.Task[None]] = {}
        self._connections: set[asyncio.Task[None]] = set()
        self._sticky: dict[tuple[ServiceKey, str], str] = {}

    def start(self) -> None:
        """Open what exists now and follow the zone; must run in the event loop, and may come after a `stop`."""
        self._open = True
        if not self._following:
            self._following = True
            self._zone.listen(self._sync)
        for key in self._zone.services():
            self._sync(key)

    async def stop(self) -> None:
        """Close every listener and connection."""
        self._open = False
        tasks = [*self._listeners.values(), *self._connections]
        self._listeners.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _sync(self, key: ServiceKey) -> None:
        if not self._open:
            return
        frontends = _frontends(key, self._zone.service(key))
        wanted = {frontend for frontend in frontends if frontend.address not in self._reserved}
        for frontend in [known for known in self._listeners if known.service == key and known not in wanted]:
            self._listeners.pop(frontend).cancel()
        for frontend in wanted - self._listeners.keys():
            self._listeners[frontend] = asyncio.get_running_loop().create_task(self._serve(frontend))

    async def _serve(self, frontend: _Frontend) -> None:
        opener = self._listen_on_host if frontend.on_host else self._listen
        while True:
            try:
                listener = await opener(frontend.address, frontend.port)
            except OSError as error:
                _log.warning("cannot listen on %s:%d: %s", frontend.address, frontend.port, error)
                await asyncio.sleep(_RETRY)
                continue
            with listener:
                await self._accept(frontend, listener)

    async def _accept(self, frontend: _Frontend, listener: socket.socket) -> None:
        listener.setblocking(False)
        loop = asyncio.get_running_loop()
        while True:
            try:
                client, peer = await loop.sock_accept(listener)
            except OSError as error:
                _log.warning("listener %s:%d broke: %s", frontend.address, frontend.port, error)
                await asyncio.sleep(_RETRY)
                return
            task = loop.create_task(self._connect(frontend, client, str(peer[0])))
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)

    async def _connect(self, frontend: _Frontend, client: socket.socket, peer: str) -> None:
        with client:
            for address, port in self._backends(frontend, peer)[:_TRIES]:
                with contextlib.suppress(OSError):
                    server = await self._dial(address, port)
                    await pump(client, server)
                    return
            # Closed without a byte: what a client sees of a service without endpoints.

    def _backends(self, frontend: _Frontend, peer: str) -> list[tuple[str, int]]:
        """Return the ready backends in the order to try; with session affinity the last one of this client first."""
        found = [
            (endpoint.address, number)
            for endpoint in self._zone.endpoints(frontend.service)
            for name, protocol, number in endpoint.ports
            if name == frontend.port_name and protocol == "TCP"
        ]
        self._rng.shuffle(found)
        service = self._zone.service(frontend.service)
        if found and service is not None and service["spec"].get("sessionAffinity") == "ClientIP":
            known = self._sticky.get((frontend.service, peer))
            found.sort(key=lambda backend: backend[0] != known)
            self._sticky[frontend.service, peer] = found[0][0]
        return found


def _frontends(key: ServiceKey, service: Object | None) -> list[_Frontend]:
    if service is None or service["spec"].get("type") == "ExternalName":
        return []
    address = service["spec"].get("clusterIP")
    if not address or address == "None":
        return []
    frontends = []
    for port in service["spec"].get("ports") or []:
        if (port.get("protocol") or "TCP") != "TCP":
            continue
        name = port.get("name") or ""
        frontends.append(_Frontend(key, name, address, int(port["port"]), on_host=False))
        if port.get("nodePort"):
            frontends.append(_Frontend(key, name, _HOST, int(port["nodePort"]), on_host=True))
    return frontends


async def _host_socket(address: str, port: int) -> socket.socket:
    return socket.create_server((address, port))
