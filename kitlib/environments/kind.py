"""Clusters made by the `kind` program, where Docker or Podman is at hand.

The kit touches only kind clusters whose name begins with `kit-`.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from kitlib.client import connect
from kitlib.environments.provider import ClusterInfo, ClusterStatus, Finding, Progress
from kitlib.errors import ClusterError, EnvironmentProblem
from kitlib.settings import settings

__all__ = ["KindProvider"]

_CONFIG = Path(__file__).parents[2] / "environments" / "kind" / "cluster.yaml"
_ENGINES = ("docker", "podman")
_READY = "120s"
_INSTALL_KIND = "install kind (https://kind.sigs.k8s.io), or use the embedded cluster: kit up"
_INSTALL_ENGINE = "install and start Docker or Podman, or use the embedded cluster: kit up"


class KindProvider:
    """Makes and removes kind clusters; their kubeconfigs are the kit's own files.

    Args:
        state_dir: where kubeconfigs are kept; the user's by default.
    """

    def __init__(self, state_dir: Path | None = None) -> None:
        self._folder = (state_dir or settings().state_dir) / "kind"

    def create(self, name: str = "default", *, progress: Progress | None = None) -> ClusterInfo:
        """Make the cluster, or find it; kind removes what it could not finish.

        Raises:
            EnvironmentProblem: kind or a container engine is missing.
            ClusterError: kind failed.
        """
        self._require()
        if _full(name) in self._names():
            return self._info(name, created=False)
        if progress is not None:
            progress("kind creates the cluster (a minute; longer the first time)")
        self._folder.mkdir(parents=True, exist_ok=True)
        config = ["--config", str(_CONFIG)] if _CONFIG.exists() else []
        _kind("create", "cluster", *self._of(name), "--wait", _READY, *config)
        return self._info(name, created=True)

    def delete(self, name: str = "default") -> bool:
        """Remove the cluster and its kubeconfig; False when there is none."""
        self._require()
        found = _full(name) in self._names()
        if found:
            _kind("delete", "cluster", *self._of(name))
        self._kubeconfig(name).unlink(missing_ok=True)
        return found

    def status(self, name: str = "default") -> ClusterStatus:
        """Tell how the cluster is; without kind there is none."""
        if shutil.which("kind") is None or _full(name) not in self._names():
            return ClusterStatus(name, "absent", detail=f"there is no kind cluster {_full(name)}")
        info = self._info(name, created=False)
        try:
            version = connect(info.kubeconfig, info.context).version()
        except ClusterError as error:
            return ClusterStatus(name, "stopped", detail=str(error))
        return ClusterStatus(name, "running", info, detail=f"Kubernetes {version}, kind cluster {_full(name)}")

    def doctor(self) -> list[Finding]:
        """Check for kind and a container engine."""
        program = shutil.which("kind")
        findings = [Finding("kind", program is not None, program or "not found", "" if program else _INSTALL_KIND)]
        engine = next((path for path in map(shutil.which, _ENGINES) if path), None)
        findings.append(Finding("engine", engine is not None, engine or "not found", "" if engine else _INSTALL_ENGINE))
        return findings

    def _require(self) -> None:
        for finding in self.doctor():
            if not finding.ok:
                raise EnvironmentProblem(f"{finding.check}: {finding.detail}", fix=finding.fix)

    def _names(self) -> list[str]:
        return _kind("get", "clusters").split()

    def _of(self, name: str) -> list[str]:
        return ["--name", _full(name), "--kubeconfig", str(self._kubeconfig(name))]

    def _kubeconfig(self, name: str) -> Path:
        return self._folder / f"{name}.kubeconfig"

    def _info(self, name: str, *, created: bool) -> ClusterInfo:
        path = self._kubeconfig(name)
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            _kind("export", "kubeconfig", *self._of(name))
        context = f"kind-{_full(name)}"
        return ClusterInfo(name, path, context, connect(path, context).access.server, created)


def _full(name: str) -> str:
    return f"kit-{name}"


def _kind(*arguments: str) -> str:
    """Run kind and return what it prints.

    Raises:
        ClusterError: with kind's last line.
    """
    done = subprocess.run(["kind", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        reason = done.stderr.strip().splitlines()
        raise ClusterError(
            f"kind {arguments[0]} failed: {reason[-1] if reason else 'it said nothing'}",
            fix=f"run it yourself to see more: kind {' '.join(arguments)}",
        )
    return done.stdout
