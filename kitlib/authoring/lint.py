"""What can be said about a lab without a cluster: one line per fault, none if it is in order."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType
from typing import Any

from kitlib.authoring.attempts import load_attempts
from kitlib.authoring.build import generate
from kitlib.authoring.course_map import FIELDS
from kitlib.authoring.source import SourceCell, read_source, solved_text, stub_text
from kitlib.checks import Checkpoint, Outcome
from kitlib.lab import LabFiles, LabSpec

__all__ = ["asserted_values", "lint"]

#: A hint may share a word or two with the solution, but not a phrase of this many characters.
_SHARED = 18
_WRONG_ATTEMPTS = 3
#: Names inside predicates whose values are words for the learner, not things to be found on the cluster.
_PROSE = {"wanted", "wanted_names"}


def lint(files: LabFiles) -> list[str]:
    """Return every fault of a lab."""
    spec, cells = files.spec(), read_source(files.source)
    return [
        *_declaration(spec),
        *_structure(spec, cells),
        *_named_values(spec, cells),
        *_variant(spec, cells),
        *_hints(spec, cells),
        *_generated(files),
        *_outputs(files),
        *_attempts(files, spec),
    ]


def asserted_values(checkpoint: Checkpoint) -> set[str]:
    """Return the values that a checkpoint's predicates compare with: they are in the predicates' closures."""
    return {value for criterion in checkpoint.criteria for value in _values(criterion.test)}


def _values(test: Callable[..., Any]) -> Iterator[str]:
    code = test.__code__
    for name, cell in zip(code.co_freevars, test.__closure__ or (), strict=True):
        if name not in _PROSE:
            yield from _scalars(cell.cell_contents)
    for name in code.co_names:
        if name.isupper() and not name.startswith("_"):
            yield from _scalars(test.__globals__.get(name))


def _scalars(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield f"{key}: {inner}"
    elif isinstance(value, tuple | list | set | frozenset):
        for inner in value:
            yield from _scalars(inner)
    elif isinstance(value, FunctionType):  # a predicate made of others
        yield from _values(value)


def _declaration(spec: LabSpec) -> Iterator[str]:
    if not spec.objectives:
        yield f"{spec.slug} names no objectives"
    for checkpoint in spec.checkpoints:
        for field in checkpoint.covers:
            if field not in FIELDS:
                yield f"checkpoint {checkpoint.id} covers {field!r}, which is no field of StatefulSetSpec"


def _structure(spec: LabSpec, cells: list[SourceCell]) -> Iterator[str]:
    wanted = [checkpoint.id for checkpoint in spec.checkpoints]
    found = [cell.checks for cell in cells if cell.checks]
    if found != wanted:
        yield f"the check cells are {found}, but the checkpoints are {wanted}: each once, in this order"
    for cell in cells:
        if cell.solves and cell.solves not in wanted:
            yield f"cell {cell.id} solves {cell.solves!r}, which is no checkpoint"
        if cell.checks and f'lab.check("{cell.checks}")' not in cell.text:
            yield f'cell {cell.id} does not call lab.check("{cell.checks}")'


def _named_values(spec: LabSpec, cells: list[SourceCell]) -> Iterator[str]:
    """Yield values that a check wants but nothing before it tells the learner."""
    told = ""
    for cell in cells:
        told += "\n" + (cell.text if cell.kind == "markdown" else stub_text(cell))
        if not cell.checks:
            continue
        for value in sorted(asserted_values(spec.checkpoint(cell.checks))):
            if not re.search(rf"(?<![\w-]){re.escape(value)}(?![\w-])", told):
                yield f"checkpoint {cell.checks} wants {value!r}, but the text before it never names it"


def _variant(spec: LabSpec, cells: list[SourceCell]) -> Iterator[str]:
    """Yield values of a student's variant that no task refers to."""
    text = "\n".join(cell.text for cell in cells if cell.kind == "markdown")
    for name in spec.values(""):
        if f"`{name}`" not in text:
            yield f"the variant has a value {name!r}, but no task refers to `{name}`"


def _hints(spec: LabSpec, cells: list[SourceCell]) -> Iterator[str]:
    for checkpoint in spec.checkpoints:
        if len(checkpoint.hints) < 2:
            yield f"checkpoint {checkpoint.id} has fewer than two hints"
        hidden = "\n".join(_hidden(cell) for cell in cells if cell.solves == checkpoint.id)
        solution = _squeeze(hidden)
        for hint in checkpoint.hints:
            shared = _shared_phrase(_squeeze(hint), solution)
            if shared:
                yield f"a hint of {checkpoint.id} gives the solution away: {shared!r}"


def _hidden(cell: SourceCell) -> str:
    """Return the lines of a cell that learners do not get."""
    shown = set(stub_text(cell).split("\n"))
    return "\n".join(line for line in solved_text(cell).split("\n") if line not in shown)


def _shared_phrase(hint: str, solution: str) -> str:
    for start in range(len(hint) - _SHARED + 1):
        if hint[start : start + _SHARED] in solution:
            return hint[start : start + _SHARED]
    return ""


def _squeeze(text: str) -> str:
    return re.sub(r"\s+", " ", text).lower()


def _generated(files: LabFiles) -> Iterator[str]:
    for file, text in generate(files).items():
        if not file.exists() or file.read_text() != text:
            yield f"{file.relative_to(files.course)} is not what {files.source.name} makes: run the build"


def _outputs(files: LabFiles) -> Iterator[str]:
    if files.notebook.exists():
        for cell in json.loads(files.notebook.read_text())["cells"]:
            if cell.get("outputs") or cell.get("execution_count"):
                yield f"the learner's notebook has outputs in cell {cell['id']}"
    if files.solved.exists():
        for cell in json.loads(files.solved.read_text())["cells"]:
            code = "".join(cell["source"])
            if cell["cell_type"] == "code" and not cell["execution_count"] and not _only_comments(code):
                yield f"the solved notebook was not executed at cell {cell['id']}"


def _only_comments(code: str) -> bool:
    return all(line.startswith("#") or not line.strip() for line in code.split("\n"))


def _attempts(files: LabFiles, spec: LabSpec) -> Iterator[str]:
    attempts = load_attempts(files)
    for checkpoint in spec.checkpoints:
        own = [one for one in attempts.tried if one.checkpoint == checkpoint.id]
        wrong = [one for one in own if one.outcome is not Outcome.PASSED]
        if len(wrong) < _WRONG_ATTEMPTS:
            yield f"checkpoint {checkpoint.id} has {len(wrong)} wrong attempts, not {_WRONG_ATTEMPTS}"
        if len(own) == len(wrong):
            yield f"checkpoint {checkpoint.id} has no right alternative"
        failing = {one.criterion for one in wrong}
        for criterion in checkpoint.criteria:
            if criterion.id not in failing:
                yield f"no attempt at {checkpoint.id} fails on its criterion {criterion.id}"
