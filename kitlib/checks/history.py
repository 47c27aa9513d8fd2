"""The recorded past, asked in the terms of a lesson: who lived when, under which name, with which claim. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kitlib.client import Change

__all__ = ["History", "Life"]


@dataclass(frozen=True, slots=True)
class Life:
    """Everything recorded about one object, from its first change to its last."""

    changes: tuple[Change, ...]

    @property
    def uid(self) -> str:
        """Return the object's UID."""
        return self.changes[0].uid

    @property
    def name(self) -> str:
        """Return the object's name."""
        return self.changes[0].name

    @property
    def first(self) -> Change:
        """Return the first change: its creation, unless `first.initial`."""
        return self.changes[0]

    @property
    def last(self) -> Change:
        """Return the newest change."""
        return self.changes[-1]

    @property
    def ended(self) -> bool:
        """Tell whether the object is gone."""
        return self.last.type == "DELETED"

    def when(self, holds: Callable[[Mapping[str, Any]], bool]) -> Change | None:
        """Return the first change after which `holds` was true of the object."""
        return next((one for one in self.changes if one.type != "DELETED" and holds(one.state)), None)

    def ready(self) -> Change | None:
        """Return when a pod first was Ready."""
        return self.when(lambda state: bool(state.get("ready")))

    def values(self, fact: str) -> tuple[Any, ...]:
        """Return the different values that a fact had, in order."""
        return tuple(dict.fromkeys(c.state[fact] for c in self.changes if fact in c.state))


class History:
    """All changes of a namespace in the API server's order."""

    def __init__(self, changes: Iterable[Change] = ()) -> None:
        self.changes = tuple(sorted(changes, key=lambda change: change.revision))

    def __bool__(self) -> bool:
        return bool(self.changes)

    def lives(self, kind: str, name: str | None = None) -> tuple[Life, ...]:
        """Return the objects of a kind (and name) that ever were, oldest first."""
        grouped: dict[str, list[Change]] = {}
        for change in self.changes:
            if change.kind == kind and name in (None, change.name):
                grouped.setdefault(change.uid, []).append(change)
        return tuple(Life(tuple(changes)) for changes in grouped.values())

    def gone(self, kind: str, name: str) -> tuple[Life, ...]:
        """Return the objects of that name that no longer are."""
        return tuple(life for life in self.lives(kind, name) if life.ended)

    def living(self, kind: str, name: str) -> Life | None:
        """Return the object that has that name now."""
        return next((life for life in reversed(self.lives(kind, name)) if not life.ended), None)

    def at(self, kind: str, name: str, revision: int) -> Change | None:
        """Return the newest change of that name up to `revision`, or None if it was not there then."""
        found = [c for c in self.changes if c.kind == kind and c.name == name and c.revision <= revision]
        return found[-1] if found and found[-1].type != "DELETED" else None

    def reached(self, kind: str, name: str, holds: Callable[[Mapping[str, Any]], bool]) -> Change | None:
        """Return the first moment at which any object of that name fulfilled `holds`."""
        return next((c for life in self.lives(kind, name) if (c := life.when(holds))), None)
