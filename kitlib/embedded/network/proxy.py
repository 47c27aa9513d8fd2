"""The service proxy: a Service port with a backend is a listening socket whose connections go to one of them.

Source of the behaviour: kube-proxy. A Service without backends has no socket, so that clients are refused. It never
connects to a pod by itself: both ends come from callbacks, since those addresses exist in the pod network only.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection

from kitlib.embedded.network.affinity import Affinity
from kitlib.embedded.network.frontends import Frontend, Owner, Target, of_service
from kitlib.embedded.network.listeners import Listeners, Sockets
from kitlib.embedded.network.zone import Endpoint, Zone

__all__ = ["ServiceProxy"]


class ServiceProxy:
    """Opens and closes listeners as Services and their endpoints come and go.

    Args:
        zone: Services, endpoints and nodes.
        sockets: how sockets are made.
        reserved: cluster IPs that are served by somebody else.
        node_of: the address of a pod to the name of its node, "" when it is nobody's.
        rng: chooses endpoints.
        now: monotonic seconds, for session affinity.
    """

    def __init__(
        self,
        zone: Zone,
        sockets: Sockets,
        *,
        reserved: Collection[str] = (),
        node_of: Callable[[str], str] = lambda _: "",
        rng: random.Random | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._zone, self._reserved, self._node_of = zone, reserved, node_of
        self._rng = rng or random.Random()
        self._affinity = Affinity(now)
        self._listeners = Listeners(sockets, self._choose)
        self._following = self._open = False

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
        await self._listeners.stop()

    def _sync(self, key: Owner) -> None:
        if not self._open:
            return
        service = self._zone.service(key)
        served = {(name, protocol) for endpoint in self._zone.backends(key) for name, protocol, _ in endpoint.ports}
        self._listeners.want(
            key,
            {
                frontend
                for frontend in of_service(key, service, self._zone.nodes)
                if frontend.address not in self._reserved and (frontend.port, frontend.protocol) in served
            },
        )
        if service is None or service["spec"].get("sessionAffinity") != "ClientIP":
            self._affinity.forget(key)

    def _choose(self, frontend: Frontend, peer: str) -> list[Target]:
        """Return the backends in the order to try; with session affinity this client's last one first."""
        service = self._zone.service(frontend.owner)
        if service is None:
            return []
        endpoints = self._zone.backends(frontend.owner)
        policy = "externalTrafficPolicy" if frontend.node else "internalTrafficPolicy"
        if service["spec"].get(policy) == "Local" and not frontend.on_host:
            node = frontend.node or self._node_of(peer)
            endpoints = [endpoint for endpoint in endpoints if node in ("", endpoint.node)]
        found = _targets(frontend, endpoints)
        self._rng.shuffle(found)
        return self._affinity.order(frontend.owner, service, peer, found) if found else []


def _targets(frontend: Frontend, endpoints: list[Endpoint]) -> list[Target]:
    """Return where the frontend's port is served: by what is ready, or else by what still serves while it stops."""
    ready = [endpoint for endpoint in endpoints if endpoint.ready] or endpoints
    return [
        (endpoint.address, number)
        for endpoint in ready
        for name, protocol, number in endpoint.ports
        if (name, protocol) == (frontend.port, frontend.protocol)
    ]
