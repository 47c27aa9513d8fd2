"""Together or apart: affinity and anti-affinity to other pods. Source: kube-scheduler's plugin `InterPodAffinity`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import TypeAlias

from kitlib.embedded.scheduler.affinity_term import AffinityTerm, NamespaceLabels
from kitlib.embedded.scheduler.filters import Rejection
from kitlib.embedded.scheduler.node_info import NodeInfo, PodInfo

__all__ = ["InterPodAffinity"]

_Place: TypeAlias = tuple[str, str]  # a topology key and one of its values

_AFFINITY = Rejection(("node(s) didn't match pod affinity rules",), final=True)
_ANTI_AFFINITY = Rejection(("node(s) didn't match pod anti-affinity rules",))
_EXISTING = Rejection(("node(s) didn't satisfy existing pods anti-affinity rules",))


class InterPodAffinity:
    """What the pods that are there mean for one pod to place; counted once for all nodes.

    Args:
        pod: to be placed.
        nodes: all of them, since a place may span several.
        namespace_labels: for terms that select namespaces.
    """

    def __init__(self, pod: PodInfo, nodes: Collection[NodeInfo], namespace_labels: NamespaceLabels) -> None:
        self._pod, self._lookup = pod, namespace_labels
        self._affinity: Counter[_Place] = Counter()
        self._anti_affinity: Counter[_Place] = Counter()
        self._forbidden: set[_Place] = set()
        for info in nodes:
            for other in self._relevant(info):
                self._count(other, info.labels)

    def _relevant(self, info: NodeInfo) -> Collection[PodInfo]:
        """Return the pods of a node that may matter: all of them only to a pod that has wishes of its own."""
        return (info.pods if self._pod.has_terms else info.with_terms).values()

    def _count(self, other: PodInfo, labels: Mapping[str, str]) -> None:
        for term in other.anti_affinity:
            if term.topology_key in labels and term.selects(self._pod.pod, self._lookup):
                self._forbidden.add((term.topology_key, labels[term.topology_key]))
        if self._pod.affinity and all(term.selects(other.pod, self._lookup) for term in self._pod.affinity):
            self._affinity.update(_places(self._pod.affinity, labels))
        for term in self._pod.anti_affinity:
            if term.selects(other.pod, self._lookup):
                self._anti_affinity.update(_places((term,), labels))

    def rejection(self, info: NodeInfo) -> Rejection | None:
        """Return the reason against a node, or None."""
        if self._pod.affinity and not self._has_company(info):
            return _AFFINITY
        if any(place in self._anti_affinity for place in _places(self._pod.anti_affinity, info.labels)):
            return _ANTI_AFFINITY
        if any(info.labels.get(key) == value for key, value in self._forbidden):
            return _EXISTING
        return None

    def _has_company(self, info: NodeInfo) -> bool:
        places = _places(self._pod.affinity, info.labels)
        if len(places) < len(self._pod.affinity):
            return False
        if all(place in self._affinity for place in places):
            return True
        # The first of a group that wants to be together has nobody to join yet.
        return not self._affinity and all(term.selects(self._pod.pod, self._lookup) for term in self._pod.affinity)

    def scores(self, fitting: Collection[NodeInfo], nodes: Collection[NodeInfo]) -> dict[str, int]:
        """Return, per fitting node, how the preferences of this pod and of those there add up, from 0 to 100."""
        wishes: Counter[_Place] = Counter()
        for info in nodes:
            for other in self._relevant(info):
                self._wish(wishes, other, info.labels)
        if not wishes:
            return {}
        raw = {
            info.name: sum(weight for (key, value), weight in wishes.items() if info.labels.get(key) == value)
            for info in fitting
        }
        low, high = min(raw.values()), max(raw.values())
        return {name: 100 * (value - low) // (high - low) if high > low else 0 for name, value in raw.items()}

    def _wish(self, wishes: Counter[_Place], other: PodInfo, labels: Mapping[str, str]) -> None:
        mine = [(weight, term) for weight, term in self._pod.preferred if term.selects(other.pod, self._lookup)]
        # Who must be near such a pod would also like to have it near.
        theirs = [*other.preferred, *((1, term) for term in other.affinity)]
        for weight, term in [*mine, *((w, t) for w, t in theirs if t.selects(self._pod.pod, self._lookup))]:
            for place in _places((term,), labels):
                wishes[place] += weight


def _places(terms: Collection[AffinityTerm], labels: Mapping[str, str]) -> list[_Place]:
    return [(term.topology_key, labels[term.topology_key]) for term in terms if term.topology_key in labels]
