"""What a Deployment's spec asks for, as numbers. Source: `deployment/util/deployment_util.go`."""

from __future__ import annotations

from kitlib.embedded.apimachinery.intstr import scaled
from kitlib.embedded.apimachinery.objects import Object

__all__ = ["fence_posts", "is_rolling", "max_surge", "max_unavailable", "min_ready", "progress_deadline", "replicas"]

# A deadline of MaxInt32 means "none".
_NO_DEADLINE = 2**31 - 1


def replicas(obj: Object) -> int:
    """Return `spec.replicas`, 1 by default; also for a ReplicaSet."""
    value = obj["spec"].get("replicas")
    return 1 if value is None else int(value)


def min_ready(deployment: Object) -> int:
    """Return `spec.minReadySeconds`."""
    return int(deployment["spec"].get("minReadySeconds") or 0)


def is_rolling(deployment: Object) -> bool:
    """Tell whether the strategy is RollingUpdate."""
    return bool((deployment["spec"].get("strategy") or {}).get("type", "RollingUpdate") == "RollingUpdate")


def fence_posts(deployment: Object) -> tuple[int, int]:
    """Return (maxSurge rounded up, maxUnavailable rounded down); both 0 would never move, so then (0, 1)."""
    rolling = (deployment["spec"].get("strategy") or {}).get("rollingUpdate") or {}
    total = replicas(deployment)
    surge = scaled(rolling.get("maxSurge", "25%"), total, round_up=True)
    unavailable = scaled(rolling.get("maxUnavailable", "25%"), total, round_up=False)
    return (0, 1) if surge == unavailable == 0 else (surge, unavailable)


def max_surge(deployment: Object) -> int:
    """Return how many pods may exist beyond `replicas`."""
    return fence_posts(deployment)[0] if is_rolling(deployment) else 0


def max_unavailable(deployment: Object) -> int:
    """Return how many of `replicas` may be unavailable."""
    if not is_rolling(deployment) or replicas(deployment) == 0:
        return 0
    return min(fence_posts(deployment)[1], replicas(deployment))


def progress_deadline(deployment: Object) -> int | None:
    """Return `progressDeadlineSeconds`, or None for no deadline."""
    value = deployment["spec"].get("progressDeadlineSeconds")
    return None if value is None or int(value) == _NO_DEADLINE else int(value)
