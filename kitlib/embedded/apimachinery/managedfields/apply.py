"""Server-side apply: merge a configuration, refuse to take over what others own, drop what is not applied any more."""

from __future__ import annotations

from datetime import datetime

from kitlib.embedded.apimachinery.managedfields import entries
from kitlib.embedded.apimachinery.managedfields.entries import Entry
from kitlib.embedded.apimachinery.managedfields.fieldset import (
    FieldSet,
    difference,
    intersection,
    leaves,
    path_text,
    union,
)
from kitlib.embedded.apimachinery.managedfields.prune import prune
from kitlib.embedded.apimachinery.managedfields.typed import field_set, merge, strip, typed_diff
from kitlib.embedded.apimachinery.objects import Object, deep_copy
from kitlib.embedded.apimachinery.resources import Resource
from kitlib.embedded.apimachinery.schema import kind_type
from kitlib.embedded.apimachinery.status import FieldError, StatusError, bad_request, invalid

__all__ = ["apply"]


def apply(
    live: Object | None,
    applied: Object,
    resource: Resource,
    *,
    manager: str,
    force: bool,
    now: datetime,
    subresource: str = "",
) -> Object:
    """Return the object after an apply, its managedFields settled; neither argument is changed.

    Args:
        live: the object as it is, None to create it.
        applied: the configuration, decoded but not defaulted.
        resource: what kind it is.
        manager: who applies; required.
        force: take over fields that others own, instead of a conflict.
        now: when.
        subresource: through which subresource, if any.

    Raises:
        StatusError: 409 with a cause `FieldManagerConflict` per field, 422 without a manager, 400 if the configuration
            has managedFields.
    """
    _check_request(applied, manager)
    kind = kind_type(resource.group, resource.version, resource.kind)

    def bare(obj: Object) -> Object:
        return strip(obj, resource, subresource)

    wanted = field_set(bare(applied), kind, parents=False)
    own = Entry(manager, "Apply", resource.api_version, subresource, wanted)
    if live is None:
        created = deep_copy(applied)
        entries.write(created, [own], (), now=now)
        return created
    before = entries.read(live)
    others = [entry for entry in before if entry.identity != own.identity]
    previous = next((entry.fields for entry in before if entry.identity == own.identity), {})
    merged = deep_copy(merge(live, bare(applied), kind))
    changed, _ = typed_diff(bare(live), bare(merged), kind)
    taken = intersection(changed, wanted)
    conflicts = [(entry, path) for entry in others for path in leaves(intersection(taken, entry.fields))]
    if conflicts and not force:
        raise _conflict(conflicts)
    others = entries.without(others, taken)
    prune(merged, difference(previous, wanted), kind, keep=_owned(others, wanted))
    _, removed = typed_diff(bare(live), bare(merged), kind)
    entries.write(merged, [*entries.without(others, removed), own], before, now=now)
    return merged


def _check_request(applied: Object, manager: str) -> None:
    if not manager:
        error = FieldError("FieldValueRequired", "fieldManager", "is required for apply patch")
        raise invalid("PatchOptions.meta.k8s.io", "", [error])
    if applied.get("metadata", {}).get("managedFields"):
        raise bad_request("metadata.managedFields must be nil")


def _owned(others: list[Entry], wanted: FieldSet) -> FieldSet:
    owned = wanted
    for entry in others:
        owned = union(owned, entry.fields)
    return owned


def _conflict(conflicts: list[tuple[Entry, tuple[str, ...]]]) -> StatusError:
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {entry.title}", "field": path_text(path)}
        for entry, path in conflicts
    ]
    if len(conflicts) == 1:
        entry, path = conflicts[0]
        text = f"Apply failed with 1 conflict: conflict with {entry.title}: {path_text(path)}"
    else:
        by_manager: dict[str, list[str]] = {}
        for entry, path in conflicts:
            by_manager.setdefault(entry.title, []).append(path_text(path))
        lines = [
            line
            for title, paths in by_manager.items()
            for line in (f"conflicts with {title}:", *(f"- {p}" for p in paths))
        ]
        text = f"Apply failed with {len(conflicts)} conflicts: " + "\n".join(lines)
    return StatusError(409, "Conflict", text, details={"causes": causes})
