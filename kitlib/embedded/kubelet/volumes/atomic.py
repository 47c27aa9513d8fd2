"""Writes a set of files so that readers see all of the old or all of the new: the `..data` symlink swap.

Source: Kubernetes' AtomicWriter; programs that watch ConfigMap volumes rely on its shape.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath

from kitlib.embedded.kubelet.volumes.payload import File

__all__ = ["write_files"]

_DATA = "..data"


def write_files(directory: Path, files: Mapping[str, File], now: datetime) -> bool:
    """Make `directory` hold exactly `files`; return whether anything changed.

    Args:
        directory: the volume.
        files: relative path to file.
        now: names the new version's directory.

    Raises:
        ValueError: a path leaves the volume.
    """
    for path in files:
        if path.startswith("/") or ".." in PurePosixPath(path).parts:
            raise ValueError(f"file path {path!r} leaves the volume")
    directory.mkdir(parents=True, exist_ok=True)
    current = directory / _DATA
    old = _version(current)
    if old is not None and _same(old, files):
        return False
    version = _new_version(directory, now)
    try:
        _write(version, files)
    except OSError:
        shutil.rmtree(version, ignore_errors=True)
        raise
    link = directory / "..data_tmp"
    link.unlink(missing_ok=True)
    link.symlink_to(version.name)
    os.replace(link, current)  # noqa: PTH105 -- the atomic step, said as such
    _link_top_level(directory, files)
    if old is not None:
        shutil.rmtree(old, ignore_errors=True)
    return True


def _new_version(directory: Path, now: datetime) -> Path:
    """Return a name for the next version that no other has, whatever the wall clock does."""
    while (version := directory / f"..{now.strftime('%Y_%m_%d_%H_%M_%S.%f')}").exists():
        now += timedelta(microseconds=1)
    return version


def _write(version: Path, files: Mapping[str, File]) -> None:
    version.mkdir()
    for path, file in files.items():
        target = version / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.content)
        target.chmod(file.mode)


def _version(link: Path) -> Path | None:
    """Return the directory that `..data` names, if it is one of ours: a link may lead anywhere, this one must not."""
    if not link.is_symlink():
        return None
    target = link.parent / link.readlink().name
    return target if str(link.readlink()) == target.name and target.is_dir() and not target.is_symlink() else None


def _same(current: Path, files: Mapping[str, File]) -> bool:
    present = {str(p.relative_to(current)): p for p in current.rglob("*") if p.is_file() and not p.is_symlink()}
    return set(present) == set(files) and all(
        present[name].read_bytes() == file.content and stat.S_IMODE(present[name].stat().st_mode) == file.mode
        for name, file in files.items()
    )


def _link_top_level(directory: Path, files: Mapping[str, File]) -> None:
    wanted = {PurePosixPath(path).parts[0] for path in files}
    for entry in directory.iterdir():
        if entry.is_symlink() and not entry.name.startswith("..") and entry.name not in wanted:
            entry.unlink()
    for name in wanted:
        link = directory / name
        if not link.is_symlink():
            link.symlink_to(f"{_DATA}/{name}")
