"""The two magics of a lab notebook: `%%manifest` applies the cell's YAML, `%kubectl` runs the real kubectl."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from kitlib.client import ManifestError
from kitlib.errors import KitError, UsageError
from kitlib.lab.calls import note_of
from kitlib.lab.notes import Note

if TYPE_CHECKING:
    from kitlib.lab.session import Lab

__all__ = ["excerpt", "manifest", "register", "save"]


def register(shell: Any, lab: Lab) -> None:
    """Give an IPython shell the magics of this lab; opening another lab replaces them."""

    def manifest_cell(line: str, cell: str) -> Note | None:
        return manifest(lab, line, cell)

    def kubectl_line(line: str) -> Note | None:
        try:
            lab.kubectl(line)
        except KitError as error:
            if lab.strict:
                raise
            return note_of(error)
        return None

    shell.register_magic_function(manifest_cell, "cell", "manifest")
    shell.register_magic_function(kubectl_line, "line", "kubectl")


def manifest(lab: Lab, line: str, cell: str) -> Note | None:
    """Apply a cell's YAML, and save it when the magic's line names a file."""
    try:
        if line.strip():
            print(f"saved as {save(Path.cwd(), line.strip(), cell)}")
        for applied in lab.apply(cell):
            for warning in applied.warnings:
                print(f"Warning: {warning}")
            print(applied)
    except ManifestError as error:
        if lab.strict:
            raise
        return Note(error.message, _with_fix(excerpt(cell, error.line), error.fix), tone="bad")
    except KitError as error:
        if lab.strict:
            raise
        return Note(error.message, _with_fix("", error.fix), tone="bad")
    return None


def save(folder: Path, name: str, text: str) -> str:
    """Write a manifest below `folder` and return its name.

    Raises:
        UsageError: the name leads elsewhere, or the file cannot be written.
    """
    file = (folder / name).resolve()
    if not file.is_relative_to(folder.resolve()) or file.suffix not in (".yaml", ".yml"):
        raise UsageError(f"{name!r} is not a YAML file in this folder", fix="write %%manifest manifests/web.yaml")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    except OSError as error:
        raise UsageError(f"{name} cannot be written: {error.strerror}", fix="choose another file") from None
    return name


def excerpt(text: str, line: int) -> str:
    """Return the lines around `line`, marked; the cell's magic line is not counted, as in the editor's YAML."""
    lines = text.splitlines()
    if not 1 <= line <= len(lines):
        return ""
    first, last = max(1, line - 1), min(len(lines), line + 1)
    return "\n".join(f"{'>' if n == line else ' '} {n:3} | {lines[n - 1]}" for n in range(first, last + 1))


def _with_fix(text: str, fix: str) -> str:
    return "\n".join(part for part in (text, f"Fix: {fix}" if fix else "") if part)
