"""Which pods a rolling update deletes now, to have them re-created at the update revision.

Source: `stateful_set_control.go`, and KEP-961 for `maxUnavailable`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.controllers import podstate
from kitlib.embedded.controllers.statefulset.identity import ordinal_range, pod_name, revision_of
from kitlib.embedded.controllers.statefulset.model import Snapshot
from kitlib.embedded.registry.explanations import Reason

__all__ = ["RolloutStep", "decide", "max_unavailable", "outdated", "partition"]

Ailment = Callable[[Object | None], str]


@dataclass(frozen=True, slots=True)
class RolloutStep:
    """The pods to delete now, in order, and why these and no others."""

    delete: tuple[Object, ...]
    reasons: tuple[Reason, ...]


def decide(snapshot: Snapshot, pods: Mapping[int, Object], ailment: Ailment) -> RolloutStep:
    """Decide the next step of an update.

    Args:
        snapshot: what is known.
        pods: those there are, by index (ordinal minus start), lowest first.
        ailment: says what keeps a pod from being available, or `""`.
    """
    stateful_set, update = snapshot.stateful_set, objects.name(snapshot.update)
    if _strategy(stateful_set).get("type") == "OnDelete":
        every = _outdated(pods.values(), update)
        return RolloutStep((), tuple(_kept(every, "updateStrategy OnDelete waits for its deletion")))
    first = partition(stateful_set)
    below = (pod for index, pod in pods.items() if index < first)
    kept = _kept(_outdated(below, update), f"its index is below the partition {first}")
    if snapshot.max_unavailable:
        step = _with_budget(snapshot, pods, first, ailment)
    else:
        step = _one_by_one(snapshot, pods, first, ailment)
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


def outdated(stateful_set: Object, pods: Mapping[int, Object], update: str) -> list[Object]:
    """Return the pods that a rolling update still has to replace."""
    if _strategy(stateful_set).get("type") == "OnDelete":
        return []
    return _outdated(_from(pods, partition(stateful_set)), update)


def _one_by_one(snapshot: Snapshot, pods: Mapping[int, Object], first: int, ailment: Ailment) -> RolloutStep:
    """From the top: delete the first outdated pod, unless a pod above it is not there or not available yet."""
    update, ordinals = objects.name(snapshot.update), ordinal_range(snapshot.stateful_set)
    candidates = _outdated(_from(pods, first), update)
    for index in range(len(ordinals) - 1, first - 1, -1):
        pod = pods.get(index)
        if pod is not None and _is_outdated(pod, update):
            waiting = _waiting(candidates[:-1], update, f"{objects.name(pod)} goes first")
            return RolloutStep((pod,), (_replaced(pod, update), *waiting))
        name = pod_name(snapshot.stateful_set, ordinals[index])
        cause = ailment(pod) if pod is not None else f"{name} does not exist"
        if cause:
            return RolloutStep((), tuple(_waiting(candidates, update, cause)))
    return RolloutStep((), ())


def _with_budget(snapshot: Snapshot, pods: Mapping[int, Object], first: int, ailment: Ailment) -> RolloutStep:
    """Delete as many outdated pods as `maxUnavailable` leaves room for.

    Policy Parallel (1.37) first deletes every outdated pod that is broken anyway, outside the budget: they were
    counted as unavailable before and stay so.
    """
    update = objects.name(snapshot.update)
    wanted = len(ordinal_range(snapshot.stateful_set))
    unavailable = wanted - len(pods) + sum(1 for pod in pods.values() if ailment(pod))
    room = max_unavailable(snapshot.stateful_set, wanted) - unavailable
    candidates = list(reversed(_outdated(_from(pods, first), update)))
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


def _from(pods: Mapping[int, Object], first: int) -> list[Object]:
    return [pod for index, pod in pods.items() if index >= first]


def _outdated(pods: Iterable[Object], update: str) -> list[Object]:
    return [pod for pod in pods if _is_outdated(pod, update)]


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
