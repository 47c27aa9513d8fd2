"""Together or apart: required pod affinity and anti-affinity. Source: kube-scheduler's plugin `InterPodAffinity`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kitlib.embedded.apimachinery import objects, selectors
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.scheduler.node_info import NodeInfo

__all__ = ["pod_affinity"]

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def pod_affinity(pod: Object, info: NodeInfo, every: Sequence[NodeInfo]) -> str:
    """Return the reason against the node, or `""`.

    Args:
        pod: the pod to place.
        info: the node in question.
        every: all nodes, since a topology domain may span several.
    """
    for other_info in every:
        for other in other_info.pods:
            for term in _terms(other, "podAntiAffinity"):
                if _selects(term, other, pod) and _same_domain(term, info, other_info):
                    return "node(s) didn't satisfy existing pods anti-affinity rules"
    for term in _terms(pod, "podAntiAffinity"):
        if any(_same_domain(term, info, domain) for domain in _holders(term, pod, every)):
            return "node(s) didn't match pod anti-affinity rules"
    for term in _terms(pod, "podAffinity"):
        holders = _holders(term, pod, every)
        # The first of a group that wants to be together has nobody to join yet.
        is_first = not holders and _selects(term, pod, pod) and term["topologyKey"] in info.labels
        if not is_first and not any(_same_domain(term, info, domain) for domain in holders):
            return "node(s) didn't match pod affinity rules"
    return ""


def _terms(pod: Object, kind: str) -> list[Object]:
    return ((pod["spec"].get("affinity") or {}).get(kind) or {}).get(_REQUIRED) or []


def _holders(term: Object, pod: Object, every: Iterable[NodeInfo]) -> list[NodeInfo]:
    return [info for info in every if any(_selects(term, pod, other) for other in info.pods)]


def _selects(term: Object, owner: Object, pod: Object) -> bool:
    spaces = term.get("namespaces") or ([] if "namespaceSelector" in term else [objects.namespace(owner)])
    # An empty namespaceSelector means every namespace; a narrower one is read as the owner's own.
    everywhere = term.get("namespaceSelector") == {}
    if not everywhere and objects.namespace(pod) not in (spaces or [objects.namespace(owner)]):
        return False
    return selectors.from_label_selector(term.get("labelSelector")).matches(objects.labels(pod))


def _same_domain(term: Object, left: NodeInfo, right: NodeInfo) -> bool:
    domain = left.labels.get(term["topologyKey"])
    return domain is not None and domain == right.labels.get(term["topologyKey"])
