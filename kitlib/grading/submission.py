"""A submitted notebook: which lab it is of, and where its checkpoint cells are. Pure but for reading the file.

Checkpoints are found by the id in a cell's metadata, never by position or by text: what a student did to the cell
does not matter. One that is gone, or was moved out of the lab's order, is *open*: judged by what the cluster shows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kitlib.errors import UsageError

__all__ = ["Submission", "read_submission"]

Notebook = dict[str, Any]


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


def read_submission(file: Path, *, order: Sequence[str] = (), slug: str = "") -> Submission:
    """Read a notebook and find its checkpoint cells.

    Args:
        file: the notebook.
        order: the lab's checkpoints in their order.
        slug: the lab, when the notebook does not say.

    Raises:
        UsageError: it is not a notebook, or nobody says of which lab.
    """
    try:
        notebook = json.loads(file.read_text())
    except FileNotFoundError:
        raise UsageError(f"there is no {file}", fix="name the notebook to grade") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} is not a notebook: {error}", fix="ask for another copy") from None
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise UsageError(f"{file} is not a notebook of format 4", fix="open it in JupyterLab and save it")
    metadata = notebook.get("metadata")
    kit = metadata.get("kit") if isinstance(metadata, dict) else None
    lab = slug or str((kit if isinstance(kit, dict) else {}).get("lab") or "")
    if not lab:
        raise UsageError(f"{file} does not say of which lab it is", fix="pass --lab")
    found = [(n, id) for n, cell in enumerate(notebook["cells"]) if (id := checkpoint_of(cell)) in order]
    anchors = dict(_in_order(found, order))
    missing = tuple(id for id in order if id not in anchors.values())
    return Submission(file, notebook, lab, anchors, missing)


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


def _in_order(found: Sequence[tuple[int, str]], order: Sequence[str]) -> Iterable[tuple[int, str]]:
    """Return the longest run of cells whose checkpoints follow the lab's order; the others were moved or copied."""
    best: list[list[tuple[int, str]]] = []
    for cell in found:
        rank = order.index(cell[1])
        before = max((run for run in best if order.index(run[-1][1]) < rank), key=len, default=[])
        best.append([*before, cell])
    return max(best, key=len, default=[])
