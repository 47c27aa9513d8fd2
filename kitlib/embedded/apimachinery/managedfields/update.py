"""Record who changed what in a create, update or patch."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from kitlib.embedded.apimachinery.managedfields import entries
from kitlib.embedded.apimachinery.managedfields.fieldset import difference, union
from kitlib.embedded.apimachinery.managedfields.typed import field_set, strip, typed_diff
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.resources import Resource
from kitlib.embedded.apimachinery.schema import kind_type

__all__ = ["update"]


def update(
    old: Object | None, new: Object, resource: Resource, *, manager: str, now: datetime, subresource: str = ""
) -> None:
    """Write `new.metadata.managedFields`: what changed is the manager's, and nobody else's any more.

    Args:
        old: the object before, None for a create.
        new: the object after, changed in place; entries that it brings replace the old object's, as kubectl relies on
            when it moves ownership from client-side to server-side apply.
        resource: what kind it is.
        manager: who did it.
        now: when.
        subresource: through which subresource, if any.
    """
    kind = kind_type(resource.group, resource.version, resource.kind)
    own = entries.Entry(manager, "Update", resource.api_version, subresource, {})
    if old is None:
        created = replace(own, fields=field_set(strip(new, resource, subresource), kind, parents=True))
        entries.write(new, [created], (), now=now)
        return
    before = _entries_to_begin_with(old, new, subresource)
    changed, removed = typed_diff(strip(old, resource, subresource), strip(new, resource, subresource), kind)
    others = [entry for entry in before if entry.identity != own.identity]
    others = entries.without(others, union(changed, removed))
    mine = next((entry.fields for entry in before if entry.identity == own.identity), {})
    own = replace(own, fields=union(difference(mine, removed), changed))
    entries.write(new, [*others, own], before, now=now)


def _entries_to_begin_with(old: Object, new: Object, subresource: str) -> list[entries.Entry]:
    """Return the entries of the request if it has any, else the old object's; one empty entry resets them."""
    given = [] if subresource else entries.read(new)
    if not given:
        return entries.read(old)
    return [entry for entry in given if entry.manager or entry.fields]
