"""What a lab's author declares in `checkpoints.py`: a `LabSpec` named LAB."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from kitlib.checks import Checkpoint
from kitlib.errors import UsageError

__all__ = ["LabSpec", "Prediction"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Prediction:
    """A question to answer before running the cells that show the answer.

    Args:
        choices: by letter.
        answer: the letter of the right one.
        explanation: shown once the learner has seen it happen.
    """

    id: str
    question: str
    choices: Mapping[str, str]
    answer: str
    explanation: str


@dataclass(frozen=True, slots=True)
class LabSpec:
    """One lab: its name, its namespace, what is checked and in which order."""

    slug: str
    title: str
    namespace: str
    checkpoints: tuple[Checkpoint, ...]
    predictions: tuple[Prediction, ...] = ()

    @property
    def points(self) -> float:
        """Return what the whole lab is worth."""
        return sum(checkpoint.points for checkpoint in self.checkpoints)

    def checkpoint(self, id: str) -> Checkpoint:
        """Return a checkpoint by id.

        Raises:
            UsageError: the lab has none of that name.
        """
        return self._named("checkpoint", id, {one.id: one for one in self.checkpoints})

    def prediction(self, id: str) -> Prediction:
        """Return a prediction by id.

        Raises:
            UsageError: the lab has none of that name.
        """
        return self._named("prediction", id, {one.id: one for one in self.predictions})

    def for_student(self, seed: str) -> str:
        """Return the namespace of a student's variant; without a seed, the lab's own."""
        return f"{self.namespace}-{seed}" if seed else self.namespace

    def _named(self, what: str, id: str, known: Mapping[str, _T]) -> _T:
        if id not in known:
            raise UsageError(f"{self.slug} has no {what} {id!r}", fix=f"use one of: {', '.join(known)}")
        return known[id]
