"""Which pod is next: the one of highest priority, and of those the one that has waited longest."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

from kitlib.clock import Clock
from kitlib.embedded.controllers.workqueue import WorkQueue

__all__ = ["PriorityQueue"]


class PriorityQueue(WorkQueue):
    """A work queue in the order of kube-scheduler's plugin `PrioritySort`.

    Args:
        clock: runs the delayed adds.
        priority: of a key's pod, asked when the key is added.
    """

    def __init__(self, clock: Clock, priority: Callable[[str], int]) -> None:
        super().__init__(clock)
        self._priority = priority
        self._order: list[tuple[int, int, str]] = []
        self._numbers = itertools.count()

    def add(self, key: str) -> None:
        """Queue `key` unless it is queued already."""
        if key not in self._ready:
            super().add(key)
            if key in self._ready:
                heapq.heappush(self._order, (-self._priority(key), next(self._numbers), key))

    def get(self) -> str | None:
        """Take the next key, or None when nothing is ready."""
        while self._order:
            key = heapq.heappop(self._order)[2]
            if key in self._ready:
                del self._ready[key]
                return key
        return None
