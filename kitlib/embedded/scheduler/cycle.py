"""One pod against all nodes: which fit, why others do not, and which is best.

Source: the scheduling cycle of kube-scheduler with its default profile. Scores are those of its plugins but image
locality, with their weights; where it throws dice, the emptiest node wins and then the first by name.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.controllers.taints import taints_of, untolerated
from kitlib.embedded.scheduler.affinity_term import NamespaceLabels
from kitlib.embedded.scheduler.filters import FILTERS, Rejection
from kitlib.embedded.scheduler.inter_pod_affinity import InterPodAffinity
from kitlib.embedded.scheduler.node_info import NodeInfo, PodInfo
from kitlib.embedded.scheduler.node_selector import matches_preference
from kitlib.embedded.scheduler.topology_spread import Constraint, TopologySpread
from kitlib.embedded.scheduler.volumes import PodVolumes

__all__ = ["Candidate", "Cycle"]

_TAINT_WEIGHT, _AFFINITY_WEIGHT, _SPREAD_WEIGHT = 3, 2, 2


@dataclass(frozen=True, slots=True)
class Candidate:
    """The pod to place, with what its cycle must know beside the nodes.

    Args:
        info: the pod.
        volumes: its claims.
        spread: its spread constraints, or the defaults.
        namespace_labels: for affinity to pods of other namespaces.
    """

    info: PodInfo
    volumes: PodVolumes
    spread: Sequence[Constraint]
    namespace_labels: NamespaceLabels


class Cycle:
    """Filters and scores over one state of the nodes.

    Args:
        candidate: the pod to place.
        nodes: all nodes.
    """

    def __init__(self, candidate: Candidate, nodes: Collection[NodeInfo]) -> None:
        self._candidate, self._nodes, self._pod = candidate, nodes, candidate.info
        self._affinity = InterPodAffinity(self._pod, nodes, candidate.namespace_labels)
        self._spread = TopologySpread(self._pod, nodes, candidate.spread)

    def rejection(self, info: NodeInfo) -> Rejection | None:
        """Return the first reason against a node, or None."""
        for check in FILTERS:
            if found := check(self._pod, info):
                return found
        if found := self._candidate.volumes.against(info):
            return found
        return self._spread.rejection(info) or self._affinity.rejection(info)

    def best(self, fitting: Sequence[NodeInfo]) -> NodeInfo:
        """Return the fitting node to take."""
        if len(fitting) == 1:
            return fitting[0]
        affinity = self._affinity.scores(fitting, self._nodes)
        spread = self._spread.scores(fitting)
        taints = _normalized(fitting, self._intolerable, reverse=True)
        preferred = _normalized(fitting, self._preference, reverse=False)

        def rank(info: NodeInfo) -> tuple[int, int, str]:
            name = info.name
            total = _TAINT_WEIGHT * taints[name] + _AFFINITY_WEIGHT * (preferred[name] + affinity.get(name, 0))
            total += _SPREAD_WEIGHT * spread.get(name, 0)
            total += _least_allocated(self._pod, info) + _balanced(self._pod, info)
            return -total, len(info.pods), name

        return min(fitting, key=rank)

    def _intolerable(self, info: NodeInfo) -> int:
        soft = [taint for taint in taints_of(info.node) if taint["effect"] == "PreferNoSchedule"]
        return sum(untolerated(self._pod.pod, [taint], ("PreferNoSchedule",)) is not None for taint in soft)

    def _preference(self, info: NodeInfo) -> int:
        affinity = (self._pod.pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
        terms: list[Object] = affinity.get("preferredDuringSchedulingIgnoredDuringExecution") or []
        return sum(int(t["weight"]) for t in terms if matches_preference(t["preference"], info.name, info.labels))


def _normalized(fitting: Sequence[NodeInfo], score: Callable[[NodeInfo], int], *, reverse: bool) -> Mapping[str, int]:
    """Return scores from 0 to 100, the highest being 100 (with `reverse`, 0)."""
    raw = {info.name: score(info) for info in fitting}
    highest = max(raw.values())
    scaled = {name: 100 * value // highest if highest else 0 for name, value in raw.items()}
    return {name: 100 - value for name, value in scaled.items()} if reverse else scaled


def _least_allocated(pod: PodInfo, info: NodeInfo) -> int:
    shares = [share for share in _shares(pod, info, scoring=True) if share is not None]
    return sum(int(100 * max(0.0, 1 - share)) for share in shares) // len(shares) if shares else 0


def _balanced(pod: PodInfo, info: NodeInfo) -> int:
    if not pod.requests.get("cpu") and not pod.requests.get("memory"):
        return 0
    shares = [min(1.0, share) for share in _shares(pod, info, scoring=False) if share is not None]
    deviation = abs(shares[0] - shares[1]) / 2 if len(shares) == 2 else 0.0
    return int(100 * (1 - deviation))


def _shares(pod: PodInfo, info: NodeInfo, *, scoring: bool) -> list[float | None]:
    """Return which part of CPU and memory would be requested with the pod on the node."""
    used = info.scoring_requested if scoring else info.requested
    wanted = pod.scoring_requests if scoring else pod.requests
    return [
        (used[name] + wanted.get(name, 0)) / info.allocatable[name] if info.allocatable.get(name) else None
        for name in ("cpu", "memory")
    ]
