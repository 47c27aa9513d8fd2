"""What a lab says besides verdicts, as values; `kitlib.views` draws them."""

from __future__ import annotations

from dataclasses import dataclass

from kitlib.client import Change

__all__ = ["LANES", "Note", "Record", "ScoreRow", "Scores"]


@dataclass(frozen=True, slots=True)
class Note:
    """A short message; `tone` is info, good, bad, or code (the text is code to read)."""

    title: str
    text: str = ""
    tone: str = "info"

    def __str__(self) -> str:
        return f"{self.title}\n{self.text}" if self.text else self.title


#: The kinds that have a lane in a picture unless others are asked for.
LANES = ("Pod", "PersistentVolumeClaim")


@dataclass(frozen=True, slots=True)
class Record:
    """What happened in a namespace, to be drawn as a picture.

    Args:
        names: a pattern; only objects whose names match have a lane. "" means all.
        kinds: only objects of these kinds have a lane, in this order.
        since: seconds since the epoch; what had ended by then is left out.
    """

    changes: tuple[Change, ...]
    title: str = ""
    names: str = ""
    kinds: tuple[str, ...] = LANES
    since: float = 0.0


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """How one checkpoint stands."""

    id: str
    title: str
    outcome: str
    earned: float
    points: float


@dataclass(frozen=True, slots=True)
class Scores:
    """How the whole lab stands."""

    title: str
    rows: tuple[ScoreRow, ...]

    @property
    def earned(self) -> float:
        """Return the points earned so far."""
        return sum(row.earned for row in self.rows)

    @property
    def points(self) -> float:
        """Return what the lab is worth."""
        return sum(row.points for row in self.rows)
