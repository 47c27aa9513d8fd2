"""One committed change of one object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kitlib.embedded.apimachinery.objects import Object

__all__ = ["Event", "EventType"]

EventType = Literal["ADDED", "MODIFIED", "DELETED"]


@dataclass(frozen=True, slots=True)
class Event:
    """A change, in commit order.

    Args:
        type: what happened.
        resource: qualified resource name, for example `statefulsets.apps`.
        object: the state after the change; for DELETED the last state, with the deletion's resourceVersion.
        old: the state before, None for ADDED.
        revision: the store revision of the change.
    """

    type: EventType
    resource: str
    object: Object
    old: Object | None
    revision: int
