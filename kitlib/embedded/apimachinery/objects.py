"""API objects are plain JSON dicts; these are the accessors and the few moves every component needs.

Objects read from the store are shared and must be treated as frozen, exactly like objects from a client-go cache:
`deep_copy` first, then change.
"""

from typing import Any, TypeAlias, cast

import orjson

__all__ = [
    "Object",
    "annotations",
    "controller_of",
    "deep_copy",
    "is_controlled_by",
    "is_terminating",
    "key",
    "labels",
    "name",
    "namespace",
    "owner_reference",
    "owner_references",
    "split_key",
    "uid",
]

Object: TypeAlias = dict[str, Any]


def deep_copy(obj: Object) -> Object:
    """Return an independent copy (a JSON round trip: several times faster than `copy.deepcopy`)."""
    return cast("Object", orjson.loads(orjson.dumps(obj)))


def name(obj: Object) -> str:
    """Return `metadata.name`, or `""`."""
    return cast("str", obj["metadata"].get("name", ""))


def namespace(obj: Object) -> str:
    """Return `metadata.namespace`, or `""` for a cluster-scoped object."""
    return cast("str", obj["metadata"].get("namespace", ""))


def uid(obj: Object) -> str:
    """Return `metadata.uid`, or `""` before the object is created."""
    return cast("str", obj["metadata"].get("uid", ""))


def labels(obj: Object) -> dict[str, str]:
    """Return the labels; never None. Don't write to the result."""
    return cast("dict[str, str]", obj["metadata"].get("labels") or {})


def annotations(obj: Object) -> dict[str, str]:
    """Return the annotations; never None. Don't write to the result."""
    return cast("dict[str, str]", obj["metadata"].get("annotations") or {})


def key(obj: Object) -> str:
    """Return `namespace/name`, or `name` for a cluster-scoped object: the work-queue key of client-go."""
    space = namespace(obj)
    return f"{space}/{name(obj)}" if space else name(obj)


def split_key(object_key: str) -> tuple[str, str]:
    """Split a key into (namespace, name); the namespace of a cluster-scoped object is `""`.

    Example:
        >>> split_key("default/web-0")
        ('default', 'web-0')
        >>> split_key("node-1")
        ('', 'node-1')
    """
    space, _, rest = object_key.rpartition("/")
    return space, rest


def is_terminating(obj: Object) -> bool:
    """Tell whether deletion was asked for (`metadata.deletionTimestamp` is set)."""
    return bool(obj["metadata"].get("deletionTimestamp"))


def owner_references(obj: Object) -> list[Object]:
    """Return the owner references; never None. Don't write to the result."""
    return cast("list[Object]", obj["metadata"].get("ownerReferences") or [])


def controller_of(obj: Object) -> Object | None:
    """Return the owner reference with `controller: true`, or None."""
    return next((ref for ref in owner_references(obj) if ref.get("controller")), None)


def is_controlled_by(obj: Object, owner: Object) -> bool:
    """Tell whether `owner` (compared by UID) is the controller of `obj`."""
    ref = controller_of(obj)
    return ref is not None and ref["uid"] == uid(owner)


def owner_reference(owner: Object, *, controller: bool = True) -> Object:
    """Build the reference that makes `owner` the (controlling) owner of a dependent."""
    ref: Object = {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": name(owner),
        "uid": uid(owner),
    }
    if controller:
        ref |= {"controller": True, "blockOwnerDeletion": True}
    return ref
