"""The recent past of every object: what watches replay and what paged lists read their snapshot from."""

from __future__ import annotations

from collections import deque
from itertools import takewhile

from kitlib.embedded.apimachinery.objects import Object, key
from kitlib.embedded.storage.event import Event

__all__ = ["History"]


class History:
    """A bounded, ordered record of events of one resource.

    Args:
        floor: the revision up to which nothing is known (the store's revision at start).
        limit: events kept; older ones are compacted.
        budget: bytes of JSON that the objects of these events may have; the newest event is kept whatever its size.
    """

    def __init__(self, floor: int, *, limit: int = 10_000, budget: int = 16 << 20) -> None:
        self._events: deque[Event] = deque()
        self._sizes: deque[int] = deque()
        self._limit, self._budget, self._bytes = limit, budget, 0
        self.floor = floor

    def append(self, event: Event, size: int = 0) -> None:
        """Record the newest event, whose object has `size` bytes; compact the oldest beyond the limits."""
        self._events.append(event)
        self._sizes.append(size)
        self._bytes += size
        while len(self._events) > self._limit or (self._bytes > self._budget and len(self._events) > 1):
            self.floor = self._events.popleft().revision
            self._bytes -= self._sizes.popleft()

    def since(self, revision: int) -> list[Event] | None:
        """Return the events after `revision`, or None when some of them are compacted."""
        if revision < self.floor:
            return None
        later = list(takewhile(lambda event: event.revision > revision, reversed(self._events)))
        later.reverse()
        return later

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
