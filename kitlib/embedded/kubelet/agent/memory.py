"""Memory limits without control groups: what a container's processes hold is looked at from time to time.

Only anonymous memory counts; what processes share with files is not theirs. Without limits nothing is looked at.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from kitlib.embedded.kubelet.agent.census import container_of, everybody

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
        """Watch the processes in the container of `pid`; `limit` is in bytes."""
        try:
            self._limits[container] = (container_of(pid), limit)
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
        held = memory_of(number for number, _ in self._limits.values())
        near = False
        for container, (number, limit) in list(self._limits.items()):
            near = near or held[number] * 2 > limit
            if held[number] > limit:
                del self._limits[container]
                self._on_exceeded(container)
        return near


def memory_of(containers: Iterable[int]) -> dict[int, int]:
    """Return the bytes of anonymous memory held by containers' processes, by the numbers that `container_of` gives."""
    held = dict.fromkeys(containers, 0)
    for pid, number in everybody():
        if number in held:
            with contextlib.suppress(OSError):  # it has ended
                held[number] += _anonymous(pid)
    return held


def _anonymous(pid: int) -> int:
    _, resident, shared, *_ = Path(f"/proc/{pid}/statm").read_text().split()
    return (int(resident) - int(shared)) * _PAGE
