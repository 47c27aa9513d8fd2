"""Adoption and release: a controller owns exactly what its selector matches.

Source: `ControllerRefManager` of Kubernetes. Reads are never stale here, so an adoption needs no second look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import StatusError
from kitlib.embedded.registry.client import Client

__all__ = ["Claimer", "controller_key"]


class Claimer:
    """Claims objects of one resource for one owner.

    Args:
        client: the door to the API.
        resource: qualified resource of the claimed objects.
        owner: who claims.
        matches: whether the owner wants an object.
    """

    def __init__(self, client: Client, resource: str, owner: Object, matches: Callable[[Object], bool]) -> None:
        self._client = client
        self._resource = resource
        self._owner = owner
        self._matches = matches

    def claim(self, candidates: Iterable[Object]) -> list[Object]:
        """Return what the owner controls after adopting orphans that match and releasing what no longer does."""
        owned = (self._claim_one(candidate) for candidate in candidates)
        return [obj for obj in owned if obj is not None]

    def _claim_one(self, obj: Object) -> Object | None:
        ref = objects.controller_of(obj)
        wanted = self._matches(obj)
        if ref is not None:
            if ref["uid"] != objects.uid(self._owner):
                return None
            if not wanted and not objects.is_terminating(self._owner):
                self._release(obj)
            return obj if wanted else None
        if not wanted or objects.is_terminating(self._owner) or objects.is_terminating(obj):
            return None
        return self._adopt(obj)

    def _adopt(self, obj: Object) -> Object | None:
        refs = [*objects.owner_references(obj), objects.owner_reference(self._owner)]
        return self._write(obj, refs)

    def _release(self, obj: Object) -> None:
        self._write(obj, [ref for ref in objects.owner_references(obj) if ref["uid"] != objects.uid(self._owner)])

    def _write(self, obj: Object, refs: list[Object]) -> Object | None:
        patch: Object = {"metadata": {"uid": objects.uid(obj), "ownerReferences": refs or None}}
        try:
            return self._client.patch(self._resource, objects.name(obj), patch, namespace=objects.namespace(obj))
        except StatusError as error:
            if error.reason == "NotFound":
                return None
            raise


def controller_key(obj: Object, kind: str) -> str | None:
    """Return the key of the controlling owner when it is a `kind`, or None."""
    ref = objects.controller_of(obj)
    if ref is None or ref["kind"] != kind:
        return None
    return f"{objects.namespace(obj)}/{ref['name']}"
