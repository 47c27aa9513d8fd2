"""Memory limits without control groups: what a container's processes hold is looked at from time to time.

Only anonymous memory counts; what processes share with files is not theirs. Without limits nothing is looked at.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from pathlib import Path

__all__ = ["MemoryWatch", "memory_of"]

_CALM_SECONDS, _ALERT_SECONDS = 0.5, 0.05
_PAGE = os.sysconf("SC_PAGE_SIZE")


class MemoryWatch:
    """Tells which containers hold more memory than they may.

    Args:
        on_exceeded: called with the container's name, once.
    """

    def __init__(self, on_exceeded: Callable[[str], None]) -> None:
        self._on_exceeded = on_exceeded
        self._limits: dict[str, tuple[int, int]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, container: str, pid: int, limit: int) -> None:
        """Watch the processes in the PID namespace of `pid`; `limit` is in bytes."""
        try:
            self._limits[container] = (_pid_namespace(pid), limit)
        except OSError:
            return  # it has ended already
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_ALERT_SECONDS, self._watch)

    def discard(self, container: str) -> None:
        """Watch it no longer."""
        self._limits.pop(container, None)

    def _watch(self) -> None:
        self._timer = None
        delay = _ALERT_SECONDS if self._look() else _CALM_SECONDS
        if self._limits:
            self._timer = asyncio.get_running_loop().call_later(delay, self._watch)

    def _look(self) -> bool:
        """Look once; tell whether a container is past half of its limit, and may soon be past all of it."""
        held = memory_of(namespace for namespace, _ in self._limits.values())
        near = False
        for container, (namespace, limit) in list(self._limits.items()):
            near = near or held[namespace] * 2 > limit
            if held[namespace] > limit:
                del self._limits[container]
                self._on_exceeded(container)
        return near


def memory_of(namespaces: Iterable[int]) -> dict[int, int]:
    """Return the bytes of anonymous memory held by the processes of PID namespaces, by the namespaces' inodes."""
    held = dict.fromkeys(namespaces, 0)
    for entry in os.listdir("/proc"):  # noqa: PTH208 -- in the agent's idle path
        if entry.isdigit():
            try:
                namespace = _pid_namespace(int(entry))
                if namespace in held:
                    held[namespace] += _anonymous(int(entry))
            except OSError:
                continue  # it has ended
    return held


def _pid_namespace(pid: int) -> int:
    return os.stat(f"/proc/{pid}/ns/pid").st_ino  # noqa: PTH116 -- in the agent's idle path


def _anonymous(pid: int) -> int:
    _, resident, shared, *_ = Path(f"/proc/{pid}/statm").read_text().split()
    return (int(resident) - int(shared)) * _PAGE
