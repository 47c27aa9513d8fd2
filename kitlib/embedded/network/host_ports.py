"""Host ports: a port of a pod that is reachable on its node's address.

Source of the behaviour: the portmap plugin of the container network interface.
"""

from __future__ import annotations

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.network.frontends import Frontend, Owner, Target, of_pod
from kitlib.embedded.network.listeners import Listeners, Sockets
from kitlib.embedded.network.zone import Zone
from kitlib.embedded.storage.event import Event

__all__ = ["HostPorts"]


class HostPorts:
    """Follows pods; it also knows the node of each pod's address.

    Args:
        zone: the nodes' addresses.
        sockets: how sockets are made.
    """

    def __init__(self, zone: Zone, sockets: Sockets) -> None:
        self._zone = zone
        self._pods: dict[Owner, Object] = {}
        self._nodes: dict[str, str] = {}
        self._listeners = Listeners(sockets, self._choose)
        self._open = False

    def start(self) -> None:
        """Open what exists now; must run in the event loop, and may come after a `stop`."""
        self._open = True
        for owner, pod in self._pods.items():
            self._listeners.want(owner, of_pod(pod, self._zone.nodes))

    async def stop(self) -> None:
        """Close every listener and connection."""
        self._open = False
        await self._listeners.stop()

    def node_of(self, address: str) -> str:
        """Return the node of the pod with this address, or ""."""
        return self._nodes.get(address, "")

    def apply(self, event: Event) -> None:
        """Take a change of a pod in."""
        pod = event.object
        owner, address = (objects.namespace(pod), objects.name(pod)), (pod.get("status") or {}).get("podIP", "")
        if event.type == "DELETED":
            self._pods.pop(owner, None)
            self._nodes.pop(address, None)
        else:
            self._pods[owner] = pod
            if address:
                self._nodes[address] = pod["spec"].get("nodeName", "")
        if self._open:
            self._listeners.want(owner, of_pod(pod, self._zone.nodes) if owner in self._pods else set())

    def _choose(self, frontend: Frontend, _: str) -> list[Target]:
        pod = self._pods.get(frontend.owner)
        address = (pod.get("status") or {}).get("podIP") if pod else None
        return [(address, int(frontend.port))] if address else []
