"""Starting and reaping processes. The agent is PID 1 of its namespace, so every orphan comes to it as well."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NoReturn

__all__ = ["Processes"]

# Python ignores these; a program must start with the defaults.
_DEFAULT_SIGNALS = (signal.SIGPIPE, signal.SIGXFSZ)
# How bubblewrap ends when it is killed, or fails: only then is it worth while to look for what it may have left.
_FAILURES = (-signal.SIGKILL, 1)


class Processes:
    """Children of this process, each with a callback for its end.

    A launcher that is killed, or fails itself, can leave behind what it had begun to make, if that had not yet asked to
    die with it. Such an orphan is killed, and the launcher has ended only when it is gone.
    """

    def __init__(self) -> None:
        self._on_exit: dict[int, Callable[[int], None]] = {}
        self._orphans: list[tuple[set[int], Callable[[], None]]] = []
        asyncio.get_running_loop().add_signal_handler(signal.SIGCHLD, self._reap)

    def spawn(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        fds: Sequence[int],
        on_exit: Callable[[int], None],
        keep: Sequence[int] = (),
        terminal: str = "",
    ) -> int:
        """Start a program in a session of its own; returns its PID.

        Args:
            argv: the program, looked for in the PATH of `env`, and its arguments.
            env: the whole environment.
            fds: become descriptors 0, 1 and 2.
            on_exit: gets the exit code; 128 + n for a death by signal n.
            keep: further descriptors to inherit, under their own numbers.
            terminal: path of a terminal which becomes descriptors 0 to 2 and the controlling terminal instead of `fds`.

        Raises:
            OSError: the program cannot be executed.
        """
        if terminal:
            actions: list[tuple[int, ...] | tuple[int, int, str, int, int]] = [
                (os.POSIX_SPAWN_OPEN, 0, terminal, os.O_RDWR, 0),
                (os.POSIX_SPAWN_DUP2, 0, 1),
                (os.POSIX_SPAWN_DUP2, 0, 2),
            ]
        else:
            actions = [(os.POSIX_SPAWN_DUP2, fd, number) for number, fd in enumerate(fds)]
        # Onto itself it only loses close-on-exec.
        actions += [(os.POSIX_SPAWN_DUP2, fd, fd) for fd in keep]
        pid = self._execute(argv, env, actions)
        self._on_exit[pid] = on_exit
        return pid

    def fork(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        fds: Sequence[int],
        on_exit: Callable[[int], None],
        prepare: Callable[[], None],
        terminal: str = "",
    ) -> int:
        """Start a program as `spawn` does, after the new process has called `prepare`; dearer than `spawn`.

        Raises:
            OSError: the program cannot be executed, or `prepare` has failed.
        """
        failure, tell = os.pipe2(os.O_CLOEXEC)
        pid = os.fork()
        if pid == 0:
            _become(argv, env, fds, terminal, prepare, tell)
        os.close(tell)
        with open(failure, "rb") as answer:  # the write end closes when the program is executed
            errno = answer.read()
        if errno:
            os.waitpid(pid, 0)
            raise OSError(int(errno), os.strerror(int(errno)))
        self._on_exit[pid] = on_exit
        return pid

    def _execute(self, argv: Sequence[str], env: Mapping[str, str], actions: Sequence[object]) -> int:
        failure: OSError | None = None
        for path in _candidates(argv[0], env.get("PATH", "")):
            try:
                return os.posix_spawn(
                    path,
                    list(argv),
                    env,
                    file_actions=actions,  # type: ignore[arg-type]
                    setsid=True,
                    setsigdef=_DEFAULT_SIGNALS,
                )
            except (FileNotFoundError, NotADirectoryError) as error:
                failure = failure or error
            except PermissionError as error:
                failure = error
        raise failure or FileNotFoundError(2, "No such file or directory", argv[0])

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            on_exit = self._on_exit.pop(pid, None)
            if on_exit is None:
                self._orphan_gone(pid)
            else:
                code = os.waitstatus_to_exitcode(status)
                self._ended(partial(on_exit, code if code >= 0 else 128 - code), alone=code not in _FAILURES)

    def _ended(self, tell: Callable[[], None], *, alone: bool) -> None:
        orphans = set() if alone else _children() - self._on_exit.keys()
        for pid in orphans:
            os.kill(pid, signal.SIGKILL)
        if orphans:
            self._orphans.append((orphans, tell))
        else:
            tell()

    def _orphan_gone(self, pid: int) -> None:
        waiting, self._orphans = self._orphans, []
        for orphans, tell in waiting:
            orphans.discard(pid)
            if orphans:
                self._orphans.append((orphans, tell))
            else:
                tell()


def _children() -> set[int]:
    """Return the children of this process, those that have ended and were not reaped yet included."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if path.read_bytes().rpartition(b")")[2].split()[1] == b"%d" % os.getpid():
                found.add(int(path.parent.name))
    return found


def _become(
    argv: Sequence[str],
    env: Mapping[str, str],
    fds: Sequence[int],
    terminal: str,
    prepare: Callable[[], None],
    tell: int,
) -> NoReturn:
    """Turn a forked process into the program, or write the errno to `tell` and end."""
    errno = 5
    try:
        os.setsid()
        for ignored in _DEFAULT_SIGNALS:
            signal.signal(ignored, signal.SIG_DFL)
        sources = [os.open(terminal, os.O_RDWR)] * 3 if terminal else fds
        for number, fd in enumerate(sources):
            os.dup2(fd, number)
        prepare()
        for path in _candidates(argv[0], env.get("PATH", "")):
            try:
                os.execve(path, list(argv), dict(env))
            except FileNotFoundError as error:
                errno = error.errno or errno
    except OSError as error:
        errno = error.errno or errno
    finally:
        os.write(tell, str(errno).encode())
        os._exit(127)


def _candidates(program: str, path: str) -> list[str]:
    if "/" in program:
        return [program]
    return [os.path.join(folder or ".", program) for folder in path.split(":")]  # noqa: PTH118 (not normalised, as execvp)
