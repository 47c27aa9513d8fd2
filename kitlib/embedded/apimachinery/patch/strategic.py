"""Strategic merge patch: lists merge by the keys that the schema names, and directives say the rest.

Rules: `patchStrategy` and `patchMergeKey` of the API types; directives `$patch`, `$retainKeys`,
`$deleteFromPrimitiveList/<list>` and `$setElementOrder/<list>`.
"""

from __future__ import annotations

from typing import Any

from kitlib.embedded.apimachinery.objects import Object, deep_copy
from kitlib.embedded.apimachinery.patch.ordering import merge_orders
from kitlib.embedded.apimachinery.schema import Field, Kind, Type
from kitlib.embedded.apimachinery.status import bad_request

__all__ = ["strategic_merge_patch"]

_PATCH = "$patch"
_RETAIN = "$retainKeys"
_DELETE_PRIMITIVES = "$deleteFromPrimitiveList/"
_SET_ORDER = "$setElementOrder/"


def strategic_merge_patch(current: Object, patch: Object, kind: Type) -> Object:
    """Return `current` with `patch` merged in by the rules of `kind`; neither is changed.

    Raises:
        StatusError: 400 for a directive that makes no sense and for a list item without its merge key.

    Example:
        >>> from kitlib.embedded.apimachinery.schema import named_type
        >>> pod = {"containers": [{"name": "a", "image": "x:1"}, {"name": "b", "image": "y:1"}]}
        >>> patch = {"containers": [{"name": "b", "image": "y:2"}]}
        >>> strategic_merge_patch(pod, patch, named_type("io.k8s.api.core.v1.PodSpec"))["containers"]
        [{'name': 'a', 'image': 'x:1'}, {'name': 'b', 'image': 'y:2'}]
    """
    return _merge_map(deep_copy(current), deep_copy(patch), kind)


def _merge_map(current: Object, patch: Object, kind: Type | None) -> Object:
    directive = patch.pop(_PATCH, None)
    if directive == "replace":
        return patch
    if directive == "delete":
        return {}
    if directive not in (None, "merge"):
        raise bad_request(f"unknown patch type: {directive}")
    _retain_keys(current, patch)
    fields = kind.fields if kind is not None and kind.kind is Kind.STRUCT else {}
    for key in [key for key in patch if key.startswith(_DELETE_PRIMITIVES)]:
        unwanted = patch.pop(key)
        if not isinstance(unwanted, list):
            raise bad_request("invalid patch format of primitive list")
        name = key.removeprefix(_DELETE_PRIMITIVES)
        if isinstance(current.get(name), list):
            current[name] = [item for item in current[name] if item not in unwanted]
    orders = {
        key.removeprefix(_SET_ORDER): patch.pop(key) for key in [key for key in patch if key.startswith(_SET_ORDER)]
    }
    if not all(isinstance(order, list) for order in orders.values()):
        raise bad_request("invalid patch format of setElementOrder list")
    for name, value in patch.items():
        field = fields.get(name)
        element = kind.element if kind is not None and kind.kind is Kind.MAP else field.type if field else None
        if value is None:
            current.pop(name, None)
        elif isinstance(value, dict):
            current[name] = _merge_field(current.get(name), value, element, field)
        elif isinstance(value, list) and field is not None and "merge" in field.patch_strategies:
            current[name] = _merge_list(current.get(name) or [], value, field, order=orders.pop(name, None))
        else:
            current[name] = value
    for name, order in orders.items():
        field = fields.get(name)
        if field is not None and isinstance(current.get(name), list):
            _check_items(order, field.merge_key)
            current[name] = _reorder(current[name], current[name], order, field.merge_key)
    return current


def _merge_field(current: Any, patch: Object, kind: Type | None, field: Field | None) -> Object:
    if field is not None and "replace" in field.patch_strategies:
        return patch
    return _merge_map(current if isinstance(current, dict) else {}, patch, kind)


def _retain_keys(current: Object, patch: Object) -> None:
    """Drop from `current` what `$retainKeys` does not list; the patch itself must stay within the list."""
    if _RETAIN not in patch:
        return
    kept = patch.pop(_RETAIN)
    if not isinstance(kept, list) or any(
        value is not None and not key.startswith("$") and key not in kept for key, value in patch.items()
    ):
        raise bad_request("invalid patch format of retainKeys")
    for key in [key for key in current if key not in kept]:
        del current[key]


def _merge_list(current: list[Any], patch: list[Any], field: Field, *, order: list[Any] | None) -> list[Any]:
    if field.type.element is not None and field.type.element.kind is not Kind.STRUCT:
        _check_items([*patch, *(order or ())], "")
        merged = [*current, *(item for item in dict.fromkeys(patch) if item not in current)]
        return _reorder(merged, current, patch if order is None else order, "")
    merge_key = field.merge_key
    _check_items([*patch, *(order or ())], merge_key)
    server = list(current)
    items, replaced = [], False
    for item in patch:
        directive = item.get(_PATCH)
        if directive is None:
            items.append(item)
        elif directive == "replace":
            replaced = True
        elif directive == "delete":
            current = [old for old in current if old.get(merge_key) != _key_of(item, merge_key)]
        else:
            raise bad_request(f"unknown patch type: {directive}")
    if replaced:
        current, server = [], []
    merged = _merge_items(current, items, field)
    if order is None:
        return _reorder(merged, server, items, merge_key)
    _check_order(items, order, merge_key)
    return _reorder(merged, server, order, merge_key)


def _merge_items(current: list[Any], items: list[Any], field: Field) -> list[Any]:
    merge_key, merged = field.merge_key, list(current)
    for item in items:
        value = _key_of(item, merge_key)
        index = next((i for i, old in enumerate(merged) if old.get(merge_key) == value), None)
        if index is None:
            merged.append(_merge_map({}, item, field.type.element))
        else:
            merged[index] = _merge_map(merged[index], item, field.type.element)
    return merged


def _key_of(item: Object, merge_key: str) -> Any:
    if merge_key not in item:
        raise bad_request(f"map: {item} does not contain declared merge key: {merge_key}")
    return item[merge_key]


def _check_items(items: list[Any], merge_key: str) -> None:
    """Require maps where items merge by a key, which is a scalar, and scalars where they do not."""
    for item in items:
        if merge_key and not isinstance(item, dict):
            raise bad_request(f"unable to merge a list item that is not a map: {item}")
        if isinstance(item.get(merge_key) if merge_key else item, dict | list):
            raise bad_request(f"invalid patch format of primitive list: {item}")


def _check_order(items: list[Any], order: list[Any], merge_key: str) -> None:
    """The items of the patch must all be in `$setElementOrder`, in the same relative order."""
    wanted = [entry.get(merge_key) for entry in order]
    rest = iter(wanted)
    if not all(item[merge_key] in rest for item in items):
        raise bad_request(
            f"The order in patch list:\n{items}\n doesn't match {_SET_ORDER.rstrip('/')} list:\n{order}\n"
        )


def _reorder(merged: list[Any], server: list[Any], order: list[Any], merge_key: str) -> list[Any]:
    """Put `merged` in the order of the patch, and what only the server has where the server had it."""

    def identity(item: Any) -> Any:
        return item.get(merge_key) if merge_key and isinstance(item, dict) else item

    by_key = {identity(item): item for item in merged}
    return [
        by_key[key]
        for key in merge_orders(list(by_key), server=[identity(i) for i in server], wanted=[identity(i) for i in order])
    ]
