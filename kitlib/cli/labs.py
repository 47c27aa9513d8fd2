"""`kit lab …` and `kit break`: which labs there are, how far the learner is, and what is to be repaired."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from kitlib.client import Cluster, connect
from kitlib.errors import KitError, UsageError
from kitlib.lab.course import Course, LabFiles
from kitlib.lab.opening import open_cluster, state_dir
from kitlib.lab.progress import Progress
from kitlib.lab.reset import ensure_namespace, give_back_nodes, remove_cluster_objects, remove_namespace
from kitlib.lab.scenarios import break_it, scenarios
from kitlib.settings import settings

__all__ = ["register"]

_Lab = Annotated[str, typer.Argument(help="Name or number of a lab, for example 05.")]

lab = typer.Typer(help="The labs of the course, and how far you are.", no_args_is_help=True)


@lab.command(name="list")
def list_labs() -> None:
    """List the labs with their points and the time they take."""
    course = Course.here()
    for slug in course.slugs():
        spec = course.lab(slug).spec()
        counted = f"{len(spec.checkpoints):2} checkpoints  {spec.points:3g} points  {spec.minutes:3} min"
        typer.echo(f"{slug:32} {counted}  {spec.title.partition(': ')[2] or spec.title}")


@lab.command(name="start")
def start_lab(slug: _Lab) -> None:
    """Prepare a lab: the cluster runs, and the lab's namespace is there. What was done in it stays."""
    files = Course.here().lab(slug)
    cluster = open_cluster(settings(), spec=files.spec())
    namespace = _namespace(files)
    made = ensure_namespace(cluster, namespace, slug=files.slug)
    typer.echo(f"{files.slug}: namespace {namespace} {'is made' if made else 'is there already'}")
    typer.echo(f"open {_shown(files.notebook)} in JupyterLab (kit jupyter starts it)")


@lab.command(name="status")
def lab_status() -> None:
    """Show the points of every lab so far; they are kept when kernels and clusters go."""
    course = Course.here()
    total = earned = 0.0
    for slug in course.slugs():
        spec = course.lab(slug).spec()
        best = [max((log.best(one.id) for log in _logs(slug)), default=("", 0.0)) for one in spec.checkpoints]
        passed = sum(outcome == "passed" for outcome, _ in best)
        points = sum(value for _, value in best)
        total, earned = total + spec.points, earned + points
        bar = "█" * round(10 * points / spec.points) if spec.points else ""
        typer.echo(f"{slug:32} {bar:10} {points:3g} of {spec.points:3g} points  {passed} of {len(best)} checkpoints")
    typer.echo(f"{'':32} {'':10} {earned:3g} of {total:3g} points")


@lab.command(name="reset")
def reset_lab(
    slug: _Lab,
    notebook: Annotated[bool, typer.Option("--notebook", help="Bring the notebook back as it was, too.")] = False,
) -> None:
    """Delete what a lab has made on the cluster, and begin its points anew; other labs are not touched."""
    files = Course.here().lab(slug)
    cluster, namespace = _running(), _namespace(files)
    if files.spec().nodes > 1:
        give_back_nodes(cluster)
    removed = remove_namespace(cluster, namespace, progress=lambda text: typer.echo(text, err=True))
    others = remove_cluster_objects(cluster, files.spec().cluster_objects, namespace=namespace)
    Progress(state_dir(settings(), files.slug, cluster) / "progress.jsonl").add("reset", namespace=namespace)
    gone = ", ".join([*([f"namespace/{namespace}"] if removed else []), *others]) or "nothing was there"
    typer.echo(f"{files.slug} is back at its beginning; deleted: {gone}")
    if notebook:
        typer.echo(f"your notebook is kept as {_restore(files)}")


def break_setup(
    name: Annotated[str, typer.Argument(help="Which one; without a name they are listed.")] = "",
) -> None:
    """Set something up that is broken, for you to find out why and to repair (lab 09)."""
    course = Course.here()
    having = {files.slug: files for slug in course.slugs() if scenarios(files := course.lab(slug))}
    if not name:
        for files in having.values():
            for one, story in scenarios(files).items():
                typer.echo(f"{one:24} {story}")
        return
    found = next((files for files in having.values() if name in scenarios(files)), None)
    if found is None:
        listed = ", ".join(one for files in having.values() for one in scenarios(files)) or "none"
        raise UsageError(f"there is no broken set-up {name!r}", fix=f"use one of: {listed}")
    cluster, namespace = _running(), _namespace(found)
    ensure_namespace(cluster, namespace, slug=found.slug)
    broken = break_it(found, cluster, namespace, name)
    typer.echo(broken.story)
    typer.echo(f"set up in namespace {namespace}: {', '.join(broken.objects)}")


def _running() -> Cluster:
    cluster = connect()
    cluster.version()
    return cluster


def _namespace(files: LabFiles) -> str:
    chosen = settings()
    return chosen.namespace or files.spec().for_student(chosen.seed)


def _logs(slug: str) -> list[Progress]:
    return [Progress(file) for file in (settings().state_dir / "labs").glob(f"*/{slug}/progress.jsonl")]


def _restore(files: LabFiles) -> Path:
    """Write the learner's notebook as the course has it; the learner's own is kept beside it."""
    from kitlib.authoring.build import generate  # noqa: PLC0415 -- only for this

    number = 1
    while (kept := files.notebook.with_name(f"lab.before-reset-{number}.ipynb")).exists():
        number += 1
    try:
        shutil.move(files.notebook, kept)
        files.notebook.write_text(generate(files)[files.notebook])
    except OSError as error:
        why = f"{files.notebook} can't be written: {error.strerror}"
        raise KitError(why, fix="check who owns the folder") from error
    return Path(_shown(kept))


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def register(app: typer.Typer) -> None:
    """Add the group to `kit`."""
    app.add_typer(lab, name="lab")
    app.command(name="break")(break_setup)
