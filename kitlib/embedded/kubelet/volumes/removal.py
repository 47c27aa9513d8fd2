"""What containers have written, whatever modes they gave it: how much it is, and how it is removed."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

__all__ = ["remove_tree", "size_of"]


def remove_tree(directory: Path) -> None:
    """Remove a directory with everything in it; what is not there is no error."""
    shutil.rmtree(directory, ignore_errors=True)
    if not directory.is_dir():
        return
    # Without the host's root, a directory that its owner may not enter must be opened first.
    _open(directory)
    for folder, names, _ in os.walk(directory):
        for path in (Path(folder, name) for name in names):
            if not path.is_symlink():
                _open(path)
    shutil.rmtree(directory, ignore_errors=True)


def _open(directory: Path) -> None:
    with contextlib.suppress(OSError):  # what is not ours, or has just gone
        directory.chmod(0o700)


def size_of(directory: Path) -> int:
    """Return the bytes of disk that a directory's files take; what can't be entered does not count."""
    found = 0
    for folder, names, files in os.walk(directory):
        for name in (*names, *files):
            with contextlib.suppress(OSError):
                found += os.lstat(os.path.join(folder, name)).st_blocks * 512  # noqa: PTH118 -- many of them
    return found
