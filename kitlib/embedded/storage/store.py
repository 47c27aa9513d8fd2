"""Objects by resource and key, in memory for reading and in a journal for keeping.

Reads never touch the disk. A write is journalled, then becomes visible, then is told to subscribers: in that order, so
that nobody ever sees a change that a crash could take back.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable

from kitlib.embedded.apimachinery.objects import Object, key, owner_references
from kitlib.embedded.storage.event import Event, EventType
from kitlib.embedded.storage.history import History
from kitlib.embedded.storage.journal import Journal

__all__ = ["Handler", "Store"]

Handler = Callable[[Event], None]

_log = logging.getLogger(__name__)


class Store:
    """The one place objects are kept.

    Args:
        journal: where writes are made durable.
        history_limit: events kept per resource for watches and paged lists.

    Example:
        >>> from kitlib.embedded.storage.journal import MemoryJournal
        >>> store = Store(MemoryJournal())
        >>> store.put("configmaps", {"metadata": {"namespace": "default", "name": "a"}})["metadata"]["resourceVersion"]
        '1'
    """

    def __init__(self, journal: Journal, *, history_limit: int = 10_000) -> None:
        self._journal = journal
        self._objects: dict[str, dict[str, Object]] = defaultdict(dict)
        self._owned: dict[str, dict[tuple[str, str], Object]] = defaultdict(dict)
        self._handlers: dict[str, list[Handler]] = defaultdict(list)
        self._history: dict[str, History] = {}
        self._history_limit = history_limit
        self.revision = max(journal.revision(), 0)
        self._first = self.revision
        for resource, object_key, obj in journal.load():
            self._objects[resource][object_key] = obj
            self._index(resource, object_key, None, obj)

    def get(self, resource: str, object_key: str) -> Object | None:
        """Return the object, shared and frozen, or None."""
        return self._objects[resource].get(object_key)

    def all(self, resource: str) -> dict[str, Object]:
        """Return everything of a resource by key; a live view, don't write to it."""
        return self._objects[resource]

    def dependents(self, resource: str, owner_uid: str) -> list[Object]:
        """Return the objects of `resource` with an owner reference to `owner_uid`."""
        return [obj for (name, _), obj in self._owned.get(owner_uid, {}).items() if name == resource]

    def history(self, resource: str) -> History:
        """Return the resource's recent events."""
        if resource not in self._history:
            self._history[resource] = History(self._first, limit=self._history_limit)
        return self._history[resource]

    def put(self, resource: str, obj: Object) -> Object:
        """Create or replace; `obj` becomes the store's and gets the new resourceVersion.

        Raises:
            OSError: the journal can't take it; nothing has changed.
        """
        object_key = key(obj)
        old = self._objects[resource].get(object_key)
        obj["metadata"]["resourceVersion"] = str(self.revision + 1)
        self._commit("MODIFIED" if old else "ADDED", resource, object_key, obj, old)
        return obj

    def remove(self, resource: str, object_key: str) -> Object:
        """Delete; return the last state with the deletion's resourceVersion.

        Raises:
            KeyError: there is no such object.
            OSError: the journal can't take it; nothing has changed.
        """
        old = self._objects[resource][object_key]
        last = {**old, "metadata": {**old["metadata"], "resourceVersion": str(self.revision + 1)}}
        self._commit("DELETED", resource, object_key, last, old)
        return last

    def subscribe(self, resource: str, handler: Handler) -> Callable[[], None]:
        """Call `handler` for every later commit, in order; return the way to stop it.

        A handler that raises is logged: the write is committed by then, and the other subscribers must learn of it.
        """
        handlers = self._handlers[resource]
        handlers.append(handler)

        def cancel() -> None:
            if handler in handlers:
                handlers.remove(handler)

        return cancel

    def close(self) -> None:
        """Close the journal."""
        self._journal.close()

    def _commit(self, kind: EventType, resource: str, object_key: str, obj: Object, old: Object | None) -> None:
        event = Event(kind, resource, obj, old, self.revision + 1)
        size = self._journal.write(event, object_key)
        self.revision = event.revision
        if kind == "DELETED":
            del self._objects[resource][object_key]
            self._index(resource, object_key, old, None)
        else:
            self._objects[resource][object_key] = obj
            self._index(resource, object_key, old, obj)
        self.history(resource).append(event, size)
        for handler in tuple(self._handlers[resource]):
            try:
                handler(event)
            except Exception:
                _log.exception("a subscriber to %s failed on revision %d", resource, event.revision)

    def _index(self, resource: str, object_key: str, old: Object | None, new: Object | None) -> None:
        for uid in _owner_uids(old):
            self._owned[uid].pop((resource, object_key), None)
            if not self._owned[uid]:
                del self._owned[uid]
        for uid in _owner_uids(new):
            self._owned[uid][resource, object_key] = new  # type: ignore[assignment]  # new has owners, so it is not None


def _owner_uids(obj: Object | None) -> Iterable[str]:
    return {ref["uid"] for ref in owner_references(obj)} if obj else ()
