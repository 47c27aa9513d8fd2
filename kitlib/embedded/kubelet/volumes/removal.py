"""What containers have written, whatever modes they gave it: how much it is, and how it is removed."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

__all__ = ["remove_tree", "size_of"]


def remove_tree(directory: Path, *, parent: int | None = None) -> None:
    """Remove a directory with everything in it; what is not there is no error, and a link is left alone.

    Args:
        directory: it.
        parent: the open directory that it is relative to.
    """
    shutil.rmtree(directory, ignore_errors=True, dir_fd=parent)
    # Without the host's root, a directory that its owner may not enter must be opened first. Somebody may put a link
    # in the place of a name meanwhile: names are looked up in opened directories only.
    if not _let_in(str(directory), parent):
        return
    for _, folders, _, folder in os.fwalk(directory, follow_symlinks=False, dir_fd=parent):
        for name in folders:
            _let_in(name, folder)
    shutil.rmtree(directory, ignore_errors=True, dir_fd=parent)


def _let_in(name: str, parent: int | None) -> bool:
    """Make a directory one that its owner may enter; tell whether it is one."""
    try:
        found = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    except OSError:
        return False
    try:
        with contextlib.suppress(OSError):  # what is not ours, or has just gone
            os.chmod(f"/proc/self/fd/{found}", 0o700)  # noqa: PTH101 -- what was opened
    finally:
        os.close(found)
    return True


def size_of(directory: Path) -> int:
    """Return the bytes of disk that a directory's files take; what can't be entered does not count."""
    found = 0
    for folder, names, files in os.walk(directory):
        for name in (*names, *files):
            with contextlib.suppress(OSError):
                found += os.lstat(os.path.join(folder, name)).st_blocks * 512  # noqa: PTH118 -- many of them
    return found
