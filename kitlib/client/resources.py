"""The verbs of the API over plain JSON objects: get, list, create, replace, patch, scale, delete, watch."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from kitlib.client.failures import ApiError
from kitlib.client.mapping import Mapper, Resource
from kitlib.client.transport import Opened, Transport

__all__ = ["Json", "Resources"]

Json = dict[str, Any]
Objects = list[Json]  # inside the class, `list` is the verb

_PATCHES = {
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "json": "application/json-patch+json",
    "apply": "application/apply-patch+yaml",
}


class Resources:
    """The objects of one API server; without a namespace, that of the kubeconfig's context is meant."""

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

    def _of(self, manifest: Mapping[str, Any]) -> Resource:
        return self.mapper.of(manifest["apiVersion"], manifest["kind"])

    def _home(self, manifest: Mapping[str, Any], namespace: str | None) -> str:
        return namespace or (manifest.get("metadata") or {}).get("namespace") or self.access.namespace

    def _path(self, kind: str | Resource, namespace: str | None, *, name: str = "", subresource: str = "") -> str:
        resource = kind if isinstance(kind, Resource) else self.mapper.named(kind)
        where = "" if namespace == "*" else namespace or self.access.namespace
        return resource.path(namespace=where, name=name, subresource=subresource)
