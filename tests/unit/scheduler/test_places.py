"""Affinity between pods and spreading: what one pod may do depends on where others are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.scheduler.cycle import Candidate, Cycle
from kitlib.embedded.scheduler.node_info import NodeInfo, PodInfo
from kitlib.embedded.scheduler.topology_spread import constraints_of
from kitlib.embedded.scheduler.volumes import PodVolumes
from tests.unit.scheduler.objects import info, pod

HOST, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"
ZK = {"matchLabels": {"app": "zk"}}
APART = "node(s) didn't match pod anti-affinity rules"
TOGETHER = "node(s) didn't match pod affinity rules"
EXISTING = "node(s) didn't satisfy existing pods anti-affinity rules"
SPREAD = "node(s) didn't match pod topology spread constraints"


def cycle(candidate: Object, *nodes: NodeInfo, namespaces: Mapping[str, Mapping[str, str]] | None = None) -> Cycle:
    lookup = (namespaces or {}).get
    return Cycle(
        Candidate(PodInfo.of(candidate), PodVolumes(""), constraints_of(candidate), lambda name: lookup(name) or {}),
        nodes,
    )


def reasons(candidate: Object, *nodes: NodeInfo, **options: Any) -> list[str]:
    """What is said against each node."""
    found = [cycle(candidate, *nodes, **options).rejection(node) for node in nodes]
    return [each.reasons[0] if each else "" for each in found]


def best(candidate: Object, *nodes: NodeInfo) -> str:
    return cycle(candidate, *nodes).best(nodes).name


def rule(kind: str, key: str = HOST, **term: Any) -> Object:
    wanted = {"labelSelector": ZK, "topologyKey": key} | term
    return {kind: {"requiredDuringSchedulingIgnoredDuringExecution": [wanted]}}


def wish(kind: str, weight: int, key: str = HOST) -> Object:
    term = {"weight": weight, "podAffinityTerm": {"labelSelector": ZK, "topologyKey": key}}
    return {kind: {"preferredDuringSchedulingIgnoredDuringExecution": [term]}}


def zk(**spec: Any) -> Object:
    return pod(labels={"app": "zk"}, **spec)


def spread(*, skew: int = 1, when: str = "DoNotSchedule", key: str = HOST, **fields: Any) -> list[Object]:
    return [{"maxSkew": skew, "topologyKey": key, "whenUnsatisfiable": when, "labelSelector": ZK} | fields]


def test_anti_affinity_keeps_replicas_apart() -> None:
    apart = zk(affinity=rule("podAntiAffinity"))
    nodes = info(apart, name="a"), info(name="b")
    assert reasons(zk(affinity=rule("podAntiAffinity")), *nodes) == [APART, ""]
    assert reasons(zk(), *nodes) == [EXISTING, ""]  # those who are there have their say too
    assert reasons(pod(labels={"app": "web"}), *nodes) == ["", ""]


def test_a_place_may_be_wider_than_a_node() -> None:
    zones = [
        info(zk(), name="a", labels={ZONE: "1"}),
        info(name="b", labels={ZONE: "1"}),
        info(name="c", labels={ZONE: "2"}),
    ]
    assert reasons(zk(affinity=rule("podAntiAffinity", ZONE)), *zones) == [APART, APART, ""]
    assert reasons(pod(affinity=rule("podAffinity", ZONE)), *zones) == ["", "", TOGETHER]


def test_affinity_lets_the_first_of_a_group_in() -> None:
    together = rule("podAffinity")
    assert reasons(zk(affinity=together), info()) == [""]
    assert reasons(pod(affinity=together), info()) == [TOGETHER]
    assert reasons(zk(affinity=together), info(name="a"), info(zk(), name="b")) == [TOGETHER, ""]


def test_terms_reach_other_namespaces_by_name_and_by_label() -> None:
    node = info(pod(labels={"app": "zk"}, namespace="other"))
    labels = {"other": {"team": "db"}}
    assert reasons(pod(affinity=rule("podAntiAffinity")), node, namespaces=labels) == [""]
    assert reasons(pod(affinity=rule("podAntiAffinity", namespaces=["other"])), node, namespaces=labels) == [APART]
    db = {"matchLabels": {"team": "db"}}
    assert reasons(pod(affinity=rule("podAntiAffinity", namespaceSelector=db)), node, namespaces=labels) == [APART]
    assert reasons(pod(affinity=rule("podAntiAffinity", namespaceSelector=db)), node) == [""]
    assert reasons(pod(affinity=rule("podAntiAffinity", namespaceSelector={})), node) == [APART]


def test_match_label_keys_tell_revisions_apart() -> None:
    old = pod(labels={"app": "zk", "revision": "1"})
    new = pod(labels={"app": "zk", "revision": "2"}, affinity=rule("podAntiAffinity", matchLabelKeys=["revision"]))
    assert reasons(new, info(old)) == [""]
    new["spec"]["affinity"] = rule("podAntiAffinity", mismatchLabelKeys=["revision"])
    assert reasons(new, info(old)) == [APART]


def test_wishes_choose_among_what_fits() -> None:
    nodes = info(zk(), name="a", room=9), info(name="b", room=9)
    assert best(pod(affinity=wish("podAffinity", 100)), *nodes) == "a"
    assert best(pod(affinity=wish("podAntiAffinity", 100)), *nodes) == "b"
    drawn = zk(affinity=wish("podAffinity", 100))
    assert best(zk(), info(name="b", room=9), info(drawn, name="c", room=9)) == "c"  # one that is there would like it


def test_preferred_node_affinity_and_soft_taints_weigh() -> None:
    term = {"weight": 10, "preference": {"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]}}
    affinity = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [term]}}
    nodes = info(name="a"), info(name="b", labels={"disk": "ssd"})
    assert (best(pod(), *nodes), best(pod(affinity=affinity), *nodes)) == ("a", "b")
    soft = info(name="a", taints=[{"key": "k", "effect": "PreferNoSchedule"}])
    assert best(pod(), soft, info(name="b")) == "b"
    assert best(pod(tolerations=[{"key": "k", "operator": "Exists"}]), soft, info(name="b")) == "a"


def test_the_emptier_node_is_taken() -> None:
    assert best(pod(cpu="100m"), info(pod(cpu="500m"), name="a"), info(name="b")) == "b"
    assert best(pod(), info(pod(), name="a"), info(name="b")) == "b"


def test_max_skew_keeps_places_level() -> None:
    nodes = info(zk(), name="a"), info(name="b")
    assert reasons(zk(topologySpreadConstraints=spread()), *nodes) == [SPREAD, ""]
    assert reasons(zk(topologySpreadConstraints=spread(skew=2)), *nodes) == ["", ""]
    missing = f"{SPREAD} (missing required label)"
    assert reasons(zk(topologySpreadConstraints=spread(key=ZONE)), *nodes) == [missing, missing]


def test_too_few_places_count_as_empty() -> None:
    nodes = info(zk(), name="a"), info(zk(), name="b")
    assert reasons(zk(topologySpreadConstraints=spread(minDomains=2)), *nodes) == ["", ""]
    assert reasons(zk(topologySpreadConstraints=spread(minDomains=3)), *nodes) == [SPREAD, SPREAD]


def test_which_nodes_count_is_a_matter_of_policy() -> None:
    tainted = info(name="b", taints=[{"key": "k", "effect": "NoSchedule"}])
    nodes = info(zk(), name="a"), tainted
    refused = "node(s) had untolerated taint(s)"
    assert reasons(zk(topologySpreadConstraints=spread()), *nodes) == [SPREAD, refused]
    assert reasons(zk(topologySpreadConstraints=spread(nodeTaintsPolicy="Honor")), *nodes) == ["", refused]
    chosen = {"nodeSelector": {HOST: "a"}}
    other = "node(s) didn't match Pod's node affinity/selector"
    nodes = info(zk(), name="a"), info(name="b")
    assert reasons(zk(topologySpreadConstraints=spread(), **chosen), *nodes) == ["", other]
    ignoring = spread(nodeAffinityPolicy="Ignore")
    assert reasons(zk(topologySpreadConstraints=ignoring, **chosen), *nodes) == [SPREAD, other]


def test_spread_counts_only_its_own_revision_and_those_who_stay() -> None:
    old = pod(labels={"app": "zk", "revision": "1"})
    leaving = zk()
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    new = pod(labels={"app": "zk", "revision": "2"}, topologySpreadConstraints=spread(matchLabelKeys=["revision"]))
    assert reasons(new, info(old, name="a"), info(name="b")) == ["", ""]
    assert reasons(zk(topologySpreadConstraints=spread()), info(leaving, name="a"), info(name="b")) == ["", ""]


def test_a_soft_constraint_only_advises() -> None:
    nodes = info(zk(), zk(), name="a", room=9), info(zk(cpu="900m"), name="b", room=9)
    soft = zk(topologySpreadConstraints=spread(when="ScheduleAnyway"))
    assert reasons(soft, *nodes) == ["", ""]
    assert (best(zk(), *nodes), best(soft, *nodes)) == ("a", "b")
