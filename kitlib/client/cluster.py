"""`connect()` and the `Cluster` it returns: short verbs over plain JSON objects.

Example:
    >>> cluster = connect()  # doctest: +SKIP
    >>> [pod["metadata"]["name"] for pod in cluster.list("pods", namespace="default")]  # doctest: +SKIP
    ['web-0', 'web-1']
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kitlib.client.applying import Applied, apply
from kitlib.client.execution import ExecResult, execute
from kitlib.client.failures import ApiError
from kitlib.client.kubeconfig import read_access
from kitlib.client.mapping import Mapper, Resource
from kitlib.client.transport import Opened, Transport
from kitlib.client.waiting import Condition, wait
from kitlib.settings import settings

if TYPE_CHECKING:
    import kubernetes.client

__all__ = ["Cluster", "Json", "connect"]

Json = dict[str, Any]
Objects = list[Json]  # inside the class, `list` is the verb

_PATCHES = {
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "json": "application/json-patch+json",
    "apply": "application/apply-patch+yaml",
}


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


class Cluster:
    """One API server; kinds may be called by any of their names (`sts`, `statefulsets`, `StatefulSet`)."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.access = transport.access
        self.mapper = Mapper(transport)

    def get(self, kind: str, name: str, *, namespace: str | None = None) -> Json:
        """Return one object; raises `ApiError` with reason `NotFound` when there is none."""
        return self.transport.json("GET", self._path(kind, namespace, name=name))

    def find(self, kind: str, name: str, *, namespace: str | None = None) -> Json | None:
        """Return one object, or None when there is none."""
        try:
            return self.get(kind, name, namespace=namespace)
        except ApiError as error:
            if error.code == 404:
                return None
            raise

    def list(self, kind: str, *, namespace: str | None = None, labels: str = "", fields: str = "") -> Objects:
        """Return the objects of a kind; `namespace="*"` means all namespaces."""
        return self.listing(kind, namespace=namespace, labels=labels, fields=fields)[0]

    def listing(
        self, kind: str, *, namespace: str | None = None, labels: str = "", fields: str = ""
    ) -> tuple[Objects, str]:
        """Return the objects of a kind and the resourceVersion of the list, from which a watch can go on."""
        resource = self.mapper.named(kind)
        query = {"labelSelector": labels, "fieldSelector": fields, "limit": "500"}
        query = {key: value for key, value in query.items() if value}
        found: Objects = []
        while True:
            page = self.transport.json("GET", self._path(resource, namespace), query=query)
            # List items leave out what the list says for all of them.
            found += [
                {"apiVersion": resource.api_version, "kind": resource.kind, **item} for item in page["items"] or []
            ]
            metadata = page.get("metadata") or {}
            if not metadata.get("continue"):
                return found, str(metadata.get("resourceVersion") or "")
            query["continue"] = metadata["continue"]

    def create(self, manifest: Mapping[str, Any], *, namespace: str | None = None) -> Json:
        """Create one object and return it as the server stored it."""
        resource = self._of(manifest)
        return self.transport.json("POST", self._path(resource, self._home(manifest, namespace)), body=manifest)

    def replace(self, manifest: Mapping[str, Any], *, namespace: str | None = None) -> Json:
        """Replace one object; a stale resourceVersion is a `Conflict`."""
        path = self._path(self._of(manifest), self._home(manifest, namespace), name=manifest["metadata"]["name"])
        return self.transport.json("PUT", path, body=manifest)

    def patch(
        self,
        kind: str,
        name: str,
        patch: Any,
        *,
        namespace: str | None = None,
        form: str = "merge",
        subresource: str = "",
        query: Mapping[str, str] | None = None,
    ) -> Json:
        """Patch one object; `form` is merge, strategic, json or apply.

        Example:
            >>> cluster.patch("sts", "web", {"spec": {"replicas": 3}})  # doctest: +SKIP
        """
        path = self._path(kind, namespace, name=name, subresource=subresource)
        return self.transport.json("PATCH", path, body=patch, content_type=_PATCHES[form], query=query)

    def scale(self, kind: str, name: str, replicas: int, *, namespace: str | None = None) -> Json:
        """Set the wanted number of replicas, the way `kubectl scale` does."""
        return self.patch(kind, name, {"spec": {"replicas": replicas}}, namespace=namespace, subresource="scale")

    def delete(
        self,
        kind: str,
        name: str,
        *,
        namespace: str | None = None,
        propagation: str = "Background",
        grace: int | None = None,
    ) -> bool:
        """Delete one object; returns False when it was not there."""
        body: Json = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": propagation}
        if grace is not None:
            body["gracePeriodSeconds"] = grace
        try:
            self.transport.request("DELETE", self._path(kind, namespace, name=name), body=body)
        except ApiError as error:
            if error.code == 404:
                return False
            raise
        return True

    def watch(
        self,
        kind: str,
        *,
        namespace: str | None = None,
        since: str = "",
        labels: str = "",
        seconds: int = 300,
        opened: Opened = lambda _: None,
    ) -> Iterator[tuple[str, Json]]:
        """Yield (ADDED | MODIFIED | DELETED | BOOKMARK, object) until the server ends the stream.

        `opened` is given a function that ends it from another thread.

        Raises:
            ApiError: code 410 when `since` is too old: list again.
        """
        resource = self.mapper.named(kind)
        query = {"watch": "true", "allowWatchBookmarks": "true", "timeoutSeconds": str(seconds)}
        query |= {"resourceVersion": since} if since else {}
        query |= {"labelSelector": labels} if labels else {}
        for line in self.transport.lines(
            self._path(resource, namespace), query=query, idle=seconds + 10.0, opened=opened
        ):
            event = json.loads(line)
            if event["type"] == "ERROR":
                status = event["object"]
                raise ApiError(
                    str(status.get("message") or "the watch failed"),
                    code=int(status.get("code") or 500),
                    reason=str(status.get("reason") or ""),
                )
            yield event["type"], event["object"]

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
        """Wait until an object is `ready`, `deleted`, `exists`, or fulfils a condition of your own.

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

    def _of(self, manifest: Mapping[str, Any]) -> Resource:
        return self.mapper.of(manifest["apiVersion"], manifest["kind"])

    def _home(self, manifest: Mapping[str, Any], namespace: str | None) -> str:
        return namespace or (manifest.get("metadata") or {}).get("namespace") or self.access.namespace

    def _path(self, kind: str | Resource, namespace: str | None, *, name: str = "", subresource: str = "") -> str:
        resource = kind if isinstance(kind, Resource) else self.mapper.named(kind)
        where = "" if namespace == "*" else namespace or self.access.namespace
        return resource.path(namespace=where, name=name, subresource=subresource)
