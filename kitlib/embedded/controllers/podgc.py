"""Removes pods that no kubelet will ever finish. Source: `pkg/controller/podgc` of Kubernetes."""

from __future__ import annotations

from collections.abc import Iterable

from kitlib.clock import Clock
from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.controllers import podstate
from kitlib.embedded.controllers.controller import Controller
from kitlib.embedded.controllers.disruption_target import with_condition
from kitlib.embedded.controllers.node_timings import NodeTimings
from kitlib.embedded.controllers.taints import taints_of
from kitlib.embedded.registry.client import Client
from kitlib.embedded.registry.explanations import Reason
from kitlib.embedded.storage.event import Event

__all__ = ["PodGarbageCollector"]

_OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"


class PodGarbageCollector(Controller):
    """Deletes by force: pods of a node that does not exist, terminating pods that never had one, or whose is given up.

    Args:
        client: the API.
        clock: for the quarantine.
        timings: a node that registers again within its quarantine keeps its pods.
    """

    name = "pod-garbage-collector-controller"

    def __init__(self, client: Client, clock: Clock, *, timings: NodeTimings) -> None:
        super().__init__(client, clock)
        self._quarantine = timings.quarantine
        self._lost: dict[str, float] = {}

    def register(self) -> None:
        """Watch pods, and nodes that go or are given up."""
        self.watch_own("pods")
        self.watch("nodes", self._pods_of_node)

    def reconcile(self, key: str) -> float | None:
        """Look at one pod."""
        namespace, name = objects.split_key(key)
        pod = self.client.find("pods", name, namespace)
        if pod is None:
            self.client.explain(key, ())
            return None
        node_name = pod["spec"].get("nodeName")
        if not node_name:
            if objects.is_terminating(pod):
                self._delete(pod, "it is to go, and no node has it")
            return None
        node = self.client.find("nodes", node_name)
        if node is None:
            return self._check_lost(pod, node_name)
        given_up = any(taint["key"] == _OUT_OF_SERVICE for taint in taints_of(node))
        if objects.is_terminating(pod) and given_up and not podstate.is_ready(node):
            self._delete(self._failed(pod), f"its node {node_name} is out of service")
        return None

    def _check_lost(self, pod: Object, node: str) -> float | None:
        left = self._lost.setdefault(node, self.clock.monotonic()) + self._quarantine - self.clock.monotonic()
        if left > 0:
            return left
        if not podstate.is_finished(pod):
            message = "PodGC: node no longer exists"
            fields = {"reason": "DeletionByPodGC", "message": message}
            pod = self._failed(with_condition(pod, self.clock, "DisruptionTarget", "True", **fields))
        self._delete(pod, f"its node {node} does not exist any more")
        return None

    def _failed(self, pod: Object) -> Object:
        failed = objects.deep_copy(pod)
        if not podstate.is_finished(pod):
            failed["status"]["phase"] = "Failed"
        return self.client.update("pods", failed, subresource="status")

    def _delete(self, pod: Object, why: str) -> None:
        name, namespace = objects.name(pod), objects.namespace(pod)
        self.client.explain(objects.key(pod), [Reason(f"pod/{name}", f"{name} is deleted by force: {why}")])
        self.client.delete("pods", name, namespace, grace_period_seconds=0, uid=objects.uid(pod))

    def _pods_of_node(self, event: Event) -> Iterable[str]:
        node, new = objects.name(event.object), event.object
        if event.type == "DELETED":
            self._lost[node] = self.clock.monotonic()
        else:
            self._lost.pop(node, None)
            if not any(taint["key"] == _OUT_OF_SERVICE for taint in taints_of(new)):
                return ()
        pods = self.client.list("pods", field_selector=f"spec.nodeName={node}")
        return [objects.key(pod) for pod in pods]
