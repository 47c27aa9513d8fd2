"""`kit grade` and `kit verify`: submissions, and the course's own solved labs, judged on clusters of their own."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from kitlib.checks import Verdict
from kitlib.grading import grade as grade_submission
from kitlib.grading import verify as verify_course

__all__ = ["register"]


def _told(verdict: Verdict) -> None:
    typer.echo(f"  {verdict.outcome}: {verdict.checkpoint}", err=True)


def grade(
    submission: Annotated[Path, typer.Argument(help="The student's notebook.")],
    out: Annotated[Path, typer.Option(help="Folder for verdicts, evidence and the executed notebook.")],
    lab: Annotated[str, typer.Option(help="The lab's name or number, when the notebook does not say.")] = "",
    seed: Annotated[str, typer.Option(help="Seed of the student's variant.")] = "",
    cell_timeout: Annotated[float, typer.Option(help="Seconds for one cell.")] = 120.0,
    timeout: Annotated[float, typer.Option(help="Seconds for all of it.")] = 900.0,
) -> None:
    """Run a notebook on a fresh cluster and judge its checkpoints from outside the student's kernel.

    Exit code: 0 full points, 1 fewer, 2 when a checkpoint must be judged again before the grade counts.
    """
    typer.echo(f"grading {submission} on a fresh cluster", err=True)
    report = grade_submission(
        submission, out, lab=lab, seed=seed, cell_timeout=cell_timeout, timeout=timeout, progress=_told
    )
    typer.echo(str(report))
    raise typer.Exit(report.exit_code)


def verify(
    labs: Annotated[list[str] | None, typer.Argument(help="Names or numbers of labs; all by default.")] = None,
    out: Annotated[Path | None, typer.Option(help="Keep verdicts and evidence here.")] = None,
) -> None:
    """Walk every solved lab on a fresh cluster and print the score table; exit code 1 if points are missing."""
    with tempfile.TemporaryDirectory(prefix="kit-verify-") as scratch:
        reports = verify_course(out or Path(scratch), labs=labs or (), progress=_told)
    for report in reports:
        typer.echo(str(report))
    earned, points = sum(r.earned for r in reports), sum(r.points for r in reports)
    typer.echo(f"\n{earned:g} of {points:g} points in {len(reports)} lab{'s' if len(reports) != 1 else ''}")
    raise typer.Exit(max((report.exit_code for report in reports), default=1))


def register(app: typer.Typer) -> None:
    """Add these commands to `kit`."""
    app.command()(grade)
    app.command()(verify)
