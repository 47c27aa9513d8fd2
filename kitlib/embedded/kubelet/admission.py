"""Pods that reach a node which can't run them, past the scheduler: they fail at once, with a reason.

Source: the kubelet's predicate admission.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kitlib.embedded.apimachinery.objects import Object

__all__ = ["rejection"]

_ANY_ADDRESS = "0.0.0.0"


def rejection(pod: Object, others: Iterable[Object]) -> tuple[str, str] | None:
    """Return (reason, message) when the node's other pods leave no room for this one, else None."""
    taken = [port for other in others if _is_active(other) for port in _host_ports(other)]
    if any(_clash(wanted, port) for wanted in _host_ports(pod) for port in taken):
        why = "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports"
        return "NodePorts", f"Pod was rejected: {why}"
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
