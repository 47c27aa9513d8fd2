"""`kit grade` and `kit verify`: submissions, and the course's own solved labs, judged on clusters of their own."""

from __future__ import annotations

import tempfile
import traceback
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand
from typer.exceptions import TyperException

from kitlib.checks import Verdict
from kitlib.errors import KitError
from kitlib.grading import grade as grade_submission
from kitlib.grading import verify as verify_course

__all__ = ["register"]

_NOT_GRADED = 3


class _Grade(TyperCommand):
    """`kit grade`, whose wrong arguments do not end in the exit code for "judge again"."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except TyperException as error:
            typer.echo(f"kit: {error.format_message().rstrip('.')}. Fix: see kit grade --help", err=True)
            raise typer.Exit(_NOT_GRADED) from None


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

    Exit code: 0 full points, 1 fewer, 2 when a checkpoint must be judged again before the grade counts,
    3 when it could not be graded: an unusable submission, wrong arguments, a machine that cannot run it.
    """
    try:
        report = grade_submission(
            submission,
            out,
            lab=lab,
            seed=seed,
            cell_timeout=cell_timeout,
            timeout=timeout,
            began=lambda slug: typer.echo(f"grading {submission} ({slug}) on a fresh cluster", err=True),
            progress=_told,
        )
    except KitError as error:
        typer.echo(f"kit: {error}", err=True)
        raise typer.Exit(_NOT_GRADED) from None
    except Exception:  # A fault of ours must not look like a grade with fewer points.
        traceback.print_exc()
        raise typer.Exit(_NOT_GRADED) from None
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
    app.command(cls=_Grade)(grade)
    app.command()(verify)
