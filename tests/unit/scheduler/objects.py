"""Nodes and pods as the scheduler's tests need them."""

from __future__ import annotations

import itertools
from typing import Any

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.scheduler.node_info import NodeInfo, PodInfo

_numbers = itertools.count(1)


def info(*pods: Object, name: str = "n1", labels: dict[str, str] | None = None, room: int = 2, **spec: Any) -> NodeInfo:
    node = {
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name} | (labels or {})},
        "spec": spec,
        "status": {"allocatable": {"cpu": "1", "memory": "1Gi", "pods": str(room)}},
    }
    return NodeInfo(node, [PodInfo.of(pod) for pod in pods])


def pod(
    *, labels: dict[str, str] | None = None, namespace: str = "default", cpu: str = "", port: int = 0, **spec: Any
) -> Object:
    container: Object = {"name": "c"}
    if cpu:
        container["resources"] = {"requests": {"cpu": cpu}}
    if port:
        container["ports"] = [{"containerPort": port, "hostPort": port}]
    number = next(_numbers)
    return {
        "metadata": {"name": f"p{number}", "uid": f"u{number}", "namespace": namespace, "labels": labels or {}},
        "spec": {"containers": [container], **spec},
    }
