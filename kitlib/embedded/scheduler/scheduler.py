"""The scheduler: one pod at a time, filters, then a binding. Source: kube-scheduler's scheduling cycle.

A pod that fits nowhere is tried again when something changes that might help, never by polling.
"""

from __future__ import annotations

from collections import Counter

from kitlib.clock import Clock
from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.times import format_time
from kitlib.embedded.controllers import podstate
from kitlib.embedded.controllers.controller import Controller
from kitlib.embedded.registry.client import Client
from kitlib.embedded.registry.explanations import Reason
from kitlib.embedded.scheduler.filters import FILTERS
from kitlib.embedded.scheduler.node_info import NodeInfo
from kitlib.embedded.scheduler.pod_affinity import pod_affinity
from kitlib.embedded.scheduler.volumes import SELECTED_NODE, PodVolumes, gather
from kitlib.embedded.storage.event import Event

__all__ = ["Scheduler"]

_HELPFUL = ("nodes", "persistentvolumeclaims", "persistentvolumes", "storageclasses.storage.k8s.io")


class Scheduler(Controller):
    """Binds pods to nodes.

    Args:
        client: its component is `default-scheduler`.
        clock: stamps conditions.
    """

    name = "default-scheduler"

    def __init__(self, client: Client, clock: Clock) -> None:
        super().__init__(client, clock)
        self._stuck: set[str] = set()

    def register(self) -> None:
        """Watch pods, and whatever could make room or storage for one."""
        for resource in _HELPFUL:
            self.watch(resource, lambda _: tuple(self._stuck))
        self.watch("pods", self._on_pod)

    def reconcile(self, key: str) -> None:
        """Try to place one pod."""
        namespace, name = objects.split_key(key)
        pod = self.client.find("pods", name, namespace)
        self._stuck.discard(key)
        if pod is None:
            self.client.explain(key, ())
        if pod is None or not _is_mine(pod):
            return
        if pod["spec"].get("schedulingGates"):
            text = "Scheduling is blocked due to non-empty scheduling gates"
            self._set_condition(pod, "SchedulingGated", text)
            self._explain(key, f"{name} is not scheduled: it has scheduling gates")
            return
        volumes = gather(self.client, pod)
        nodes = self._nodes()
        fitting, rejections = _filter(pod, nodes, volumes)
        if not fitting:
            self._fail(key, pod, _message(len(nodes), volumes.problem, rejections))
            return
        node = min(fitting, key=lambda info: (len(info.pods), info.name)).name
        if volumes.waiting:
            self._reserve(key, volumes, node)
            return
        self.client.bind(namespace, name, node)
        self._explain(key, f"{name} is assigned to {node}")
        self.client.event(pod, "Normal", "Scheduled", f"Successfully assigned {key} to {node}")

    def _reserve(self, key: str, volumes: PodVolumes, node: str) -> None:
        """Say on the claims where the pod will run, and wait: the pod is bound when its claims are."""
        self._stuck.add(key)
        names = [objects.name(claim) for claim, _ in volumes.waiting]
        self._explain(key, f"{objects.split_key(key)[1]} waits for its volumes on {node}: {', '.join(names)}")
        for claim, _ in volumes.waiting:
            if SELECTED_NODE not in objects.annotations(claim):
                patch: Object = {"metadata": {"annotations": {SELECTED_NODE: node}}}
                namespace = objects.namespace(claim)
                self.client.patch("persistentvolumeclaims", objects.name(claim), patch, namespace=namespace)

    def _nodes(self) -> list[NodeInfo]:
        by_node: dict[str, list[Object]] = {}
        for pod in self.client.list("pods"):
            node = pod["spec"].get("nodeName")
            if node and not podstate.is_finished(pod):
                by_node.setdefault(node, []).append(pod)
        nodes = self.client.list("nodes")
        return [NodeInfo(node, tuple(by_node.get(objects.name(node), ()))) for node in nodes]

    def _fail(self, key: str, pod: Object, message: str) -> None:
        self._stuck.add(key)
        self._explain(key, f"{objects.name(pod)} is not scheduled: {message}")
        known = podstate.condition(pod, "PodScheduled")
        if known is None or known.get("message") != message:
            self.client.event(pod, "Warning", "FailedScheduling", message)
        self._set_condition(pod, "Unschedulable", message)

    def _set_condition(self, pod: Object, reason: str, message: str) -> None:
        old = podstate.condition(pod, "PodScheduled")
        if old is not None and (old.get("reason"), old.get("message")) == (reason, message):
            return
        since = old["lastTransitionTime"] if old and old["status"] == "False" else format_time(self.clock.now())
        condition = {
            "type": "PodScheduled",
            "status": "False",
            "lastProbeTime": None,
            "lastTransitionTime": since,
            "reason": reason,
            "message": message,
        }
        copy = objects.deep_copy(pod)
        others = [item for item in copy["status"].get("conditions") or [] if item["type"] != "PodScheduled"]
        copy["status"]["conditions"] = [*others, condition]
        self.client.update("pods", copy, subresource="status")

    def _explain(self, key: str, text: str) -> None:
        self.client.explain(key, [Reason(f"pod/{objects.split_key(key)[1]}", text)])

    def _on_pod(self, event: Event) -> list[str]:
        pod, old = event.object, event.old
        if event.type == "DELETED" or podstate.is_finished(pod):
            return list(self._stuck)
        if pod["spec"].get("nodeName"):
            # A pod that others want to be near may just have found its place.
            return list(self._stuck) if old is not None and not old["spec"].get("nodeName") else []
        # The scheduler's own write of a condition is no reason to try again.
        changed = old is None or old["spec"] != pod["spec"] or objects.labels(old) != objects.labels(pod)
        return [objects.key(pod)] if changed and _is_mine(pod) else []


def _is_mine(pod: Object) -> bool:
    scheduler = pod["spec"].get("schedulerName") or "default-scheduler"
    placed = pod["spec"].get("nodeName") or objects.is_terminating(pod) or podstate.is_finished(pod)
    return scheduler == "default-scheduler" and not placed


def _filter(pod: Object, nodes: list[NodeInfo], volumes: PodVolumes) -> tuple[list[NodeInfo], list[str]]:
    if volumes.problem:
        return [], []
    fitting: list[NodeInfo] = []
    rejections: list[str] = []
    for info in nodes:
        reason = next((text for check in FILTERS if (text := check(pod, info))), "")
        reason = reason or volumes.against(info) or pod_affinity(pod, info, nodes)
        if reason:
            rejections.append(reason)
        else:
            fitting.append(info)
    return fitting, rejections


def _message(nodes: int, problem: str, rejections: list[str]) -> str:
    if not nodes:
        return "no nodes available to schedule pods"
    reasons = problem or ", ".join(sorted(f"{count} {reason}" for reason, count in Counter(rejections).items()))
    unhelpful = f"preemption: 0/{nodes} nodes are available: {nodes} Preemption is not helpful for scheduling."
    return f"0/{nodes} nodes are available: {reasons}. {unhelpful}"
