"""A pod's `activeDeadlineSeconds`, which may be changed while it runs."""

from __future__ import annotations

from collections.abc import Callable

from kitlib.clock import Clock, Timer
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.times import parse_time

__all__ = ["ActiveDeadline"]


class ActiveDeadline:
    """Calls back when a pod has been active for as long as it may.

    Args:
        clock: the node's clock.
        on_passed: called once, unless cancelled.
    """

    def __init__(self, clock: Clock, on_passed: Callable[[], None]) -> None:
        self._clock, self._on_passed = clock, on_passed
        self._created = clock.now()
        self._timer: Timer | None = None
        self._planned: tuple[int | None, str | None] = (None, None)

    def follow(self, pod: Object) -> None:
        """Take the pod's newest deadline, counted from its start on the node."""
        allowed, start = pod["spec"].get("activeDeadlineSeconds"), pod.get("status", {}).get("startTime")
        if (allowed, start) == self._planned:
            return
        self.cancel()
        self._planned = (allowed, start)
        if allowed is not None:
            since = self._clock.now() - (parse_time(start) if start else self._created)
            # A start that is still to come was noted before the clock was set back.
            active = max(0.0, since.total_seconds())
            self._timer = self._clock.call_later(max(0.0, allowed - active), self._on_passed)

    def cancel(self) -> None:
        """Call back no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
