"""The system calls about namespaces and mounts that Python 3.11 does not offer."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = [
    "CLONE_NEWIPC",
    "CLONE_NEWNET",
    "CLONE_NEWNS",
    "CLONE_NEWPID",
    "CLONE_NEWUSER",
    "CLONE_NEWUTS",
    "OwnNamespaces",
    "check",
    "mount",
    "setns",
    "unmount",
    "unshare",
]

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

_MNT_DETACH = 2
_FILES = {
    CLONE_NEWNS: "mnt",
    CLONE_NEWUTS: "uts",
    CLONE_NEWIPC: "ipc",
    CLONE_NEWPID: "pid",
    CLONE_NEWNET: "net",
}

_libc = ctypes.CDLL(None, use_errno=True)


def check(result: int, what: str) -> None:
    """Raise the OSError of a failed C call."""
    if result < 0:
        errno = ctypes.get_errno()
        raise OSError(errno, f"{what}: {os.strerror(errno)}")


def unshare(flags: int) -> None:
    """Move this process into new namespaces."""
    check(_libc.unshare(flags), "unshare")


def setns(fd: int, flags: int) -> None:
    """Move this process into the namespaces of a namespace file or (several flags at once) of a pidfd."""
    check(_libc.setns(fd, flags), "setns")


def mount(source: str, target: str, filesystem: str, *, options: str = "") -> None:
    """Mount a file system."""
    arguments = [text.encode() for text in (source, target, filesystem)]
    check(_libc.mount(*arguments, ctypes.c_ulong(0), options.encode()), f"mount {filesystem} on {target}")


def unmount(target: str) -> None:
    """Take a mount away, at once for whoever comes and for the others when they let go."""
    check(_libc.umount2(target.encode(), _MNT_DETACH), f"unmount {target}")


class OwnNamespaces:
    """The namespaces the process started in, and the way back to them."""

    def __init__(self) -> None:
        self._files = {
            flag: os.open(f"/proc/self/ns/{name}", os.O_RDONLY | os.O_CLOEXEC) for flag, name in _FILES.items()
        }

    @contextmanager
    def left_for(self, flags: int) -> Iterator[None]:
        """Come back from the namespaces in `flags` at the end of the block.

        The block must not await: meanwhile every other part of the process would be in the wrong place.
        """
        try:
            yield
        finally:
            for flag, fd in self._files.items():
                if flags & flag:
                    setns(fd, flag)
