"""`kit lab …`: which labs there are, and how far the learner is."""

from __future__ import annotations

import typer

from kitlib.lab.course import Course

__all__ = ["register"]

lab = typer.Typer(help="The labs of the course.", no_args_is_help=True)


@lab.command(name="list")
def list_labs() -> None:
    """List the labs with their points."""
    course = Course.here()
    for slug in course.slugs():
        spec = course.lab(slug).spec()
        points = sum(checkpoint.points for checkpoint in spec.checkpoints)
        typer.echo(f"{slug:32} {len(spec.checkpoints):2} checkpoints  {points:3g} points  {spec.title}")


def register(app: typer.Typer) -> None:
    """Add the group to `kit`."""
    app.add_typer(lab, name="lab")
