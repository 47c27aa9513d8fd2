"""Predicates about the recorded past of scaling: what was made or removed one by one, and what all at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from kitlib.checks.checkpoint import Predicate
from kitlib.checks.history import Life
from kitlib.checks.observation import Observation
from kitlib.checks.verdict import Finding, met, pending, unmet
from kitlib.client import Change

__all__ = ["created_together", "leaving", "removed_from_the_top", "removed_together", "resized"]


def resized(observation: Observation, stateful_set: str, *, to: int) -> Change | None:
    """Return the last change by which a set of that name came to ask for `to` replicas after another number."""
    found = None
    for life in observation.history.lives("StatefulSet", stateful_set):
        before: int | None = None
        for change in life.changes:
            replicas = change.state.get("replicas")
            if change.type != "DELETED" and before not in (None, replicas) and replicas == to:
                found = change
            before = replicas
    return found


def leaving(life: Life) -> Change | None:
    """Return when a pod's deletion began: when it was first seen terminating, or gone; None while it stays."""
    return next((one for one in life.changes if one.state.get("terminating") or one.type == "DELETED"), None)


def removed_from_the_top(stateful_set: str, ordinals: Sequence[int]) -> Predicate:
    """Want the pods of these ordinals, highest first, each to have gone only when the one before it was gone."""
    names = [f"{stateful_set}-{ordinal}" for ordinal in ordinals]
    wanted = f"{' and then '.join(names)}, the second only when the first was gone"

    def test(observation: Observation) -> Finding:
        lives = _last(observation, names)
        if (early := _not_gone(observation, stateful_set, lives, len(names), wanted)) is not None:
            return early
        for higher, lower in pairwise(names):
            begun = leaving(lives[lower])
            if begun is None or begun.revision < lives[higher].last.revision:
                return unmet(f"{lower} began to go before {higher} was gone", wanted)
        return met(" → ".join(names), wanted)

    return test


def created_together(stateful_set: str, ordinals: Sequence[int]) -> Predicate:
    """Want the pods of these ordinals to have been made without waiting for each other to be Ready."""
    names = [f"{stateful_set}-{ordinal}" for ordinal in ordinals]
    wanted = f"{', '.join(names)}: all made before any of them was Ready"

    def test(observation: Observation) -> Finding:
        lives = _last(observation, names)
        if len(lives) < len(names):
            missing = [name for name in names if name not in lives]
            return (pending if _grows(observation, stateful_set, missing) else unmet)(
                f"never there: {', '.join(missing)}", wanted
            )
        last_born = max(life.first.revision for life in lives.values())
        ready = [one.revision for life in lives.values() if (one := life.ready()) is not None]
        early = any(revision < last_born for revision in ready)
        return (unmet if early else met)("one waited for another" if early else "none waited for another", wanted)

    return test


def removed_together(stateful_set: str, ordinals: Sequence[int]) -> Predicate:
    """Want the pods of these ordinals to have begun to go before any of them was gone."""
    names = [f"{stateful_set}-{ordinal}" for ordinal in ordinals]
    wanted = f"{', '.join(names)}: all terminating before any of them was gone"

    def test(observation: Observation) -> Finding:
        lives = _last(observation, names)
        if (early := _not_gone(observation, stateful_set, lives, len(names), wanted)) is not None:
            return early
        begun = [one.revision for life in lives.values() if (one := leaving(life)) is not None]
        together = max(begun) < min(life.last.revision for life in lives.values())
        return (met if together else unmet)("they went together" if together else "one waited for another", wanted)

    return test


def _not_gone(
    observation: Observation, stateful_set: str, lives: Mapping[str, Life], count: int, wanted: str
) -> Finding | None:
    """Return the finding while not all of `count` pods have been there and gone; None when they have."""
    if len(lives) < count:
        return unmet(f"only these were ever there: {', '.join(lives) or 'none'}", wanted)
    staying = [name for name, life in lives.items() if not life.ended]
    if not staying:
        return None
    verdict = pending if _shrinks(observation, stateful_set, staying) else unmet
    return verdict(f"still there: {', '.join(staying)}", wanted)


def _last(observation: Observation, names: Sequence[str]) -> dict[str, Life]:
    """Return the last pod of each name."""
    found = {name: observation.history.lives("Pod", name) for name in names}
    return {name: lives[-1] for name, lives in found.items() if lives}


def _range(observation: Observation, stateful_set: str) -> range | None:
    found = observation.find("StatefulSet", stateful_set)
    if found is None:
        return None
    start = (found["spec"].get("ordinals") or {}).get("start", 0)
    return range(start, start + found["spec"].get("replicas", 1))


def _shrinks(observation: Observation, stateful_set: str, names: Sequence[str]) -> bool:
    """Tell whether the set wants none of these pods any more."""
    wanted = _range(observation, stateful_set)
    return wanted is not None and not any(int(name.rpartition("-")[2]) in wanted for name in names)


def _grows(observation: Observation, stateful_set: str, names: Sequence[str]) -> bool:
    """Tell whether the set wants all of these pods."""
    wanted = _range(observation, stateful_set)
    return wanted is not None and all(int(name.rpartition("-")[2]) in wanted for name in names)
