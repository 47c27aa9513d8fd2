"""Allocation of cluster IPs (10.96.0.0/16) and node ports (30000-32767)."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import StatusError, generic
from kitlib.embedded.registry.strategies.base import Context

__all__ = [
    "NODE_PORTS",
    "SERVICE_NETWORK",
    "allocate_cluster_ip",
    "allocate_node_ports",
    "taken_ips",
    "taken_node_ports",
]

SERVICE_NETWORK = IPv4Network("10.96.0.0/16")
NODE_PORTS = range(30000, 32768)
_STATIC_BAND = 256  # the lower addresses are left for those who ask for one
_TRIES = 64


def taken_ips(ctx: Context, *, but: str = "") -> set[str]:
    """Return the cluster IPs in use, except those of the service with UID `but`."""
    return {
        address
        for service in ctx.objects("services", "")
        if service["metadata"].get("uid") != but
        for address in service["spec"].get("clusterIPs") or ()
        if address != "None"
    }


def taken_node_ports(ctx: Context, *, but: str = "") -> set[tuple[str, int]]:
    """Return the (protocol, node port) pairs in use, except those of the service with UID `but`."""
    return {
        (port.get("protocol", "TCP"), port["nodePort"])
        for service in ctx.objects("services", "")
        if service["metadata"].get("uid") != but
        for port in service["spec"].get("ports") or ()
        if port.get("nodePort")
    }


def allocate_cluster_ip(ctx: Context) -> str:
    """Choose a free address at random, from the upper band first.

    Raises:
        StatusError: 500, the range is full.
    """
    used = taken_ips(ctx)
    first, size = int(SERVICE_NETWORK.network_address), SERVICE_NETWORK.num_addresses
    for _ in range(_TRIES):
        address = str(IPv4Address(first + ctx.random.randrange(_STATIC_BAND, size - 1)))
        if address not in used:
            return address
    for offset in (*range(_STATIC_BAND, size - 1), *range(1, _STATIC_BAND)):
        if (address := str(IPv4Address(first + offset))) not in used:
            return address
    raise _full("failed to allocate a serviceIP: range is full")


def allocate_node_ports(service: Object, ctx: Context) -> None:
    """Give every port without a node port one; the same number serves two protocols of one port, as DNS has it.

    Raises:
        StatusError: 500, the range is full.
    """
    used = taken_node_ports(ctx, but=service["metadata"].get("uid", ""))
    ports = service["spec"].get("ports") or []
    used |= {(port["protocol"], port["nodePort"]) for port in ports if port.get("nodePort")}
    own: dict[int, int] = {port["port"]: port["nodePort"] for port in ports if port.get("nodePort")}
    for port in ports:
        if port.get("nodePort"):
            continue
        wanted = own.get(port["port"])
        if wanted is None or (port["protocol"], wanted) in used:
            free = [number for number in NODE_PORTS if not {("TCP", number), ("UDP", number)} & used]
            if not free:
                raise _full("failed to allocate a nodePort: range is full")
            wanted = ctx.random.choice(free)
        port["nodePort"] = own[port["port"]] = wanted
        used.add((port["protocol"], wanted))


def _full(message: str) -> StatusError:
    return generic(500, "InternalError", f"Internal error occurred: {message}")
