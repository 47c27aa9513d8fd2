"""A work queue: keys wait here, each at most once, until their controller has time for them.

Source of the rules: client-go's `util/workqueue` (deduplication, delayed adds, exponential back-off per item).
There is one consumer and everything runs in one thread, so a key that is taken is not "in process": adding it again
simply queues it again.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

from kitlib.clock import Clock, Timer

__all__ = ["BASE_DELAY", "MAX_DELAY", "WorkQueue"]

BASE_DELAY = 0.005
MAX_DELAY = 30.0


@dataclass(slots=True)
class _Pending:
    due: float
    timer: Timer


class WorkQueue:
    """Keys to reconcile, in the order they were first added.

    Args:
        clock: runs the delayed adds.

    Example:
        >>> queue = WorkQueue(clock)            # doctest: +SKIP
        >>> queue.add("default/web")            # doctest: +SKIP
        >>> queue.add("default/web")            # doctest: +SKIP
        >>> queue.get(), queue.get()            # doctest: +SKIP
        ('default/web', None)
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ready: OrderedDict[str, None] = OrderedDict()
        self._delayed: dict[str, _Pending] = {}
        self._failures: dict[str, int] = {}
        self._wakeup: asyncio.Event | None = None
        self._closed = False

    def __len__(self) -> int:
        return len(self._ready)

    @property
    def delayed(self) -> int:
        """How many keys wait for their time."""
        return len(self._delayed)

    def add(self, key: str) -> None:
        """Queue `key` unless it is queued already."""
        if self._closed:
            return
        self._ready.setdefault(key)
        if self._wakeup is not None:
            self._wakeup.set()

    def add_after(self, key: str, delay: float) -> None:
        """Queue `key` in `delay` seconds; of several such wishes the earliest counts."""
        if delay <= 0:
            self.add(key)
            return
        if self._closed:
            return
        due = self._clock.monotonic() + delay
        pending = self._delayed.get(key)
        if pending is not None:
            if pending.due <= due:
                return
            pending.timer.cancel()
        self._delayed[key] = _Pending(due, self._clock.call_later(delay, lambda: self._due(key)))

    def add_rate_limited(self, key: str) -> float:
        """Queue `key` after its back-off, which doubles with every call until `forget`. Returns the delay."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        # The exponent is bounded so that a key that fails for days does not overflow a float.
        delay = min(BASE_DELAY * 2.0 ** min(failures, 20), MAX_DELAY)
        self.add_after(key, delay)
        return delay

    def forget(self, key: str) -> None:
        """Reset the back-off of `key`: it succeeded."""
        self._failures.pop(key, None)

    def get(self) -> str | None:
        """Take the next key, or None when nothing is ready."""
        return self._ready.popitem(last=False)[0] if self._ready else None

    async def wait(self) -> None:
        """Wait until a key is ready."""
        if self._ready:
            return
        if self._wakeup is None:
            self._wakeup = asyncio.Event()
        self._wakeup.clear()
        await self._wakeup.wait()

    def close(self) -> None:
        """Drop everything and accept nothing more."""
        self._closed = True
        for pending in self._delayed.values():
            pending.timer.cancel()
        self._delayed.clear()
        self._ready.clear()

    def _due(self, key: str) -> None:
        del self._delayed[key]
        self.add(key)
