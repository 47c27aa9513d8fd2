"""Which workload objects are waiting for a pod that nobody controls yet."""

from __future__ import annotations

from collections.abc import Callable

from kitlib.embedded.apimachinery import objects, selectors
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.controllers.ownership import controller_key
from kitlib.embedded.registry.client import Client
from kitlib.embedded.storage.event import Event

__all__ = ["dependent_keys", "matcher"]


def matcher(owner: Object) -> Callable[[Object], bool]:
    """Return the test of `owner`'s label selector."""
    selector = selectors.from_label_selector(selectors.of_workload(owner))
    return lambda obj: selector.matches(objects.labels(obj))


def dependent_keys(client: Client, resource: str, kind: str) -> Callable[[Event], list[str]]:
    """Map an event of a dependent to the keys of the owners (of `resource` and `kind`) it may concern.

    Both the old and the new controller are told when it changed; an orphan concerns every owner whose selector matches.
    """

    def keys(event: Event) -> list[str]:
        found = [controller_key(obj, kind) for obj in (event.object, event.old) if obj is not None]
        known = [key for key in dict.fromkeys(found) if key is not None]
        orphan = objects.controller_of(event.object) is None and event.type != "DELETED"
        if not orphan:
            return known
        owners = client.list(resource, objects.namespace(event.object))
        waiting = [objects.key(owner) for owner in owners if matcher(owner)(event.object)]
        return list(dict.fromkeys(known + waiting))

    return keys
