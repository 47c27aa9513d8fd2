"""`kit author …`: build, execute, lint and prove labs; for those who write them."""

from __future__ import annotations

from typing import Annotated

import typer

from kitlib.authoring import Proven, build, course_pages, execute, lint, prove
from kitlib.client import connect
from kitlib.environments.embedded import EmbeddedProvider
from kitlib.errors import LabError
from kitlib.lab.course import Course, LabFiles
from kitlib.settings import settings

__all__ = ["register"]

_Labs = Annotated[list[str] | None, typer.Argument(help="Names or numbers of labs; all by default.")]

author = typer.Typer(help="Build, execute, lint and prove labs from solutions/.", no_args_is_help=True)


def _chosen(labs: list[str] | None) -> list[LabFiles]:
    course = Course.here()
    return [course.lab(slug) for slug in labs or course.slugs()]


@author.command(name="build")
def build_labs(labs: _Labs = None) -> None:
    """Generate the learner's notebook, its manifests, the solved notebook, and the course's pages in docs/."""
    for files in _chosen(labs):
        for path in build(files):
            typer.echo(path.relative_to(files.course))
    for page, text in course_pages(Course.here()).items():
        if not page.exists() or page.read_text() != text:
            page.write_text(text)
            typer.echo(page.relative_to(Course.here().root))


@author.command(name="execute")
def execute_labs(labs: _Labs = None) -> None:
    """Run each solved notebook on a fresh cluster and store its outputs."""
    for files in _chosen(labs):
        typer.echo(execute(files).relative_to(files.course))


@author.command(name="lint")
def lint_labs(labs: _Labs = None) -> None:
    """Check sources, texts, hints and generated files; exit code 1 when something is wrong."""
    found = [problem for files in _chosen(labs) for problem in lint(files)]
    for problem in found:
        typer.echo(problem)
    if found:
        raise typer.Exit(1)


@author.command(name="prove")
def prove_labs(labs: _Labs = None) -> None:
    """Run every attempt of a lab and see that each gets the outcome it names; exit code 1 when one does not."""
    info = EmbeddedProvider().create(settings().cluster)
    cluster = connect(info.kubeconfig, info.context)
    wrong: list[Proven] = []
    for files in _chosen(labs):
        results = prove(files, cluster, done=lambda proven: typer.echo(str(proven)))
        wrong += [proven for proven in results if proven.fault]
    if wrong:
        raise LabError(f"{len(wrong)} attempts did not get what they name", fix="mend the check or the attempt")


def register(app: typer.Typer) -> None:
    """Add the group to `kit`."""
    app.add_typer(author, name="author")
