"""Running a further command inside a container, in all of its namespaces."""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from kitlib.embedded.kubelet.agent.privileges import limit_to, limited_to
from kitlib.embedded.kubelet.agent.processes import Processes
from kitlib.embedded.kubelet.agent.syscalls import (
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWUSER,
    CLONE_NEWUTS,
    OwnNamespaces,
    setns,
)

__all__ = ["Executor"]

_EVERYTHING = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWPID
_TIOCGPTN = 0x80045430
_TIOCSPTLCK = 0x40045431


class Executor:
    """Starts commands in containers."""

    def __init__(self, processes: Processes, own: OwnNamespaces) -> None:
        self._processes = processes
        self._own = own

    def start(
        self,
        pidfd: int,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: str,
        capabilities: Sequence[str],
        fds: Sequence[int],
        on_exit: Callable[[int], None],
        tty: bool = False,
        user_namespace: bool = False,
    ) -> tuple[int, int]:
        """Start a command beside the container's PID 1; returns its PID and the terminal's master (-1 without `tty`).

        Raises:
            OSError: the command cannot be executed.
        """
        master = -1
        with self._own.left_for(_EVERYTHING):
            setns(pidfd, _EVERYTHING)
            os.chdir(cwd)
            terminal = ""
            if tty:
                master, terminal = _new_terminal()
            try:
                if user_namespace:
                    enter = partial(_enter_user_namespace, pidfd, capabilities)
                    pid = self._processes.fork(
                        command, env=env, fds=fds, on_exit=on_exit, terminal=terminal, prepare=enter
                    )
                else:
                    with limited_to(capabilities):
                        pid = self._processes.spawn(command, env=env, fds=fds, on_exit=on_exit, terminal=terminal)
            except OSError:
                if tty:
                    os.close(master)
                raise
        return pid, master


def _enter_user_namespace(pidfd: int, capabilities: Sequence[str]) -> None:
    """Enter for good: a process can't come back from a user namespace."""
    setns(pidfd, CLONE_NEWUSER)
    limit_to(capabilities)


def _new_terminal() -> tuple[int, str]:
    """Open a terminal of the mount namespace we are in, so that its path exists inside the container."""
    master = os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    fcntl.ioctl(master, _TIOCSPTLCK, struct.pack("i", 0))
    (number,) = struct.unpack("I", fcntl.ioctl(master, _TIOCGPTN, b"\0" * 4))
    return master, f"/dev/pts/{number}"
