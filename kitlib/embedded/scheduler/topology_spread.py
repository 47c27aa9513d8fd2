"""Spread over places: `topologySpreadConstraints`. Source: kube-scheduler's plugin `PodTopologySpread`."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from kitlib.embedded.apimachinery import objects, selectors
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.selectors import Requirement, Selector
from kitlib.embedded.controllers.taints import HARD_EFFECTS, taints_of, untolerated
from kitlib.embedded.scheduler.filters import Rejection
from kitlib.embedded.scheduler.node_info import NodeInfo, PodInfo
from kitlib.embedded.scheduler.node_selector import required_node_affinity

__all__ = ["Constraint", "TopologySpread", "constraints_of", "default_constraints"]

_TOO_MANY = Rejection(("node(s) didn't match pod topology spread constraints",))
_NO_LABEL = Rejection(("node(s) didn't match pod topology spread constraints (missing required label)",), final=True)
# What a pod of a Service or a set gets when it says nothing: wishes, as the scheduler's built-in defaults have them.
_DEFAULTS = (("kubernetes.io/hostname", 3), ("topology.kubernetes.io/zone", 5))


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """One constraint, parsed.

    Args:
        key: the node label whose value names a place.
        max_skew: by how many pods places may differ.
        hard: whether it forbids or only advises.
        selector: of the pods that count.
        min_domains: with fewer places than this, the emptiest one counts as empty.
        honor_affinity: whether only nodes that the pod's node affinity allows count.
        honor_taints: whether only nodes whose taints the pod tolerates count.
        own: whether the pod asked for it itself, rather than the scheduler for it.
    """

    key: str
    max_skew: int
    hard: bool
    selector: Selector
    min_domains: int = 1
    honor_affinity: bool = True
    honor_taints: bool = False
    own: bool = True

    def counts(self, pod: Object, info: NodeInfo) -> bool:
        """Tell whether a node counts as part of its place."""
        if self.honor_affinity and not required_node_affinity(pod, info.name, info.labels):
            return False
        return not self.honor_taints or untolerated(pod, taints_of(info.node), HARD_EFFECTS) is None


def constraints_of(pod: Object) -> tuple[Constraint, ...]:
    """Return what a pod asks for."""
    labels = objects.labels(pod)
    return tuple(_parse(item, labels) for item in pod["spec"].get("topologySpreadConstraints") or [])


def default_constraints(selector: Selector) -> tuple[Constraint, ...]:
    """Return the wishes for a pod that asks for nothing and belongs with the pods of `selector`."""
    return tuple(
        Constraint(key=key, max_skew=skew, hard=False, selector=selector, own=False) for key, skew in _DEFAULTS
    )


class TopologySpread:
    """How the pods that a constraint is about are spread now; counted once for all nodes.

    Args:
        pod: to be placed.
        nodes: all of them.
        constraints: its own, or the defaults.
    """

    def __init__(self, pod: PodInfo, nodes: Collection[NodeInfo], constraints: Sequence[Constraint]) -> None:
        self._pod = pod.pod
        self._hard = [each for each in constraints if each.hard]
        self._soft = [each for each in constraints if not each.hard]
        self._nodes = nodes
        self._matching = [(each, self._count(each, self._hard)) for each in self._hard]

    def rejection(self, info: NodeInfo) -> Rejection | None:
        """Return the reason against a node, or None."""
        for constraint, counts in self._matching:
            place = info.labels.get(constraint.key)
            if place is None:
                return _NO_LABEL
            fewest = min(counts.values(), default=0) if len(counts) >= constraint.min_domains else 0
            own = constraint.selector.matches(objects.labels(self._pod))
            if counts.get(place, 0) + own - fewest > constraint.max_skew:
                return _TOO_MANY
        return None

    def scores(self, fitting: Collection[NodeInfo]) -> dict[str, int]:
        """Return, per fitting node, how well the pod would be spread there, from 0 to 100."""
        required = [each.key for each in self._soft if each.own]
        eligible = [info for info in fitting if all(key in info.labels for key in required)]
        if not self._soft or not eligible:
            return {}
        raw = dict.fromkeys((info.name for info in eligible), 0.0)
        for constraint in self._soft:
            counts = self._count(constraint, self._soft if constraint.own else [])
            places = {info.labels[constraint.key] for info in eligible if constraint.key in info.labels}
            weight = math.log(len(places) + 2)
            for info in eligible:
                if (place := info.labels.get(constraint.key)) is not None:
                    raw[info.name] += counts.get(place, 0) * weight + constraint.max_skew - 1
        rounded = {name: round(value) for name, value in raw.items()}
        low, high = min(rounded.values()), max(rounded.values())
        return {name: 100 * (high + low - value) // high if high else 100 for name, value in rounded.items()}

    def _count(self, constraint: Constraint, together: Sequence[Constraint]) -> dict[str, int]:
        """Count the matching pods per place; only nodes that have all the labels of `together` make places."""
        counts: dict[str, int] = {}
        for info in self._nodes:
            place = info.labels.get(constraint.key)
            if place is None or any(each.key not in info.labels for each in together):
                continue
            if constraint.counts(self._pod, info):
                counts[place] = counts.get(place, 0) + sum(
                    self._is_counted(constraint, other.pod) for other in info.pods.values()
                )
        return counts

    def _is_counted(self, constraint: Constraint, other: Object) -> bool:
        return (
            objects.namespace(other) == objects.namespace(self._pod)
            and not objects.is_terminating(other)
            and constraint.selector.matches(objects.labels(other))
        )


def _parse(item: Object, labels: Mapping[str, str]) -> Constraint:
    base = selectors.from_label_selector(item.get("labelSelector"))
    same = [Requirement(key, "in", (labels[key],)) for key in item.get("matchLabelKeys") or [] if key in labels]
    return Constraint(
        key=item["topologyKey"],
        max_skew=int(item["maxSkew"]),
        hard=item["whenUnsatisfiable"] == "DoNotSchedule",
        selector=base if base.never else Selector((*base.requirements, *same)),
        min_domains=int(item.get("minDomains") or 1),
        honor_affinity=item.get("nodeAffinityPolicy", "Honor") == "Honor",
        honor_taints=item.get("nodeTaintsPolicy", "Ignore") == "Honor",
    )
