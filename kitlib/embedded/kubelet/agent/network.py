"""The node's network inside the holder: a bridge for the pods, and every service address as the node's own."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path

from kitlib.embedded.kubelet.agent.netlink import Netlink

__all__ = ["NodeNetwork", "connect", "datagrams", "listen"]

_BRIDGE = "pods"
_POD_DEVICE = "eth0"
_GATEWAY = "10.244.0.1"
_POD_PREFIX = 16
_SERVICE_NETWORK = ("10.96.0.0", 16)
_BACKLOG = 512


def _mac(address: str) -> bytes:
    """A MAC that follows from the IP, so that an address never seems to move."""
    return b"\x0a\x58" + socket.inet_aton(address)


class NodeNetwork:
    """The holder's network namespace."""

    def __init__(self) -> None:
        self._netlink = Netlink()
        self._ports = 0
        loopback = socket.if_nametoindex("lo")
        self._netlink.set_up(loopback)
        self._netlink.add_local_route(*_SERVICE_NETWORK, loopback)
        self._netlink.add_bridge(_BRIDGE, _mac(_GATEWAY))
        self._bridge = socket.if_nametoindex(_BRIDGE)
        self._netlink.add_address(self._bridge, _GATEWAY, _POD_PREFIX)
        Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
        filtering = Path("/proc/sys/net/bridge/bridge-nf-call-iptables")
        if filtering.exists():
            filtering.write_text("0")

    def add_address(self, address: str) -> None:
        """Give a node its address; all nodes of a cluster share this namespace."""
        if address != _GATEWAY:
            self._netlink.add_address(self._bridge, address, _POD_PREFIX)

    def connect_pod(self, namespace: int, address: str) -> None:
        """Give a pod its device and address. Call it inside the pod's network namespace, whose file is `namespace`."""
        self._ports += 1
        port = f"veth{self._ports}"
        self._netlink.add_veth(
            port, bridge=self._bridge, peer=_POD_DEVICE, peer_namespace=namespace, peer_mac=_mac(address)
        )
        with Netlink() as pod:
            pod.set_up(socket.if_nametoindex("lo"))
            device = socket.if_nametoindex(_POD_DEVICE)
            pod.add_address(device, address, _POD_PREFIX)
            pod.set_up(device)
            pod.add_default_route(_GATEWAY)


async def connect(sock: socket.socket, address: str, port: int, seconds: float) -> socket.socket:
    """Connect a TCP socket, which may belong to another network namespace than the caller."""
    sock.setblocking(False)
    try:
        async with asyncio.timeout(seconds):
            await asyncio.get_running_loop().sock_connect(sock, (address, port))
    except OSError as error:
        sock.close()
        if isinstance(error, TimeoutError) or error.errno is None:
            raise
        raise OSError(error.errno, os.strerror(error.errno)) from error  # without asyncio's own wording
    except BaseException:
        sock.close()
        raise
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def listen(address: str, port: int) -> socket.socket:
    """Return a TCP socket that listens on an address of the node or of a service."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return _bound(sock, address, port, backlog=_BACKLOG)


def datagrams(address: str, port: int) -> socket.socket:
    """Return a UDP socket bound to an address of the node or of a service."""
    return _bound(socket.socket(type=socket.SOCK_DGRAM), address, port)


def _bound(sock: socket.socket, address: str, port: int, *, backlog: int = 0) -> socket.socket:
    try:
        sock.bind((address, port))
        if backlog:
            sock.listen(backlog)
    except OSError:
        sock.close()
        raise
    return sock
