"""The embedded cluster as an environment: a background process with its state in one directory."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock, Timeout

from kitlib.environments.provider import ClusterInfo, ClusterStatus, Finding, Progress
from kitlib.errors import ClusterError, EnvironmentProblem, UsageError
from kitlib.settings import settings

__all__ = ["EmbeddedProvider"]

_START_SECONDS = 60.0
_STOP_SECONDS = 20.0
_NAME_LIMIT = 40
_MINIMUM_FREE_BYTES = 64 << 20


class EmbeddedProvider:
    """Starts and ends embedded clusters, each with its own port, processes and directory.

    Args:
        state_dir: where clusters are kept; the user's by default.

    Example:
        >>> EmbeddedProvider().create("demo").context  # doctest: +SKIP
        'kit-embedded-demo'
    """

    def __init__(self, state_dir: Path | None = None) -> None:
        self._state_dir = state_dir or settings().state_dir

    def directory(self, name: str) -> Path:
        """Return the directory of a cluster's state.

        Raises:
            UsageError: the name can't be one.
        """
        if not name or len(name) > _NAME_LIMIT or not name.replace("-", "").isalnum() or name.startswith("-"):
            raise UsageError(
                f"cluster name {name!r} is not usable", fix="use letters, digits and dashes, 40 characters at most"
            )
        return self._state_dir / "clusters" / name

    def names(self) -> list[str]:
        """Return the clusters that have state here."""
        folder = self._state_dir / "clusters"
        return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []

    def create(
        self, name: str = "default", *, progress: Progress | None = None, port: int = 0, nodes: int = 1
    ) -> ClusterInfo:
        """Start the cluster, with the objects and data it had; find it when it runs already.

        Args:
            name: the cluster's name.
            progress: told of every step.
            port: port on loopback; 0 keeps the cluster's port, or finds a free one.
            nodes: how many nodes it has.

        Raises:
            EnvironmentProblem: the machine can't run it (port taken, disk full, no user namespaces).
        """
        directory = self.directory(name)
        running = self._running(name)
        if running is not None:
            if port and not running.server.endswith(f":{port}"):
                raise UsageError(
                    f"cluster {name} runs already on {running.server}", fix=f"kit down --name {name} first"
                )
            return running
        fresh = not directory.exists()
        self._prepare(directory)
        try:
            with FileLock(directory / "start.lock", timeout=_START_SECONDS):
                running = self._running(name)  # somebody else may have started it meanwhile
                return running or self._start(name, directory, progress, port=port, nodes=nodes)
        except Timeout as error:
            raise ClusterError(
                f"another start of cluster {name} is still going on", fix="wait for it, or end that process"
            ) from error
        except EnvironmentProblem:
            if fresh:
                shutil.rmtree(directory, ignore_errors=True)
            raise

    def stop(self, name: str = "default") -> bool:
        """Stop the cluster's processes and keep its state; False when it did not run."""
        process = self._process(name)
        if process is None:
            return False
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(_STOP_SECONDS)
        return True

    def delete(self, name: str = "default") -> None:
        """Stop the cluster and remove its objects and volumes."""
        directory = self.directory(name)
        self.stop(name)
        if directory.exists():
            shutil.rmtree(directory, ignore_errors=True)
            if directory.exists():
                raise ClusterError(f"{directory} can't be removed", fix="check who owns the files in it")

    def status(self, name: str = "default") -> ClusterStatus:
        """Tell how the cluster is."""
        directory = self.directory(name)
        if not directory.exists():
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

    def _start(self, name: str, directory: Path, progress: Progress | None, *, port: int, nodes: int) -> ClusterInfo:
        if port:
            _check_port_free(port)
        reader, writer = os.pipe()
        command = [sys.executable, "-m", "kitlib.embedded.daemon", str(directory), f"--name={name}"]
        command += [f"--port={port}", f"--nodes={nodes}", f"--report-fd={writer}"]
        with (directory / "daemon.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=[writer],
                cwd="/",
            )
        os.close(writer)
        try:
            ready = _await_ready(reader, progress)
        except BaseException:
            process.kill()
            process.wait()
            raise
        finally:
            os.close(reader)
        return ClusterInfo(name, Path(ready["kubeconfig"]), ready["context"], ready["server"], created=True)

    def _prepare(self, directory: Path) -> None:
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise EnvironmentProblem(
                f"{directory} can't be made: {error.strerror}", fix="set KIT_STATE_DIR to a folder you own"
            ) from error
        disk = self._disk()
        if not disk.ok:
            raise EnvironmentProblem(disk.detail, fix=disk.fix)

    def _disk(self) -> Finding:
        folder = self._state_dir
        while not folder.exists():
            folder = folder.parent
        free = shutil.disk_usage(folder).free
        ok = free >= _MINIMUM_FREE_BYTES
        detail = f"{free >> 20} MiB free for {self._state_dir}"
        return Finding("disk space", ok, detail, "" if ok else "free some disk space, or set KIT_STATE_DIR elsewhere")

    # -- finding -----------------------------------------------------------------------------------------------------

    def _process(self, name: str) -> psutil.Process | None:
        """Return the cluster's daemon if it lives; its PID file alone proves nothing, a PID may be another's now."""
        record = _read_json(self.directory(name) / "daemon.json")
        try:
            process = psutil.Process(int(record["pid"]))
            same = abs(process.create_time() - float(record["started"])) < 1.0
        except (KeyError, ValueError, psutil.NoSuchProcess):
            return None
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None

    def _running(self, name: str) -> ClusterInfo | None:
        if self._process(name) is None:
            return None
        record = _read_json(self.directory(name) / "daemon.json")
        if "server" not in record:
            return None
        return ClusterInfo(name, Path(record["kubeconfig"]), record["context"], record["server"])


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _check_port_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise EnvironmentProblem(
                f"port {port} on 127.0.0.1 can't be used: {error.strerror}", fix="pass another --port, or none"
            ) from error


def _await_ready(reader: int, progress: Progress | None) -> dict[str, Any]:
    """Follow the daemon's report until it is ready.

    Raises:
        EnvironmentProblem: it said what is wrong, or ended, or took too long.
    """
    deadline, buffer = time.monotonic() + _START_SECONDS, b""
    while (left := deadline - time.monotonic()) > 0:
        if not select.select([reader], [], [], left)[0]:
            break
        chunk = os.read(reader, 65536)
        if not chunk:
            raise EnvironmentProblem(
                "the cluster ended while starting", fix="`kit doctor` says what this machine lacks; see daemon.log"
            )
        buffer += chunk
        *lines, buffer = buffer.split(b"\n")
        for line in lines:
            message = json.loads(line)
            if "error" in message:
                raise EnvironmentProblem(message["error"], fix=message.get("fix", ""))
            if "ready" in message:
                return dict(message["ready"])
            if progress is not None:
                progress(message["progress"])
    raise EnvironmentProblem(
        f"the cluster was not ready after {_START_SECONDS:.0f} s", fix="`kit doctor` says what this machine lacks"
    )
