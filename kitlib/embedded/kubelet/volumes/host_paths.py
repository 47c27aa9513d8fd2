"""hostPath volumes: what a pod sees of its node is a directory of the kit, never the machine.

Pods write there, and may put symlinks where a path is about to lead: everything is opened in one step, below the
directory.
"""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.kubelet.agent.beneath import exists, make_directories, open_in_root
from kitlib.embedded.kubelet.volumes.payload import Missing

__all__ = ["make_directory", "prepare_host_path"]

_OPEN_TO_ALL = 0o777


def prepare_host_path(root: Path, source: Object) -> str:
    """Make what a hostPath volume names, if its type allows, and return the path below `root`.

    Raises:
        Missing: it is not there, or is something else.
        OSError: it can't be made.
    """
    path, kind = str(PurePosixPath(source["path"])), source.get("type") or ""
    if ".." in PurePosixPath(path).parts:
        raise Missing(f"path {source['path']!r} must not contain '..'")
    root.mkdir(parents=True, exist_ok=True)
    # A container engine makes a missing hostPath directory too, when no type is asked for.
    try:
        found = open_in_root(root, path)
    except FileNotFoundError:
        if kind in ("", "DirectoryOrCreate"):
            make_directory(root, path)
            return path
        if kind != "FileOrCreate":
            raise Missing(_complaint(source, kind)) from None
        _make_file(root, path)
        return path
    try:
        directory, file = exists(found, directory=True), exists(found, directory=False)
    finally:
        os.close(found)
    if (kind.startswith("Directory") and not directory) or (kind.startswith("File") and not file):
        raise Missing(_complaint(source, kind))
    return path


def make_directory(root: Path, path: str) -> None:
    """Make a directory below `root`, open to whatever user a container runs as."""
    top = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.close(make_directories(top, path, mode=_OPEN_TO_ALL, in_root=True))
    finally:
        os.close(top)


def _make_file(root: Path, path: str) -> None:
    parent = str(PurePosixPath(path).parent)
    make_directory(root, parent)
    folder = open_in_root(root, parent)
    try:
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC
        os.close(os.open(PurePosixPath(path).name, flags, 0o644, dir_fd=folder))
    finally:
        os.close(folder)


def _complaint(source: Object, kind: str) -> str:
    what = kind.removesuffix("OrCreate").lower()
    return f"hostPath type check failed: {source['path']} is not a {what}"
