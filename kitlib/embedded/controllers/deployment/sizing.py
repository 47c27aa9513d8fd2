"""How large each ReplicaSet should be in the next step of a rollout; pure. Source: `rolling.go`, `sync.go`."""

from __future__ import annotations

from collections.abc import Sequence

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.controllers.deployment.strategy import is_rolling, max_surge, max_unavailable, replicas

__all__ = ["available", "by_age", "new_size", "old_sizes", "proportional_sizes"]

MAX_REPLICAS = "deployment.kubernetes.io/max-replicas"

Sizes = dict[str, int]


def available(replica_set: Object) -> int:
    """Return `status.availableReplicas` of a ReplicaSet."""
    return int((replica_set.get("status") or {}).get("availableReplicas") or 0)


def by_age(replica_sets: Sequence[Object]) -> list[Object]:
    """Return ReplicaSets, oldest first."""
    return sorted(replica_sets, key=lambda rs: (rs["metadata"].get("creationTimestamp", ""), objects.name(rs)))


def new_size(deployment: Object, existing: Sequence[Object], present: int) -> int:
    """Return the size of the new ReplicaSet.

    Args:
        deployment: what is asked for.
        existing: all ReplicaSets, the new one too if it exists.
        present: the new one's size.
    """
    wanted = replicas(deployment)
    if not is_rolling(deployment) or present >= wanted:
        return wanted
    room = wanted + max_surge(deployment) - sum(replicas(rs) for rs in existing)
    return present + min(room, wanted - present) if room > 0 else present


def old_sizes(deployment: Object, new: Object, old: Sequence[Object]) -> Sizes:
    """Return the sizes of old ReplicaSets that a rolling update reduces now, by name.

    Unavailable old pods go first, since losing them costs nothing; then as many as availability allows.
    """
    minimum = replicas(deployment) - max_unavailable(deployment)
    total = replicas(new) + sum(replicas(rs) for rs in old)
    allowed = total - minimum - (replicas(new) - available(new))
    if allowed <= 0 or not any(replicas(rs) for rs in old):
        return {}
    sizes = {objects.name(rs): replicas(rs) for rs in by_age(old)}
    before = dict(sizes)
    budget = allowed
    for rs in by_age(old):
        reduced = min(budget, max(0, replicas(rs) - available(rs)))
        sizes[objects.name(rs)] -= reduced
        budget -= reduced
    spare = available(new) + sum(available(rs) for rs in old) - minimum
    for name, size in sizes.items():
        reduced = max(0, min(size, spare))
        sizes[name] = size - reduced
        spare -= reduced
    return {name: size for name, size in sizes.items() if size != before[name]}


def proportional_sizes(deployment: Object, active: Sequence[Object]) -> Sizes:
    """Share a resize in the middle of a rollout between the active ReplicaSets, in proportion to their size."""
    wanted = replicas(deployment)
    allowed = wanted + max_surge(deployment) if wanted > 0 else 0
    to_add = allowed - sum(replicas(rs) for rs in active)
    sizes = {objects.name(rs): replicas(rs) for rs in active}
    if to_add == 0:
        return sizes
    newest_first = sorted(by_age(active), key=lambda rs: rs["metadata"].get("creationTimestamp", ""), reverse=True)
    among_equals = newest_first if to_add > 0 else by_age(active)
    ordered = sorted(among_equals, key=replicas, reverse=True)
    added = 0
    for rs in ordered:
        share = _share(deployment, rs, to_add, to_add - added)
        sizes[objects.name(rs)] += share
        added += share
    largest = objects.name(ordered[0])
    sizes[largest] = max(0, sizes[largest] + to_add - added)
    return sizes


def _share(deployment: Object, replica_set: Object, to_add: int, left: int) -> int:
    size = replicas(replica_set)
    if size == 0 or left == 0:
        return 0
    if replicas(deployment) == 0:
        fraction = -size
    else:
        before = int(objects.annotations(replica_set).get(MAX_REPLICAS) or 0)
        before = before or int((deployment.get("status") or {}).get("replicas") or 0) or size
        # Half away from zero, as Go rounds; sizes are never negative.
        fraction = int(size * (replicas(deployment) + max_surge(deployment)) / before + 0.5) - size
    return min(fraction, left) if to_add > 0 else max(fraction, left)
