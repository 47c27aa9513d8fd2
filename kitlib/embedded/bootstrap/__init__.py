"""The objects every cluster starts with: namespaces, the API's own service, the default StorageClass, RBAC defaults."""

from __future__ import annotations

from pathlib import Path

import yaml

from kitlib.embedded.apimachinery.objects import deep_copy
from kitlib.embedded.apimachinery.resources import by_kind, by_name
from kitlib.embedded.registry.aggregation import aggregated_rules
from kitlib.embedded.registry.options import WriteOptions
from kitlib.embedded.registry.registry import Registry

__all__ = ["ensure"]

_OBJECTS = Path(__file__).with_name("objects.yaml")
_ROLES = by_name("clusterroles.rbac.authorization.k8s.io")
_OPTIONS = WriteOptions(user="system:apiserver")


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
            registry.create(resource, obj, namespace=namespace, options=_OPTIONS)
    _aggregate(registry)


def _aggregate(registry: Registry) -> None:
    """Fill the aggregated roles before the first request may ask for them; view is a part of edit, edit of admin."""
    for name in ("view", "edit", "admin"):
        role = registry.find(_ROLES, name)
        if role is None or not role.get("aggregationRule") or role.get("rules"):
            continue
        rules = aggregated_rules(role, registry.list(_ROLES).items)
        registry.update(_ROLES, name, deep_copy(role) | {"rules": rules}, namespace="", options=_OPTIONS)
