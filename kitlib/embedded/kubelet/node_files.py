"""Where a node keeps the files of its pods, and which of them are still wanted."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.kubelet.volumes.removal import remove_tree

__all__ = ["NodeFiles", "forget_old_instances"]


class NodeFiles:
    """The directory of one node.

    Args:
        directory: it; made by `prepare`.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.host = directory / "hostfs"
        """What hostPath volumes see as `/`."""

    def prepare(self, pods: Iterable[Object]) -> None:
        """Make the directory, and remove what belonged to pods that are gone."""
        self._directory.mkdir(parents=True, exist_ok=True)
        wanted = {path for pod in pods for path in (self.pod(pod), self.logs(pod))}
        for kind in ("pods", "logs"):
            folder = self._directory / kind
            for path in folder.iterdir() if folder.is_dir() else ():
                if path not in wanted:
                    remove_tree(path)

    def pod(self, pod: Object) -> Path:
        """Return the directory of a pod's own files."""
        return self._directory / "pods" / str(pod["metadata"]["uid"])

    def logs(self, pod: Object) -> Path:
        """Return the directory of a pod's logs."""
        meta = pod["metadata"]
        return self._directory / "logs" / f"{meta['namespace']}_{meta['name']}_{meta['uid']}"

    def log(self, pod: Object, container: str, *, previous: bool) -> Path:
        """Return the log of a container's present or last instance, or of the one before.

        Raises:
            LookupError: there is none.
        """
        instances = _instances(self.logs(pod) / container)
        # While a container waits to be started again, its last instance is the previous one.
        if previous and "waiting" not in _state(pod, container):
            instances = instances[:-1]
        if instances:
            return instances[-1]
        name = pod["metadata"]["name"]
        if previous:
            raise LookupError(f'previous terminated container "{container}" in pod "{name}" not found')
        raise LookupError(f'container "{container}" in pod "{name}" has no log yet')


def forget_old_instances(folder: Path, current: int) -> None:
    """Remove a container's logs but those of its present instance and the one before."""
    for path in _instances(folder):
        if int(path.stem) < current - 1:
            path.unlink(missing_ok=True)
            path.with_suffix(".log.1").unlink(missing_ok=True)


def _instances(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.log"), key=lambda path: int(path.stem))


def _state(pod: Object, container: str) -> Object:
    status = pod.get("status", {})
    for group in ("containerStatuses", "initContainerStatuses"):
        for found in status.get(group) or []:
            if found["name"] == container:
                return dict(found["state"])
    return {}
