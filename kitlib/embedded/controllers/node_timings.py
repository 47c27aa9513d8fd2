"""How long a node may be silent, and what follows when: upstream's times, or shorter ones for a lab."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FAST", "REAL", "NodeTimings", "parse_timings"]

_BEATS = 4  # heartbeats within a grace period: one that comes late is no failure


@dataclass(frozen=True, slots=True)
class NodeTimings:
    """In seconds.

    Args:
        lease: between two heartbeats of a kubelet.
        grace: without a heartbeat until the node counts as lost (`--node-monitor-grace-period`).
        toleration: what pods that say nothing tolerate of a lost node (`--default-unreachable-toleration-seconds`).
        quarantine: from a Node object's end until its pods are removed.
    """

    lease: float
    grace: float
    toleration: int
    quarantine: float


REAL = NodeTimings(lease=10.0, grace=50.0, toleration=300, quarantine=40.0)
"""Upstream's defaults in 1.36."""

FAST = NodeTimings(lease=0.5, grace=2.0, toleration=5, quarantine=2.0)
"""For a lab: NotReady after 2 s, eviction 5 s later."""


def parse_timings(text: str) -> NodeTimings:
    """Return what `real`, `fast` or `GRACE,TOLERATION` (seconds) stands for.

    Raises:
        ValueError: it is none of these.

    Example:
        >>> parse_timings("10,30")
        NodeTimings(lease=2.5, grace=10.0, toleration=30, quarantine=10.0)
    """
    if text in ("real", "fast"):
        return REAL if text == "real" else FAST
    grace, comma, toleration = text.partition(",")
    seconds = float(grace)
    if not comma or not 1 <= seconds <= 86400 or int(toleration) < 0:
        raise ValueError(text)
    return NodeTimings(min(REAL.lease, seconds / _BEATS), seconds, int(toleration), min(REAL.quarantine, seconds))
