"""May this pod run on this node? One small function per reason against it.

Source: the filter plugins of kube-scheduler (`NodeUnschedulable`, `NodeName`, `TaintToleration`, `NodeAffinity`,
`NodePorts`, `NodeResourcesFit`) and their texts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from kitlib.embedded.controllers.taints import HARD_EFFECTS, taints_of, untolerated
from kitlib.embedded.scheduler.node_info import NodeInfo, PodInfo
from kitlib.embedded.scheduler.node_selector import required_node_affinity

__all__ = ["FILTERS", "Filter", "Rejection"]


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a node will not do.

    Args:
        reasons: as the message counts them.
        final: no other pod's departure would change that (`UnschedulableAndUnresolvable`).
    """

    reasons: tuple[str, ...]
    final: bool = False


Filter: TypeAlias = Callable[[PodInfo, NodeInfo], Rejection | None]

_UNSCHEDULABLE = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


def unschedulable(pod: PodInfo, info: NodeInfo) -> Rejection | None:
    """A cordoned node takes nothing, unless the pod tolerates that."""
    if not info.node["spec"].get("unschedulable") or untolerated(pod.pod, [_UNSCHEDULABLE], HARD_EFFECTS) is None:
        return None
    return Rejection(("node(s) were unschedulable",), final=True)


def taints(pod: PodInfo, info: NodeInfo) -> Rejection | None:
    """Every NoSchedule and NoExecute taint must be tolerated."""
    if untolerated(pod.pod, taints_of(info.node), HARD_EFFECTS) is None:
        return None
    return Rejection(("node(s) had untolerated taint(s)",), final=True)


def node_affinity(pod: PodInfo, info: NodeInfo) -> Rejection | None:
    """`nodeSelector` and the required node affinity must match."""
    if required_node_affinity(pod.pod, info.name, info.labels):
        return None
    return Rejection(("node(s) didn't match Pod's node affinity/selector",), final=True)


def host_ports(pod: PodInfo, info: NodeInfo) -> Rejection | None:
    """No two pods may have the same port of the host."""
    if all(info.takes_port(port) for port in pod.ports):
        return None
    return Rejection(("node(s) didn't have free ports for the requested pod ports",))


def resources(pod: PodInfo, info: NodeInfo) -> Rejection | None:
    """The requests of all pods must fit into what the node has to give; so must their number."""
    reasons, final = [], False
    if len(info.pods) + 1 > info.allocatable.get("pods", 0):
        reasons.append("Too many pods")
    for resource, amount in sorted(pod.requests.items(), key=lambda item: (item[0] not in ("cpu", "memory"), item[0])):
        available = info.allocatable.get(resource, 0)
        if amount and amount > available - info.requested[resource]:
            reasons.append(f"Insufficient {resource}")
            final = final or amount > available
    return Rejection(tuple(reasons), final) if reasons else None


FILTERS: tuple[Filter, ...] = (unschedulable, taints, node_affinity, host_ports, resources)
