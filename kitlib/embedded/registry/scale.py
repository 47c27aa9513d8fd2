"""The scale subresource: `autoscaling/v1 Scale` as a window on a workload's replicas.

Source: Kubernetes' `autoscaling/v1 Scale`.
"""

from __future__ import annotations

from typing import Any

from kitlib.embedded.apimachinery import decoding, patch, selectors
from kitlib.embedded.apimachinery.objects import Object, deep_copy
from kitlib.embedded.apimachinery.resources import Resource
from kitlib.embedded.apimachinery.status import FieldError, bad_request, invalid
from kitlib.embedded.registry import metadata
from kitlib.embedded.registry.client import PatchType
from kitlib.embedded.registry.options import WriteOptions
from kitlib.embedded.registry.registry import Registry

__all__ = ["get_scale", "patch_scale", "update_scale"]


def scale_of(workload: Object) -> Object:
    """Return the Scale that shows a workload."""
    meta, status = workload["metadata"], workload.get("status", {})
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {field: meta[field] for field in kept if field in meta},
        "spec": {"replicas": workload["spec"].get("replicas", 0)},
        "status": {
            "replicas": status.get("replicas", 0),
            "selector": selectors.format_label_selector(selectors.of_workload(workload)),
        },
    }


def get_scale(registry: Registry, resource: Resource, name: str, namespace: str) -> Object:
    """GET /scale."""
    return scale_of(registry.get(resource, name, namespace))


def update_scale(
    registry: Registry, resource: Resource, name: str, scale: Object, *, namespace: str, options: WriteOptions
) -> Object:
    """PUT /scale: an empty resourceVersion is unconditional.

    Raises:
        StatusError: 404, 400 (the Scale of something else), 409 (stale), 400 or 422 (replicas).
    """
    workload = registry.get(resource, name, namespace)
    meta = scale.get("metadata") or {}
    metadata.check_addressed(resource, meta, name=name, namespace=namespace)
    metadata.check_preconditions(
        resource, workload, uid=meta.get("uid", ""), resource_version=meta.get("resourceVersion", "")
    )
    replicas = (scale.get("spec") or {}).get("replicas", 0)
    if isinstance(replicas, bool) or not isinstance(replicas, int):
        raise bad_request("Scale.spec.replicas: must be an integer")
    if replicas < 0:
        error = FieldError("FieldValueInvalid", "spec.replicas", "must be greater than or equal to 0", str(replicas))
        raise invalid("Scale.autoscaling", name, [error])
    new = deep_copy(workload)
    new["spec"]["replicas"] = replicas
    return scale_of(registry.update(resource, name, new, namespace=namespace, options=options, subresource="scale"))


def patch_scale(
    registry: Registry,
    resource: Resource,
    name: str,
    body: Any,
    *,
    namespace: str,
    patch_type: PatchType,
    options: WriteOptions,
) -> Object:
    """PATCH /scale with a JSON, merge or strategic patch (an apply patch is merged: Scale has no lists)."""
    current = get_scale(registry, resource, name, namespace)
    scale = patch.apply("json" if patch_type == "json" else "merge", current, body, resource)
    decoding.decode_as(scale, "autoscaling", "v1", "Scale")
    return update_scale(registry, resource, name, scale, namespace=namespace, options=options)
