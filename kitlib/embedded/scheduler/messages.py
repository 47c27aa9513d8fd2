"""How the scheduler says that a pod fits nowhere. Source: `FitError` of kube-scheduler's framework."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from kitlib.embedded.scheduler.filters import Rejection

__all__ = ["fit_message"]


def fit_message(nodes: int, rejections: Iterable[Rejection]) -> str:
    """Return the reasons with the number of nodes they hold for.

    Example:
        >>> fit_message(3, [Rejection(("Insufficient cpu",))] * 2 + [Rejection(("Too many pods",))])
        '0/3 nodes are available: 1 Too many pods, 2 Insufficient cpu.'
    """
    counts = Counter(reason for rejection in rejections for reason in rejection.reasons)
    reasons = sorted(f"{count} {reason}" for reason, count in counts.items())
    return f"0/{nodes} nodes are available{': ' + ', '.join(reasons) if reasons else ''}."
