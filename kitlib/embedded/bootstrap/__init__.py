"""The objects every cluster starts with: namespaces, the API's own service, the default StorageClass, RBAC defaults."""

from __future__ import annotations

from pathlib import Path

import yaml

from kitlib.embedded.apimachinery.resources import by_kind
from kitlib.embedded.registry.options import WriteOptions
from kitlib.embedded.registry.registry import Registry

__all__ = ["ensure"]

_OBJECTS = Path(__file__).with_name("objects.yaml")


def ensure(registry: Registry) -> None:
    """Create what is missing; what is there, and what a user made of it, stays."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for obj in yaml.load_all(_OBJECTS.read_text(), Loader=loader):
        resource = by_kind(obj["apiVersion"], obj["kind"])
        if resource is None:
            raise LookupError(f"{_OBJECTS.name} has a kind that is not served: {obj['kind']}")
        meta = obj["metadata"]
        namespace = meta.get("namespace", "")
        if registry.find(resource, meta["name"], namespace) is None:
            registry.create(resource, obj, namespace=namespace, options=WriteOptions(user="system:apiserver"))
