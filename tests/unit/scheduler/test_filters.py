from __future__ import annotations

import pytest

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.controllers.pod_requests import pod_requests
from kitlib.embedded.scheduler.filters import FILTERS
from kitlib.embedded.scheduler.node_info import NodeInfo, PodInfo
from tests.unit.scheduler.objects import info, pod


def required(*expressions: Object) -> Object:
    terms = {"nodeSelectorTerms": [{"matchExpressions": list(expressions)}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}


TAINT = {"key": "role", "value": "db", "effect": "NoSchedule"}
CASES = [
    ("fits", pod(cpu="1"), info(), ""),
    ("cordoned", pod(), info(unschedulable=True), "node(s) were unschedulable"),
    ("taint", pod(), info(taints=[TAINT]), "node(s) had untolerated taint(s)"),
    ("tolerated", pod(tolerations=[{"key": "role", "operator": "Exists"}]), info(taints=[TAINT]), ""),
    ("tolerated by value", pod(tolerations=[{"key": "role", "value": "db"}]), info(taints=[TAINT]), ""),
    (
        "other value",
        pod(tolerations=[{"key": "role", "value": "web"}]),
        info(taints=[TAINT]),
        "node(s) had untolerated taint(s)",
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
    rejections = [found for check in FILTERS if (found := check(PodInfo.of(candidate), node))]
    assert [text for found in rejections for text in found.reasons] == ([reason] if reason else [])


EXPRESSIONS = [
    ("In", ["a", "b"], "b", True),
    ("In", ["a"], "b", False),
    ("NotIn", ["a"], "b", True),
    ("NotIn", ["a"], None, True),
    ("NotIn", ["a"], "a", False),
    ("Exists", [], "b", True),
    ("Exists", [], None, False),
    ("DoesNotExist", [], None, True),
    ("Gt", ["5"], "6", True),
    ("Gt", ["5"], "5", False),
    ("Lt", ["5"], "4", True),
    ("Lt", ["5"], "x", False),
]


@pytest.mark.parametrize(("operator", "values", "label", "fits"), EXPRESSIONS)
def test_every_operator_of_node_affinity(operator: str, values: list[str], label: str | None, fits: bool) -> None:
    candidate = pod(affinity=required({"key": "k", "operator": operator, "values": values}))
    node = info(labels={"k": label} if label is not None else {})
    rejections = [found for check in FILTERS if (found := check(PodInfo.of(candidate), node))]
    assert (not rejections) == fits


def test_match_fields_name_a_node() -> None:
    def named(name: str) -> Object:
        term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [name]}]}
        return {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}

    fits = [
        not any(check(PodInfo.of(pod(affinity={"nodeAffinity": named(n)})), info()) for check in FILTERS)
        for n in ("n1", "n2")
    ]
    assert fits == [True, False]


def test_a_node_names_everything_it_lacks() -> None:
    greedy = {"resources": {"requests": {"cpu": "2", "memory": "2Gi", "example.com/gpu": "1"}}, "name": "c"}
    rejections = [found for check in FILTERS if (found := check(PodInfo.of(pod(containers=[greedy])), info()))]
    assert [found.reasons for found in rejections] == [
        ("Insufficient cpu", "Insufficient memory", "Insufficient example.com/gpu")
    ]
    assert rejections[0].final  # more than the node has: nobody's departure would help


def test_two_addresses_may_share_a_port_of_the_host() -> None:
    def at(address: str) -> Object:
        return pod(containers=[{"name": "c", "ports": [{"containerPort": 80, "hostPort": 80, "hostIP": address}]}])

    def clash(left: str, right: str) -> bool:
        return any(check(PodInfo.of(at(left)), info(at(right))) for check in FILTERS)

    assert not clash("127.0.0.1", "127.0.0.2")
    assert clash("127.0.0.1", "127.0.0.1")
    assert clash("0.0.0.0", "127.0.0.1")


def test_sidecars_count_beside_the_containers_and_beside_later_init_containers() -> None:
    def with_cpu(amount: str, **fields: str) -> Object:
        return {"resources": {"requests": {"cpu": amount}}, **fields}

    spec = {
        "initContainers": [with_cpu("100m", restartPolicy="Always"), with_cpu("700m")],
        "containers": [with_cpu("200m"), with_cpu("300m")],
    }
    assert pod_requests({"spec": spec}) == {"cpu": 800}
    spec["initContainers"][1] = with_cpu("400m")
    assert pod_requests({"spec": spec}) == {"cpu": 600}
    assert pod_requests({"spec": spec | {"overhead": {"cpu": "50m"}}}) == {"cpu": 650}


def test_a_removed_pod_leaves_nothing_behind() -> None:
    node: NodeInfo = info()
    before = (dict(node.requested), dict(node.ports))
    other = PodInfo.of(pod(cpu="1", port=80))
    node.add(other)
    node.remove(other.uid)
    assert {k: v for k, v in node.requested.items() if v} == before[0]
    assert {k: v for k, v in node.ports.items() if v} == before[1]
    assert not node.pods
