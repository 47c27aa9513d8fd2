"""The machines below the nodes: each runs a kubelet, or has failed because somebody wants to see what happens then.

What is wanted of a machine is an annotation on its Node, so that whoever may change nodes may make them fail, from
wherever the API is reached, and so that it lasts:

* `unreachable`: the kubelet neither hears nor says anything, and its pods go on, as when the network is cut;
* `off`: the kubelet and the processes of its pods are gone, as when the power is cut.

Without the annotation the machine runs.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.status import StatusError
from kitlib.embedded.cluster_shape import MACHINE
from kitlib.embedded.kubelet.kubelet import Kubelet
from kitlib.embedded.registry.client import Client
from kitlib.embedded.registry.severable import SeverableClient
from kitlib.embedded.storage.event import Event

__all__ = ["Machines"]

_UNREACHABLE, _OFF = "unreachable", "off"
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Machine:
    kubelet: Kubelet
    client: SeverableClient
    state: str = _OFF
    wanted: str = ""
    work: asyncio.Task[None] | None = field(default=None, repr=False)


class Machines:
    """Starts all machines, and follows what is wanted of each.

    Args:
        client: where Nodes are watched.
        build: makes the kubelet of a node, and the client that it uses.
    """

    def __init__(self, client: Client, build: Callable[[str], tuple[Kubelet, SeverableClient]]) -> None:
        self._client, self._build = client, build
        self._machines: dict[str, _Machine] = {}
        self._unsubscribe: Callable[[], None] = lambda: None

    def kubelet(self, node: str) -> Kubelet | None:
        """Return the kubelet of a node, or None when it does not answer."""
        machine = self._machines.get(node)
        return machine.kubelet if machine is not None and machine.state == "" else None

    async def start(self, names: Sequence[str]) -> None:
        """Start the machines that are not meant to be failed."""
        for name in names:
            machine = self._machines[name] = _Machine(*self._build(name))
            node = self._client.find("nodes", name)
            machine.wanted = objects.annotations(node).get(MACHINE, "") if node is not None else ""
            if not machine.wanted:
                await self._start(name, machine)
        self._unsubscribe = self._client.subscribe("nodes", self._on_node, replay=False)

    async def shut_down(self, seconds: float) -> None:
        """End the pods of the machines that run, as when each is shut down, in so many seconds at most."""
        running = [machine.kubelet for machine in self._machines.values() if machine.state == ""]
        await asyncio.gather(*(kubelet.shut_down(seconds) for kubelet in running))

    async def stop(self) -> None:
        """Let go of all of them."""
        self._unsubscribe()
        machines = list(self._machines.values())
        works = [machine.work for machine in machines if machine.work is not None]
        for work in works:
            work.cancel()
        await asyncio.gather(*works, return_exceptions=True)
        for machine in machines:
            await machine.kubelet.stop()

    def _on_node(self, event: Event) -> None:
        machine = self._machines.get(objects.name(event.object))
        if machine is None or event.type == "DELETED":
            return
        wanted = objects.annotations(event.object).get(MACHINE, "")
        # Somebody who creates the Node again has, on a real one, restarted the kubelet: it registers.
        if wanted == machine.wanted and (event.type != "ADDED" or machine.state != ""):
            return
        machine.wanted = wanted
        earlier, name = machine.work, objects.name(event.object)
        machine.work = asyncio.ensure_future(self._follow(name, machine, wanted, earlier))

    async def _follow(self, name: str, machine: _Machine, wanted: str, earlier: asyncio.Task[None] | None) -> None:
        if earlier is not None:
            await asyncio.gather(earlier, return_exceptions=True)
        try:
            if wanted == "":
                await self._start(name, machine)
            elif wanted == _UNREACHABLE:
                self._cut_off(machine)
            elif wanted == _OFF:
                await self._power_off(machine)
            else:
                _log.warning("node %s: %s says %r, which is nothing a machine can be", name, MACHINE, wanted)
        except StatusError as error:
            _log.warning("node %s can't be %s: %s", name, wanted or "started", error)

    async def _start(self, name: str, machine: _Machine) -> None:
        machine.client.severed = False
        if machine.state == _OFF:
            machine.kubelet, machine.client = self._build(name)  # of its old one, nothing goes on
            await machine.kubelet.start()
        else:
            machine.kubelet.reconnect()
        machine.state = ""

    @staticmethod
    def _cut_off(machine: _Machine) -> None:
        if machine.state == "":
            machine.kubelet.disconnect()
            machine.client.severed = True
            machine.state = _UNREACHABLE

    @staticmethod
    async def _power_off(machine: _Machine) -> None:
        if machine.state != _OFF:
            machine.client.severed = True
            machine.state = _OFF
            await machine.kubelet.power_off()
