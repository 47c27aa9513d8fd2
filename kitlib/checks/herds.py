"""Predicates about several pods at a time: a Deployment's pods, who started or stopped together and who in order."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from kitlib.checks.checkpoint import Predicate
from kitlib.checks.history import History, Life
from kitlib.checks.observation import Observation
from kitlib.checks.verdict import Finding, met, pending, unmet
from kitlib.client import Change

__all__ = [
    "deployment_pods",
    "deployment_ready",
    "set_pods",
    "started_together",
    "stopped_in_reverse",
    "stopped_together",
]

Pods = Callable[[History], tuple[Life, ...]]


def deployment_pods(history: History, name: str) -> tuple[Life, ...]:
    """Return the pods that any Deployment of that name ever had, oldest first; ReplicaSets must be recorded too."""
    owners = {life.uid for life in history.lives("Deployment", name)}
    middle = {life.uid for life in history.lives("ReplicaSet") if life.last.state.get("owner") in owners}
    return tuple(life for life in history.lives("Pod") if life.last.state.get("owner") in middle)


def set_pods(history: History, name: str) -> tuple[Life, ...]:
    """Return the pods that any StatefulSet of that name ever had, oldest first."""
    owners = {life.uid for life in history.lives("StatefulSet", name)}
    return tuple(life for life in history.lives("Pod") if life.last.state.get("owner") in owners)


def deployment_ready(name: str, count: int) -> Predicate:
    """Want a Deployment with exactly this many pods, all of its present template and Ready."""
    wanted = f"{count} pods of Deployment {name}, all Ready"

    def test(observation: Observation) -> Finding:
        found = observation.find("Deployment", name)
        if found is None:
            return unmet(f"no Deployment {name}", wanted)
        replicas, status = found["spec"].get("replicas", 1), found.get("status") or {}
        if replicas != count:
            return unmet(f"the Deployment asks for {replicas} replicas", wanted)
        fresh, ready = status.get("updatedReplicas", 0), status.get("readyReplicas", 0)
        seen = f"{ready} of {status.get('replicas', 0)} pods Ready, {fresh} of the present template"
        current = int(status.get("observedGeneration") or 0) >= int(found["metadata"].get("generation") or 0)
        done = current and fresh == ready == status.get("replicas", 0) == count
        return (met if done else pending)(seen, wanted)

    return test


def started_together(name: str, count: int) -> Predicate:
    """Want the first pods of a Deployment to have been created before any of them was Ready."""
    wanted = f"{count} pods of {name} created before the first of them was Ready"

    def test(observation: Observation) -> Finding:
        lives = deployment_pods(observation.history, name)[:count]
        if len(lives) < count:
            found = observation.find("Deployment", name)
            promised = found is not None and found["spec"].get("replicas", 1) >= count
            return (pending if promised else unmet)(f"{len(lives)} pods of {name} were created", wanted)
        if any(life.first.initial for life in lives):
            return unmet("their creation was not recorded; reset the lab and repeat the step", wanted)
        ready = [change.revision for life in lives if (change := life.ready())]
        if not ready:
            return pending("none is Ready yet", wanted)
        before = sum(life.first.revision < min(ready) for life in lives)
        return (met if before == count else unmet)(f"{before} of {count} were created before one was Ready", wanted)

    return test


def stopped_together(pods: Pods, count: int, what: str) -> Predicate:
    """Want the last pods of a workload to have begun to stop before the first of them was gone.

    Args:
        pods: the workload's pods, for example `lambda history: set_pods(history, "web")`.
        count: how many.
        what: what to call them.
    """
    wanted = f"{count} {what} told to stop before the first of them was gone"

    def test(observation: Observation) -> Finding:
        lives = _last(pods, observation, count)
        begun = [change.revision for life in lives if (change := _stopping(life))]
        if len(begun) < count:
            return unmet(f"{len(begun)} of {count} {what} were told to stop", wanted)
        gone = [life.last.revision for life in lives if life.ended]
        if not gone:
            return pending("none is gone yet", wanted)
        before = sum(revision < min(gone) for revision in begun)
        return (met if before == count else unmet)(
            f"{before} of {count} were told to stop before the first was gone", wanted
        )

    return test


def stopped_in_reverse(name: str, count: int) -> Predicate:
    """Want the pods of a StatefulSet to have stopped from the highest ordinal down, each only after the one before."""
    order = [f"{name}-{ordinal}" for ordinal in reversed(range(count))]
    wanted = "stopped one after the other: " + " → ".join(order)

    def test(observation: Observation) -> Finding:
        lives = {life.name: life for life in set_pods(observation.history, name)}
        found = observation.find("StatefulSet", name)
        going = found is not None and found["spec"].get("replicas", 1) == 0
        missing = [pod for pod in order if pod not in lives or not lives[pod].ended]
        if missing:
            return (pending if going else unmet)(f"still there or never seen: {', '.join(missing)}", wanted)
        for before, after in pairwise(order):
            begun = _stopping(lives[after])
            if begun is None or begun.revision < lives[before].last.revision:
                return unmet(f"{after} was told to stop before {before} was gone", wanted)
        return met(" → ".join(order), wanted)

    return test


def _last(pods: Pods, observation: Observation, count: int) -> tuple[Life, ...]:
    """Return the youngest pods that ever were Ready: who never was has nothing to stop."""
    return tuple(life for life in pods(observation.history) if life.ready())[-count:]


def _stopping(life: Life) -> Change | None:
    """Return the change with which a pod was told to stop; a pod without a grace period is gone at once."""
    terminating = life.when(lambda state: bool(state.get("terminating")))
    return terminating or (life.last if life.ended else None)
