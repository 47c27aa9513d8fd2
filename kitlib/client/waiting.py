"""Wait for an object, say what happens meanwhile, and on time-out say why it did not."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kitlib.client.diagnosis import diagnose_namespace
from kitlib.client.failures import WaitTimeout
from kitlib.client.readiness import ready, summary
from kitlib.errors import ClusterError, UsageError

if TYPE_CHECKING:
    from kitlib.client.cluster import Cluster

__all__ = ["Condition", "wait"]

Condition = Callable[[dict[str, Any] | None], bool]

_NAMED: dict[str, Condition] = {
    "ready": ready,
    "exists": lambda found: found is not None,
    "deleted": lambda found: found is None,
}
#: Phases of pods, claims, volumes and namespaces can be waited for by their names.
_PHASES = (
    *("Pending", "Available", "Bound", "Released", "Failed", "Lost"),
    *("Running", "Succeeded", "Active", "Terminating"),
)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.03, 0.25


def wait(
    cluster: Cluster,
    kind: str,
    name: str,
    *,
    until: str | Condition,
    namespace: str,
    timeout: float,
    progress: Callable[[str], None] | None,
) -> dict[str, Any] | None:
    """Poll until `until` holds and return the object (None when it is gone); see `Cluster.wait`."""
    fulfilled = _named(until) if isinstance(until, str) else until
    deadline = time.monotonic() + timeout
    pause, said = _FIRST_PAUSE, ""
    while True:
        found = cluster.find(kind, name, namespace=namespace)
        text = f"{kind}/{name}: {summary(found)}"
        if progress is not None and text != said:
            progress(text)
            said = text
        if fulfilled(found):
            return found
        if time.monotonic() >= deadline:
            break
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)
    what = until if isinstance(until, str) else "as wanted"
    raise _timed_out(cluster, f"{text} after {timeout:g} s, not {what}", namespace)


def _named(until: str) -> Condition:
    if until == "Terminating":  # Of namespaces it is a phase; of all others what kubectl shows while they go.
        return _terminating
    if until in _PHASES:
        return lambda found: ((found or {}).get("status") or {}).get("phase") == until
    if until not in _NAMED:
        known = ", ".join((*_NAMED, *_PHASES))
        raise UsageError(f"nothing can be waited for until {until!r}", fix=f"use one of: {known}")
    return _NAMED[until]


def _terminating(found: dict[str, Any] | None) -> bool:
    return bool(found and found["metadata"].get("deletionTimestamp"))


def _timed_out(cluster: Cluster, message: str, namespace: str) -> WaitTimeout:
    try:
        found = diagnose_namespace(cluster, namespace)
    except ClusterError:
        found = ()
    if not found:
        return WaitTimeout(message, fix=f"look at `kubectl get events --namespace {namespace}`")
    first = found[0]
    return WaitTimeout(f"{message}: {first.thing}: {first.cause}", fix=first.fix, diagnosis=tuple(map(str, found)))
