"""A submitted notebook: which lab it is of, and where its checkpoint cells are. Pure but for reading the file.

Checkpoints are found by the id in a cell's metadata, never by position or by text: what a student did to the cell
does not matter. One that is gone, or was moved out of the lab's order, is *open*: judged by what the cluster shows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kitlib.errors import UsageError

__all__ = ["Submission", "read_submission"]

Notebook = dict[str, Any]

_LARGEST = 32 << 20


@dataclass(frozen=True, slots=True)
class Submission:
    """A notebook to grade.

    Attributes:
        anchors: cell index -> checkpoint id, for the cells that stand in the lab's order.
        open: checkpoints without such a cell.
    """

    file: Path
    notebook: Notebook
    slug: str
    anchors: Mapping[int, str]
    open: tuple[str, ...]

    def ordered(self, order: Sequence[str]) -> Submission:
        """Return it with the cells of a lab's checkpoints found, given in their order."""
        found = [(n, id) for n, cell in enumerate(self.notebook["cells"]) if (id := checkpoint_of(cell)) in order]
        anchors = dict(_in_order(found, order))
        missing = tuple(id for id in order if id not in anchors.values())
        return replace(self, anchors=anchors, open=missing)

    def runnable(self) -> Notebook:
        """Return a notebook of the same cells with nothing in it but what a run needs."""
        return {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {
                "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
                "language_info": {"name": "python"},
                "kit": {"lab": self.slug},
            },
            "cells": [_runnable(number, cell) for number, cell in enumerate(self.notebook["cells"], 1)],
        }


def read_submission(file: Path, *, order: Sequence[str] = (), slug: str = "") -> Submission:
    """Read a notebook and find its checkpoint cells.

    Args:
        file: the notebook.
        order: the lab's checkpoints in their order.
        slug: the lab, when the notebook does not say.

    Raises:
        UsageError: it is not a notebook, or nobody says of which lab.
    """
    notebook = _load(file)
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list) or notebook.get("nbformat") != 4:
        raise UsageError(f"{file} is not a notebook of format 4", fix="open it in JupyterLab and save it")
    for number, cell in enumerate(notebook["cells"], 1):
        if problem := _problem(cell):
            raise UsageError(f"{file}: cell {number} {problem}", fix="ask for another copy")
    metadata = notebook.get("metadata")
    kit = metadata.get("kit") if isinstance(metadata, dict) else None
    lab = slug or str((kit if isinstance(kit, dict) else {}).get("lab") or "")
    if not lab:
        raise UsageError(f"{file} does not say of which lab it is", fix="pass --lab")
    return Submission(file, notebook, lab, {}, ()).ordered(order)


def _load(file: Path) -> object:
    try:
        if file.exists() and not file.is_file():
            raise UsageError(f"{file} is not a file", fix="name the notebook to grade")
        if file.stat().st_size > _LARGEST:
            raise UsageError(f"{file} is larger than {_LARGEST >> 20} MiB", fix="clear the notebook's outputs")
        notebook: object = json.loads(file.read_text(encoding="utf-8"))
        json.dumps(notebook, ensure_ascii=False).encode()  # Half a character can be read, but not written again.
    except FileNotFoundError:
        raise UsageError(f"there is no {file}", fix="name the notebook to grade") from None
    except RecursionError:
        raise UsageError(f"{file} is not a notebook: it is nested too deeply", fix="ask for another copy") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} is not a notebook: {error}", fix="ask for another copy") from None
    return notebook


def _problem(cell: object) -> str:
    """Return what makes a cell unusable, or an empty text."""
    if not isinstance(cell, dict):
        return "is not an object"
    if cell.get("cell_type") not in ("code", "markdown", "raw"):
        return "is of no known type"
    source = cell.get("source")
    lines = source if isinstance(source, list) else [source]
    if not all(isinstance(line, str) for line in lines):
        return "has a source that is not text"
    return "" if isinstance(cell.get("metadata", {}), dict) else "has metadata that is not an object"


def checkpoint_of(cell: object) -> str:
    """Return the checkpoint id in a cell's metadata (ours, else nbgrader's), or an empty text."""
    metadata = cell.get("metadata") if isinstance(cell, dict) else None
    if not isinstance(metadata, dict):
        return ""
    kit, nbgrader = metadata.get("kit"), metadata.get("nbgrader")
    if isinstance(kit, dict) and isinstance(kit.get("checkpoint"), str):
        return str(kit["checkpoint"])
    if isinstance(nbgrader, dict) and nbgrader.get("grade") and isinstance(nbgrader.get("grade_id"), str):
        return str(nbgrader["grade_id"]).removeprefix("check-")
    return ""


def _runnable(number: int, cell: Mapping[str, Any]) -> dict[str, Any]:
    source, id = cell["source"], checkpoint_of(cell)
    made: dict[str, Any] = {
        "id": f"cell-{number}",
        "cell_type": cell["cell_type"],
        "metadata": {"kit": {"checkpoint": id}} if id else {},
        "source": "".join(source) if isinstance(source, list) else source,
    }
    return {**made, "outputs": [], "execution_count": None} if cell["cell_type"] == "code" else made


def _in_order(found: Sequence[tuple[int, str]], order: Sequence[str]) -> Iterable[tuple[int, str]]:
    """Return the longest run of cells whose checkpoints follow the lab's order; the others were moved or copied."""
    best: list[list[tuple[int, str]]] = []
    for cell in found:
        rank = order.index(cell[1])
        before = max((run for run in best if order.index(run[-1][1]) < rank), key=len, default=[])
        best.append([*before, cell])
    return max(best, key=len, default=[])
