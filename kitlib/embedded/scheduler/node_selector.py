"""Selectors of nodes: `nodeSelector`, node affinity, and the node affinity of volumes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.selectors import Requirement, Selector

__all__ = ["matches_node_selector", "matches_preference", "required_node_affinity"]

_OPERATORS = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!", "Gt": ">", "Lt": "<"}
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def required_node_affinity(pod: Object, name: str, labels: Mapping[str, str]) -> bool:
    """Tell whether a node has what `nodeSelector` and the required node affinity of a pod ask for."""
    wanted = pod["spec"].get("nodeSelector") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    affinity = (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get(_REQUIRED)
    return required is None or matches_node_selector(required, name, labels)


def matches_node_selector(selector: Object, name: str, labels: Mapping[str, str]) -> bool:
    """Tell whether one of the terms of a `NodeSelector` matches; an empty term matches nothing."""
    return any(
        (term.get("matchExpressions") or term.get("matchFields")) and matches_preference(term, name, labels)
        for term in selector.get("nodeSelectorTerms") or []
    )


def matches_preference(term: Object, name: str, labels: Mapping[str, str]) -> bool:
    """Tell whether a `NodeSelectorTerm` matches a node; here an empty one matches every node."""
    expressions, fields = term.get("matchExpressions") or [], term.get("matchFields") or []
    return _selector(expressions).matches(labels) and _selector(fields).matches({"metadata.name": name})


def _selector(expressions: Iterable[Object]) -> Selector:
    return Selector(
        tuple(
            Requirement(item["key"], _OPERATORS[item["operator"]], tuple(item.get("values") or ()))  # type: ignore[arg-type]
            for item in expressions
        )
    )
