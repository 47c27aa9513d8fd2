"""Removing what containers have written, whatever modes they gave it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

__all__ = ["remove_tree"]


def remove_tree(directory: Path) -> None:
    """Remove a directory with everything in it; what is not there is no error."""
    shutil.rmtree(directory, ignore_errors=True)
    if not directory.is_dir():
        return
    # Without the host's root, a directory that its owner may not enter must be opened first.
    directory.chmod(0o700)
    for folder, names, _ in os.walk(directory):
        for path in (Path(folder, name) for name in names):
            if not path.is_symlink():
                path.chmod(0o700)
    shutil.rmtree(directory, ignore_errors=True)
