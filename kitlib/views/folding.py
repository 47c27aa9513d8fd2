"""Where nothing happens for long, a picture folds its time axis: learners read between two cells. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["Fold", "fold", "place", "unplace"]

#: A pause of more seconds than the first number takes the room of the second.
_LONGEST, _KEPT = 8.0, 1.5


@dataclass(frozen=True, slots=True)
class Fold:
    """A stretch of time that is drawn shorter than it was.

    Args:
        start: seconds since the picture's beginning.
        end: the same.
    """

    start: float
    end: float

    @property
    def spared(self) -> float:
        """Return how many seconds are not drawn."""
        return self.end - self.start - _KEPT


def fold(times: Iterable[float]) -> tuple[Fold, ...]:
    """Return the folds of a picture in which something happens at these times."""
    return tuple(Fold(before, after) for before, after in pairwise(sorted(times)) if after - before > _LONGEST)


def place(time: float, folds: Iterable[Fold]) -> float:
    """Return where on the folded axis a moment lies."""
    spared = 0.0
    for one in folds:
        if time >= one.end:
            spared += one.spared
        elif time > one.start:
            spared += one.spared * (time - one.start) / (one.end - one.start)
    return time - spared


def unplace(position: float, folds: Iterable[Fold]) -> float:
    """Return which moment lies at a position of the folded axis."""
    time = position
    for one in folds:
        if time >= one.start + _KEPT:
            time += one.spared
        elif time > one.start:
            time = one.start + (time - one.start) * (one.end - one.start) / _KEPT
    return time
