"""Pods that reach a node which can't run them, past the scheduler: they fail at once, with a reason.

Source: the kubelet's predicate admission.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.controllers.pod_requests import amounts, pod_requests

__all__ = ["rejection"]

_ANY_ADDRESS = "0.0.0.0"


def rejection(pod: Object, others: Iterable[Object], allocatable: Mapping[str, str]) -> tuple[str, str] | None:
    """Return (reason, message) when the node's other pods leave no room for this one, else None.

    Args:
        pod: has just come to the node.
        others: that are there.
        allocatable: what the node has for pods, by resource.
    """
    present = [other for other in others if _is_active(other)]
    taken = [port for other in present for port in _host_ports(other)]
    if any(_clash(wanted, port) for wanted in _host_ports(pod) for port in taken):
        why = "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports"
        return "NodePorts", f"Pod was rejected: {why}"
    requests = [pod_requests(other) for other in present]
    for resource, capacity in amounts(allocatable).items():
        wanted, used = pod_requests(pod).get(resource, 0), sum(other.get(resource, 0) for other in requests)
        if wanted and wanted + used > capacity:
            numbers = f"requested: {wanted}, used: {used}, capacity: {capacity}"
            return f"OutOf{resource}", f"Pod was rejected: Node didn't have enough resource: {resource}, {numbers}"
    return None


def _is_active(pod: Object) -> bool:
    return pod.get("status", {}).get("phase") not in ("Succeeded", "Failed")


def _clash(one: tuple[str, int, str], other: tuple[str, int, str]) -> bool:
    return one[:2] == other[:2] and (one[2] == other[2] or _ANY_ADDRESS in (one[2], other[2]))


def _host_ports(pod: Object) -> Iterator[tuple[str, int, str]]:
    for container in pod["spec"]["containers"]:
        for port in container.get("ports") or []:
            if port.get("hostPort"):
                yield port.get("protocol", "TCP"), port["hostPort"], port.get("hostIP") or _ANY_ADDRESS
