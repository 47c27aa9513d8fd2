"""Whatever is asked for: a bound pod satisfies every hard constraint, and no two pods share a port of the host.

The rules are written down here a second time, plainly, from the API's documentation.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.quantity import parse_quantity
from kitlib.embedded.storage.event import Event
from tests.unit.controllers.world import World

HOST, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"
APPS = st.sampled_from(["a", "b"])
SELECTOR = st.builds(lambda app: {"matchLabels": {"app": app}}, APPS)
KEYS = st.sampled_from([HOST, ZONE])
TERMS = st.lists(st.fixed_dictionaries({"labelSelector": SELECTOR, "topologyKey": KEYS}), max_size=1)
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


@st.composite
def nodes(draw: Any, name: str) -> Object:
    labels = {HOST: name, "disk": draw(st.sampled_from(["ssd", "hdd"]))}
    if draw(st.booleans()):
        labels[ZONE] = draw(st.sampled_from(["1", "2"]))
    taints = [{"key": "k", "value": "v", "effect": draw(st.sampled_from(["NoSchedule", "PreferNoSchedule"]))}]
    return {
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "unschedulable": draw(st.sampled_from([False, False, True])),
            "taints": draw(st.sampled_from([[], taints])),
        },
        "status": {"allocatable": {"cpu": draw(st.sampled_from(["1", "2"])), "memory": "1Gi", "pods": "4"}},
    }


@st.composite
def pods(draw: Any, name: str) -> Object:
    container: Object = {"name": "c", "image": "nginx"}
    if cpu := draw(st.sampled_from(["", "400m", "900m"])):
        container["resources"] = {"requests": {"cpu": cpu}}
    if port := draw(st.sampled_from([0, 0, 80, 81])):
        container["ports"] = [{"containerPort": 80, "hostPort": port}]
    spread = st.fixed_dictionaries(
        {
            "maxSkew": st.integers(1, 2),
            "topologyKey": KEYS,
            "whenUnsatisfiable": st.sampled_from(["DoNotSchedule", "ScheduleAnyway"]),
            "labelSelector": SELECTOR,
        }
    )
    spec: Object = {
        "containers": [container],
        "affinity": {"podAffinity": {REQUIRED: draw(TERMS)}, "podAntiAffinity": {REQUIRED: draw(TERMS)}},
        "topologySpreadConstraints": draw(st.lists(spread, max_size=1)),
        "nodeSelector": draw(st.sampled_from([{}, {}, {"disk": "ssd"}])),
        "tolerations": draw(st.sampled_from([[], [{"key": "k", "operator": "Exists"}]])),
        "priorityClassName": draw(st.sampled_from(["low", "low", "high"])),
    }
    return {"metadata": {"name": name, "namespace": "default", "labels": {"app": draw(APPS)}}, "spec": spec}


@st.composite
def clusters(draw: Any) -> tuple[list[Object], list[Object]]:
    machines = [draw(nodes(f"n{number}")) for number in range(draw(st.integers(1, 4)))]
    return machines, [draw(pods(f"p{number}")) for number in range(draw(st.integers(1, 10)))]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(clusters())
def test_a_bound_pod_satisfies_every_hard_constraint(cluster: tuple[list[Object], list[Object]]) -> None:
    machines, wanted = cluster
    world = World(with_node=False)
    for name, value in (("low", 0), ("high", 100)):
        world.client.create("priorityclasses.scheduling.k8s.io", {"metadata": {"name": name}, "value": value})
    for node in machines:
        made = world.client.create("nodes", {key: node[key] for key in ("metadata", "spec")})
        world.client.update("nodes", {**made, "status": node["status"]}, subresource="status")
    moments: list[tuple[Object, list[Object]]] = []

    def note(event: Event) -> None:
        """Remember what was there when a pod was bound."""
        if event.old is not None and not event.old["spec"].get("nodeName") and event.object["spec"].get("nodeName"):
            everyone = [each for each in world.client.list("pods", "default") if each["spec"].get("nodeName")]
            moments.append((event.object, [each for each in everyone if each is not event.object]))

    world.client.subscribe("pods", note)
    by_name = {node["metadata"]["name"]: node for node in machines}
    for pod in wanted:
        world.client.create("pods", pod)
        world.settle()
        whole([each for each in world.client.list("pods", "default") if each["spec"].get("nodeName")], by_name)
    for bound, others in moments:
        satisfied(bound, others, by_name)


def whole(bound: list[Object], machines: dict[str, Object]) -> None:
    """What holds for all the pods of a node together."""
    for name, node in machines.items():
        here = [pod for pod in bound if pod["spec"]["nodeName"] == name]
        containers = [container for pod in here for container in pod["spec"]["containers"]]
        ports = [p["hostPort"] for c in containers for p in c.get("ports") or [] if "hostPort" in p]
        assert len(ports) == len(set(ports)), "two pods share a port of the host"
        cpu = sum(parse_quantity(c["resources"].get("requests", {}).get("cpu", "0")).milli for c in containers)
        assert cpu <= parse_quantity(node["status"]["allocatable"]["cpu"]).milli
        assert len(here) <= int(node["status"]["allocatable"]["pods"])


def satisfied(pod: Object, others: list[Object], machines: dict[str, Object]) -> None:
    """What held when the pod was bound."""
    spec, node = pod["spec"], machines[pod["spec"]["nodeName"]]
    labels = node["metadata"]["labels"]
    assert not node["spec"]["unschedulable"]
    assert (spec.get("nodeSelector") or {}).items() <= labels.items()
    if any(taint["effect"] == "NoSchedule" for taint in node["spec"]["taints"]):
        assert any(toleration.get("key") == "k" for toleration in spec["tolerations"])

    def near(term: Object, other: Object) -> bool:
        value = labels.get(term["topologyKey"])
        return (
            value is not None
            and machines[other["spec"]["nodeName"]]["metadata"]["labels"].get(term["topologyKey"]) == value
        )

    def selects(term: Object, other: Object) -> bool:
        return bool(term["labelSelector"]["matchLabels"]["app"] == other["metadata"]["labels"]["app"])

    affinity = spec.get("affinity") or {}
    for term in (affinity.get("podAntiAffinity") or {}).get(REQUIRED) or []:
        assert not any(selects(term, other) and near(term, other) for other in others)
    for other in others:
        for term in ((other["spec"].get("affinity") or {}).get("podAntiAffinity") or {}).get(REQUIRED) or []:
            assert not (selects(term, pod) and near(term, other))
    for term in (affinity.get("podAffinity") or {}).get(REQUIRED) or []:
        # A pod on a node without that label is nowhere: there is nobody to join yet.
        somewhere = [o for o in others if term["topologyKey"] in machines[o["spec"]["nodeName"]]["metadata"]["labels"]]
        alone = selects(term, pod) and not any(selects(term, other) for other in somewhere)
        assert term["topologyKey"] in labels
        assert alone or any(selects(term, other) and near(term, other) for other in others)
    for term in spec.get("topologySpreadConstraints") or []:
        if term["whenUnsatisfiable"] == "DoNotSchedule":
            level(term, pod, others, machines)


def level(term: Object, pod: Object, others: list[Object], machines: dict[str, Object]) -> None:
    """The place of the pod is not ahead of the emptiest by more than the skew."""
    key, counts = term["topologyKey"], Counter[str]()
    wanted = (pod["spec"].get("nodeSelector") or {}).items()
    labels = {name: node["metadata"]["labels"] for name, node in machines.items()}
    places = {name: each[key] for name, each in labels.items() if key in each and wanted <= each.items()}
    counts.update(dict.fromkeys(places.values(), 0))
    for other in [*(each for each in others if "deletionTimestamp" not in each["metadata"]), pod]:
        place = places.get(other["spec"]["nodeName"])
        if place and other["metadata"]["labels"]["app"] == term["labelSelector"]["matchLabels"]["app"]:
            counts[place] += 1
    own = machines[pod["spec"]["nodeName"]]["metadata"]["labels"][key]
    assert counts[own] - min(counts.values()) <= term["maxSkew"]
