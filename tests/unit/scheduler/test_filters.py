from __future__ import annotations

from typing import Any

import pytest

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.scheduler.filters import FILTERS
from kitlib.embedded.scheduler.node_info import NodeInfo
from kitlib.embedded.scheduler.pod_affinity import pod_affinity


def info(*pods: Object, labels: dict[str, str] | None = None, **spec: Any) -> NodeInfo:
    node = {
        "metadata": {"name": "n1", "labels": {"kubernetes.io/hostname": "n1"} | (labels or {})},
        "spec": spec,
        "status": {"allocatable": {"cpu": "1", "memory": "1Gi", "pods": "2"}},
    }
    return NodeInfo(node, pods)


def pod(*, labels: dict[str, str] | None = None, cpu: str = "", port: int = 0, **spec: Any) -> Object:
    container: Object = {"name": "c"}
    if cpu:
        container["resources"] = {"requests": {"cpu": cpu}}
    if port:
        container["ports"] = [{"containerPort": port, "hostPort": port}]
    return {
        "metadata": {"name": "p", "namespace": "default", "labels": labels or {}},
        "spec": {"containers": [container], **spec},
    }


def required(*expressions: Object) -> Object:
    terms = {"nodeSelectorTerms": [{"matchExpressions": list(expressions)}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}


TAINT = {"key": "role", "value": "db", "effect": "NoSchedule"}
CASES = [
    ("fits", pod(cpu="1"), info(), ""),
    ("cordoned", pod(), info(unschedulable=True), "node(s) were unschedulable"),
    ("taint", pod(), info(taints=[TAINT]), "node(s) had untolerated taint {role: db}"),
    ("tolerated", pod(tolerations=[{"key": "role", "operator": "Exists"}]), info(taints=[TAINT]), ""),
    ("tolerated by value", pod(tolerations=[{"key": "role", "value": "db"}]), info(taints=[TAINT]), ""),
    (
        "other value",
        pod(tolerations=[{"key": "role", "value": "web"}]),
        info(taints=[TAINT]),
        "node(s) had untolerated taint {role: db}",
    ),
    ("soft taint", pod(), info(taints=[TAINT | {"effect": "PreferNoSchedule"}]), ""),
    (
        "selector",
        pod(nodeSelector={"disk": "ssd"}),
        info(labels={"disk": "hdd"}),
        "node(s) didn't match Pod's node affinity/selector",
    ),
    (
        "affinity",
        pod(affinity=required({"key": "disk", "operator": "In", "values": ["ssd"]})),
        info(),
        "node(s) didn't match Pod's node affinity/selector",
    ),
    ("affinity matches", pod(affinity=required({"key": "disk", "operator": "DoesNotExist"})), info(), ""),
    ("cpu", pod(cpu="600m"), info(pod(cpu="500m")), "Insufficient cpu"),
    ("cpu just fits", pod(cpu="500m"), info(pod(cpu="500m")), ""),
    ("count", pod(), info(pod(), pod()), "Too many pods"),
    ("port", pod(port=80), info(pod(port=80)), "node(s) didn't have free ports for the requested pod ports"),
    ("other port", pod(port=81), info(pod(port=80)), ""),
]


@pytest.mark.parametrize(("candidate", "node", "reason"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_filters(candidate: Object, node: NodeInfo, reason: str) -> None:
    assert next((text for check in FILTERS if (text := check(candidate, node))), "") == reason


def test_anti_affinity_keeps_replicas_apart() -> None:
    term = {"labelSelector": {"matchLabels": {"app": "zk"}}, "topologyKey": "kubernetes.io/hostname"}
    rule = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    first = pod(labels={"app": "zk"}, affinity=rule)
    empty, taken = info(), info(first)
    assert pod_affinity(first, empty, [empty]) == ""
    assert "anti-affinity" in pod_affinity(pod(labels={"app": "zk"}), taken, [taken])
    assert pod_affinity(pod(labels={"app": "web"}), taken, [taken]) == ""


def test_affinity_lets_the_first_of_a_group_in() -> None:
    term = {"labelSelector": {"matchLabels": {"app": "zk"}}, "topologyKey": "kubernetes.io/hostname"}
    rule = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    empty = info()
    assert pod_affinity(pod(labels={"app": "zk"}, affinity=rule), empty, [empty]) == ""
    assert pod_affinity(pod(labels={"app": "x"}, affinity=rule), empty, [empty]) != ""
