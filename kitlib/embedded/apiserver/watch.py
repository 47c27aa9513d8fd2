"""WATCH: one ordered stream of changes per request, cut to its selectors.

Source: Kubernetes API concepts, "Efficient detection of changes".
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

from kitlib.clock import Clock
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.resources import Resource
from kitlib.embedded.apimachinery.status import FieldError, StatusError, invalid
from kitlib.embedded.registry.listing import revision_number
from kitlib.embedded.storage.event import Event
from kitlib.embedded.storage.store import Store

__all__ = ["WatchOptions", "watch"]

_BOOKMARK_SECONDS = 60.0
_TIMEOUT_RANGE = (1800.0, 3600.0)


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """What a WATCH asks for (`ListOptions` of the request, decoded)."""

    namespace: str = ""
    matches: Callable[[Object], bool] | None = None
    resource_version: str = ""
    resource_version_match: str = ""
    bookmarks: bool = False
    send_initial_events: bool | None = None
    timeout_seconds: float | None = None


def check(options: WatchOptions) -> None:
    """Refuse combinations that the API forbids.

    Raises:
        StatusError: 422.
    """
    errors = []
    if options.send_initial_events is not None and options.resource_version_match != "NotOlderThan":
        why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        errors.append(FieldError("FieldValueForbidden", "resourceVersionMatch", why))
    elif options.resource_version_match and options.send_initial_events is None:
        why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
        errors.append(FieldError("FieldValueForbidden", "resourceVersionMatch", why))
    if options.resource_version:
        revision_number(options.resource_version)
    if errors:
        raise invalid("ListOptions.meta.k8s.io", "", errors)


def _in_scope(options: WatchOptions, obj: Object) -> bool:
    if options.namespace and obj["metadata"].get("namespace") != options.namespace:
        return False
    return options.matches is None or options.matches(obj)


def _select(options: WatchOptions, event: Event) -> tuple[str, Object] | None:
    """Turn a change into what this watcher sees: leaving its selection is DELETED, entering it is ADDED."""
    now = event.type != "DELETED" and _in_scope(options, event.object)
    before = event.old is not None and _in_scope(options, event.old)
    if now:
        return ("MODIFIED" if before else "ADDED"), event.object
    if before:
        return "DELETED", event.object
    return None


def _bookmark(resource: Resource, revision: int, *, initial: bool = False) -> Object:
    metadata: Object = {"resourceVersion": str(revision), "creationTimestamp": None}
    if initial:
        metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
    return {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata}


def _too_old(revision: int, floor: int) -> tuple[str, Object]:
    message = f"too old resource version: {revision} ({floor})"
    return "ERROR", StatusError(410, "Expired", message).status


class _Alarm:
    """Wakes a watch that waits. What happened is read from the history, so a slow client costs nothing."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._wake = clock, asyncio.Event()

    def ring(self, _: Event) -> None:
        self._wake.set()

    async def wait(self, timeout: float) -> None:
        timer = self._clock.call_later(timeout, self._wake.set)
        try:
            await self._wake.wait()
        finally:
            timer.cancel()
        self._wake.clear()


async def watch(
    store: Store, resource: Resource, options: WatchOptions, clock: Clock
) -> AsyncGenerator[list[tuple[str, Object]], None]:
    """Yield batches of (event type, object) until the time-out; the first batch may be empty.

    A client that falls behind what the history keeps gets one ERROR of 410 Expired, as after a pause.

    Args:
        store: where changes happen.
        resource: what to watch.
        options: checked with `check` before.
        clock: measures the time-out.
    """
    name = resource.qualified
    alarm, history = _Alarm(clock), store.history(name)
    position, initial = _start(store, name, options)
    cancel = store.subscribe(name, alarm.ring)
    deadline = clock.monotonic() + (options.timeout_seconds or random.uniform(*_TIMEOUT_RANGE))
    try:
        if position is None:
            yield [_too_old(int(options.resource_version), history.floor)]
            return
        if options.send_initial_events:
            initial.append(("BOOKMARK", _bookmark(resource, store.revision, initial=True)))
        yield initial
        pause = _BOOKMARK_SECONDS if options.bookmarks else math.inf
        bookmark_at = clock.monotonic() + pause
        while (now := clock.monotonic()) < deadline:
            await alarm.wait(max(min(deadline, bookmark_at) - now, 0))
            events = history.since(position)
            if events is None:
                yield [_too_old(position, history.floor)]
                return
            position = events[-1].revision if events else position
            batch = [item for item in (_select(options, event) for event in events) if item is not None]
            if options.bookmarks and clock.monotonic() >= min(deadline, bookmark_at):
                # Due even while changes come in: none of them may be of interest to this watcher.
                batch.append(("BOOKMARK", _bookmark(resource, store.revision)))
                bookmark_at = clock.monotonic() + pause
            if batch:
                yield batch
    finally:
        cancel()


def _start(store: Store, name: str, options: WatchOptions) -> tuple[int | None, list[tuple[str, Object]]]:
    """Return (revision to go on from, the events to begin with); None when that revision is compacted."""
    wanted = int(options.resource_version or 0)
    if wanted == 0 or options.send_initial_events:
        if options.send_initial_events is False:
            return store.revision, []
        current = sorted(store.all(name).items())
        return store.revision, [("ADDED", obj) for _, obj in current if _in_scope(options, obj)]
    past = store.history(name).since(wanted)
    if past is None:
        return None, []
    chosen = (_select(options, event) for event in past)
    return max(wanted, store.revision), [item for item in chosen if item is not None]
