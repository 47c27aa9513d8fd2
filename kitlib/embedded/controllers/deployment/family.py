"""A Deployment together with its ReplicaSets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.controllers.deployment import replicasets, sizing
from kitlib.embedded.controllers.deployment.strategy import replicas

__all__ = ["Family", "family_of"]


@dataclass(frozen=True, slots=True)
class Family:
    """A Deployment and its ReplicaSets as one sync sees them."""

    deployment: Object
    new: Object | None
    old: tuple[Object, ...]

    @property
    def every(self) -> list[Object]:
        """All its ReplicaSets."""
        return [*self.old, *([self.new] if self.new is not None else [])]

    @property
    def active(self) -> list[Object]:
        """Those that want pods."""
        return [rs for rs in self.every if replicas(rs) > 0]

    @property
    def is_saturated(self) -> bool:
        """Whether the new ReplicaSet alone is all that is asked for."""
        if self.new is None:
            return False
        sizes = (replicasets.desired(self.new), replicas(self.new), sizing.available(self.new))
        return all(size == replicas(self.deployment) for size in sizes)


def family_of(deployment: Object, replica_sets: Sequence[Object]) -> Family:
    """Sort the ReplicaSets into the new one and the old ones."""
    new = replicasets.find_new(deployment, replica_sets)
    return Family(deployment, new, tuple(rs for rs in replica_sets if rs is not new))
