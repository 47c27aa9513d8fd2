"""Which pods a rolling update deletes now, to have them re-created at the update revision.

Source: `stateful_set_control.go`, and KEP-961 for `maxUnavailable`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.controllers import podstate
from kitlib.embedded.controllers.explanation import Reason
from kitlib.embedded.controllers.statefulset.identity import revision_of
from kitlib.embedded.controllers.statefulset.model import Snapshot

__all__ = ["RolloutStep", "decide", "max_unavailable", "outdated", "partition"]

Ailment = Callable[[Object | None], str]


@dataclass(frozen=True, slots=True)
class RolloutStep:
    """The pods to delete now, in order, and why these and no others."""

    delete: tuple[Object, ...]
    reasons: tuple[Reason, ...]


def decide(snapshot: Snapshot, pods: Sequence[Object | None], ailment: Ailment) -> RolloutStep:
    """Decide the next step of an update.

    Args:
        snapshot: what is known.
        pods: by index (ordinal minus start); None where there is no pod yet.
        ailment: says what keeps a pod from being available, or `""`.
    """
    stateful_set, update = snapshot.stateful_set, objects.name(snapshot.update)
    if _strategy(stateful_set).get("type") == "OnDelete":
        return RolloutStep((), tuple(_kept(_outdated(pods, update), "updateStrategy OnDelete waits for its deletion")))
    first = partition(stateful_set)
    kept = _kept(_outdated(pods[:first], update), f"its index is below the partition {first}")
    if snapshot.max_unavailable:
        step = _with_budget(snapshot, pods, first, ailment)
    else:
        step = _one_by_one(pods, first, update, ailment)
    return RolloutStep(step.delete, (*step.reasons, *kept))


def partition(stateful_set: Object) -> int:
    """Return the first index that a rolling update may touch."""
    return int((_strategy(stateful_set).get("rollingUpdate") or {}).get("partition") or 0)


def max_unavailable(stateful_set: Object, replicas: int) -> int:
    """Return the budget: an int, or a percentage of the replicas rounded down; at least 1."""
    value = (_strategy(stateful_set).get("rollingUpdate") or {}).get("maxUnavailable", 1)
    if isinstance(value, str):
        value = int(value.removesuffix("%")) * replicas // 100
    return max(1, int(value))


def outdated(stateful_set: Object, pods: Sequence[Object], update: str) -> list[Object]:
    """Return the pods that a rolling update still has to replace."""
    if _strategy(stateful_set).get("type") == "OnDelete":
        return []
    return _outdated(pods[partition(stateful_set) :], update)


def _one_by_one(pods: Sequence[Object | None], first: int, update: str, ailment: Ailment) -> RolloutStep:
    """From the top: delete the first outdated pod, unless a pod above it is not available yet."""
    for index in range(len(pods) - 1, first - 1, -1):
        pod, below = pods[index], pods[first:index]
        if pod is not None and _is_outdated(pod, update):
            waiting = _waiting(_outdated(below, update), update, f"{objects.name(pod)} goes first")
            return RolloutStep((pod,), (_replaced(pod, update), *waiting))
        cause = ailment(pod)
        if cause:
            return RolloutStep((), tuple(_waiting(_outdated(below, update), update, cause)))
    return RolloutStep((), ())


def _with_budget(snapshot: Snapshot, pods: Sequence[Object | None], first: int, ailment: Ailment) -> RolloutStep:
    """Delete as many outdated pods as `maxUnavailable` leaves room for.

    Policy Parallel (1.37) first deletes every outdated pod that is broken anyway, outside the budget: they were
    counted as unavailable before and stay so.
    """
    update = objects.name(snapshot.update)
    room = max_unavailable(snapshot.stateful_set, len(pods)) - sum(1 for pod in pods if ailment(pod))
    candidates = list(reversed(_outdated(pods[first:], update)))
    free: list[Object] = []
    if snapshot.stateful_set["spec"].get("podManagementPolicy") == "Parallel":
        free = [pod for pod in candidates if ailment(pod)]
        candidates = [pod for pod in candidates if not ailment(pod)]
    delete = free + candidates[: max(0, room)]
    late = candidates[max(0, room) :]
    waiting = _waiting(late, update, "as many pods as maxUnavailable allows are unavailable")
    return RolloutStep(tuple(delete), (*(_replaced(pod, update) for pod in delete), *waiting))


def _strategy(stateful_set: Object) -> Object:
    return stateful_set["spec"].get("updateStrategy") or {}


def _outdated(pods: Iterable[Object | None], update: str) -> list[Object]:
    return [pod for pod in pods if pod is not None and _is_outdated(pod, update)]


def _is_outdated(pod: Object, update: str) -> bool:
    # A finished pod is deleted by the sync itself, whatever its revision.
    return revision_of(pod) != update and not objects.is_terminating(pod) and not podstate.is_finished(pod)


def _replaced(pod: Object, update: str) -> Reason:
    name = objects.name(pod)
    text = f"{name} is deleted: it is at revision {revision_of(pod)} and will be re-created at {update}"
    return Reason(f"pod/{name}", text)


def _kept(pods: Iterable[Object], cause: str) -> list[Reason]:
    names = ((objects.name(pod), revision_of(pod)) for pod in pods)
    return [Reason(f"pod/{name}", f"{name} stays at revision {revision}: {cause}") for name, revision in names]


def _waiting(pods: Iterable[Object], update: str, cause: str) -> list[Reason]:
    names = (objects.name(pod) for pod in pods)
    return [Reason(f"pod/{name}", f"{name} is not updated to {update}: {cause}") for name in names]
