"""The source of a lab, `lab.py` in jupytext's py:percent form, as a list of cells. Pure but for reading the file.

A cell's header carries its id and what it is for: `solves="<checkpoint>"` (its marked parts are stripped from the
learner's copy) or `checks="<checkpoint>"`. In code, `### BEGIN SOLUTION: what to do` … `### END SOLUTION` becomes
`# TODO: what to do`. What learners are to repair stands between `### BEGIN BROKEN` and `### REPAIRED`, and how it is
right between that and `### END BROKEN`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from kitlib.errors import LabError

__all__ = ["SourceCell", "read_source", "solved_text", "stub_text"]

_BEGIN = re.compile(r"^(\s*)### BEGIN SOLUTION(?:: (.*))?$")
_END = re.compile(r"^\s*### END SOLUTION\s*$")
_BROKEN, _REPAIRED, _MENDED = (
    re.compile(rf"^\s*### {words}\s*$") for words in ("BEGIN BROKEN", "REPAIRED", "END BROKEN")
)
_ID = re.compile(r"^[a-zA-Z0-9_-]{1,64}$")


@dataclass(frozen=True, slots=True)
class SourceCell:
    """One cell of the source."""

    id: str
    kind: str
    text: str
    solves: str = ""
    checks: str = ""
    tags: tuple[str, ...] = ()


def read_source(file: Path) -> list[SourceCell]:
    """Read a lab's source.

    Raises:
        LabError: a cell has no id, or two have the same.
    """
    import jupytext  # noqa: PLC0415 -- two seconds, and only authors need it

    if not file.is_file():
        raise LabError(f"there is no {file}", fix="restore it with git")
    cells = [_cell(file, cell) for cell in jupytext.read(file, fmt="py:percent").cells]
    ids = [cell.id for cell in cells]
    for id in ids:
        if ids.count(id) > 1:
            raise LabError(f"{file} has two cells with the id {id!r}", fix="give each cell its own")
    return cells


def solved_text(cell: SourceCell) -> str:
    """Return a cell with its solution, without the markers."""
    text = _choose(cell, repaired=True)
    return "\n".join(line for line in text.split("\n") if not _BEGIN.match(line) and not _END.match(line))


def stub_text(cell: SourceCell) -> str:
    """Return a cell with every marked part replaced by a TODO, or broken.

    Raises:
        LabError: a marker has no partner, or does not say what to do.
    """
    lines: list[str] = []
    inside = False
    for line in _choose(cell, repaired=False).split("\n"):
        begin = _BEGIN.match(line)
        if begin and (inside or not begin.group(2)):
            raise LabError(
                f"cell {cell.id}: {line.strip()!r}", fix="say what to do after BEGIN SOLUTION:, close the former"
            )
        if begin:
            lines.append(f"{begin.group(1)}# TODO: {begin.group(2)}")
            inside = True
        elif _END.match(line):
            if not inside:
                raise LabError(f"cell {cell.id}: END SOLUTION without BEGIN SOLUTION", fix="remove it")
            inside = False
        elif not inside:
            lines.append(line)
    if inside:
        raise LabError(f"cell {cell.id}: BEGIN SOLUTION without END SOLUTION", fix="close it")
    return "\n".join(lines)


def _choose(cell: SourceCell, *, repaired: bool) -> str:
    """Return the cell's text with one of the two forms of each part that is to be repaired."""
    lines: list[str] = []
    within: bool | None = None
    for line in cell.text.split("\n"):
        marks = [bool(mark.match(line)) for mark in (_BROKEN, _REPAIRED, _MENDED)]
        if any(marks):
            if within is not (None, False, True)[marks.index(True)]:
                fix = "write BEGIN BROKEN, REPAIRED and END BROKEN, in this order"
                raise LabError(f"cell {cell.id}: {line.strip()!r} is out of place", fix=fix)
            within = (False, True, None)[marks.index(True)]
        elif within in (None, repaired):
            lines.append(line)
    if within is not None:
        raise LabError(f"cell {cell.id}: BEGIN BROKEN without END BROKEN", fix="close it")
    return "\n".join(lines)


def _cell(file: Path, cell: object) -> SourceCell:
    metadata = dict(getattr(cell, "metadata", {}))
    source = str(getattr(cell, "source", ""))
    id = str(metadata.get("id", ""))
    if not _ID.match(id):
        start = source.strip().split("\n")[0][:40]
        raise LabError(f"{file}: the cell {start!r} has no usable id", fix='write id="…" in its # %% line')
    return SourceCell(
        id=id,
        kind=str(getattr(cell, "cell_type", "code")),
        text=_plain_manifest(source),
        solves=str(metadata.get("solves", "")),
        checks=str(metadata.get("checks", "")),
        tags=tuple(metadata.get("tags", ())),
    )


def _plain_manifest(source: str) -> str:
    """Take the comment marks off YAML under `%%manifest`: the source stays a Python file, the notebook shows YAML."""
    first, *rest = source.split("\n")
    if not first.startswith("%%manifest"):
        return source
    return "\n".join([first, *(line.removeprefix("# ") if line != "#" else "" for line in rest)])
