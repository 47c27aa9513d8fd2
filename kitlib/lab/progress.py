"""The learner's log: one line per check, hint, prediction and reset, in a file that outlives the kernel."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

__all__ = ["Progress"]


class Progress:
    """The log of one lab."""

    def __init__(self, file: Path, *, now: Callable[[], float] = time.time) -> None:
        self.file = file
        self._now = now

    def add(self, event: str, **facts: Any) -> None:
        """Write one line."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("a") as log:
            log.write(json.dumps({"time": round(self._now(), 3), "event": event, **facts}) + "\n")

    def entries(self, event: str, id: str | None = None) -> Iterator[dict[str, Any]]:
        """Yield the lines of an event, of all ids or one, oldest first, since the last reset."""
        yield from (one for one in self._current() if one["event"] == event and id in (None, one.get("id")))

    def hints_given(self, id: str) -> int:
        """Return how many hints of a checkpoint were asked for."""
        return sum(1 for _ in self.entries("hint", id))

    def best(self, id: str) -> tuple[str, float]:
        """Return the best outcome of a checkpoint so far and its points; what was passed stays passed."""
        found = [(str(one["outcome"]), float(one["earned"])) for one in self.entries("check", id)]
        return max(found, key=lambda pair: (pair[0] == "passed", pair[1]), default=("not_attempted", 0.0))

    def prediction(self, id: str) -> str | None:
        """Return the learner's latest prediction, or None."""
        found = [str(one["choice"]) for one in self.entries("predict", id)]
        return found[-1] if found else None

    def _current(self) -> list[dict[str, Any]]:
        if not self.file.exists():
            return []
        found: list[dict[str, Any]] = []
        for line in self.file.read_text().splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue  # A line cut off by a crash.
            found = [] if entry.get("event") == "reset" else [*found, entry]
        return found
