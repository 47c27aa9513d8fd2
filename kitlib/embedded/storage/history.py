"""The recent past of every object: what watches replay and what paged lists read their snapshot from."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque

from kitlib.embedded.apimachinery.objects import Object, key
from kitlib.embedded.storage.event import Event

__all__ = ["History"]


class History:
    """A bounded, ordered record of events of one resource.

    Args:
        floor: the revision up to which nothing is known (the store's revision at start).
        limit: events kept; older ones are compacted.
    """

    def __init__(self, floor: int, *, limit: int = 4096) -> None:
        self._events: deque[Event] = deque()
        self._limit = limit
        self.floor = floor

    def append(self, event: Event) -> None:
        """Record the newest event; compact the oldest beyond the limit."""
        self._events.append(event)
        if len(self._events) > self._limit:
            self.floor = self._events.popleft().revision

    def since(self, revision: int) -> list[Event] | None:
        """Return the events after `revision`, or None when some of them are compacted."""
        if revision < self.floor:
            return None
        if not self._events or self._events[-1].revision <= revision:
            return []
        first = bisect_right(self._events, revision, key=lambda event: event.revision)
        return [self._events[i] for i in range(first, len(self._events))]

    def rewind(self, current: dict[str, Object], revision: int) -> dict[str, Object] | None:
        """Return `current` as it was at `revision` by undoing later events, or None when compacted."""
        later = self.since(revision)
        if later is None:
            return None
        past = dict(current)
        for event in reversed(later):
            if event.old is None:
                past.pop(key(event.object), None)
            else:
                past[key(event.object)] = event.old
        return past
