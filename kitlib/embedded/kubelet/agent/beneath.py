"""Opening what is below a directory whose content others may change at any moment, with no way out of it.

A path that was checked first and used afterwards may lead elsewhere by then: a pod can put a symlink in its place. The
kernel resolves here in one step, and what was opened is what is used. Source: openat2(2).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import stat
from pathlib import Path

from kitlib.embedded.kubelet.agent.syscalls import check

__all__ = ["exists", "make_directories", "open_beneath", "open_in_root", "refuse_links"]

_OPENAT2 = 437
_FLAGS = os.O_PATH | os.O_CLOEXEC
_NO_MAGIC_LINKS, _NO_LINKS, _BENEATH, _IN_ROOT = 0x02, 0x04, 0x08, 0x10
_ATTEMPTS = 100  # the kernel answers EAGAIN when something is renamed while it looks

_libc = ctypes.CDLL(None, use_errno=True)


class _How(ctypes.Structure):
    _fields_ = [("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64)]


def open_in_root(root: Path, path: str) -> int:
    """Open `path` as if `root` were `/`: links and `..` stay inside, as in a chroot.

    Raises:
        OSError: it is not there.
    """
    directory = os.open(root, _FLAGS | os.O_DIRECTORY)
    try:
        return _open(directory, path.lstrip("/") or ".", _IN_ROOT)
    finally:
        os.close(directory)


def open_beneath(directory: int, path: str) -> int:
    """Open `path` below an open directory.

    Raises:
        OSError: it is not there, or (EXDEV) it leads out.
    """
    return _open(directory, path, _BENEATH)


def refuse_links(directory: int, path: str) -> None:
    """Check that a path below an open directory, as far as it is there, goes through no link.

    Raises:
        OSError: (ELOOP) it does.
    """
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        os.close(_open(directory, path, _BENEATH | _NO_LINKS))


def make_directories(directory: int, path: str, *, mode: int, in_root: bool = False) -> int:
    """Open `path` below an open directory; what is missing of it becomes directories.

    Args:
        directory: an open directory.
        path: relative.
        mode: of the new directories.
        in_root: links lead to `directory` as if it were `/`; else none may lead out.

    Raises:
        OSError: it leads out, or goes through something that is no directory.
    """
    resolve = _IN_ROOT if in_root else _BENEATH
    parts = [part for part in path.split("/") if part not in ("", ".")]
    current = os.dup(directory)
    for index, part in enumerate(parts):
        here = "/".join(parts[: index + 1])
        try:
            following = _open(directory, here, resolve)
        except FileNotFoundError:
            try:
                os.mkdir(part, dir_fd=current)
                following = _open(directory, here, resolve)
                os.chmod(f"/proc/self/fd/{following}", mode)  # noqa: PTH101 -- whatever the umask
            except OSError:
                os.close(current)
                raise
        except OSError:
            os.close(current)
            raise
        os.close(current)
        current = following
    return current


def exists(descriptor: int, *, directory: bool) -> bool:
    """Tell whether what was opened is a directory, or a regular file."""
    mode = os.fstat(descriptor).st_mode
    return stat.S_ISDIR(mode) if directory else stat.S_ISREG(mode)


def _open(directory: int, path: str, resolve: int) -> int:
    how = _How(_FLAGS, 0, resolve | _NO_MAGIC_LINKS)
    for _ in range(_ATTEMPTS):
        try:
            descriptor = int(
                _libc.syscall(_OPENAT2, directory, os.fsencode(path), ctypes.byref(how), ctypes.sizeof(how))
            )
            check(descriptor, path)
        except BlockingIOError:
            continue
        return descriptor
    raise OSError(11, f"{path}: changes all the time")
