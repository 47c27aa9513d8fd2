"""`agnhost mounttest`: writes into a volume and says what it finds there."""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from .options import parse

__all__ = ["run_mounttest"]

_NEW_FILES = {"new_file_0644": 0o644, "new_file_0666": 0o666, "new_file_0660": 0o660, "new_file_0777": 0o777}
_CONTENT = "mount-tester new file\n"


def run_mounttest(arguments: Sequence[str]) -> int:
    """Do what the options name, in a fixed order; returns 1 when something could not be done."""
    options, _ = parse(arguments)
    os.umask(0)
    steps: list[Callable[[], None]] = []
    if path := options.get("fs_type"):
        steps.append(lambda: _file_system(path))
    for name, mode in _NEW_FILES.items():
        if target := options.get(name):
            steps.append(lambda target=target, mode=mode: _write(target, mode))  # type: ignore[misc]
    shown = {"file_content": _content, "file_mode": _mode, "file_perm": _permissions, "file_owner": _owner}
    for name, show in shown.items():
        if target := options.get(name):
            steps.append(lambda target=target, show=show: show(target))  # type: ignore[misc]
    if path_again := options.get("file_content_in_loop"):
        retry, stop = int(options.get("retry_time", "180")), options.get("break_on_expected_content", "true") == "true"
        steps.append(lambda: _content_in_loop(path_again, retry, stop=stop))
    failed = False
    for step in steps:
        try:
            step()
        except OSError as error:
            print(error)
            failed = True
        sys.stdout.flush()
    return int(failed)


def _file_system(path: str) -> None:
    """Say what is mounted at a path, if anything is."""
    types = {line.split()[1]: line.split()[2] for line in Path("/proc/mounts").read_text().splitlines()}
    if path.rstrip("/") not in types:
        raise OSError(f"{path} is not a mount point")
    print(f'mount type of "{path}": {types[path.rstrip("/")]}')


def _write(path: str, mode: int) -> None:
    target = Path(path)
    target.write_text(_CONTENT)
    target.chmod(mode)


def _content(path: str) -> None:
    try:
        print(f'content of file "{path}": {Path(path).read_text(errors="replace")}')
    except OSError as error:
        raise OSError(f"error reading file content for {path!r}: {error}") from error


def _content_in_loop(path: str, retry: int, *, stop: bool) -> None:
    """Say a file's content every second, until it is there or for as long as asked."""
    for _ in range(retry):
        try:
            text = Path(path).read_text(errors="replace")
            print(f'content of file "{path}": {text}', flush=True)
            if stop and text:
                return
        except OSError as error:
            print(f"Error reading file {path}: {error}", flush=True)
        time.sleep(1)


def _mode(path: str) -> None:
    print(f'mode of file "{path}": {_go_mode(Path(path).stat().st_mode)}')


def _permissions(path: str) -> None:
    print(f'perms of file "{path}": {_go_mode(Path(path).stat().st_mode & 0o777)}')


def _owner(path: str) -> None:
    found = Path(path).stat()
    print(f'owner UID of "{path}": {found.st_uid}\nowner GID of "{path}": {found.st_gid}')


def _go_mode(mode: int) -> str:
    """Write a file's mode as Go does: type letters, then permissions."""
    kinds = [
        (stat.S_ISDIR(mode), "d"),
        (stat.S_ISLNK(mode), "L"),
        (mode & stat.S_ISGID, "g"),
        (mode & stat.S_ISVTX, "t"),
    ]
    letters = "".join(letter for is_it, letter in kinds if is_it) or "-"
    return letters + stat.filemode(mode & 0o777 | stat.S_IFREG)[1:]
