"""Predicates about updates: which image a set's pods run, since when, and in which order they were replaced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kitlib.checks.checkpoint import Predicate
from kitlib.checks.history import History, Life
from kitlib.checks.observation import Observation
from kitlib.checks.verdict import Finding, met, pending, unmet
from kitlib.client import Change
from kitlib.client.readiness import pod_ready

__all__ = [
    "Stretch",
    "image_of",
    "never_more_than_one_out",
    "partition_is",
    "replaced_from_the_top",
    "rolled_out",
    "strategy_is",
    "stretch_of",
    "stretches_of",
]

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stretch:
    """The time in which a set's template named one image.

    Args:
        begin: the change that brought the image into the template.
        end: the change that took it out again, or None while it is there.
        changes: of the set, from `begin` to before `end`.
    """

    begin: Change
    end: Change | None
    changes: tuple[Change, ...]

    def values(self, fact: str) -> tuple[Any, ...]:
        """Return the values that a fact of the set had in this time, in order; a value may come again."""
        seen: list[Any] = []
        for change in self.changes:
            value = change.state.get(fact)
            if not seen or seen[-1] != value:
                seen.append(value)
        return tuple(seen)

    def holds(self, change: Change) -> bool:
        """Tell whether another object changed in this time."""
        return self.begin.revision <= change.revision and (self.end is None or change.revision < self.end.revision)


def stretches_of(history: History, stateful_set: str, image: str) -> tuple[Stretch, ...]:
    """Return every time in which the set's template named that image, oldest first."""
    found: list[Stretch] = []
    for life in history.lives("StatefulSet", stateful_set):
        within: list[Change] = []
        for change in life.changes:
            if change.type != "DELETED" and change.state.get("images") == [image]:
                within.append(change)
            elif within:
                found.append(Stretch(within[0], change, tuple(within)))
                within = []
        if within:
            found.append(Stretch(within[0], None, tuple(within)))
    return tuple(found)


def stretch_of(history: History, stateful_set: str, image: str) -> Stretch | None:
    """Return the last time in which the set's template named that image, or None if it never did."""
    found = stretches_of(history, stateful_set, image)
    return found[-1] if found else None


def rolled_out(stateful_set: str, image: str, count: int) -> Predicate:
    """Want all pods of a set Ready with an image, and the set to call that its current revision."""
    wanted = f"{count} pods, all Ready with the image {image}, and the update complete"

    def test(observation: Observation) -> Finding:
        found = observation.find("StatefulSet", stateful_set)
        if found is None:
            return unmet(f"no StatefulSet {stateful_set}", wanted)
        spec, status = found["spec"], found.get("status") or {}
        asked = image_of(spec["template"])
        if asked != image or spec.get("replicas", 1) != count:
            return unmet(f"the set asks for {spec.get('replicas', 1)} pods with {asked}", wanted)
        pods = observation.owned_pods(dict(found))
        seen = ", ".join(f"{pod['metadata']['name']}: {_told(pod)}" for pod in pods) or "no pods"
        if len(pods) == count and all(pod_ready(pod) and image_of(pod) == image for pod in pods):
            if status.get("currentRevision") == status.get("updateRevision") or _strategy(found)[0] == "OnDelete":
                return met(seen, wanted)
            return pending(f"{seen}; the update is not complete yet", wanted)
        return (pending if _proceeds(found, pods, image) else unmet)(seen, wanted)

    return test


def partition_is(stateful_set: str, partition: int) -> Predicate:
    """Want a rolling update that stops at a partition; a partition that is not given is 0."""
    wanted = f"type RollingUpdate, partition {partition}"

    def test(observation: Observation) -> Finding:
        found = observation.find("StatefulSet", stateful_set)
        if found is None:
            return unmet(f"no StatefulSet {stateful_set}", wanted)
        kind, first = _strategy(found)
        return (met if (kind, first) == ("RollingUpdate", partition) else unmet)(_words(kind, first), wanted)

    return test


def strategy_is(stateful_set: str, kind: str) -> Predicate:
    """Want an update strategy of a type."""
    wanted = f"type {kind}"

    def test(observation: Observation) -> Finding:
        found = observation.find("StatefulSet", stateful_set)
        if found is None:
            return unmet(f"no StatefulSet {stateful_set}", wanted)
        has, first = _strategy(found)
        return (met if has == kind else unmet)(_words(has, first), wanted)

    return test


def replaced_from_the_top(stateful_set: str, image: str, count: int) -> Predicate:
    """Want the pods to have got an image one after the other, from the highest ordinal down, each a new pod."""
    names = [f"{stateful_set}-{ordinal}" for ordinal in reversed(range(count))]
    wanted = f"replaced in the order {' → '.join(names)}"

    def test(observation: Observation) -> Finding:
        stretch = stretch_of(observation.history, stateful_set, image)
        if stretch is None:
            return unmet(f"the template never named {image}", wanted)
        born = _arrivals(observation.history, names, image, stretch)
        for name in names:
            if not any(life.first.revision < stretch.begin.revision for life in _lives(observation, name)):
                return unmet(f"there was no {name} before the update", wanted)
        order = " → ".join(sorted(born, key=lambda name: born[name].first.revision))
        if order == " → ".join(names[: len(born)]) and len(born) < count:
            return (pending if _rolls(observation, stateful_set, image) else unmet)(order or "none yet", wanted)
        return (met if order == " → ".join(names) else unmet)(order, wanted)

    return test


def never_more_than_one_out(stateful_set: str, image: str, count: int) -> Predicate:
    """Want at most one of the pods to have been out of service at any time while an image was rolled out."""
    names = {f"{stateful_set}-{ordinal}" for ordinal in range(count)}
    wanted = "never more than one pod out of service"

    def test(observation: Observation) -> Finding:
        stretch = stretch_of(observation.history, stateful_set, image)
        if stretch is None:
            return unmet(f"the template never named {image}", wanted)
        ready = {name for name in names if _ready_at(observation.history, name, stretch.begin.revision)}
        if ready != names:
            return unmet(f"only {', '.join(sorted(ready)) or 'no pod'} Ready when the update began", wanted)
        for change in observation.history.changes:
            if change.kind != "Pod" or change.name not in names or not stretch.holds(change):
                continue
            serves = change.type != "DELETED" and change.state.get("ready") and not change.state.get("terminating")
            (ready.add if serves else ready.discard)(change.name)
            if len(ready) < count - 1:
                return unmet(f"at one time only {', '.join(sorted(ready)) or 'none'} served", wanted)
        return met("the others served all the time", wanted)

    return test


def image_of(obj: Json) -> str:
    """Return the image of the first container of a pod or a pod template."""
    return str((obj["spec"].get("containers") or [{}])[0].get("image", ""))


def _arrivals(history: History, names: list[str], image: str, stretch: Stretch) -> dict[str, Life]:
    """Return for each name the first pod with the image that was made while the template named it."""
    born: dict[str, Life] = {}
    for life in history.lives("Pod"):
        if life.name in names and life.first.state.get("images") == [image] and stretch.holds(life.first):
            born.setdefault(life.name, life)
    return born


def _lives(observation: Observation, name: str) -> tuple[Life, ...]:
    return observation.history.lives("Pod", name)


def _ready_at(history: History, name: str, revision: int) -> bool:
    found = history.at("Pod", name, revision)
    return found is not None and bool(found.state.get("ready"))


def _strategy(stateful_set: Json) -> tuple[str, int]:
    strategy = stateful_set["spec"].get("updateStrategy") or {}
    return str(strategy.get("type", "RollingUpdate")), int((strategy.get("rollingUpdate") or {}).get("partition") or 0)


def _words(kind: str, partition: int) -> str:
    return f"type {kind}" + (f", partition {partition}" if kind == "RollingUpdate" else "")


def _rolls(observation: Observation, stateful_set: str, image: str) -> bool:
    """Tell whether the controller is about to replace every pod by one with this image."""
    found = observation.find("StatefulSet", stateful_set)
    return (
        found is not None
        and image_of(found["spec"]["template"]) == image
        and _proceeds(found, observation.owned_pods(dict(found)), image)
    )


def _proceeds(stateful_set: Json, pods: list[dict[str, Any]], image: str) -> bool:
    """Tell whether all pods will come to run the image without anybody's help."""
    kind, first = _strategy(stateful_set)
    ordered = stateful_set["spec"].get("podManagementPolicy", "OrderedReady") == "OrderedReady"
    for pod in pods:
        kept = kind == "OnDelete" or int(pod["metadata"]["name"].rpartition("-")[2]) < first
        going = bool(pod["metadata"].get("deletionTimestamp"))
        # A broken pod of another revision blocks an ordered set for ever.
        blocked = ordered and not going and not pod_ready(pod)
        if image_of(pod) != image and not going and (kept or blocked):
            return False
    return True


def _told(pod: Json) -> str:
    state = "Ready" if pod_ready(pod) else "Terminating" if pod["metadata"].get("deletionTimestamp") else "not Ready"
    return f"{image_of(pod)}, {state}"
