"""Events: what happened to an object, counted when it happens again, forgotten after an hour.

Source: client-go's EventCorrelator (aggregation by source, object, reason and message).
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import timedelta
from typing import Literal

from kitlib.embedded.apimachinery.objects import Object, deep_copy
from kitlib.embedded.apimachinery.resources import by_name
from kitlib.embedded.apimachinery.status import StatusError
from kitlib.embedded.apimachinery.times import format_time, parse_time
from kitlib.embedded.registry.options import DeleteOptions, WriteOptions
from kitlib.embedded.registry.registry import Registry

__all__ = ["EventRecorder", "expire"]

_EVENTS = by_name("events")
_REMEMBERED = 4096
_TIME_TO_LIVE = timedelta(hours=1)


class EventRecorder:
    """Writes events of one component.

    Args:
        registry: where they go.
        component: the source, for example `statefulset-controller`.
        host: the node, for a kubelet.
    """

    def __init__(self, registry: Registry, component: str, *, host: str = "") -> None:
        self._registry = registry
        self._source = {"component": component, "host": host} if host else {"component": component}
        self._seen: OrderedDict[tuple[str, ...], tuple[str, str]] = OrderedDict()

    def record(
        self, obj: Object, event_type: Literal["Normal", "Warning"], reason: str, message: str, *, field_path: str = ""
    ) -> None:
        """Record that something happened to `obj`; never fails, as an event must not stop the work it tells of."""
        meta = obj["metadata"]
        identity = (meta.get("uid", ""), reason, message, event_type, field_path)
        try:
            if (seen := self._seen.get(identity)) and self._count(seen):
                return
            namespace = meta.get("namespace") or "default"
            event = self._new(obj, event_type, reason, message, field_path)
            stored = self._registry.create(_EVENTS, event, namespace=namespace, options=WriteOptions())
        except StatusError:
            return  # the namespace is going away, or the disk is full: the work itself will say so
        self._seen[identity] = (stored["metadata"]["namespace"], stored["metadata"]["name"])
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)

    def _count(self, seen: tuple[str, str]) -> bool:
        namespace, name = seen
        old = self._registry.find(_EVENTS, name, namespace)
        if old is None:
            return False
        event = deep_copy(old)
        event["count"] = event.get("count", 1) + 1
        event["lastTimestamp"] = format_time(self._registry.clock.now())
        self._registry.update(_EVENTS, name, event, namespace=namespace, options=WriteOptions())
        return True

    def _new(self, obj: Object, event_type: str, reason: str, message: str, field_path: str) -> Object:
        meta, now = obj["metadata"], format_time(self._registry.clock.now())
        namespace = meta.get("namespace") or "default"
        involved = {
            "kind": obj.get("kind", ""),
            "namespace": meta.get("namespace", ""),
            "name": meta["name"],
            "uid": meta.get("uid", ""),
            "apiVersion": obj.get("apiVersion", ""),
            "resourceVersion": meta.get("resourceVersion", ""),
            "fieldPath": field_path,
        }
        return {
            "metadata": {"name": self._name(meta["name"], namespace), "namespace": namespace},
            "involvedObject": {k: v for k, v in involved.items() if v},
            "reason": reason,
            "message": message,
            "source": dict(self._source),
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
            "type": event_type,
            "eventTime": None,
            "reportingComponent": self._source["component"],
            "reportingInstance": self._source.get("host", ""),
        }

    def _name(self, subject: str, namespace: str) -> str:
        """Name an event by its moment, as client-go does: events of one second are then listed as they happened."""
        stamp = int(self._registry.clock.now().timestamp() * 1_000_000) * 1000
        while self._registry.find(_EVENTS, f"{subject}.{stamp:x}", namespace):
            stamp += 1
        return f"{subject}.{stamp:x}"


def expire(registry: Registry) -> int:
    """Delete the events nobody has added to for an hour; return how many."""
    oldest = registry.clock.now() - _TIME_TO_LIVE
    stale = [e for e in registry.list(_EVENTS).items if _last_seen(e) and parse_time(_last_seen(e)) < oldest]
    for event in stale:
        meta = event["metadata"]
        registry.delete(_EVENTS, meta["name"], namespace=meta["namespace"], options=DeleteOptions())
    return len(stale)


def _last_seen(event: Object) -> str:
    return event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp") or ""
