"""May this pod run on this node? One small function per reason against it.

Source: the filter plugins of kube-scheduler (`NodeUnschedulable`, `NodeAffinity`, `TaintToleration`,
`NodeResourcesFit`, `NodePorts`) and their texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.quantity import parse_quantity
from kitlib.embedded.apimachinery.selectors import Requirement, Selector
from kitlib.embedded.scheduler.node_info import NodeInfo, pod_requests

__all__ = ["FILTERS", "Filter", "matches_node_selector"]

Filter: TypeAlias = Callable[[Object, NodeInfo], str]
"""Returns the reason against the node, without its count, or `""`."""

_UNSCHEDULABLE_TAINT = "node.kubernetes.io/unschedulable"
_OPERATORS = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!", "Gt": ">", "Lt": "<"}


def unschedulable(pod: Object, info: NodeInfo) -> str:
    """A cordoned node takes nothing, unless the pod tolerates that."""
    if not info.node["spec"].get("unschedulable"):
        return ""
    taint = {"key": _UNSCHEDULABLE_TAINT, "effect": "NoSchedule"}
    return "" if _tolerated(taint, _tolerations(pod)) else "node(s) were unschedulable"


def node_affinity(pod: Object, info: NodeInfo) -> str:
    """`nodeSelector` and the required node affinity must match."""
    reason = "node(s) didn't match Pod's node affinity/selector"
    wanted = pod["spec"].get("nodeSelector") or {}
    if not wanted.items() <= info.labels.items():
        return reason
    affinity = (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    return "" if required is None or matches_node_selector(required, info) else reason


def taints(pod: Object, info: NodeInfo) -> str:
    """Every NoSchedule and NoExecute taint must be tolerated."""
    for taint in info.node["spec"].get("taints") or []:
        if taint["effect"] in ("NoSchedule", "NoExecute") and not _tolerated(taint, _tolerations(pod)):
            return f"node(s) had untolerated taint {{{taint['key']}: {taint.get('value', '')}}}"
    return ""


def resources(pod: Object, info: NodeInfo) -> str:
    """The requests of all pods must fit into what the node has to give; so must their number."""
    limit = info.allocatable.get("pods")
    if limit is not None and len(info.pods) + 1 > int(parse_quantity(limit)):
        return "Too many pods"
    used = [pod_requests(other) for other in info.pods]
    for resource, amount in pod_requests(pod).items():
        total = amount
        for requests in used:
            if resource in requests:
                total = total + requests[resource]
        if parse_quantity(info.allocatable.get(resource, "0")) < total:
            return f"Insufficient {resource}"
    return ""


def host_ports(pod: Object, info: NodeInfo) -> str:
    """No two pods may have the same port of the host."""
    taken = [port for other in info.pods for port in _host_ports(other)]
    clash = any(_collide(wanted, port) for wanted in _host_ports(pod) for port in taken)
    return "node(s) didn't have free ports for the requested pod ports" if clash else ""


FILTERS: tuple[Filter, ...] = (unschedulable, taints, node_affinity, host_ports, resources)


def matches_node_selector(selector: Object, info: NodeInfo) -> bool:
    """Tell whether one of the terms of a `NodeSelector` matches; an empty term matches nothing."""
    return any(_matches_term(term, info) for term in selector.get("nodeSelectorTerms") or [])


def _matches_term(term: Object, info: NodeInfo) -> bool:
    expressions, fields = term.get("matchExpressions") or [], term.get("matchFields") or []
    if not expressions and not fields:
        return False
    return _selector(expressions).matches(info.labels) and _selector(fields).matches({"metadata.name": info.name})


def _selector(expressions: Iterable[Object]) -> Selector:
    return Selector(
        tuple(
            Requirement(item["key"], _OPERATORS[item["operator"]], tuple(item.get("values") or ()))  # type: ignore[arg-type]
            for item in expressions
        )
    )


def _tolerations(pod: Object) -> list[Object]:
    return pod["spec"].get("tolerations") or []


def _tolerated(taint: Object, tolerations: Iterable[Object]) -> bool:
    for toleration in tolerations:
        if toleration.get("effect") not in (None, "", taint["effect"]):
            continue
        key, operator = toleration.get("key") or "", toleration.get("operator") or "Equal"
        if operator == "Exists" and key in ("", taint["key"]):
            return True
        if key == taint["key"] and (toleration.get("value") or "") == (taint.get("value") or ""):
            return True
    return False


def _host_ports(pod: Object) -> list[tuple[int, str, str]]:
    return [
        (int(port["hostPort"]), port.get("protocol") or "TCP", port.get("hostIP") or "0.0.0.0")
        for container in pod["spec"].get("containers") or []
        for port in container.get("ports") or []
        if port.get("hostPort")
    ]


def _collide(left: tuple[int, str, str], right: tuple[int, str, str]) -> bool:
    return left[:2] == right[:2] and (left[2] == right[2] or "0.0.0.0" in (left[2], right[2]))
