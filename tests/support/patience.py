"""Waiting for what a cluster will do in its own time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Patience:
    """`until` waits for something to become true; `stays` looks whether it remains so."""

    seconds: float
    interval: float = 0.05

    def until(self, probe: Callable[[], T], what: str, *, seconds: float | None = None) -> T:
        """Return the first true answer of `probe`; an AssertionError in it counts as not yet."""
        end = time.monotonic() + (self.seconds if seconds is None else seconds)
        while True:
            last: object
            try:
                answer = probe()
                if answer:
                    return answer
                last = answer
            except AssertionError as error:
                last = error
            if time.monotonic() > end:
                raise AssertionError(f"waited in vain for {what}: {last}")
            time.sleep(self.interval)

    def stays(self, probe: Callable[[], object], what: str, *, seconds: float) -> None:
        """Check that `probe` answers true for as long as `seconds`."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert probe(), f"did not stay so: {what}"
            time.sleep(self.interval)
