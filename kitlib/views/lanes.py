"""The view model of a timeline: a lane per name, a bar per object that had that name, pieces by state. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatch

from kitlib.checks import History, Life
from kitlib.client import Change
from kitlib.lab.notes import Record
from kitlib.views.folding import Fold, fold
from kitlib.views.herds import controllers

__all__ = ["Bar", "Lane", "Mark", "Picture", "picture", "short_kind", "story"]


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of time in which one object was in one state.

    Args:
        fresh: whether a new object begins here.
        label: a pod's image, if the picture has several; the claim that has a volume, the volume that a claim has.
    """

    start: float
    end: float
    state: str
    uid: str
    fresh: bool
    label: str = ""


@dataclass(frozen=True, slots=True)
class Lane:
    """Everything that ever had one name.

    Args:
        group: the workload whose lanes stand together, such as `Deployment web`; "" in a picture of one workload.
    """

    kind: str
    name: str
    bars: tuple[Bar, ...]
    group: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment that concerns all lanes of a group: the set was created, scaled or deleted."""

    time: float
    text: str
    group: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A timeline to draw; times are seconds since its beginning, also those in folds."""

    title: str
    seconds: float
    lanes: tuple[Lane, ...]
    marks: tuple[Mark, ...]
    folds: tuple[Fold, ...] = ()


def picture(record: Record) -> Picture:
    """Arrange recorded changes in lanes."""
    history = History(_in_step(record.changes))
    if not history:
        return Picture(record.title, 0.0, (), ())
    start, end = _span(history, record)
    lanes = _grouped(history, [lane for lane in _lanes(history, record, start, end) if lane.bars])
    groups = {lane.group for lane in lanes}
    marks = tuple(mark if mark.group in groups else replace(mark, group="") for mark in _marks(history, record, start))
    edges = {edge for lane in lanes for bar in lane.bars for edge in (bar.start, bar.end)}
    seconds = max(end - start, 0.1)
    folds = fold({0.0, seconds, *edges, *(mark.time for mark in marks)})
    return Picture(record.title, seconds, tuple(lanes), marks, folds)


def story(record: Record) -> Iterator[str]:
    """Tell recorded changes in words, one line per change that a reader cares for."""
    history = History(_in_step(record.changes))
    if not history:
        return
    (start, _), shown = _span(history, record), _shown(history, record)
    told: dict[str, str] = {}
    for change in history.changes:
        if change.time < start or not shown(change):
            continue
        state = _words(change)
        if told.get(change.uid) != state:
            told[change.uid] = state
            short = change.uid[:4]
            yield f"{change.time - start:8.2f} s  {short_kind(change.kind)} {change.name} ({short}): {state}"


def _in_step(changes: tuple[Change, ...]) -> Iterator[Change]:
    """Yield changes, newest first, none later than one that the API server made after it.

    Each kind is watched on its own, and the news of one may come some milliseconds after the news of another: without
    this, a claim would seem to be made after the pod that needed it.
    """
    latest = float("inf")
    for change in sorted(changes, key=lambda one: one.revision, reverse=True):
        latest = min(latest, change.time)
        yield replace(change, time=latest)


def short_kind(kind: str) -> str:
    """Return the word for a kind in a picture."""
    return _SHORT.get(kind, kind.lower())


def _span(history: History, record: Record) -> tuple[float, float]:
    """Return from when to when a picture goes: a little before its first event until a little after its last."""
    shown = _shown(history, record)
    times = [change.time for change in history.changes if change.time >= record.since and shown(change)]
    times = times or [record.since]
    begun = min(change.time for change in history.changes)
    return max(record.since, begun, min(times) - _LEAD), max(times) + _LEAD


def _shown(history: History, record: Record) -> Callable[[Change], bool]:
    """Return what tells the changes that the record is about: of its lanes, and of the workloads behind them."""

    def lane(change: Change) -> bool:
        return change.kind in record.kinds and fnmatch(change.name, record.names or "*")

    pods = {change.name for change in history.changes if change.kind == "Pod" and lane(change)}
    behind = set(controllers(history, list(pods)).values())
    # Without a pod in it, a picture shows all workloads: they may be why its other objects change.
    chosen = behind if record.names and behind else None
    return lambda change: (
        lane(change) or (change.kind in _WORKLOADS and (chosen is None or f"{change.kind} {change.name}" in chosen))
    )


def _lanes(history: History, record: Record, start: float, end: float) -> Iterator[Lane]:
    shown = [
        (kind, name)
        for kind in record.kinds
        for name in sorted({life.name for life in history.lives(kind)}, key=_by_ordinal)
        if fnmatch(name, record.names or "*")
    ]
    images = {
        image for kind, name in shown if kind == "Pod" for life in history.lives(kind, name) for image in _images(life)
    }
    for kind, name in shown:
        bars = (
            replace(bar, label=" ".join(_images(life))) if len(images) > 1 and kind not in (*_PARTNER, _LIST) else bar
            for life in history.lives(kind, name)
            for bar in _bars(life, start, end)
        )
        yield Lane(kind, name, tuple(bars))


def _grouped(history: History, lanes: list[Lane]) -> list[Lane]:
    """Let the pods of several workloads stand together, each workload's under its name.

    The names of a Deployment's pods are random, so its lanes are in the order of birth; a StatefulSet's by ordinal.
    """
    born = {name: n for n, name in enumerate(dict.fromkeys(life.name for life in history.lives("Pod")))}
    of = controllers(history, [lane.name for lane in lanes if lane.kind == "Pod"])
    groups = list(dict.fromkeys(of.values()))
    parts: list[Lane] = []
    for group in groups:
        own = [lane for lane in lanes if lane.kind == "Pod" and of.get(lane.name) == group]
        if not group.startswith("StatefulSet "):
            own.sort(key=lambda lane: born[lane.name])
        parts += [replace(lane, group=group) for lane in own] if len(groups) > 1 else own
    return [*parts, *(lane for lane in lanes if lane.kind != "Pod" or lane.name not in of)]


#: The kinds whose changes concern all lanes of their pods.
_WORKLOADS = ("StatefulSet", "Deployment")
#: Seconds of what was before the first event and of what is after the last.
_LEAD = 0.3
#: The fact that names the other half of a binding.
_PARTNER = {"PersistentVolumeClaim": "volume", "PersistentVolume": "claim"}
#: The kind that lists the addresses behind a Service: a new list is a new state.
_LIST = "EndpointSlice"
_SHORT = {"PersistentVolumeClaim": "claim", "PersistentVolume": "volume", "StatefulSet": "set", _LIST: "endpoints"}


def _images(life: Life) -> tuple[str, ...]:
    return tuple(
        image.rpartition("/")[2] for image in life.last.state.get("images") or life.first.state.get("images") or ()
    )


def _by_ordinal(name: str) -> tuple[str, int]:
    """Sort `web-10` after `web-9`."""
    head, _, tail = name.rpartition("-")
    return (head, int(tail)) if tail.isdigit() else (name, -1)


def _bars(life: Life, start: float, end: float) -> Iterator[Bar]:
    """Yield a life's stretches from `start` on; one that began before is no birth."""
    began, state, fresh = life.first.time, _state(life.first), not life.first.initial
    partner = _partner(life.first)
    for change in life.changes[1:]:
        now = _state(change)
        if now != state or change.type == "DELETED":
            if change.time >= start:
                born = fresh and began >= start
                yield Bar(max(began, start) - start, change.time - start, state, life.uid, born, partner)
                fresh = False
            fresh = fresh and began >= start
            began, state = change.time, now
        partner = _partner(change)
    if not life.ended:
        yield Bar(max(began, start) - start, end - start, state, life.uid, fresh and began >= start, partner)


def _partner(change: Change) -> str:
    """Return the claim that has a volume, the volume that a claim has, or how many addresses a list has."""
    if change.kind == _LIST:
        return f"{len(change.state.get('ready') or ())} ready"
    if change.state.get("phase") in (None, "Available", "Pending"):
        return ""
    return str(change.state.get(_PARTNER.get(change.kind, ""), ""))


def _state(change: Change) -> str:
    if change.state.get("terminating"):
        return "terminating"
    if change.kind in ("Pod", "Node"):
        if change.state.get("ready"):
            return "ready"
        return "pending" if change.kind == "Pod" else "not ready"
    if change.kind == _LIST:
        return ", ".join(sorted(change.state.get("ready") or ())) or "no address"
    if change.kind in ("Deployment", "ReplicaSet"):
        return "ready" if change.state.get("ready_replicas") == change.state.get("replicas") else "pending"
    return str(change.state.get("phase") or "pending").lower()


def _words(change: Change) -> str:
    if change.type == "DELETED":
        return "gone"
    if change.kind in ("StatefulSet", "Deployment"):
        replicas, ready = change.state.get("replicas", 0), change.state.get("ready_replicas", 0)
        return f"{ready} of {replicas} replicas ready"
    where = f" at {change.state['ip']}" if change.state.get("ip") else ""
    partner = _partner(change)
    return _state(change) + where + (f", {partner}" if partner else "")


def _marks(history: History, record: Record, start: float) -> Iterator[Mark]:
    shown = _shown(history, record)
    for life in (life for kind in _WORKLOADS for life in history.lives(kind) if shown(life.first)):
        replicas: int | None = None
        images: list[str] | None = None
        paced = ""
        for change in life.changes:
            text = ""
            if change.type == "DELETED":
                text = f"{change.name} deleted"
            elif change.state.get("replicas") != replicas:
                former, replicas = replicas, change.state.get("replicas")
                asked = "1 replica" if replicas == 1 else f"{replicas} replicas"
                text = f"{change.name}: {asked}" if former is None else f"{former} → {replicas}"
            elif change.state.get("images") != images and images is not None:
                text = f"{change.name}: {', '.join(change.state.get('images') or ())}"
            before, paced = paced, _pace(change)
            if paced != before and before and change.type != "DELETED":
                text = f"{text}, {paced}" if text else paced
            images = change.state.get("images")
            if text and change.time >= start:
                yield Mark(change.time - start, text, f"{change.kind} {change.name}")


def _pace(change: Change) -> str:
    """Return what a StatefulSet's strategy holds back: pods below a partition, or all of them."""
    strategy = str(change.state.get("strategy") or "")
    return strategy if strategy == "OnDelete" else f"partition {change.state.get('partition') or 0}" if strategy else ""
