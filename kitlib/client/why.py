"""Why is it as it is? What the cluster's parts decided about an object, told together with its events.

The embedded cluster keeps the reason of every decision; any other cluster throws them away, so there the events, and
what `diagnosis` can conclude from the objects, have to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kitlib.client.diagnosis import Diagnosis, diagnose_namespace
from kitlib.client.failures import ApiError

if TYPE_CHECKING:
    from kitlib.client.cluster import Cluster

__all__ = ["Cause", "Why", "why"]


@dataclass(frozen=True, slots=True)
class Cause:
    """One decision or event.

    Args:
        time: RFC 3339, when it began.
        component: who decided or reported it.
        text: a sentence.
        stands: whether it still holds; events tell of the past only.
    """

    time: str
    component: str
    text: str
    stands: bool = False


@dataclass(frozen=True, slots=True)
class Why:
    """All that is known about the state of one object.

    Args:
        thing: for example `pod/web-2`.
        exists: whether the object is there.
        causes: oldest first.
        obstacles: what holds it up, each with a fix.
    """

    thing: str
    exists: bool
    causes: tuple[Cause, ...]
    obstacles: tuple[Diagnosis, ...] = ()


def why(cluster: Cluster, kind: str, name: str, *, namespace: str | None = None) -> Why:
    """Tell why an object is as it is, or is not there.

    Raises:
        UsageError: the cluster has no such kind.

    Example:
        >>> why(connect(), "pod", "web-2").causes[-1].text  # doctest: +SKIP
        'web-2 is not created: web-1 is not Ready, policy OrderedReady'
    """
    resource = cluster.mapper.named(kind)
    namespace = namespace or cluster.access.namespace
    where = namespace if resource.namespaced else ""
    path = resource.path(namespace=where, name=name, subresource="decisions")
    causes = [*_decisions(cluster, path), *_events(cluster, resource.kind, name, where or "default")]
    obstacles = diagnose_namespace(cluster, namespace) if resource.namespaced else ()
    return Why(
        thing=f"{resource.kind.lower()}/{name}",
        exists=cluster.find(kind, name, namespace=namespace) is not None,
        causes=tuple(sorted(causes, key=lambda cause: cause.time)),
        obstacles=tuple(found for found in obstacles if found.thing.endswith(f" {name}")),
    )


def _decisions(cluster: Cluster, path: str) -> Iterator[Cause]:
    try:
        items = cluster.transport.json("GET", path).get("items") or []
    except ApiError as error:
        if error.code in (403, 404, 405):  # not the kit's own cluster
            return
        raise
    for item in items:
        yield Cause(item["since"], item["component"], item["text"], stands=item["until"] is None)


def _events(cluster: Cluster, kind: str, name: str, namespace: str) -> Iterator[Cause]:
    fields = f"involvedObject.kind={kind},involvedObject.name={name}"
    for event in cluster.list("events", namespace=namespace, fields=fields):
        yield Cause(
            _time(event), _reporter(event), f"{event.get('reason', '')}: {event.get('message', '')}{_count(event)}"
        )


def _time(event: dict[str, Any]) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or event["metadata"]["creationTimestamp"])


def _reporter(event: dict[str, Any]) -> str:
    return str((event.get("source") or {}).get("component") or event.get("reportingComponent") or "")


def _count(event: dict[str, Any]) -> str:
    count = int(event.get("count") or 1)
    return f" ({count} times)" if count > 1 else ""
