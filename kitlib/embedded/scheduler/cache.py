"""The nodes and what is on them, kept up as pods come and go. Source: kube-scheduler's cache.

It follows the store, which tells of a change within the write: what it says is never stale.
"""

from __future__ import annotations

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.controllers import podstate
from kitlib.embedded.controllers.pod_requests import held_in_resize
from kitlib.embedded.scheduler.node_info import NodeInfo, PodInfo
from kitlib.embedded.storage.event import Event

__all__ = ["Cache"]


class Cache:
    """Takes the events of nodes and pods; gives `NodeInfo`s."""

    def __init__(self) -> None:
        self._nodes: dict[str, NodeInfo] = {}
        self._homeless: dict[str, dict[str, PodInfo]] = {}  # by the name of a node that is not there
        self._nominated: dict[str, tuple[str, PodInfo]] = {}

    def nodes(self) -> list[NodeInfo]:
        """Return all nodes in the order of their names; live views, don't change them."""
        return [self._nodes[name] for name in sorted(self._nodes)]

    def nominated(self, node: str) -> list[PodInfo]:
        """Return the pods that others were removed for on this node, and that are not bound yet."""
        return [pod for where, pod in self._nominated.values() if where == node]

    def on_node(self, event: Event) -> None:
        """Take an event of a node."""
        name = objects.name(event.object)
        known = self._nodes.get(name)
        if event.type == "DELETED":
            if known is not None:
                self._homeless[name] = dict(known.pods)
                del self._nodes[name]
        elif known is not None:
            known.set_node(event.object)
        else:
            self._nodes[name] = NodeInfo(event.object, self._homeless.pop(name, {}).values())

    def on_pod(self, event: Event) -> None:
        """Take an event of a pod."""
        pod, uid = event.object, objects.uid(event.object)
        gone = event.type == "DELETED" or podstate.is_finished(pod)
        node = pod["spec"].get("nodeName") or ""
        self._nominate(pod, uid, "" if gone or node else (pod.get("status") or {}).get("nominatedNodeName") or "")
        if node:
            self._place(node, uid, None if gone else pod)

    def _nominate(self, pod: Object, uid: str, node: str) -> None:
        if node:
            self._nominated[uid] = (node, PodInfo.of(pod))
        else:
            self._nominated.pop(uid, None)

    def _place(self, node: str, uid: str, pod: Object | None) -> None:
        info = self._nodes.get(node)
        there = info.pods if info is not None else self._homeless.setdefault(node, {})
        known = there.get(uid)
        if pod is not None and known is not None and _is_same(known.pod, pod):
            return
        if info is not None:
            info.remove(uid)
            if pod is not None:
                info.add(PodInfo.of(pod))
        elif pod is not None:
            there[uid] = PodInfo.of(pod)
        elif not there or there.pop(uid, None) is None or not there:
            self._homeless.pop(node, None)


def _is_same(old: Object, new: Object) -> bool:
    """Tell whether nothing has changed that scheduling looks at."""
    return (
        old["spec"] == new["spec"]
        and objects.labels(old) == objects.labels(new)
        and objects.is_terminating(old) == objects.is_terminating(new)
        and held_in_resize(old) == held_in_resize(new)
    )
