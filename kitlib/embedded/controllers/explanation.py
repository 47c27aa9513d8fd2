"""Why a controller did, or did not do, something: one sentence per decision, kept for the learner to read.

A real cluster throws these reasons away. Here every decision core returns them beside its actions.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from kitlib.clock import Clock

__all__ = ["Explanation", "Explanations", "Reason"]


@dataclass(frozen=True, slots=True)
class Reason:
    """One decision about one object.

    Args:
        subject: the object it is about, such as `pod/web-2`.
        text: a sentence, such as `web-2 is not created: web-1 is not Ready, policy OrderedReady`.
    """

    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that one sync decided.

    Args:
        resource: qualified resource of the reconciled object.
        key: its `namespace/name`.
        time: when these reasons first held.
        reasons: the decisions, in order.
    """

    resource: str
    key: str
    time: datetime
    reasons: tuple[Reason, ...]


class Explanations:
    """The latest explanation of every reconciled object, and what changed before it.

    Args:
        clock: stamps the explanations.
        history: how many explanations of one object are kept.
        limit: of how many objects.
    """

    def __init__(self, clock: Clock, *, history: int = 50, limit: int = 1000) -> None:
        self._clock = clock
        self._history = history
        self._limit = limit
        self._kept: OrderedDict[tuple[str, str], list[Explanation]] = OrderedDict()

    def record(self, resource: str, key: str, reasons: Iterable[Reason]) -> None:
        """Keep the reasons of a sync; the same reasons as last time add nothing."""
        entry = self._kept.setdefault((resource, key), [])
        self._kept.move_to_end((resource, key))
        reasons = tuple(reasons)
        if not entry or entry[-1].reasons != reasons:
            entry.append(Explanation(resource, key, self._clock.now(), reasons))
            del entry[: -self._history]
        while len(self._kept) > self._limit:
            self._kept.popitem(last=False)

    def latest(self, resource: str, key: str) -> Explanation | None:
        """Return what the last sync of an object decided."""
        entry = self._kept.get((resource, key))
        return entry[-1] if entry else None

    def history(self, resource: str, key: str) -> tuple[Explanation, ...]:
        """Return the kept explanations of an object, oldest first."""
        return tuple(self._kept.get((resource, key), ()))
