"""A checkpoint: criteria over an observation, judged by one pure function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from kitlib.checks.observation import Observation, Probe
from kitlib.checks.verdict import CriterionResult, Finding, Outcome, State, Verdict, pending

__all__ = ["Checkpoint", "Criterion", "Mode", "Predicate"]

Predicate = Callable[[Observation], Finding]


class Mode(StrEnum):
    """What a criterion is about: `level` is true now, `edge` has happened, `trace` is how it happened."""

    LEVEL = "level"
    EDGE = "edge"
    TRACE = "trace"


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing to be seen.

    Args:
        test: reads the observation; never anything else.
        why: why it matters, in one sentence the learner reads.
        hold: for how many seconds a level criterion must stay met.
    """

    id: str
    title: str
    points: float
    test: Predicate
    why: str
    mode: Mode = Mode.LEVEL
    hold: float = 0.0

    def judge(self, observation: Observation) -> Finding:
        """Return what the test finds, as `pending` while a criterion has not been met for long enough."""
        finding = self.test(observation)
        seen = observation.held.get(self.id, 0.0)
        if finding.state is State.MET and seen < self.hold:
            return pending(f"{finding.observed} (for {seen:.1f} s of {self.hold:g} s)", finding.wanted)
        return finding


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a learner checks with `lab.check(id)`.

    Args:
        attempted: tells whether the learner has begun this step at all.
        hints: staged, from a nudge to nearly there; none contains the solution.
        timeout: how many seconds the observer gives a cluster that is still working.
        probes: commands that the observer runs for it; or what returns them for a seed, where pods' names differ.
        covers: fields of `StatefulSetSpec` that the learner uses in this step, such as `replicas`.
    """

    id: str
    title: str
    criteria: tuple[Criterion, ...]
    attempted: Callable[[Observation], bool]
    hints: tuple[str, ...] = ()
    timeout: float = 60.0
    probes: tuple[Probe, ...] | Callable[[str], tuple[Probe, ...]] = ()
    covers: tuple[str, ...] = ()

    @property
    def points(self) -> float:
        """Return what it is worth."""
        return sum(criterion.points for criterion in self.criteria)

    @property
    def needs_history(self) -> bool:
        """Tell whether a criterion asks for the recorded past."""
        return any(criterion.mode is not Mode.LEVEL for criterion in self.criteria)

    def probes_for(self, seed: str) -> tuple[Probe, ...]:
        """Return the commands to run in a student's variant."""
        return self.probes(seed) if callable(self.probes) else self.probes

    def evaluate(self, observation: Observation) -> Verdict:
        """Judge an observation. Pure: the same observation always gets the same verdict."""
        if observation.problem:
            return self._without(Outcome.ENV_ERROR, observation.problem)
        if self.needs_history and not observation.recorded:
            return self._without(Outcome.ENV_ERROR, "nothing was recorded; open the lab again and repeat the step")
        try:
            if not self.attempted(observation):
                return self._without(Outcome.NOT_ATTEMPTED, "nothing of this step is to be seen on the cluster yet")
            findings = [(criterion, criterion.judge(observation)) for criterion in self.criteria]
        except Exception as error:  # A bug in a check is never the learner's fault, whatever it raises.
            return self._without(Outcome.CHECK_ERROR, f"the check itself failed: {type(error).__name__}: {error}")
        return self._verdict(observation, tuple(_result(criterion, found) for criterion, found in findings))

    def _verdict(self, observation: Observation, results: tuple[CriterionResult, ...]) -> Verdict:
        obstacles = observation.diagnosis()
        stuck = [str(one) for one in obstacles if one.stuck]
        states = {result.state for result in results}
        if states <= {State.MET}:
            outcome, message = Outcome.PASSED, "everything is as it should be"
        elif State.UNMET not in states and not stuck:
            outcome, message = Outcome.NOT_YET, "the cluster is still working on it; check again in a moment"
        else:
            missing = next(r for r in results if r.state is (State.UNMET if State.UNMET in states else State.PENDING))
            outcome, message = Outcome.FAILED, f"{missing.title}: {missing.observed}"
        return Verdict(
            checkpoint=self.id,
            title=self.title,
            outcome=outcome,
            results=results,
            points=self.points,
            earned=sum(result.earned for result in results),
            message=message,
            stuck=bool(stuck),
            diagnosis=() if outcome is Outcome.PASSED else tuple(map(str, obstacles)),
        )

    def _without(self, outcome: Outcome, message: str) -> Verdict:
        rows = tuple(
            CriterionResult(c.id, c.title, State.UNMET, "", "", c.why, points=c.points, earned=0.0)
            for c in self.criteria
        )
        return Verdict(self.id, self.title, outcome, rows, points=self.points, earned=0.0, message=message)


def _result(criterion: Criterion, finding: Finding) -> CriterionResult:
    return CriterionResult(
        id=criterion.id,
        title=criterion.title,
        state=finding.state,
        observed=finding.observed,
        wanted=finding.wanted,
        why=criterion.why,
        points=criterion.points,
        earned=criterion.points if finding.state is State.MET else 0.0,
    )
