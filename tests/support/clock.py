"""A clock that stands still until a test moves it."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class _Timer:
    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class ManualClock:
    """`advance(seconds)` runs what is due, in order."""

    def __init__(self) -> None:
        self._time = 0.0
        self._start = datetime(2026, 1, 1, tzinfo=UTC)
        self._due: list[tuple[float, int, _Timer]] = []
        self._order = itertools.count()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._time)

    def monotonic(self) -> float:
        return self._time

    def set_back(self, seconds: float) -> None:
        """Step the wall clock, as an administrator does; a negative number sets it forward."""
        self._start -= timedelta(seconds=seconds)

    def call_later(self, delay: float, callback: Callable[[], None]) -> _Timer:
        timer = _Timer(callback)
        heapq.heappush(self._due, (self._time + delay, next(self._order), timer))
        return timer

    async def sleep(self, seconds: float) -> None:
        done = asyncio.get_running_loop().create_future()
        self.call_later(seconds, lambda: done.done() or done.set_result(None))
        await done

    def advance(self, seconds: float) -> None:
        end = self._time + seconds
        while self._due and self._due[0][0] <= end:
            self._time, _, timer = heapq.heappop(self._due)
            if timer.callback is not None:
                timer.callback()
        self._time = end
