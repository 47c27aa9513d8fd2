"""The result of grading one submission, and its files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kitlib.checks import Verdict
from kitlib.grading.judge import Judgement

__all__ = ["GradeReport", "write_evidence", "write_report"]


@dataclass(frozen=True, slots=True)
class GradeReport:
    """What a submission got.

    Attributes:
        stopped: why the run ended early, or empty.
        rerun: checkpoints whose outcome no grade may rest on.
    """

    lab: str
    submission: str
    version: str
    seed: str
    verdicts: tuple[Verdict, ...]
    stopped: str = ""
    seconds: float = 0.0

    @property
    def points(self) -> float:
        """Return what the lab is worth."""
        return sum(verdict.points for verdict in self.verdicts)

    @property
    def earned(self) -> float:
        """Return what was earned."""
        return sum(verdict.earned for verdict in self.verdicts)

    @property
    def rerun(self) -> tuple[str, ...]:
        """Return the checkpoints that must be judged again before the grade counts."""
        return tuple(verdict.checkpoint for verdict in self.verdicts if not verdict.outcome.counts)

    @property
    def exit_code(self) -> int:
        """Return 0 for full points, 1 for fewer, 2 when the grade does not count yet."""
        return 2 if self.rerun else 1 if self.stopped or self.earned < self.points else 0

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {
            **asdict(self),
            "points": self.points,
            "earned": self.earned,
            "rerun": list(self.rerun),
            "exit_code": self.exit_code,
        }

    def __str__(self) -> str:
        lines = [f"{self.lab}: {self.earned:g} of {self.points:g} points ({self.seconds:.1f} s)"]
        width = max((len(verdict.checkpoint) for verdict in self.verdicts), default=0)
        for verdict in self.verdicts:
            mark = "✓" if verdict.passed else "✗" if verdict.outcome.counts else "!"
            points = f"{verdict.earned:3g} of {verdict.points:3g}"
            note = "" if verdict.passed else f"  {verdict.outcome}: {verdict.message}"
            lines.append(f"  {mark} {verdict.checkpoint:<{width}}  {points}{note}")
        if self.stopped:
            lines.append(f"  ! {self.stopped}")
        if self.rerun:
            lines.append(f"  ! to be judged again before this counts: {', '.join(self.rerun)}")
        return "\n".join(lines)


def write_report(out: Path, report: GradeReport) -> Path:
    """Write `verdicts.json`."""
    file = out / "verdicts.json"
    file.write_text(json.dumps(report.to_json(), indent=1, ensure_ascii=False) + "\n")
    return file


def write_evidence(out: Path, judgements: Mapping[str, Judgement], *, version: str) -> None:
    """Write one evidence file per checkpoint: what the judge saw, enough to judge again without a cluster."""
    folder = out / "evidence"
    folder.mkdir(exist_ok=True)
    for id, (verdict, observation) in judgements.items():
        evidence = {"version": version, "verdict": verdict.to_json(), "observation": observation.to_json()}
        (folder / f"{id}.json").write_text(json.dumps(evidence, ensure_ascii=False) + "\n")
