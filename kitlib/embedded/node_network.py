"""What the control plane serves inside the pod network: DNS, service proxies, and the API itself.

All of it stands on sockets that the runtime hands over. When the runtime is lost those sockets are dead, so everything
here can be opened again.
"""

from __future__ import annotations

import asyncio
import logging
import socket

from aiohttp import web

from kitlib.embedded.apiserver.endpoint import HttpsEndpoint
from kitlib.embedded.kubelet.runtime import Runtime, RuntimeLost
from kitlib.embedded.network.dns_server import DnsServer
from kitlib.embedded.network.host_ports import HostPorts
from kitlib.embedded.network.listeners import Sockets
from kitlib.embedded.network.proxy import ServiceProxy
from kitlib.embedded.network.zone import Zone
from kitlib.embedded.registry.client import Client

__all__ = ["NodeNetwork"]

_DNS_ADDRESS, _DNS_PORT = "10.96.0.10", 53
_API_ADDRESS, _API_PORT = "10.244.0.1", 6443  # what the endpoints of the service `kubernetes` say
_RETRY_SECONDS = 1.0
_log = logging.getLogger(__name__)


class NodeNetwork:
    """Opens and closes what pods reach beyond other pods.

    Args:
        client: where services and endpoints are read.
        runtime: gives sockets of the pod network.
        endpoint: the API, served to pods too.
    """

    def __init__(self, client: Client, runtime: Runtime, endpoint: HttpsEndpoint) -> None:
        self._runtime, self._endpoint = runtime, endpoint
        self._zone = Zone()
        sockets = Sockets(listen=self._listen, dial=self._dial, datagrams=self._datagrams)
        self._host_ports = HostPorts(self._zone, sockets)
        self._cancels = [self._zone.subscribe_to(client), client.subscribe("pods", self._host_ports.apply)]
        self._proxy = ServiceProxy(self._zone, sockets, reserved={_DNS_ADDRESS}, node_of=self._host_ports.node_of)
        self._dns: DnsServer | None = None
        self._api: web.SockSite | None = None
        self._reopening: asyncio.Task[None] | None = None
        runtime.on_restart(self._reopen)

    async def open(self) -> None:
        """Open every socket and serve on it."""
        datagrams = await self._runtime.datagrams(_DNS_ADDRESS, _DNS_PORT)
        stream = await self._runtime.listen(_DNS_ADDRESS, _DNS_PORT)
        self._dns = DnsServer(self._zone, udp=datagrams, tcp=stream)
        await self._dns.start()
        self._api = await self._endpoint.serve(await self._runtime.listen(_API_ADDRESS, _API_PORT))
        self._proxy.start()
        self._host_ports.start()

    async def close(self) -> None:
        """Close every socket and forget the zone."""
        if self._reopening is not None:
            self._reopening.cancel()
            await asyncio.gather(self._reopening, return_exceptions=True)
        for cancel in self._cancels:
            cancel()
        await self._close_sockets()

    async def _close_sockets(self) -> None:
        await self._proxy.stop()
        await self._host_ports.stop()
        if self._dns is not None:
            await self._dns.stop()
            self._dns = None
        if self._api is not None:
            await self._api.stop()
            self._api = None

    def _reopen(self) -> None:
        if self._reopening is not None:
            self._reopening.cancel()
        self._reopening = asyncio.ensure_future(self._open_again(self._reopening))

    async def _open_again(self, earlier: asyncio.Task[None] | None) -> None:
        if earlier is not None:
            await asyncio.gather(earlier, return_exceptions=True)
        _log.warning("the node agent was lost and is back: opening DNS, services and the API in its network again")
        while True:
            await self._close_sockets()
            try:
                return await self.open()
            except RuntimeLost:
                return None  # lost again: it calls back once more when it is back
            except OSError as error:
                _log.warning("the pod network can't be served: %s", error)
                await asyncio.sleep(_RETRY_SECONDS)

    async def _listen(self, address: str, port: int) -> socket.socket:
        """Listen in the pod network; without a runtime it is unreachable like any other network."""
        try:
            return await self._runtime.listen(address, port)
        except RuntimeLost as error:
            raise ConnectionError(str(error)) from error

    async def _datagrams(self, address: str, port: int) -> socket.socket:
        """Bind a UDP socket in the pod network."""
        try:
            return await self._runtime.datagrams(address, port)
        except RuntimeLost as error:
            raise ConnectionError(str(error)) from error

    async def _dial(self, address: str, port: int) -> socket.socket:
        """Connect in the pod network."""
        try:
            return await self._runtime.dial(address, port)
        except RuntimeLost as error:
            raise ConnectionError(str(error)) from error
