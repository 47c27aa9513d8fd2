"""The pages about the whole course that follow from its labs: map, words, and which field is practised where."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kitlib.authoring.glossary import glossary_page
from kitlib.lab import Course, LabSpec

__all__ = ["FIELDS", "course_pages", "coverage"]

#: The fields of `StatefulSetSpec` (apps/v1).
FIELDS = (
    "replicas",
    "selector",
    "template",
    "volumeClaimTemplates",
    "serviceName",
    "podManagementPolicy",
    "updateStrategy",
    "revisionHistoryLimit",
    "minReadySeconds",
    "persistentVolumeClaimRetentionPolicy",
    "ordinals",
)
_MADE = "<!-- made by `kit author build` from solutions/*/ -->"


def coverage(specs: Iterable[LabSpec]) -> dict[str, list[tuple[str, str]]]:
    """Return for every field of `StatefulSetSpec` the checkpoints, as (lab, checkpoint), in which learners use it."""
    found: dict[str, list[tuple[str, str]]] = {field: [] for field in FIELDS}
    for spec in specs:
        for checkpoint in spec.checkpoints:
            for field in checkpoint.covers:
                found[field].append((spec.slug, checkpoint.id))
    return found


def course_pages(course: Course) -> dict[Path, str]:
    """Return what `docs/course.md`, `docs/coverage.md` and `docs/glossary.md` should hold."""
    specs = [course.lab(slug).spec() for slug in course.slugs()]
    docs = course.root / "docs"
    return {
        docs / "course.md": _map(specs),
        docs / "coverage.md": _coverage_page(specs),
        docs / "glossary.md": f"{_MADE}\n\n{glossary_page(course)}",
    }


def _map(specs: list[LabSpec]) -> str:
    minutes, points = sum(spec.minutes for spec in specs), sum(spec.points for spec in specs)
    hours = f"{minutes // 60} h {minutes % 60:02} min"
    parts = [_MADE, "", "# The course", "", f"{len(specs)} labs, about {hours}, {points:g} points.", ""]
    parts += [
        "The words that they introduce are in the [glossary](glossary.md); where each field of a StatefulSet's spec is"
    ]
    parts += ["practised, in the [coverage table](coverage.md).", ""]
    parts += ["| lab | minutes | points | checkpoints |", "|---|---:|---:|---:|"]
    for spec in specs:
        link = f"[{spec.title}](#{spec.slug})"
        parts.append(f"| {link} | {spec.minutes} | {spec.points:g} | {len(spec.checkpoints)} |")
    for spec in specs:
        parts += ["", f'## <a id="{spec.slug}"></a>{spec.title}', ""]
        parts += [f"Notebook `labs/{spec.slug}/lab.ipynb`, {spec.minutes} minutes. Afterwards you can", ""]
        parts += [f"* {objective}" for objective in spec.objectives]
        parts += ["", "Checkpoints: " + "; ".join(f"{one.title} ({one.points:g})" for one in spec.checkpoints) + "."]
    return "\n".join(parts) + "\n"


def _coverage_page(specs: list[LabSpec]) -> str:
    parts = [_MADE, "", "# Where each field of `StatefulSetSpec` is used by the learner", ""]
    parts += ["| field | lab | checkpoint |", "|---|---|---|"]
    for field, places in coverage(specs).items():
        parts += [f"| `{field}` | {lab} | `{checkpoint}` |" for lab, checkpoint in places] or [f"| `{field}` | – | – |"]
    return "\n".join(parts) + "\n"
