"""From one source: the learner's notebook (no solutions, no outputs), the solved one, and the manifests.

The notebooks are plain JSON of nbformat 4.5, written without nbformat: importing that takes two seconds. Cell ids are
the source's, so they are stable; nbgrader's metadata is written too, so that its tools can be used on the same files.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kitlib.authoring.source import SourceCell, read_source, solved_text, stub_text
from kitlib.lab import LabFiles, LabSpec

__all__ = ["build", "generate", "learner_notebook", "manifests", "solved_notebook"]

Notebook = dict[str, Any]

_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
}


def build(files: LabFiles) -> list[Path]:
    """Write everything that is generated from a lab's source; returns the files that changed.

    The solved notebook keeps the outputs of cells whose code is the same.
    """
    changed = []
    for file, text in generate(files).items():
        if not file.exists() or file.read_text() != text:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            changed.append(file)
    return changed


def generate(files: LabFiles) -> dict[Path, str]:
    """Return what every generated file should hold."""
    cells, spec = read_source(files.source), files.spec()
    former = json.loads(files.solved.read_text()) if files.solved.exists() else {"cells": []}
    texts = {
        files.notebook: dump(learner_notebook(cells, spec)),
        files.solved: dump(solved_notebook(cells, spec, former=former)),
    }
    for name, text in manifests(cells, solved=True).items():
        texts[files.solution / name] = text
    for name, text in manifests(cells, solved=False).items():
        texts[files.folder / name] = text
    for file in sorted((files.solution / "scenarios").glob("*.yaml")):
        texts[files.folder / "scenarios" / file.name] = file.read_text()
    return texts


def learner_notebook(cells: list[SourceCell], spec: LabSpec) -> Notebook:
    """Return the notebook that learners get."""
    return _notebook([_cell(cell, stub_text(cell) if cell.kind == "code" else cell.text, spec) for cell in cells], spec)


def solved_notebook(cells: list[SourceCell], spec: LabSpec, *, former: Mapping[str, Any]) -> Notebook:
    """Return the solved notebook, with the outputs of `former` where the code has not changed."""
    known = {cell.get("id"): cell for cell in former["cells"]}
    built = []
    for cell in cells:
        made = _cell(cell, solved_text(cell) if cell.kind == "code" else cell.text, spec)
        before = known.get(cell.id)
        if made["cell_type"] == "code" and before is not None and before["source"] == made["source"]:
            made["outputs"], made["execution_count"] = before["outputs"], before["execution_count"]
        built.append(made)
    return _notebook(built, spec)


def manifests(cells: list[SourceCell], *, solved: bool) -> dict[str, str]:
    """Return the files that `%%manifest FILE` cells write, by name."""
    found = {}
    for cell in cells:
        text = solved_text(cell) if solved else stub_text(cell)
        first, _, body = text.partition("\n")
        name = first.removeprefix("%%manifest").strip()
        if first.startswith("%%manifest") and name:
            found[name] = body.rstrip("\n") + "\n"
    return found


def dump(notebook: Notebook) -> str:
    """Write a notebook as Jupyter does, so that saving it there changes nothing."""
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _notebook(cells: list[dict[str, Any]], spec: LabSpec) -> Notebook:
    metadata = {**_METADATA, "kit": {"lab": spec.slug}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _cell(cell: SourceCell, text: str, spec: LabSpec) -> dict[str, Any]:
    metadata: dict[str, Any] = {}
    kit = {key: value for key, value in (("checkpoint", cell.checks), ("solves", cell.solves)) if value}
    if kit:
        metadata["kit"] = kit
    if cell.tags:
        metadata["tags"] = list(cell.tags)
    if cell.checks:
        points = spec.checkpoint(cell.checks).points
        metadata["nbgrader"] = _nbgrader(cell.id, grade=True, locked=True, points=points)
    elif cell.solves:
        metadata["nbgrader"] = _nbgrader(cell.id, solution=True)
    made: dict[str, Any] = {"id": cell.id, "cell_type": cell.kind, "metadata": metadata, "source": _lines(text)}
    if cell.kind == "code":
        made |= {"outputs": [], "execution_count": None}
    return made


def _nbgrader(
    id: str, *, grade: bool = False, solution: bool = False, locked: bool = False, points: float | None = None
) -> dict[str, Any]:
    made = {
        "grade": grade,
        "grade_id": id,
        "locked": locked,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }
    return made | ({"points": points} if points is not None else {})


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)
