"""The few rtnetlink requests that a node's network needs, in 2 ms where the `ip` program takes 6."""

from __future__ import annotations

import os
import socket
import struct

__all__ = ["Netlink"]

_REQUEST, _ACK, _EXCLUSIVE, _CREATE = 0x1, 0x4, 0x200, 0x400
_NEW_LINK, _NEW_ADDRESS, _NEW_ROUTE = 16, 20, 24
_MESSAGE_ERROR = 2
_LINK_MAC, _LINK_NAME, _LINK_MASTER, _LINK_INFO, _LINK_NAMESPACE_FD = 1, 3, 10, 18, 28
_INFO_KIND, _INFO_DATA, _VETH_PEER = 1, 2, 1
_ADDRESS, _LOCAL = 1, 2
_ROUTE_DESTINATION, _ROUTE_DEVICE, _ROUTE_GATEWAY = 1, 4, 5
_TABLE_MAIN, _TABLE_LOCAL = 254, 255
_SCOPE_UNIVERSE, _SCOPE_HOST = 0, 254
_TYPE_UNICAST, _TYPE_LOCAL = 1, 2
_PROTOCOL_BOOT = 3
_NESTED = 0x8000
_PERMANENT = 0x80


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(value), kind) + value + b"\0" * (-len(value) % 4)


def _text(kind: int, value: str) -> bytes:
    return _attribute(kind, value.encode() + b"\0")


def _number(kind: int, value: int) -> bytes:
    return _attribute(kind, struct.pack("=I", value))


def _nest(kind: int, *attributes: bytes) -> bytes:
    return _attribute(kind | _NESTED, b"".join(attributes))


def _link(index: int = 0, *, up: bool = False) -> bytes:
    return struct.pack("=BBHiII", 0, 0, 0, index, int(up), int(up))


def _route(prefix: int, table: int, *, scope: int, kind: int) -> bytes:
    return struct.pack("=BBBBBBBBI", socket.AF_INET, prefix, 0, 0, table, _PROTOCOL_BOOT, scope, kind, 0)


class Netlink:
    """Requests to the network namespace in which it was created, wherever the process goes later."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
        self._socket.bind((0, 0))
        self._sequence = 0

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def __enter__(self) -> Netlink:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def set_up(self, device: int) -> None:
        """Bring a device up."""
        self._request(_NEW_LINK, _link(device, up=True), what="set up a device")

    def add_bridge(self, name: str, mac: bytes) -> None:
        """Create a bridge; with a MAC of its own it does not take over (and lose) that of a port."""
        info = _nest(_LINK_INFO, _text(_INFO_KIND, "bridge"))
        body = _link(up=True) + _text(_LINK_NAME, name) + _attribute(_LINK_MAC, mac) + info
        self._request(_NEW_LINK, body, create=True, what=f"create bridge {name}")

    def add_veth(self, name: str, *, bridge: int, peer: str, peer_namespace: int, peer_mac: bytes) -> None:
        """Create a pair of devices: `name` is a port of the bridge, `peer` is in another namespace."""
        other = _link() + _text(_LINK_NAME, peer) + _attribute(_LINK_MAC, peer_mac)
        other += _number(_LINK_NAMESPACE_FD, peer_namespace)
        info = _nest(_LINK_INFO, _text(_INFO_KIND, "veth"), _nest(_INFO_DATA, _nest(_VETH_PEER, other)))
        body = _link(up=True) + _text(_LINK_NAME, name) + _number(_LINK_MASTER, bridge) + info
        self._request(_NEW_LINK, body, create=True, what=f"create veth {name}")

    def add_address(self, device: int, address: str, prefix: int) -> None:
        """Give a device an IPv4 address."""
        packed = socket.inet_aton(address)
        head = struct.pack("=BBBBi", socket.AF_INET, prefix, _PERMANENT, _SCOPE_UNIVERSE, device)
        body = head + _attribute(_LOCAL, packed) + _attribute(_ADDRESS, packed)
        self._request(_NEW_ADDRESS, body, create=True, what=f"add address {address}")

    def add_default_route(self, gateway: str) -> None:
        """Send what goes elsewhere to a gateway."""
        body = _route(0, _TABLE_MAIN, scope=_SCOPE_UNIVERSE, kind=_TYPE_UNICAST)
        body += _attribute(_ROUTE_GATEWAY, socket.inet_aton(gateway))
        self._request(_NEW_ROUTE, body, create=True, what=f"add default route by {gateway}")

    def add_local_route(self, network: str, prefix: int, device: int) -> None:
        """Take every address of a network for one of this machine's own ("AnyIP")."""
        body = _route(prefix, _TABLE_LOCAL, scope=_SCOPE_HOST, kind=_TYPE_LOCAL)
        body += _attribute(_ROUTE_DESTINATION, socket.inet_aton(network)) + _number(_ROUTE_DEVICE, device)
        self._request(_NEW_ROUTE, body, create=True, what=f"add local route {network}/{prefix}")

    def _request(self, kind: int, body: bytes, *, what: str, create: bool = False) -> None:
        self._sequence += 1
        flags = _REQUEST | _ACK | ((_CREATE | _EXCLUSIVE) if create else 0)
        self._socket.send(struct.pack("=IHHII", 16 + len(body), kind, flags, self._sequence, 0) + body)
        reply = self._socket.recv(65536)
        _, answer, _, _, _ = struct.unpack_from("=IHHII", reply)
        (error,) = struct.unpack_from("=i", reply, 16) if answer == _MESSAGE_ERROR else (0,)
        if error:
            raise OSError(-error, f"{what}: {os.strerror(-error)}")
