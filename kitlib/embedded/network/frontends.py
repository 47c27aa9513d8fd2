"""Where a Service port or a pod's host port can be reached; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object

__all__ = ["Frontend", "Owner", "Target", "of_pod", "of_service"]

Owner: TypeAlias = tuple[str, str]
"""(namespace, name) of what is behind a frontend."""
Target: TypeAlias = tuple[str, int]
"""(IP, port) of one backend."""

_HOST = "127.0.0.1"
_ANY = ("", "0.0.0.0")


@dataclass(frozen=True, slots=True)
class Frontend:
    """A place where something listens.

    Args:
        owner: the Service or the pod.
        port: the name of the Service's port, or the container's port as text.
        protocol: `TCP` or `UDP`.
        address: the IP it listens on.
        number: the port it listens on.
        on_host: whether that address is the machine's, not the pod network's.
        node: the node whose port this is; "" for a cluster IP and for the machine.
    """

    owner: Owner
    port: str
    protocol: str
    address: str
    number: int
    on_host: bool = False
    node: str = ""


def of_service(owner: Owner, service: Object | None, nodes: Mapping[str, str]) -> set[Frontend]:
    """Return where a Service is reachable.

    Args:
        owner: its namespace and name.
        service: the Service, or None when there is none.
        nodes: address to name of every node, which all serve node ports.
    """
    if service is None or service["spec"].get("type") == "ExternalName":
        return set()
    address = service["spec"].get("clusterIP")
    if not address or address == "None":
        return set()
    found = set()
    for port in service["spec"].get("ports") or []:
        name, protocol = port.get("name") or "", port.get("protocol") or "TCP"
        if protocol not in ("TCP", "UDP"):
            continue
        found.add(Frontend(owner, name, protocol, address, int(port["port"])))
        if number := int(port.get("nodePort") or 0):
            found.add(Frontend(owner, name, protocol, _HOST, number, on_host=True))
            found |= {Frontend(owner, name, protocol, ip, number, node=node) for ip, node in nodes.items()}
    return found


def of_pod(pod: Object, nodes: Mapping[str, str]) -> set[Frontend]:
    """Return where a running pod's host ports are reachable: on its node's address, or on the one it names."""
    status, node = pod.get("status") or {}, pod["spec"].get("nodeName", "")
    if status.get("phase") != "Running" or not status.get("podIP") or pod["spec"].get("hostNetwork"):
        return set()  # who is in the node's network listens there itself
    own = [address for address, name in nodes.items() if name == node]
    owner = (objects.namespace(pod), objects.name(pod))
    return {
        Frontend(owner, str(port["containerPort"]), port.get("protocol") or "TCP", address, int(port["hostPort"]))
        for container in pod["spec"].get("containers") or []
        for port in container.get("ports") or []
        if port.get("hostPort") and (port.get("protocol") or "TCP") in ("TCP", "UDP")
        for address in (own if port.get("hostIP", "") in _ANY else [port["hostIP"]])
    }
