"""Where the course keeps its labs, and how a lab's checkpoints are loaded."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kitlib.errors import LabError, UsageError
from kitlib.lab.spec import LabSpec
from kitlib.settings import settings

__all__ = ["Course", "LabFiles"]


@dataclass(frozen=True, slots=True)
class LabFiles:
    """The files of one lab."""

    slug: str
    course: Path

    @property
    def folder(self) -> Path:
        """Return the learner's folder."""
        return self.course / "labs" / self.slug

    @property
    def notebook(self) -> Path:
        """Return the learner's notebook."""
        return self.folder / "lab.ipynb"

    @property
    def solution(self) -> Path:
        """Return the folder of the source, the checkpoints and the attempts."""
        return self.course / "solutions" / self.slug

    @property
    def source(self) -> Path:
        """Return the one source of the lab's text and code."""
        return self.solution / "lab.py"

    @property
    def solved(self) -> Path:
        """Return the solved, executed notebook."""
        return self.solution / "lab.ipynb"

    @property
    def checkpoints(self) -> Path:
        """Return the file that declares what is checked."""
        return self.solution / "checkpoints.py"

    def spec(self) -> LabSpec:
        """Load the lab's declaration from the course's own copy.

        Raises:
            LabError: the file is missing or broken.
        """
        module = load_file(self.checkpoints, f"kit_course_{self.slug.replace('-', '_')}")
        spec = getattr(module, "LAB", None)
        if not isinstance(spec, LabSpec):
            raise LabError(f"{self.checkpoints} declares no LAB", fix="assign a LabSpec to LAB")
        return spec

    def version(self) -> str:
        """Return the version of the checks: it goes into every evidence file."""
        return hashlib.sha256(self.checkpoints.read_bytes()).hexdigest()[:12]

    def solution_of(self, checkpoint: str) -> str:
        """Return the code of the solved notebook's cells that solve a checkpoint.

        Raises:
            LabError: the solved notebook is not there, as while a submission is graded.
        """
        if not self.solved.is_file():
            raise LabError(f"the solutions of {self.slug} are not available here", fix="try lab.hint")
        cells = json.loads(self.solved.read_text())["cells"]
        found = [cell for cell in cells if cell["metadata"].get("kit", {}).get("solves") == checkpoint]
        return "\n\n".join("".join(cell["source"]) for cell in found)


@dataclass(frozen=True, slots=True)
class Course:
    """A folder with `labs/` and `solutions/`."""

    root: Path

    @staticmethod
    def here() -> Course:
        """Return the course that the settings name."""
        return Course(settings().course_dir)

    def slugs(self) -> list[str]:
        """Return the labs in their order."""
        return sorted(file.parent.name for file in (self.root / "solutions").glob("*/checkpoints.py"))

    def lab(self, slug: str) -> LabFiles:
        """Return the files of a lab; its number alone is enough.

        Raises:
            UsageError: there is no such lab.
        """
        known = self.slugs()
        found = [one for one in known if slug in (one, one.partition("-")[0])]
        if not found:
            raise UsageError(
                f"there is no lab {slug!r} in {self.root}", fix=f"use one of: {', '.join(known) or 'none'}"
            )
        return LabFiles(found[0], self.root)


def load_file(file: Path, name: str) -> Any:
    """Run a Python file of the course as a module of its own.

    Raises:
        LabError: it is missing or broken.
    """
    if not file.is_file():
        raise LabError(f"there is no {file}", fix="restore it with git")
    found = importlib.util.spec_from_file_location(name, file)
    if found is None or found.loader is None:
        raise LabError(f"{file} is not a Python file", fix="restore it with git")
    module = importlib.util.module_from_spec(found)
    try:
        found.loader.exec_module(module)
    except Exception as error:  # Whatever an author's file raises is reported as what it is: a broken lab.
        raise LabError(f"{file} does not load: {type(error).__name__}: {error}", fix="restore it with git") from error
    return module
