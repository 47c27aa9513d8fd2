"""Broken set-ups for the learner to repair: manifests whose first comment tells what somebody complains of."""

from __future__ import annotations

from dataclasses import dataclass

from kitlib.client import Cluster
from kitlib.errors import UsageError
from kitlib.lab.course import LabFiles

__all__ = ["Broken", "break_it", "scenarios"]


@dataclass(frozen=True, slots=True)
class Broken:
    """What was set up.

    Args:
        story: what somebody complains of, in one line; it never names the cause.
        objects: as `kind/name`.
    """

    story: str
    objects: tuple[str, ...]


def scenarios(files: LabFiles) -> dict[str, str]:
    """Return a lab's broken set-ups: name to story.

    Example:
        >>> from kitlib.lab import Course
        >>> scenarios(Course.here().lab("05"))
        {}
    """
    return {file.stem: _story(file.read_text()) for file in sorted((files.folder / "scenarios").glob("*.yaml"))}


def break_it(files: LabFiles, cluster: Cluster, namespace: str, name: str) -> Broken:
    """Set up a scenario in a lab's namespace.

    Raises:
        UsageError: the lab has none of that name.
    """
    known = scenarios(files)
    if name not in known:
        listed = ", ".join(known) or "none"
        raise UsageError(f"{files.slug} has no broken set-up {name!r}", fix=f"use one of: {listed}")
    applied = cluster.apply((files.folder / "scenarios" / f"{name}.yaml").read_text(), namespace=namespace)
    return Broken(known[name], tuple(str(one).rpartition(" ")[0] for one in applied))


def _story(text: str) -> str:
    lines = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.removeprefix("#").strip())
    return " ".join(lines)
