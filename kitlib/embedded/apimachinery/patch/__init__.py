"""How a PATCH changes an object: JSON patch, merge patch and strategic merge patch, each from one pure function.

Server-side apply is not here: it needs to know who owns which field (`apimachinery.managedfields`).
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.patch.json_patch import json_patch
from kitlib.embedded.apimachinery.patch.merge import merge_patch
from kitlib.embedded.apimachinery.patch.strategic import strategic_merge_patch
from kitlib.embedded.apimachinery.resources import Resource
from kitlib.embedded.apimachinery.schema import Type, kind_type
from kitlib.embedded.apimachinery.status import bad_request

__all__ = ["Patch", "PatchKind", "apply", "json_patch", "merge_patch", "strategic_merge_patch"]

Patch: TypeAlias = Object | list[Object]
PatchKind = Literal["json", "merge", "strategic"]


def apply(patch_type: PatchKind, current: Object, patch: Any, resource: Resource | Type) -> Object:
    """Return what `patch` makes of `current`; neither is changed.

    Args:
        patch_type: which of the three.
        current: the object as stored (or what a subresource such as `scale` shows).
        patch: the parsed body.
        resource: what `current` is; a `Type` for a body that is no resource of its own.

    Raises:
        StatusError: 400 for a malformed patch, 413 for too many operations, 422 for one that does not fit.

    Example:
        >>> from kitlib.embedded.apimachinery.resources import by_name
        >>> apply("merge", {"spec": {"replicas": 1}}, {"spec": {"replicas": 3}}, by_name("statefulsets.apps"))
        {'spec': {'replicas': 3}}
    """
    if patch_type == "json":
        return json_patch(current, patch)
    if not isinstance(patch, dict):
        raise bad_request("error decoding patch: json: cannot unmarshal into Go value of type map[string]interface {}")
    if patch_type == "merge":
        return merge_patch(current, patch)
    kind = resource if isinstance(resource, Type) else kind_type(resource.group, resource.version, resource.kind)
    return strategic_merge_patch(current, patch, kind)
