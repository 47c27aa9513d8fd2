"""The `status` of a Deployment; pure. Source: `progress.go`, `calculateStatus` in `sync.go`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.times import parse_time
from kitlib.embedded.controllers.deployment import conditions
from kitlib.embedded.controllers.deployment.strategy import max_unavailable, progress_deadline, replicas

__all__ = ["calculate", "deadline_in", "is_complete", "with_progress"]

_COUNTERS = ("replicas", "readyReplicas", "availableReplicas")


def calculate(deployment: Object, new: Object | None, every: Sequence[Object], now: datetime) -> Object:
    """Build counters and the Available condition; other conditions are carried over."""
    sums = {field: sum(_counter(rs, field) for rs in every) for field in _COUNTERS}
    optional = {
        "replicas": sums["replicas"],
        "updatedReplicas": _counter(new, "replicas") if new is not None else 0,
        "readyReplicas": sums["readyReplicas"],
        "availableReplicas": sums["availableReplicas"],
        "unavailableReplicas": max(0, sums["replicas"] - sums["availableReplicas"]),
    }
    old = deployment.get("status") or {}
    status: Object = {"observedGeneration": int(deployment["metadata"].get("generation") or 0)}
    status |= {field: number for field, number in optional.items() if number}
    if sums["availableReplicas"] >= replicas(deployment) - max_unavailable(deployment):
        text = ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    else:
        text = ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    terminating = [(rs.get("status") or {}).get("terminatingReplicas") for rs in every]
    if None not in terminating:
        status["terminatingReplicas"] = sum(terminating)
    available = conditions.make("Available", *text, now)
    status["conditions"] = conditions.put(old.get("conditions") or [], available)
    status["conditions"] = _with_failure(status["conditions"], new, every)
    if old.get("collisionCount"):
        status["collisionCount"] = old["collisionCount"]
    return status


def with_progress(deployment: Object, status: Object, new: Object | None, now: datetime) -> Object:
    """Return the status with the Progressing condition brought up to date."""
    if progress_deadline(deployment) is None:
        return status | {"conditions": conditions.without(status["conditions"], "Progressing")}
    old = conditions.find((deployment.get("status") or {}).get("conditions") or [], "Progressing")
    settled = status.get("replicas", 0) == status.get("updatedReplicas", 0)
    if settled and old is not None and old["reason"] == "NewReplicaSetAvailable":
        return status
    kind = "ReplicaSet" if new is not None else "Deployment"
    subject = f'{kind} "{objects.name(new or deployment)}"'
    kept = status["conditions"]
    if is_complete(deployment, status):
        text = ("True", "NewReplicaSetAvailable", f"{subject} has successfully progressed.")
    elif _has_moved(deployment.get("status") or {}, status):
        text = ("True", "ReplicaSetUpdated", f"{subject} is progressing.")
        # Every step forward restarts the deadline, so even the same reason is written anew.
        kept = conditions.without(kept, "Progressing")
    elif old is not None and _deadline(deployment, old) < now and old["reason"] != "NewReplicaSetAvailable":
        text = ("False", "ProgressDeadlineExceeded", f"{subject} has timed out progressing.")
    else:
        return status
    made = conditions.make("Progressing", *text, now)
    if text[1] == "ReplicaSetUpdated" and old is not None and old["status"] == "True":
        made["lastTransitionTime"] = old["lastTransitionTime"]
    return status | {"conditions": conditions.put(kept, made)}


def is_complete(deployment: Object, status: Object) -> bool:
    """Tell whether the rollout is done: all replicas are updated and available, and no others are left."""
    wanted = replicas(deployment)
    numbers = (status.get(field, 0) for field in ("updatedReplicas", "replicas", "availableReplicas"))
    generation = int(deployment["metadata"].get("generation") or 0)
    return all(number == wanted for number in numbers) and status.get("observedGeneration", 0) >= generation


def deadline_in(deployment: Object, status: Object, now: datetime) -> float | None:
    """Return the seconds until the rollout must have moved, or None when nothing is under way."""
    old = conditions.find(status["conditions"], "Progressing")
    if progress_deadline(deployment) is None or old is None or is_complete(deployment, status):
        return None
    if old["reason"] in ("NewReplicaSetAvailable", "ProgressDeadlineExceeded"):
        return None
    # Time stamps have whole seconds: one more makes sure that the deadline has passed by then.
    return max(0.0, (_deadline(deployment, old) - now).total_seconds()) + 1


def _deadline(deployment: Object, progressing: Object) -> datetime:
    return parse_time(progressing["lastUpdateTime"]) + timedelta(seconds=progress_deadline(deployment) or 0)


def _has_moved(old: Object, new: Object) -> bool:
    def outdated(status: Object) -> int:
        return int(status.get("replicas", 0)) - int(status.get("updatedReplicas", 0))

    grown = ("updatedReplicas", "readyReplicas", "availableReplicas")
    return outdated(new) < outdated(old) or any(new.get(field, 0) > old.get(field, 0) for field in grown)


def _with_failure(present: list[Object], new: Object | None, every: Sequence[Object]) -> list[Object]:
    first = [new] if new is not None else []
    for rs in [*first, *every]:
        failure = conditions.find((rs.get("status") or {}).get("conditions") or [], "ReplicaFailure")
        if failure is not None:
            return conditions.put(present, failure | {"lastUpdateTime": failure["lastTransitionTime"]})
    return conditions.without(present, "ReplicaFailure")


def _counter(replica_set: Object, field: str) -> int:
    return int((replica_set.get("status") or {}).get(field) or 0)
