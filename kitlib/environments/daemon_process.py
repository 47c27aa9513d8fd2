"""The background process of a cluster, held by a descriptor: what is signalled is that process and no later one."""

from __future__ import annotations

import os
import select
import signal
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from kitlib.embedded.daemon_record import process_identity, read_record

__all__ = ["DaemonProcess"]


_DEATH_SECONDS = 5.0


class DaemonProcess:
    """A daemon that lived when it was found; a context manager, because it holds a descriptor."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def find(cls, directory: Path) -> DaemonProcess | None:
        """Return the process that the directory's record names, if it lives.

        A PID proves nothing, it may be another's now: the process must have started when the record says.
        """
        record = read_record(directory)
        try:
            pid = int(record["pid"])
            descriptor = os.pidfd_open(pid)
        except (KeyError, TypeError, ValueError, OverflowError, OSError):
            return None
        # The identity is read after the process is held: neither can change any more.
        found = cls(descriptor)
        if process_identity(pid) != record.get("process") or found.wait(_DEATH_SECONDS if _is_dying(pid) else 0.0):
            found.close()
            return None
        return found

    @staticmethod
    def reach(directory: Path) -> dict[str, Any]:
        """Return how to reach the cluster of a living daemon; empty while it starts or when there is none."""
        daemon = DaemonProcess.find(directory)
        if daemon is None:
            return {}
        with daemon:
            record = read_record(directory)
        return record if "server" in record else {}

    def send(self, number: signal.Signals) -> None:
        """Send a signal; to a process that has ended meanwhile, none."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._descriptor, number)

    def wait(self, seconds: float) -> bool:
        """Tell whether the process has ended, now or within that time, reaped or not."""
        waiting = select.poll()
        waiting.register(self._descriptor, select.POLLIN)
        return bool(waiting.poll(seconds * 1000))

    def end(self, number: signal.Signals, *, seconds: float) -> None:
        """Ask it to end by a signal; kill it when it has not after that time."""
        self.send(number)
        if not self.wait(seconds):
            self.send(signal.SIGKILL)
            self.wait(seconds)

    def close(self) -> None:
        """Let go of the process."""
        os.close(self._descriptor)

    def __enter__(self) -> DaemonProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _is_dying(pid: int) -> bool:
    """Tell whether the process was killed but is not quite gone: its threads may hold port and lock for a moment."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return True
    fields = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
    pending = int(fields["ShdPnd"][0], 16) | int(fields["SigPnd"][0], 16)
    return fields["State"][0] in ("Z", "X") or bool(pending & 1 << (signal.SIGKILL - 1))
