"""The base of every controller: watch objects, turn events into keys, reconcile one key at a time.

Source of the pattern: Kubernetes' level-triggered controllers. An event only says *which* object to look at;
`reconcile` reads the present state and does what is missing, so a lost or repeated event never matters.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import ClassVar

from kitlib.clock import Clock
from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.status import StatusError
from kitlib.embedded.controllers.workqueue import WorkQueue
from kitlib.embedded.registry.client import Client
from kitlib.embedded.storage.event import Event

__all__ = ["Controller", "is_namespace_terminating"]

_log = logging.getLogger(__name__)

# Others may change an object between any two syncs: these say "look again", not "something is broken".
_EXPECTED = frozenset({"Conflict", "AlreadyExists", "NotFound"})


def is_namespace_terminating(error: StatusError) -> bool:
    """Tell whether something was not created because its namespace is being deleted."""
    return any(cause.get("reason") == "NamespaceTerminating" for cause in error.details.get("causes") or ())


class Controller(ABC):
    """One control loop.

    Args:
        client: the door to the API, with this controller's identity.
        clock: time for delays and comparisons.
    """

    name: ClassVar[str]

    def __init__(self, client: Client, clock: Clock) -> None:
        self.client = client
        self.clock = clock
        self.queue = WorkQueue(clock)
        self._unsubscribe: list[Callable[[], None]] = []

    @abstractmethod
    def register(self) -> None:
        """Subscribe to what this controller watches; called once, at the start."""

    @abstractmethod
    def reconcile(self, key: str) -> float | None:
        """Bring the world to what `key` asks for.

        Returns:
            Seconds until it wants to see this key again even without an event, or None.
        """

    def watch(self, resource: str, to_keys: Callable[[Event], Iterable[str]]) -> None:
        """Subscribe to `resource`; `to_keys` names the keys that an event concerns."""

        def handle(event: Event) -> None:
            for key in to_keys(event):
                self.queue.add(key)

        self._unsubscribe.append(self.client.subscribe(resource, handle))

    def watch_own(self, resource: str) -> None:
        """Subscribe to the objects that are reconciled: their own key is the key."""
        self.watch(resource, lambda event: (objects.key(event.object),))

    def process_next(self) -> bool:
        """Reconcile the next ready key, if any; whatever goes wrong with it never leaves this method."""
        key = self.queue.get()
        if key is None:
            return False
        try:
            again = self.reconcile(key)
        except StatusError as error:
            if is_namespace_terminating(error):
                # The namespace will have no more of this; what is deleted from it brings the key back by itself.
                _log.debug("%s: %s is left as it is: %s", self.name, key, error)
                self.queue.forget(key)
                return True
            if error.reason in _EXPECTED:
                _log.debug("%s: %s will be retried: %s", self.name, key, error)
            else:
                _log.warning("%s: %s failed and will be retried: %s", self.name, key, error)
            self.queue.add_rate_limited(key)
        except Exception:
            _log.exception("%s: %s failed and will be retried", self.name, key)
            self.queue.add_rate_limited(key)
        else:
            self.queue.forget(key)
            if again is not None:
                self.queue.add_after(key, again)
        return True

    def stop(self) -> None:
        """End the subscriptions and drop what is queued."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._unsubscribe.clear()
        self.queue.close()
