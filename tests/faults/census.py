"""Every process that a cluster ever had, so that none can hide when it should be gone."""

import contextlib
import os
import threading
from pathlib import Path

import psutil

from tests.faults.machine import alive, tree

_OURS = str(Path("/proc/self/ns/pid").readlink())


class Census:
    """Looks many times a second at the descendants of a cluster's daemon, and remembers their PID namespaces.

    A process that escapes its parent stays in its namespace, so one that was never seen itself is found by it.
    """

    def __init__(self, directory):
        self._directory = directory
        self._namespaces, self._seen = {}, {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
        for held in self._namespaces.values():
            os.close(held)

    def __repr__(self):
        return str(self.alive())

    def alive(self):
        """Return the processes of the cluster that run."""
        strangers = [path.name for path in Path("/proc").glob("[0-9]*") if _namespace(path.name) in self._namespaces]
        seen = [process for process in list(self._seen.values()) if alive(process)]
        return seen + [pid for pid in strangers if _runs(pid)]

    def _watch(self):
        while not self._stop.wait(0.05):
            try:
                found = tree(self._directory)
            except (psutil.Error, OSError, ValueError, KeyError):
                continue  # between two daemons
            self._seen.update({(process.pid, process.create_time()): process for process in found})
            for process in found:
                self._remember(process.pid)

    def _remember(self, pid):
        name = _namespace(pid)
        if name in ("", _OURS) or name in self._namespaces:
            return
        with contextlib.suppress(OSError):
            # Held open, so that the kernel gives its number to no namespace of somebody else.
            self._namespaces[name] = os.open(f"/proc/{pid}/ns/pid", os.O_RDONLY)


def _namespace(pid):
    try:
        return str(Path(f"/proc/{pid}/ns/pid").readlink())
    except OSError:
        return ""


def _runs(pid):
    try:
        return alive(psutil.Process(int(pid)))
    except psutil.NoSuchProcess:
        return False
