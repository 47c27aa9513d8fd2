"""The embedded cluster as an environment: a background process with its state in one directory."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from kitlib.embedded.apimachinery.feature_gates import format_gates, parse_gates
from kitlib.embedded.cluster_shape import MACHINE, MOST_HOLLOW_NODES, MOST_NODES, ClusterShape, read_shape
from kitlib.embedded.controllers.node_timings import parse_timings
from kitlib.environments.daemon_process import DaemonProcess
from kitlib.environments.daemon_start import Start, start_process
from kitlib.environments.provider import ClusterInfo, ClusterStatus, Finding, Progress
from kitlib.environments.start_report import await_ready
from kitlib.errors import ClusterError, EnvironmentProblem, UsageError
from kitlib.settings import settings

__all__ = ["MACHINE", "EmbeddedProvider"]

_START_SECONDS = 60.0
_STOP_SECONDS = 20.0
_TELL_SECONDS = 1.0
_NAME_LIMIT = 40
_MINIMUM_FREE_BYTES = 64 << 20
_LAST_PORT = 65535
_LOG_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class _Extent:
    """What a cluster is started with."""

    port: int
    shape: ClusterShape
    feature_gates: str


class EmbeddedProvider:
    """Starts and ends embedded clusters, each with its own port, processes and directory.

    Args:
        state_dir: where clusters are kept; the user's by default.
        start: how their daemons come to be.

    Example:
        >>> EmbeddedProvider().create("demo").context  # doctest: +SKIP
        'kit-embedded-demo'
    """

    def __init__(self, state_dir: Path | None = None, *, start: Start = start_process) -> None:
        self._state_dir = state_dir or settings().state_dir
        self._spawn = start

    def directory(self, name: str) -> Path:
        """Return the directory of a cluster's state.

        Raises:
            UsageError: the name can't be one.
        """
        plain = name.isascii() and name.replace("-", "").isalnum() and not name.startswith("-")
        if not plain or len(name) > _NAME_LIMIT:
            raise UsageError(
                f"cluster name {name!r} is not usable", fix="use letters, digits and dashes, 40 characters at most"
            )
        return self._state_dir / "clusters" / name

    def names(self) -> list[str]:
        """Return the clusters that have state here."""
        folder = self._state_dir / "clusters"
        return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []

    def node_names(self, name: str) -> list[str]:
        """Return the nodes that the cluster's machines are."""
        return read_shape(self.directory(name)).names

    def create(
        self,
        name: str = "default",
        *,
        progress: Progress | None = None,
        port: int = 0,
        nodes: int | None = None,
        hollow_nodes: int | None = None,
        node_timeouts: str = "",
        feature_gates: str = "",
    ) -> ClusterInfo:
        """Start the cluster, with the objects and data it had; find it when it runs already.

        Args:
            name: the cluster's name.
            progress: told of every step.
            port: port on loopback; 0 keeps the cluster's port, or finds a free one.
            nodes: how many nodes run pods; None keeps their number, or makes one.
            hollow_nodes: how many nodes only pretend to; None keeps their number, or makes none.
            node_timeouts: `real`, `fast` or `GRACE,TOLERATION` in seconds; "" keeps them, or takes the real ones.
            feature_gates: what differs from the emulated version, such as `MaxUnavailableStatefulSet=true`.

        Raises:
            EnvironmentProblem: the machine can't run it (port taken, disk full, no user namespaces).
        """
        directory = self.directory(name)
        if not 0 <= port <= _LAST_PORT:
            raise UsageError(f"port {port} does not exist", fix=f"pass a port from 1 to {_LAST_PORT}, or 0 for any")
        shape = _shape(directory, nodes=nodes, hollow_nodes=hollow_nodes, node_timeouts=node_timeouts)
        extent = _Extent(port, shape, format_gates(parse_gates(feature_gates)))
        running = self._running(name)
        if running is None:
            with self._alone_with(name):
                running = self._running(name)  # somebody else may have started it meanwhile
                if running is None:
                    return self._start(name, directory, progress, extent)
        if port and not running.server.endswith(f":{port}"):
            raise UsageError(f"cluster {name} runs already on {running.server}", fix=f"kit down --name {name} first")
        present = read_shape(directory)
        if shape != present:
            raise UsageError(
                f"cluster {name} runs already with {present}",
                fix=f"kit down --name {name}, then kit up --name {name} {shape}",
            )
        return running

    def stop(self, name: str = "default", *, now: bool = False, progress: Progress | None = None) -> bool:
        """Stop the cluster's processes and keep its state; False when it did not run.

        Args:
            name: the cluster's name.
            now: give its pods no time to end; a KeyboardInterrupt meanwhile does the same.
            progress: told when they take some.
        """
        directory = self.directory(name)
        if not _exists(directory):
            return False
        with self._alone_with(name):
            return _end(directory, gently=not now, progress=progress)

    def delete(self, name: str = "default") -> bool:
        """Stop the cluster and remove its objects and volumes; False when there is none."""
        directory = self.directory(name)
        if not _exists(directory):
            return False
        with self._alone_with(name):
            _end(directory)
            shutil.rmtree(directory, ignore_errors=True)
            if _exists(directory):
                raise ClusterError(f"{directory} can't be removed", fix="check who owns the files in it")
            self._lock_file(name).unlink(missing_ok=True)
        return True

    def status(self, name: str = "default") -> ClusterStatus:
        """Tell how the cluster is."""
        directory = self.directory(name)
        if not _exists(directory):
            return ClusterStatus(name, "absent", detail=f"there is no cluster {name}: kit up --name {name} creates it")
        info = self._running(name)
        if info is None:
            return ClusterStatus(name, "stopped", detail="its objects and volumes are kept: kit up brings them back")
        return ClusterStatus(name, "running", info, detail=f"state and logs in {directory}")

    def doctor(self) -> list[Finding]:
        """Check what embedded clusters need of this machine."""
        from kitlib.embedded.kubelet.capabilities import probe_host  # noqa: PLC0415 -- only for doctor

        findings = [Finding(step.name, step.ok, step.detail, step.fix) for step in probe_host()]
        findings.append(self._disk())
        return findings

    # -- starting ----------------------------------------------------------------------------------------------------

    @contextmanager
    def _alone_with(self, name: str) -> Iterator[None]:
        """Keep everybody else from starting, stopping or deleting this cluster.

        The lock lies beside the cluster's directory: it must outlive a directory that is removed. Whoever holds it may
        remove its file last of all: filelock takes no lock on a file that has lost its name.
        """
        lock_file = self._lock_file(name)
        folder = lock_file.parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(lock_file, timeout=_START_SECONDS)
            lock.acquire()
        except Timeout as error:
            raise ClusterError(
                f"another process is starting or stopping cluster {name}", fix="wait for it, or end that process"
            ) from error
        except OSError as error:
            raise EnvironmentProblem(
                f"{folder} can't be written: {error.strerror}", fix="set KIT_STATE_DIR to a folder you own"
            ) from error
        try:
            yield
        finally:
            lock.release()

    def _lock_file(self, name: str) -> Path:
        return self._state_dir / "clusters" / f"{name}.lock"

    def _start(self, name: str, directory: Path, progress: Progress | None, extent: _Extent) -> ClusterInfo:
        fresh = not _exists(directory)
        disk = self._disk()
        if not disk.ok:
            raise EnvironmentProblem(disk.detail, fix=disk.fix)
        try:
            directory.mkdir(mode=0o700, exist_ok=True)
            return self._launch(name, directory, progress, extent)
        except BaseException as error:
            if fresh:
                shutil.rmtree(directory, ignore_errors=True)
                self._lock_file(name).unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise EnvironmentProblem(
                    f"cluster {name} can't be started: {error}", fix="set KIT_STATE_DIR to a folder you own, with room"
                ) from error
            raise

    def _launch(self, name: str, directory: Path, progress: Progress | None, extent: _Extent) -> ClusterInfo:
        _end(directory)  # a start that lost its starter
        log = directory / "daemon.log"
        if _exists(log) and log.stat().st_size > _LOG_BYTES:
            log.replace(directory / "daemon.log.1")
        reader, writer = os.pipe()
        try:
            try:
                daemon = self._spawn(_arguments(name, directory, extent), writer, log)
            finally:
                os.close(writer)
            with daemon:
                try:
                    ready = await_ready(reader, log, progress, timeout=_START_SECONDS)
                except BaseException:
                    daemon.end(signal.SIGTERM, seconds=_STOP_SECONDS)
                    raise
        finally:
            os.close(reader)
        return ClusterInfo(name, Path(ready["kubeconfig"]), ready["context"], ready["server"], created=True)

    def _disk(self) -> Finding:
        folder = self._state_dir
        while not _exists(folder):
            folder = folder.parent
        free = shutil.disk_usage(folder).free
        ok = free >= _MINIMUM_FREE_BYTES
        detail = f"{free >> 20} MiB free for {self._state_dir}"
        if not ok:
            detail += f", a cluster needs {_MINIMUM_FREE_BYTES >> 20}"
        return Finding("disk space", ok, detail, "" if ok else "free some disk space, or set KIT_STATE_DIR elsewhere")

    def _running(self, name: str) -> ClusterInfo | None:
        reach = DaemonProcess.reach(self.directory(name))
        if not reach:
            return None
        return ClusterInfo(name, Path(reach["kubeconfig"]), reach["context"], reach["server"])


def _shape(directory: Path, *, nodes: int | None, hollow_nodes: int | None, node_timeouts: str) -> ClusterShape:
    """Return what is asked for; what is not said stays as it was."""
    before = read_shape(directory)
    shape = ClusterShape(
        before.nodes if nodes is None else nodes,
        before.hollow_nodes if hollow_nodes is None else hollow_nodes,
        node_timeouts or before.node_timeouts,
    )
    if not (1 <= shape.nodes <= MOST_NODES and 0 <= shape.hollow_nodes <= MOST_HOLLOW_NODES):
        raise UsageError(
            f"a cluster can't have {shape.nodes} nodes and {shape.hollow_nodes} hollow ones",
            fix=f"1 to {MOST_NODES}, and up to {MOST_HOLLOW_NODES}",
        )
    try:
        parse_timings(shape.node_timeouts)
    except ValueError as error:
        raise UsageError(
            f"{shape.node_timeouts!r} says nothing of how long a node may be silent",
            fix="--node-timeouts real, fast, or two numbers of seconds such as 10,30: until NotReady, then to eviction",
        ) from error
    return shape


def _arguments(name: str, directory: Path, extent: _Extent) -> list[str]:
    shape = extent.shape
    return [
        str(directory),
        f"--name={name}",
        f"--nodes={shape.nodes}",
        f"--hollow-nodes={shape.hollow_nodes}",
        f"--node-timeouts={shape.node_timeouts}",
        f"--port={extent.port}",
        f"--feature-gates={extent.feature_gates}",
    ]


def _end(directory: Path, *, gently: bool = False, progress: Progress | None = None) -> bool:
    """End the cluster's daemon, gently if its pods shall have time for that; False when there was none."""
    daemon = DaemonProcess.find(directory)
    if daemon is None:
        return False
    with daemon:
        daemon.send(signal.SIGTERM)
        try:
            if gently and not daemon.wait(_TELL_SECONDS):
                if progress is not None:
                    progress("pods get up to 10 seconds to end; Ctrl-C ends them at once")
                daemon.wait(_STOP_SECONDS)
        except KeyboardInterrupt:
            if progress is not None:
                progress("pods end at once")
        daemon.end(signal.SIGINT, seconds=_STOP_SECONDS)  # the second signal
    return True


def _exists(path: Path) -> bool:
    """Tell whether it is there and may be seen."""
    try:
        return path.exists()
    except OSError:
        return False
