"""Predicates about the recorded past: in what order, with which claim, how often."""

from __future__ import annotations

from collections.abc import Sequence

from kitlib.checks.checkpoint import Predicate
from kitlib.checks.observation import Observation
from kitlib.checks.verdict import Finding, met, pending, unmet

__all__ = ["claims_before_pods", "claims_kept", "pods_kept", "started_in_order"]

_UNSEEN = "its creation was not recorded; reset the lab and repeat the step"


def started_in_order(stateful_set: str, count: int) -> Predicate:
    """Want each pod to have been created only after the one before it was Ready."""
    wanted = f"each of {count} pods created after the one before it was Ready"

    def test(observation: Observation) -> Finding:
        history = observation.history
        for ordinal in range(1, count):
            before, after = f"{stateful_set}-{ordinal - 1}", f"{stateful_set}-{ordinal}"
            lives, earlier = history.lives("Pod", after), history.lives("Pod", before)
            if not lives or not earlier:
                return _coming(
                    observation, stateful_set, count, f"{after if earlier else before} was never created", wanted
                )
            born, ready = lives[0].first, earlier[0].ready()
            if born.initial:
                return unmet(f"{after}: {_UNSEEN}", wanted)
            if ready is None or ready.revision > born.revision:
                return unmet(f"{after} was created before {before} was Ready", wanted)
        return met("in order: " + " → ".join(f"{stateful_set}-{n}" for n in range(count)), wanted)

    return test


def claims_before_pods(stateful_set: str, template: str, count: int) -> Predicate:
    """Want each pod's claim to have been there before the pod."""
    wanted = "each pod's claim created before the pod"

    def test(observation: Observation) -> Finding:
        for ordinal in range(count):
            pod, claim = f"{stateful_set}-{ordinal}", f"{template}-{stateful_set}-{ordinal}"
            pods = observation.history.lives("Pod", pod)
            claims = observation.history.lives("PersistentVolumeClaim", claim)
            if not pods:
                return _coming(observation, stateful_set, count, f"{pod} was never created", wanted)
            if not claims or claims[0].first.revision > pods[0].first.revision:
                return unmet(f"{pod} was created without a claim {claim} before it", wanted)
            if pods[0].first.initial:
                return unmet(f"{pod}: {_UNSEEN}", wanted)
        return met("every claim was there before its pod", wanted)

    return test


def claims_kept(claims: Sequence[str]) -> Predicate:
    """Want these claims to be the very same objects, with the same volumes, as when they were first seen."""
    wanted = f"{', '.join(claims)}: the same UID and the same volume all along"

    def test(observation: Observation) -> Finding:
        seen = []
        for name in claims:
            lives = observation.history.lives("PersistentVolumeClaim", name)
            if not lives:
                return unmet(f"claim {name} was never there", wanted)
            living = observation.history.living("PersistentVolumeClaim", name)
            if living is None:
                return unmet(f"claim {name} was deleted", wanted)
            if len(lives) > 1 or living.last.state.get("terminating"):
                uids = ", then ".join(life.uid[:8] for life in lives)
                what = "is being deleted" if len(lives) == 1 else f"was deleted and made anew (UID {uids})"
                return unmet(f"claim {name} {what}", wanted)
            volumes = living.values("volume")
            if len(volumes) != 1:
                return (pending if not volumes else unmet)(
                    f"claim {name} had volumes: {', '.join(volumes) or 'none'}", wanted
                )
            seen.append(f"{name} {living.uid[:8]}")
        return met(f"UID unchanged: {', '.join(seen)}", wanted)

    return test


def pods_kept(pods: Sequence[str]) -> Predicate:
    """Want these pods to be the very same objects as when they were first seen."""
    wanted = f"{', '.join(pods)} not touched"

    def test(observation: Observation) -> Finding:
        for name in pods:
            lives = observation.history.lives("Pod", name)
            if not lives:
                return unmet(f"pod {name} was never there", wanted)
            if len(lives) > 1 or lives[0].ended or lives[0].last.state.get("terminating"):
                return unmet(f"pod {name} was deleted or made anew", wanted)
        return met(f"the same pods as before: {', '.join(pods)}", wanted)

    return test


def _coming(observation: Observation, stateful_set: str, count: int, seen: str, wanted: str) -> Finding:
    """Return pending while a set that asks for the missing pod exists, else unmet."""
    found = observation.find("StatefulSet", stateful_set)
    promised = found is not None and found["spec"].get("replicas", 1) >= count
    return (pending if promised else unmet)(seen, wanted)
