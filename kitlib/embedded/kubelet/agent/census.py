"""Which processes belong to which container: a container has a mount namespace of its own, and nobody leaves it."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator

__all__ = ["container_of", "end_everybody", "everybody"]

_PASSES = 100  # who forks as fast as it is killed is left to the end of its pod


def container_of(pid: int) -> int:
    """Return the number of a process's container.

    Raises:
        OSError: the process has ended.
    """
    return os.stat(f"/proc/{pid}/ns/mnt").st_ino  # noqa: PTH116 -- in the agent's idle path


def everybody() -> Iterator[tuple[int, int]]:
    """Yield every living process with the number of its container."""
    for entry in os.listdir("/proc"):  # noqa: PTH208 -- in the agent's idle path
        if entry.isdigit():
            with contextlib.suppress(OSError):  # it has ended
                yield int(entry), container_of(int(entry))


def end_everybody(container: int) -> None:
    """Kill what is left of a container that has no PID namespace of its own, with which it would end."""
    for _ in range(_PASSES):
        left = [pid for pid, number in everybody() if number == container]
        if not left:
            return
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
