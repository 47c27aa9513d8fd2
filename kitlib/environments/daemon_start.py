"""How a cluster's daemon comes to be: as a process of its own, or forked from one that has everything loaded."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import TypeAlias

from kitlib.environments.daemon_process import DaemonProcess

__all__ = ["Nursery", "Start", "start_process"]

Start: TypeAlias = Callable[[list[str], int, Path], DaemonProcess]
"""Starts a daemon, from its arguments, the descriptor that it reports to, and the file for what else it says."""


def start_process(arguments: list[str], report: int, log: Path) -> DaemonProcess:
    """Start a daemon in a new Python.

    Args:
        arguments: of `kitlib.embedded.daemon`.
        report: the pipe's end for its report.
        log: the file that takes its output.

    Raises:
        OSError: there is no room for it.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "kitlib.embedded.daemon", *arguments, f"--report-fd={report}"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            pass_fds=[report],
            cwd="/",
        )
    return DaemonProcess(os.pidfd_open(process.pid))


class Nursery:
    """A process that has a daemon's modules loaded, and forks daemons: for who starts many.

    It ends with this process, however that ends, and with it the daemons that still live.

    Example:
        >>> with Nursery() as nursery:  # doctest: +SKIP
        ...     EmbeddedProvider(folder, start=nursery.start).create("one-of-many")
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None  # begun by the first start
        self._socket, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def __enter__(self) -> Nursery:
        return self

    def start(self, arguments: list[str], report: int, log: Path) -> DaemonProcess:
        """Fork a daemon; arguments and errors as of `start_process`."""
        with log.open("ab") as output, self._lock:
            if self._process is None:
                self._process = self._begin()
            socket.send_fds(self._socket, [json.dumps(arguments).encode()], [report, output.fileno()])
            child = self._socket.recv(64)
        if not child:
            raise OSError("the nursery has ended")
        return DaemonProcess(os.pidfd_open(int(child)))

    def _begin(self) -> subprocess.Popen[bytes]:
        with self._theirs:
            return subprocess.Popen(
                [sys.executable, "-m", "kitlib.embedded.nursery", str(self._theirs.fileno())],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                pass_fds=[self._theirs.fileno()],
                cwd="/",
            )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._socket.close()
        self._theirs.close()
        if self._process is not None:
            self._process.wait()
