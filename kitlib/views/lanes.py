"""The view model of a timeline: a lane per name, a bar per object that had that name, pieces by state. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kitlib.checks import History, Life
from kitlib.client import Change

__all__ = ["Bar", "Lane", "Mark", "Picture", "picture", "story"]

_LANE_KINDS = ("Pod", "PersistentVolumeClaim")


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of time in which one object was in one state; `fresh` begins a new object."""

    start: float
    end: float
    state: str
    uid: str
    fresh: bool


@dataclass(frozen=True, slots=True)
class Lane:
    """Everything that ever had one name."""

    kind: str
    name: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment that concerns all lanes: the set was created, scaled or deleted."""

    time: float
    text: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A timeline to draw; times are seconds since its beginning."""

    title: str
    seconds: float
    lanes: tuple[Lane, ...]
    marks: tuple[Mark, ...]


def picture(changes: Iterable[Change], *, title: str = "") -> Picture:
    """Arrange recorded changes in lanes."""
    history = History(changes)
    if not history:
        return Picture(title, 0.0, (), ())
    start = min(change.time for change in history.changes)
    end = max(change.time for change in history.changes)
    lanes = [
        Lane(kind, name, tuple(bar for life in history.lives(kind, name) for bar in _bars(life, start, end)))
        for kind in _LANE_KINDS
        for name in sorted({life.name for life in history.lives(kind)})
    ]
    return Picture(title, max(end - start, 0.1), tuple(lanes), tuple(_marks(history, start)))


def story(changes: Iterable[Change]) -> Iterator[str]:
    """Tell recorded changes in words, one line per change that a reader cares for."""
    history = History(changes)
    start = min((change.time for change in history.changes), default=0.0)
    told: dict[str, str] = {}
    for change in history.changes:
        if change.kind not in (*_LANE_KINDS, "StatefulSet"):
            continue
        state = _words(change)
        if told.get(change.uid) != state:
            told[change.uid] = state
            short = change.uid[:4]
            yield f"{change.time - start:8.2f} s  {_SHORT[change.kind]} {change.name} ({short}): {state}"


_SHORT = {"Pod": "pod", "PersistentVolumeClaim": "claim", "StatefulSet": "set"}


def _bars(life: Life, start: float, end: float) -> Iterator[Bar]:
    began, state, fresh = life.first.time, _state(life.first), True
    for change in life.changes[1:]:
        now = _state(change)
        if now != state or change.type == "DELETED":
            yield Bar(began - start, change.time - start, state, life.uid, fresh)
            began, state, fresh = change.time, now, False
    if not life.ended:
        yield Bar(began - start, end - start, state, life.uid, fresh)


def _state(change: Change) -> str:
    if change.state.get("terminating"):
        return "terminating"
    if change.kind == "Pod":
        return "ready" if change.state.get("ready") else "pending"
    return str(change.state.get("phase") or "pending").lower()


def _words(change: Change) -> str:
    if change.type == "DELETED":
        return "gone"
    if change.kind == "StatefulSet":
        replicas, ready = change.state.get("replicas", 0), change.state.get("ready_replicas", 0)
        return f"{ready} of {replicas} replicas ready"
    where = f" at {change.state['ip']}" if change.state.get("ip") else ""
    return _state(change) + where


def _marks(history: History, start: float) -> Iterator[Mark]:
    for life in history.lives("StatefulSet"):
        replicas: int | None = None
        for change in life.changes:
            if change.type == "DELETED":
                yield Mark(change.time - start, f"{change.name} deleted")
            elif change.state.get("replicas") != replicas:
                before, replicas = replicas, change.state.get("replicas")
                text = f"{change.name}: {replicas} replicas" if before is None else f"{before} → {replicas}"
                yield Mark(change.time - start, text)
