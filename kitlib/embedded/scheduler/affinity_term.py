"""One term of a pod's affinity to other pods: which pods, and what counts as the same place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from kitlib.embedded.apimachinery import objects, selectors
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.selectors import Requirement, Selector

__all__ = ["AffinityTerm", "NamespaceLabels", "required_terms", "weighted_terms"]

NamespaceLabels: TypeAlias = Callable[[str], Mapping[str, str]]
"""Returns the labels of a namespace."""

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


@dataclass(frozen=True, slots=True)
class AffinityTerm:
    """A `PodAffinityTerm`, parsed.

    Args:
        topology_key: the node label whose value names a place.
        selector: of the other pods, with `matchLabelKeys` and `mismatchLabelKeys` worked in.
        namespaces: where they are; the owner's own when the term names none.
        namespace_selector: or where they are, by the namespaces' labels.
    """

    topology_key: str
    selector: Selector
    namespaces: frozenset[str]
    namespace_selector: Selector

    @classmethod
    def of(cls, term: Object, owner: Object) -> AffinityTerm:
        """Parse the term of a pod."""
        named = term.get("namespaces") or []
        by_labels = term.get("namespaceSelector")
        if not named and by_labels is None:
            named = [objects.namespace(owner)]
        return cls(
            term["topologyKey"],
            _selector(term, objects.labels(owner)),
            frozenset(named),
            selectors.from_label_selector(by_labels),
        )

    def selects(self, pod: Object, namespace_labels: NamespaceLabels) -> bool:
        """Tell whether a pod is one of those the term is about."""
        namespace = objects.namespace(pod)
        by_labels = self.namespace_selector
        if namespace not in self.namespaces and (by_labels.never or not by_labels.matches(namespace_labels(namespace))):
            return False
        return self.selector.matches(objects.labels(pod))


def required_terms(pod: Object, kind: str) -> tuple[AffinityTerm, ...]:
    """Return the terms that must hold; `kind` is `podAffinity` or `podAntiAffinity`."""
    return tuple(AffinityTerm.of(term, pod) for term in _affinity(pod, kind).get(_REQUIRED) or [])


def weighted_terms(pod: Object, kind: str, sign: int) -> tuple[tuple[int, AffinityTerm], ...]:
    """Return the terms that should hold with their weights times `sign`."""
    return tuple(
        (sign * int(item["weight"]), AffinityTerm.of(item["podAffinityTerm"], pod))
        for item in _affinity(pod, kind).get(_PREFERRED) or []
    )


def _affinity(pod: Object, kind: str) -> Object:
    return (pod["spec"].get("affinity") or {}).get(kind) or {}


def _selector(term: Object, own_labels: Mapping[str, str]) -> Selector:
    base = selectors.from_label_selector(term.get("labelSelector"))
    if base.never:
        return base
    same = [Requirement(key, "in", (own_labels[key],)) for key in term.get("matchLabelKeys") or [] if key in own_labels]
    other = [
        Requirement(key, "notin", (own_labels[key],))
        for key in term.get("mismatchLabelKeys") or []
        if key in own_labels
    ]
    return Selector((*base.requirements, *same, *other))
