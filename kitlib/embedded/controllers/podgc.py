"""Removes pods that no kubelet will ever finish. Source: `pkg/controller/podgc` of Kubernetes."""

from __future__ import annotations

from kitlib.clock import Clock
from kitlib.embedded.apimachinery import objects
from kitlib.embedded.controllers.controller import Controller
from kitlib.embedded.registry.client import Client
from kitlib.embedded.storage.event import Event

__all__ = ["PodGarbageCollector"]


class PodGarbageCollector(Controller):
    """Deletes pods bound to a node that does not exist, and terminating pods that were never scheduled."""

    name = "pod-garbage-collector-controller"
    # A node that re-registers within this time keeps its pods.
    quarantine = 40.0

    def __init__(self, client: Client, clock: Clock) -> None:
        super().__init__(client, clock)
        self._lost: dict[str, float] = {}

    def register(self) -> None:
        """Watch pods, and nodes that go."""
        self.watch_own("pods")
        self.watch("nodes", self._pods_of_lost_node)

    def reconcile(self, key: str) -> float | None:
        """Look at one pod."""
        namespace, name = objects.split_key(key)
        pod = self.client.find("pods", name, namespace)
        if pod is None:
            return None
        node = pod["spec"].get("nodeName")
        if node:
            return self._check_node(key, node)
        if objects.is_terminating(pod):
            self._remove(namespace, name, objects.uid(pod))
        return None

    def _check_node(self, key: str, node: str) -> float | None:
        lost_since = self._lost.get(node)
        if self.client.find("nodes", node) is not None or lost_since is None:
            return None
        left = lost_since + self.quarantine - self.clock.monotonic()
        if left > 0:
            return left
        namespace, name = objects.split_key(key)
        self._remove(namespace, name, "")
        return None

    def _remove(self, namespace: str, name: str, uid: str) -> None:
        self.client.delete("pods", name, namespace, grace_period_seconds=0, uid=uid)

    def _pods_of_lost_node(self, event: Event) -> list[str]:
        node = objects.name(event.object)
        if event.type != "DELETED":
            self._lost.pop(node, None)
            return []
        self._lost[node] = self.clock.monotonic()
        pods = self.client.list("pods", field_selector=f"spec.nodeName={node}")
        return [objects.key(pod) for pod in pods]
