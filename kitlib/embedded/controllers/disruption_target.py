"""The condition that says why a pod is taken away. Source: Kubernetes' "Pod disruption conditions"."""

from __future__ import annotations

from kitlib.clock import Clock
from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.times import format_time
from kitlib.embedded.registry.client import Client

__all__ = ["mark_disrupted", "with_condition"]


def with_condition(pod: Object, clock: Clock, kind: str, status: str, **fields: str) -> Object:
    """Return a copy of a pod with one of its conditions set; its transition time moves when its status does."""
    copy = objects.deep_copy(pod)
    conditions = copy.setdefault("status", {}).setdefault("conditions", [])
    old = next((one for one in conditions if one["type"] == kind), None)
    now = format_time(clock.now())
    since = old["lastTransitionTime"] if old is not None and old["status"] == status else now
    new: Object = {"type": kind, "status": status, "lastProbeTime": None, "lastTransitionTime": since, **fields}
    new["observedGeneration"] = pod["metadata"].get("generation", 1)
    if old is None:
        conditions.append(new)
    else:
        conditions[conditions.index(old)] = new
    return copy


def mark_disrupted(client: Client, clock: Clock, pod: Object, *, reason: str, message: str) -> None:
    """Set the condition DisruptionTarget on a pod that is about to be deleted."""
    marked = with_condition(pod, clock, "DisruptionTarget", "True", reason=reason, message=message)
    client.update("pods", marked, subresource="status")
