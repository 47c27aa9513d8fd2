"""`connect()` and the `Cluster` it returns: short verbs over plain JSON objects.

Example:
    >>> cluster = connect()  # doctest: +SKIP
    >>> [pod["metadata"]["name"] for pod in cluster.list("pods", namespace="default")]  # doctest: +SKIP
    ['web-0', 'web-1']
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kitlib.client.applying import Applied, apply
from kitlib.client.execution import ExecResult, execute
from kitlib.client.kubeconfig import read_access
from kitlib.client.resources import Json, Resources
from kitlib.client.transport import Transport
from kitlib.client.waiting import Condition, wait
from kitlib.settings import settings

if TYPE_CHECKING:
    import kubernetes.client

__all__ = ["Cluster", "connect"]


def connect(kubeconfig: Path | str | None = None, context: str | None = None) -> Cluster:
    """Open the cluster of a kubeconfig; without one, the kit's own.

    Nothing is sent yet: the first request tells whether the server answers.

    Example:
        >>> connect("~/.kube/config", context="kind-kit").get("pod", "web-0")  # doctest: +SKIP
    """
    if kubeconfig is None:
        found = settings()
        kubeconfig = found.kubeconfig or found.cluster_dir(found.cluster) / "kubeconfig"
        context = context or found.context
    return Cluster(Transport(read_access(Path(kubeconfig).expanduser(), context)))


class Cluster(Resources):
    """One API server; kinds may be called by any of their names (`sts`, `statefulsets`, `StatefulSet`)."""

    def apply(
        self,
        source: str | Mapping[str, Any] | Iterable[Mapping[str, Any]],
        *,
        namespace: str | None = None,
        field_manager: str = "kit",
    ) -> tuple[Applied, ...]:
        """Apply YAML text or objects: create what is missing, change what differs, leave the rest.

        Example:
            >>> for done in cluster.apply(Path("web.yaml").read_text()):  # doctest: +SKIP
            ...     print(done)
            statefulset/web created
        """
        return apply(self, source, namespace=namespace or self.access.namespace, field_manager=field_manager)

    def wait(
        self,
        kind: str,
        name: str,
        *,
        until: str | Condition = "ready",
        namespace: str | None = None,
        timeout: float = 60.0,
        progress: Callable[[str], None] | None = None,
    ) -> Json | None:
        """Wait until an object is `ready`, `deleted`, `exists`, in a phase such as `Released`, or as a function says.

        Raises:
            WaitTimeout: with a diagnosis of what holds it up.
        """
        return wait(
            self,
            kind,
            name,
            until=until,
            namespace=namespace or self.access.namespace,
            timeout=timeout,
            progress=progress,
        )

    def exec(
        self,
        pod: str,
        command: Sequence[str],
        *,
        container: str | None = None,
        namespace: str | None = None,
        timeout: float = 30.0,
    ) -> ExecResult:
        r"""Run a command in a container of a pod.

        Example:
            >>> cluster.exec("web-0", ["hostname"]).stdout  # doctest: +SKIP
            'web-0\n'
        """
        path = self._path("pods", namespace, name=pod, subresource="exec")
        return execute(self.transport, path, command, container=container, timeout=timeout)

    def logs(
        self,
        pod: str,
        *,
        container: str | None = None,
        namespace: str | None = None,
        tail: int | None = None,
        previous: bool = False,
    ) -> str:
        """Return what a container has printed so far."""
        query = {"container": container, "tailLines": tail, "previous": "true" if previous else None}
        path = self._path("pods", namespace, name=pod, subresource="log")
        chosen = {key: value for key, value in query.items() if value is not None}
        return self.transport.request("GET", path, query=chosen).decode(errors="replace")

    def version(self) -> str:
        """Return the server's version, for example `v1.36.0`; the cheapest way to see whether it answers."""
        return str(self.transport.json("GET", "/version", timeout=5.0).get("gitVersion", ""))

    def official(self) -> kubernetes.client.ApiClient:
        """Return the official Python client for the same cluster (imported now: about 1.3 s)."""
        from kubernetes import config  # noqa: PLC0415

        return config.new_client_from_config(config_file=str(self.access.kubeconfig), context=self.access.context)

    def close(self) -> None:
        """Close idle connections."""
        self.transport.close()
