"""A container: one program as PID 1 under bubblewrap, in a sandbox's namespaces and a root of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import stat
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = [
    "Container",
    "StartStatus",
    "bwrap_arguments",
    "has_user_namespace",
    "prepare_mount_points",
    "shares_processes",
]

# Time between two looks at the program that a process executes: bwrap needs about ten of them to set up.
_EXEC_POLL = 0.001
_SETTLE_SECONDS, _SETTLE_POLL = 1.0, 0.005

_READ_ONLY_PROC = ("bus", "fs", "irq", "sys", "sysrq-trigger")
_MASKED_PROC = ("kcore", "keys", "kmsg", "latency_stats", "sched_debug", "timer_list")


@dataclass(slots=True)
class Container:
    """A started container."""

    pidfd: int
    pid: int
    started: float = field(default_factory=time.monotonic)

    async def settle(self, number: int) -> None:
        """Wait until a program that has only just started handles a signal, for a second after its start at most.

        PID 1 never gets a signal that it does not handle. Containers of an engine have long installed their handlers
        when they can first be stopped; ours start within milliseconds, and the signal would be lost.
        """
        # Nothing tells when a process installs a handler: it has to be looked for.
        while time.monotonic() - self.started < _SETTLE_SECONDS and not _handles(self.pid, number):  # noqa: ASYNC110
            await asyncio.sleep(_SETTLE_POLL)

    def processes(self) -> int:
        """Return its PID namespace, opened."""
        return os.open(f"/proc/{self.pid}/ns/pid", os.O_RDONLY | os.O_CLOEXEC)

    def signal(self, number: int) -> None:
        """Send a signal to the container's PID 1; nothing happens when it has gone."""
        try:
            signal.pidfd_send_signal(self.pidfd, number)
        except ProcessLookupError:
            return

    def close(self) -> None:
        """Forget the process."""
        os.close(self.pidfd)


def _handles(pid: int, number: int) -> bool:
    """Tell whether a process catches a signal, or has gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return True
    caught = next((int(line.split()[1], 16) for line in lines if line.startswith("SigCgt:")), 0)
    return bool(caught & 1 << (number - 1))


def prepare_mount_points(layer: Path, mounts: list[dict[str, Any]], sources: list[int]) -> None:
    """Create what is mounted upon in a layer of our own.

    Rootless overlays cannot create anything below a directory that belongs to a host user, such as /usr/share.
    """
    for mount, source in zip(mounts, sources, strict=True):
        target = layer / mount["destination"].lstrip("/")
        if stat.S_ISDIR(os.fstat(source).st_mode):
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.touch()


def has_user_namespace(request: dict[str, Any]) -> bool:
    """Tell whether the container's user is another than root, which takes a user namespace of its own."""
    return bool(request["uid"] or request["gid"])


def shares_processes(request: dict[str, Any]) -> bool:
    """Tell whether the container joins another's processes; who has a user namespace of its own may not show them."""
    return bool(request["target"]) and not has_user_namespace(request)


def bwrap_arguments(
    request: dict[str, Any],
    *,
    layers: list[Path],
    sources: list[int],
    status_fd: int,
    filter_fd: int | None = None,
    processes_fd: int | None = None,
) -> list[str]:
    """Build the command line.

    Args:
        request: the container.
        layers: from the lowest to the topmost; the last is for mount points.
        sources: what the request's mounts bind, opened.
        status_fd: for bubblewrap's status.
        filter_fd: a seccomp program.
        processes_fd: the PID namespace of the container whose processes it joins.
    """
    among = ["--unshare-pid", "--as-pid-1"] if processes_fd is None else ["--pidns", str(processes_fd)]
    arguments = [request["bwrap"], *among, "--die-with-parent", "--clearenv"]
    arguments += ["--json-status-fd", str(status_fd)]
    if filter_fd is not None:
        arguments += ["--seccomp", str(filter_fd)]
    if has_user_namespace(request):
        arguments += ["--unshare-user", "--uid", str(request["uid"]), "--gid", str(request["gid"])]
    for layer in layers:
        arguments += ["--overlay-src", str(layer)]
    arguments += ["--tmp-overlay", "/"]
    for layer in (Path("/"), *layers):
        if (layer / "usr").is_dir():
            arguments += ["--overlay-src", str(layer / "usr")]
    arguments += ["--tmp-overlay", "/usr", "--proc", "/proc", "--dev", "/dev"]
    arguments += ["--perms", "1777", "--tmpfs", "/dev/shm", "--ro-bind", "/sys", "/sys"]
    arguments += _guarded_proc()
    for mount, source in zip(request["mounts"], sources, strict=True):
        arguments += ["--ro-bind-fd" if mount["readOnly"] else "--bind-fd", str(source), mount["destination"]]
    if request["readOnlyRoot"]:
        arguments += ["--remount-ro", "/usr", "--remount-ro", "/"]
    arguments += ["--cap-drop", "ALL"]
    for capability in request["capabilities"]:
        arguments += ["--cap-add", capability]
    for name, value in request["env"].items():
        arguments += ["--setenv", name, value]
    # A terminal becomes the controlling one of a session that PID 1 leads: shells want that.
    session = ["/usr/bin/setsid", "--ctty"] if request["terminal"] else []
    return [*arguments, "--chdir", request["cwd"], "--", *session, *request["command"]]


def _guarded_proc() -> list[str]:
    """Take the kernel's knobs out of reach, as container engines do.

    The kernel lets whoever has the machine's root uid write to them, capabilities or not; where the kit runs as root, a
    container's root has that uid.
    """
    arguments = []
    for name in _READ_ONLY_PROC:
        path = f"/proc/{name}"
        arguments += ["--ro-bind", path, path] if Path(path).exists() else []
    for name in _MASKED_PROC:
        path = f"/proc/{name}"
        arguments += ["--ro-bind", "/dev/null", path] if Path(path).is_file() else []
    return arguments


class StartStatus:
    """Follows bwrap's status pipe: when the program runs, or that it never did.

    bwrap writes `child-pid` early and `exit-code` at the end, the latter only if the program was executed.
    """

    def __init__(self) -> None:
        self._status, self.write_end = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._data = b""
        self._loop = asyncio.get_running_loop()
        self._readable = self._loop.create_future()
        self._loop.add_reader(self._status, self._first_line)

    async def started(self, bwrap: str, exited: asyncio.Future[int]) -> Container | None:
        """Wait until the program runs; None if it has ended already, executed or not."""
        await self._readable
        first, whole, _ = self._data.partition(b"\n")
        child = json.loads(first)["child-pid"] if whole else 0  # it may have been killed while it wrote
        launcher = os.stat(bwrap)  # noqa: PTH116 -- a local file
        while child and (executable := _executable(child)) is not None:
            if executable != (launcher.st_dev, launcher.st_ino):
                with contextlib.suppress(ProcessLookupError):
                    return Container(os.pidfd_open(child), child)
            await asyncio.sleep(_EXEC_POLL)
        await asyncio.shield(exited)
        return None

    def executed(self) -> bool:
        """Tell, after the end, whether the program was ever executed."""
        self._read()
        return b"exit-code" in self._data

    def close(self) -> None:
        """Close the read end."""
        self._loop.remove_reader(self._status)
        os.close(self._status)

    def _first_line(self) -> None:
        # bwrap writes a document in several pieces, and a newline last.
        ended = self._read()
        if ended or b"\n" in self._data:
            self._loop.remove_reader(self._status)
            self._readable.set_result(None)

    def _read(self) -> bool:
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(self._status, 4096):
                self._data += chunk
            return True
        return False


def _executable(pid: int) -> tuple[int, int] | None:
    try:
        found = Path(f"/proc/{pid}/exe").stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
