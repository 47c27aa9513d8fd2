"""The judge evaluates checkpoints in the grader's process, with its credentials, when their cells are reached."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from kitlib.checks import Observation, Observer, Outcome, Verdict
from kitlib.grading.submission import Submission
from kitlib.lab import LabSpec

__all__ = ["Judge", "Judgement"]

_OPEN_PATIENCE_SECONDS = 10.0

Judgement = tuple[Verdict, Observation]


class Judge:
    """Collects one verdict per checkpoint.

    A checkpoint without a cell is looked at after every cell that follows its predecessor's, until it passes, so that
    a deleted cell neither helps nor harms: the same cluster is seen at about the same time.
    """

    def __init__(
        self,
        spec: LabSpec,
        submission: Submission,
        observer: Observer,
        *,
        told: Callable[[Verdict], None] = lambda _: None,
    ) -> None:
        self.spec = spec
        self.submission = submission
        self.observer = observer
        self.judgements: dict[str, Judgement] = {}
        self._open: dict[str, Judgement | None] = dict.fromkeys(submission.open)
        self._told = told

    def reached(self, index: int) -> None:
        """Judge the checkpoint of a cell, before the cell itself runs."""
        id = self.submission.anchors.get(index)
        if id is not None:
            self._close_before(id)
            self._settle(id, self._look(id))

    def executed(self) -> None:
        """Look at the open checkpoints whose turn it is, after a cell has run."""
        for id in list(self._open):
            if self._due(id):
                self._keep_better(id, self._look(id, patience=_OPEN_PATIENCE_SECONDS))

    def finish(self) -> Mapping[str, Judgement]:
        """Judge what is left, by what the cluster shows at the end, and return all judgements in the lab's order."""
        for checkpoint in self.spec.checkpoints:
            id = checkpoint.id
            if id in self.judgements:
                continue
            if id in self._open:
                self._keep_better(id, self._look(id))
                self._settle_open(id)
            else:
                self._settle(id, self._look(id))
        return {checkpoint.id: self.judgements[checkpoint.id] for checkpoint in self.spec.checkpoints}

    def _due(self, id: str) -> bool:
        """Tell whether all checkpoints with a cell that come before this one were reached."""
        for checkpoint in self.spec.checkpoints:
            if checkpoint.id == id:
                return True
            if checkpoint.id not in self.judgements and checkpoint.id not in self._open:
                return False
        return False

    def _close_before(self, id: str) -> None:
        """An open checkpoint is decided at the latest when the next one with a cell has been reached."""
        for checkpoint in self.spec.checkpoints:
            if checkpoint.id == id:
                return
            if checkpoint.id in self._open:
                self._keep_better(checkpoint.id, self._look(checkpoint.id, patience=_OPEN_PATIENCE_SECONDS))
                self._settle_open(checkpoint.id)

    def _keep_better(self, id: str, new: Judgement) -> None:
        old = self._open[id]
        if old is None or _rank(new[0]) > _rank(old[0]):
            self._open[id] = new
        if new[0].passed:
            self._settle_open(id)

    def _settle_open(self, id: str) -> None:
        judgement = self._open.pop(id)
        if judgement is not None:
            self._settle(id, judgement)

    def _settle(self, id: str, judgement: Judgement) -> None:
        self.judgements[id] = judgement
        self._told(judgement[0])

    def _look(self, id: str, *, patience: float | None = None) -> Judgement:
        verdict, observation = self.observer.observe(self.spec.checkpoint(id), timeout=patience)
        return replace(verdict, hint=""), observation


def _rank(verdict: Verdict) -> tuple[bool, float, bool]:
    return verdict.passed, verdict.earned, verdict.outcome is not Outcome.NOT_ATTEMPTED
