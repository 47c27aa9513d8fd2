"""`grade`: one submission in, verdicts out; and `verify`, which grades the course's own solved labs the same way."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from kitlib.checks import Observer, Verdict
from kitlib.client import Timeline
from kitlib.errors import UsageError
from kitlib.grading.arena import Arena, arena
from kitlib.grading.judge import Judge
from kitlib.grading.report import GradeReport, write_evidence, write_report
from kitlib.grading.sandbox import Sandbox, course_for_kernel
from kitlib.grading.submission import read_submission
from kitlib.lab import Course, LabFiles
from kitlib.lab.surroundings import kernel_environment

__all__ = ["grade", "verify"]


def grade(
    submission: Path,
    out: Path,
    *,
    course: Course | None = None,
    lab: str = "",
    seed: str = "",
    cell_timeout: float = 120.0,
    timeout: float = 900.0,
    began: Callable[[str], None] = lambda _: None,
    progress: Callable[[Verdict], None] = lambda _: None,
) -> GradeReport:
    """Run a notebook on a fresh cluster and judge its checkpoints from outside.

    Writes `verdicts.json`, `evidence/*.json` and `executed.ipynb` into `out`.

    Args:
        submission: the student's notebook.
        out: a folder, created if need be.
        course: whose checks count; the installed one by default.
        lab: the lab's slug, when the notebook does not say.
        seed: of the student's variant.
        cell_timeout: seconds for one cell.
        timeout: seconds for all of it.
        began: told of the lab, once it is known that the submission can be graded.
        progress: told of each verdict as it is given.

    Raises:
        UsageError: the submission or the output folder cannot be used.
        EnvironmentProblem: the machine cannot confine the student's kernel.
    """
    course = course or Course.here()
    started = time.monotonic()
    first = read_submission(submission, slug=lab)
    files = course.lab(first.slug)
    spec = files.spec()
    read = first.ordered([one.id for one in spec.checkpoints])
    _usable(out)
    began(files.slug)
    from kitlib.grading.engine import run  # noqa: PLC0415 -- brings papermill

    namespace = spec.for_student(seed)
    with arena(spec, namespace) as place:
        sandbox = _sandbox(place, files, hidden=(course.root, out.absolute()))
        file = place.folder / "submission.ipynb"
        file.write_text(json.dumps(read.runnable()))
        with Timeline(
            place.cluster,
            namespace,
            folder=place.folder / "timeline",
            kinds=spec.recorded,
            volumes=spec.volumes,
        ) as timeline:
            observer = Observer(
                place.cluster, namespace, timeline=timeline, seed=seed, kinds=spec.kinds, volumes=spec.volumes
            )
            judge = Judge(spec, read, observer, told=progress)
            stopped = run(
                file,
                out / "executed.ipynb",
                judge=judge,
                environment=kernel_environment(
                    place.student_kubeconfig,
                    namespace=namespace,
                    course=place.folder / "course",
                    home=sandbox.home,
                    seed=seed,
                ),
                sandbox=sandbox,
                cell_timeout=cell_timeout,
                timeout=timeout,
            )
            judgements = judge.finish()
    verdicts = tuple(verdict for verdict, _ in judgements.values())
    seconds = round(time.monotonic() - started, 2)
    report = GradeReport(files.slug, submission.name, files.version(), seed, verdicts, stopped=stopped, seconds=seconds)
    write_evidence(out, judgements, version=files.version())
    write_report(out, report)
    return report


def verify(
    out: Path,
    *,
    course: Course | None = None,
    labs: Sequence[str] = (),
    progress: Callable[[Verdict], None] = lambda _: None,
) -> list[GradeReport]:
    """Grade every solved lab of the course (or those named) headlessly; `str(report)` is its score table."""
    course = course or Course.here()
    reports = []
    for slug in labs or course.slugs():
        files = course.lab(slug)
        reports.append(grade(files.solved, out / files.slug, course=course, progress=progress))
    return reports


def _usable(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe = out / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}", fix="name another folder with --out") from None


def _sandbox(place: Arena, files: LabFiles, *, hidden: tuple[Path, ...]) -> Sandbox:
    """Give the kernel the lab's files, but not its notebook, and of the course what the lab's own checks need."""
    course = course_for_kernel(files.course, files.slug, place.folder / "course")
    work, home, wire = (place.folder / name for name in ("work", "home", "wire"))
    if (course / "labs" / files.slug).is_dir():
        shutil.copytree(course / "labs" / files.slug, work)
    sandbox = Sandbox(work, home, wire, shown=(place.student_kubeconfig, course), hidden=hidden)
    sandbox.probe()
    return sandbox
