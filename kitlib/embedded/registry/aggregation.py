"""Which rules an aggregated ClusterRole has; pure.

Source: Kubernetes RBAC, "Aggregated ClusterRoles".
"""

from __future__ import annotations

from collections.abc import Iterable

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.selectors import from_label_selector

__all__ = ["aggregated_rules"]


def aggregated_rules(role: Object, roles: Iterable[Object]) -> list[Object]:
    """Return the rules of all roles that the `aggregationRule` of `role` selects, each once.

    Args:
        role: a ClusterRole with an `aggregationRule`.
        roles: every ClusterRole, ordered by name.
    """
    rules: list[Object] = []
    others = [other for other in roles if objects.name(other) != objects.name(role)]
    for selector in role["aggregationRule"].get("clusterRoleSelectors") or []:
        matches = from_label_selector(selector)
        for part in others:
            if matches.matches(objects.labels(part)):
                rules += [rule for rule in part.get("rules") or [] if rule not in rules]
    return rules
