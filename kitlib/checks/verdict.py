"""What a check says: outcomes, findings, results, verdicts. Values only."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

__all__ = ["CriterionResult", "Finding", "Outcome", "State", "Verdict", "met", "pending", "unmet"]


class Outcome(StrEnum):
    """The six ways a checkpoint can end."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_ATTEMPTED = "not_attempted"
    NOT_YET = "not_yet"
    ENV_ERROR = "env_error"
    CHECK_ERROR = "check_error"

    @property
    def counts(self) -> bool:
        """Tell whether a grade may rest on it; the others are listed for another run."""
        return self in (Outcome.PASSED, Outcome.FAILED, Outcome.NOT_ATTEMPTED)


class State(StrEnum):
    """How one criterion stands: `pending` means that the cluster is still working on it."""

    MET = "met"
    UNMET = "unmet"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a predicate read, against what it wanted."""

    state: State
    observed: str
    wanted: str = ""


def met(observed: str, wanted: str = "") -> Finding:
    """Say that it is as wanted."""
    return Finding(State.MET, observed, wanted)


def unmet(observed: str, wanted: str = "") -> Finding:
    """Say that it is not, and will not be unless the learner does something."""
    return Finding(State.UNMET, observed, wanted)


def pending(observed: str, wanted: str = "") -> Finding:
    """Say that it is not yet, but the cluster is on its way there."""
    return Finding(State.PENDING, observed, wanted)


@dataclass(frozen=True, slots=True)
class CriterionResult:
    """One row of a verdict."""

    id: str
    title: str
    state: State
    observed: str
    wanted: str
    why: str
    points: float
    earned: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to one checkpoint.

    Attributes:
        message: one line that sums it up.
        diagnosis: what holds stuck objects up, one line each.
        hint: the next hint, or empty.
        seconds: how long the observer looked.
        stuck: waiting longer would not help, because of what the diagnosis says.
    """

    checkpoint: str
    title: str
    outcome: Outcome
    results: tuple[CriterionResult, ...]
    points: float
    earned: float
    message: str
    diagnosis: tuple[str, ...] = ()
    hint: str = ""
    seconds: float = 0.0
    stuck: bool = False

    @property
    def passed(self) -> bool:
        """Tell whether every criterion is met."""
        return self.outcome is Outcome.PASSED

    def unmet(self) -> tuple[str, ...]:
        """Return the ids of the criteria that are not met."""
        return tuple(result.id for result in self.results if result.state is not State.MET)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.title}: {self.outcome} ({self.earned:g} of {self.points:g} points). {self.message}"
