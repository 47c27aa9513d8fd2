"""Which ordinals one sync looks at: those with a pod, and no more of the missing ones than it could act on.

A set may ask for millions of replicas. What a sync costs depends on the pods there are, never on that number.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.controllers.statefulset import identity
from kitlib.embedded.controllers.statefulset.identity import ordinal_of, ordinal_range

__all__ = ["LARGEST_BURST", "Slot", "by_ordinal", "is_ordered", "missing", "slots"]

# A sync with policy Parallel acts on at most this many pods, then lets API requests and others go on, and comes back.
# (Upstream starts up to 500 at a time, but it has threads to wait for.)
LARGEST_BURST = 50


@dataclass(frozen=True, slots=True)
class Slot:
    """One wanted ordinal, and its pod if there is one."""

    ordinal: int
    name: str
    pod: Object | None


def is_ordered(stateful_set: Object) -> bool:
    """Tell whether the policy is OrderedReady, the default."""
    return bool(stateful_set["spec"].get("podManagementPolicy") != "Parallel")


def by_ordinal(stateful_set: Object, pods: Iterable[Object]) -> dict[int, Object]:
    """Return the set's pods by ordinal."""
    return {ordinal: pod for pod in pods if (ordinal := ordinal_of(stateful_set, pod)) is not None}


def missing(wanted: range, present: Container[int]) -> Iterator[int]:
    """Yield the wanted ordinals without a pod, lowest first.

    Example:
        >>> list(missing(range(2, 6), {3}))
        [2, 4, 5]
    """
    return (ordinal for ordinal in wanted if ordinal not in present)


def slots(stateful_set: Object, present: dict[int, Object]) -> list[Slot]:
    """Return the slots of one sync, lowest ordinal first.

    OrderedReady creates one pod at a time: of the missing ordinals only the lowest can matter.
    """
    wanted = ordinal_range(stateful_set)
    absent = islice(missing(wanted, present), 1 if is_ordered(stateful_set) else LARGEST_BURST)
    ordinals = sorted([*(ordinal for ordinal in present if ordinal in wanted), *absent])
    return [Slot(n, identity.pod_name(stateful_set, n), present.get(n)) for n in ordinals]
