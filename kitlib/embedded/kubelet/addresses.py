"""Pod addresses, handed out in turn so that one is not used again soon, even after a restart."""

from __future__ import annotations

import contextlib
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

__all__ = ["AddressPool", "AddressPools"]


class AddressPool:
    """The addresses of a network, without the first ones (network and gateway).

    Args:
        network: for example 10.244.0.0/16.
        memory: a file for the last address given, or None.
    """

    def __init__(self, network: str = "10.244.0.0/16", *, memory: Path | None = None) -> None:
        self._network = IPv4Network(network)
        self._memory = memory
        self._used: set[int] = set()
        self._last = 1
        if memory is not None:
            with contextlib.suppress(OSError, ValueError):  # none yet, or a write that was cut off
                self._last = int(memory.read_text())

    def take(self) -> str:
        """Return an address that is not in use, as long as possible after its last use."""
        hosts = self._network.num_addresses - 3
        for step in range(1, hosts + 1):
            host = (self._last - 2 + step) % hosts + 2
            if host not in self._used:
                self._remember(host)
                return str(self._network[host])
        raise OSError(99, f"no pod address left in {self._network}")

    def release(self, address: str) -> None:
        """Give an address back."""
        self._used.discard(int(IPv4Address(address)) - int(self._network.network_address))

    def _remember(self, host: int) -> None:
        self._used.add(host)
        self._last = host
        if self._memory is not None:
            with contextlib.suppress(OSError):  # a full disk must stop no pod: an address may be used again sooner
                self._memory.parent.mkdir(parents=True, exist_ok=True)
                self._memory.write_text(str(host))


class AddressPools:
    """A pool for the pod network of every node.

    Args:
        memory: a directory for their memories, or None.
    """

    def __init__(self, memory: Path | None = None) -> None:
        self._memory = memory
        self._pools: dict[str, AddressPool] = {}

    def take(self, network: str) -> str:
        """Return a free address of a network such as 10.244.1.0/24."""
        if network not in self._pools:
            memory = self._memory / f"last-address-{network.replace('/', '-')}" if self._memory else None
            self._pools[network] = AddressPool(network, memory=memory)
        return self._pools[network].take()

    def release(self, network: str, address: str) -> None:
        """Give an address back."""
        self._pools[network].release(address)
