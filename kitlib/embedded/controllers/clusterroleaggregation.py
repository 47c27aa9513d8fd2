"""Fills ClusterRoles that have an aggregationRule with the rules of the roles it selects.

Source: `pkg/controller/clusterroleaggregation` of Kubernetes.
"""

from __future__ import annotations

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.controllers.controller import Controller
from kitlib.embedded.registry.aggregation import aggregated_rules
from kitlib.embedded.storage.event import Event

__all__ = ["ClusterRoleAggregationController"]

_ROLES = "clusterroles.rbac.authorization.k8s.io"


class ClusterRoleAggregationController(Controller):
    """Keeps the rules of aggregated ClusterRoles; whatever else is written there is undone."""

    name = "clusterrole-aggregation-controller"

    def register(self) -> None:
        """Watch ClusterRoles: each may be a part of every aggregated one."""
        self.watch(_ROLES, self._aggregated)

    def reconcile(self, key: str) -> None:
        """Sync the rules of one aggregated role."""
        role = self.client.find(_ROLES, key)
        if role is None or not role.get("aggregationRule"):
            return
        rules = aggregated_rules(role, self.client.list(_ROLES))
        if rules != (role.get("rules") or []):
            self.client.update(_ROLES, objects.deep_copy(role) | {"rules": rules})

    def _aggregated(self, _: Event) -> list[str]:
        return [objects.name(role) for role in self.client.list(_ROLES) if role.get("aggregationRule")]
