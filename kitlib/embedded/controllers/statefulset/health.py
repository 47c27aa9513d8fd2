"""Whether a pod lets its set go on, and if not, what is wrong with it in words."""

from __future__ import annotations

from datetime import datetime

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.controllers import podstate

__all__ = ["ailment", "min_ready_seconds"]


def min_ready_seconds(stateful_set: Object) -> int:
    """Return `spec.minReadySeconds`, 0 by default."""
    return int(stateful_set["spec"].get("minReadySeconds") or 0)


def ailment(pod: Object | None, name: str, min_ready: int, now: datetime) -> str:
    """Say why a pod is unavailable, or `""`: it is Running, Ready for long enough and not terminating.

    Example:
        >>> from datetime import UTC
        >>> ailment(None, "web-1", 0, datetime(2026, 1, 1, tzinfo=UTC))
        'web-1 does not exist'
    """
    if pod is None:
        return f"{name} does not exist"
    if objects.is_terminating(pod):
        return f"{name} is terminating"
    phase = podstate.phase(pod)
    if phase != "Running":
        return f"{name} is {phase or 'not started'}"
    wait = podstate.available_in(pod, min_ready, now)
    if wait is None:
        return f"{name} is not Ready"
    return f"{name} is Ready, but not yet for minReadySeconds ({min_ready})" if wait > 0 else ""
