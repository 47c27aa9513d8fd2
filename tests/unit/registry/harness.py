"""A registry in memory with short verbs, for tests of what every write goes through."""

from __future__ import annotations

from typing import Any

from kitlib.embedded.apimachinery.objects import deep_copy
from kitlib.embedded.apimachinery.resources import by_name
from kitlib.embedded.registry.options import DeleteOptions, WriteOptions
from tests.support.cluster import MemoryCluster

Json = dict[str, Any]
PLAIN = WriteOptions()


class Harness:
    """Short verbs in the namespace `default`."""

    def __init__(self) -> None:
        self.cluster = MemoryCluster()
        self.registry, self.clock = self.cluster.registry, self.cluster.clock
        account = {"metadata": {"name": "default"}}
        self.create("serviceaccounts", account)

    def create(self, resource: str, obj: Json, *, options: WriteOptions = PLAIN, namespace: str = "default") -> Json:
        kind = by_name(resource)
        space = namespace if kind.namespaced else ""
        return self.registry.create(kind, deep_copy(obj), namespace=space, options=options)

    def config_map(self, name: str = "a", **metadata: Any) -> Json:
        return self.create("configmaps", {"metadata": {"name": name, **metadata}, "data": {"k": "v"}})

    def pod(self, name: str = "p", *, node: str = "", **metadata: Any) -> Json:
        spec: Json = {"containers": [{"name": "c", "image": "nginx"}]}
        if node:
            spec["nodeName"] = node
        return self.create("pods", {"metadata": {"name": name, **metadata}, "spec": spec})

    def stateful_set(self) -> Json:
        template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
        spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template, "serviceName": "s"}
        return self.create("statefulsets.apps", {"metadata": {"name": "web"}, "spec": spec})

    def update(self, resource: str, obj: Json, *, options: WriteOptions = PLAIN, subresource: str = "") -> Json:
        return self.registry.update(
            by_name(resource),
            obj["metadata"]["name"],
            deep_copy(obj),
            namespace=obj["metadata"].get("namespace", ""),
            options=options,
            subresource=subresource,
        )

    def merge(
        self, resource: str, name: str, patch: Json, *, options: WriteOptions = PLAIN, subresource: str = ""
    ) -> Json:
        kind = by_name(resource)
        space = "default" if kind.namespaced else ""
        return self.registry.patch(
            kind, name, patch, namespace=space, patch_type="merge", options=options, subresource=subresource
        )

    def delete(self, resource: str, name: str, **options: Any) -> tuple[Json, bool]:
        kind = by_name(resource)
        space = "default" if kind.namespaced else ""
        return self.registry.delete(kind, name, namespace=space, options=DeleteOptions(**options))

    def find(self, resource: str, name: str) -> Json | None:
        return self.registry.find(by_name(resource), name, "default")
