"""Time as a dependency: whatever waits or stamps takes a `Clock`, so that tests can compress time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

__all__ = ["Clock", "SystemClock", "Timer"]


class Timer(Protocol):
    """A pending `Clock.call_later`; `asyncio.TimerHandle` is one."""

    def cancel(self) -> None:
        """Forget the call if it has not happened yet."""


class Clock(Protocol):
    """Where the time comes from, and how to wait for it."""

    def now(self) -> datetime:
        """Return the wall-clock time, always in UTC."""

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start, never going back."""

    def call_later(self, delay: float, callback: Callable[[], None]) -> Timer:
        """Call `callback` after `delay` seconds, in the running event loop."""

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds`."""


class SystemClock:
    """The machine's own clock and the running asyncio loop."""

    def now(self) -> datetime:
        """Return the wall-clock time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return `time.monotonic()`."""
        return time.monotonic()

    def call_later(self, delay: float, callback: Callable[[], None]) -> Timer:
        """Schedule on the running loop."""
        return asyncio.get_running_loop().call_later(delay, callback)

    async def sleep(self, seconds: float) -> None:
        """Sleep on the running loop."""
        await asyncio.sleep(seconds)
