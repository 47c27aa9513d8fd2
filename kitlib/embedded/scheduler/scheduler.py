"""The scheduler: one pod at a time, filters and scores, then a binding. Source: kube-scheduler's scheduling cycle.

A pod that fits nowhere is tried again when something changes that might help, never by polling.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kitlib.clock import Clock
from kitlib.embedded.apimachinery import objects, selectors
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.selectors import NOTHING, Selector
from kitlib.embedded.controllers import podstate, volume_matching
from kitlib.embedded.controllers.controller import Controller
from kitlib.embedded.controllers.disruption_target import mark_disrupted, with_condition
from kitlib.embedded.registry.client import Client
from kitlib.embedded.registry.explanations import Reason
from kitlib.embedded.scheduler.cache import Cache
from kitlib.embedded.scheduler.cycle import Candidate, Cycle
from kitlib.embedded.scheduler.filters import Rejection
from kitlib.embedded.scheduler.messages import fit_message
from kitlib.embedded.scheduler.node_info import NodeInfo, PodInfo
from kitlib.embedded.scheduler.preemption import Eviction, Preemption, why_not_eligible
from kitlib.embedded.scheduler.queue import PriorityQueue
from kitlib.embedded.scheduler.topology_spread import Constraint, constraints_of, default_constraints
from kitlib.embedded.scheduler.volumes import SELECTED_NODE, PodVolumes, gather
from kitlib.embedded.storage.event import Event

__all__ = ["Scheduler"]

_STORAGE = ("persistentvolumeclaims", "persistentvolumes", "storageclasses.storage.k8s.io")
_OWNERS = {
    "ReplicaSet": "replicasets.apps",
    "ReplicationController": "replicationcontrollers",
    "StatefulSet": "statefulsets.apps",
}
_PREEMPTING = "default-scheduler: preempting to accommodate a higher priority pod"


class Scheduler(Controller):
    """Binds pods to nodes.

    Args:
        client: its component is `default-scheduler`.
        clock: stamps conditions.
    """

    name = "default-scheduler"

    def __init__(self, client: Client, clock: Clock) -> None:
        super().__init__(client, clock)
        self.queue = PriorityQueue(clock, self._priority)
        self._cache = Cache()
        self._stuck: dict[str, Object] = {}

    def register(self) -> None:
        """Watch pods, and whatever could make room or storage for one."""
        # First the cache: whoever is tried again because of an event must be tried on what it has changed.
        self._unsubscribe.append(self.client.subscribe("nodes", self._cache.on_node))
        self._unsubscribe.append(self.client.subscribe("pods", self._cache.on_pod))
        self.watch("nodes", self._on_node)
        for resource in _STORAGE:
            self.watch(resource, lambda _: [key for key, pod in self._stuck.items() if pod["spec"].get("volumes")])
        self.watch("pods", self._on_pod)

    def reconcile(self, key: str) -> None:
        """Try to place one pod."""
        namespace, name = objects.split_key(key)
        pod = self.client.find("pods", name, namespace)
        self._stuck.pop(key, None)
        if pod is None:
            self.client.explain(key, ())
        if pod is None or not _is_mine(pod):
            return
        if pod["spec"].get("schedulingGates"):
            text = "Scheduling is blocked due to non-empty scheduling gates"
            self._set_condition(pod, "SchedulingGated", text)
            self._explain(key, f"{name} is not scheduled: it has scheduling gates")
            return
        nodes, volumes = self._cache.nodes(), gather(self.client, pod)
        if not nodes:
            self._fail(key, pod, "no nodes available to schedule pods")
        elif volumes.problem:
            final = Rejection((), final=True)
            start = f"0/{len(nodes)} nodes are available: {volumes.problem}."
            self._find_room(key, self._candidate(pod, volumes), dict.fromkeys((n.name for n in nodes), final), start)
        else:
            self._schedule(key, self._candidate(pod, volumes), nodes)

    def _schedule(self, key: str, candidate: Candidate, nodes: list[NodeInfo]) -> None:
        cycle = Cycle(candidate, nodes)
        verdicts = {info.name: self._rejection(cycle, candidate, info) for info in nodes}
        rejections = {name: verdict for name, verdict in verdicts.items() if verdict is not None}
        fitting = [info for info in nodes if info.name not in rejections]
        if not fitting:
            self._find_room(key, candidate, rejections, fit_message(len(nodes), rejections.values()))
            return
        promised = (candidate.info.pod.get("status") or {}).get("nominatedNodeName")
        kept = next((info for info in fitting if info.name == promised), None)
        best = kept or cycle.best(fitting)
        if candidate.volumes.waiting:
            self._reserve(key, candidate, best)
            return
        node = best.name
        namespace, name = objects.split_key(key)
        self.client.bind(namespace, name, node)
        self._explain(key, f"{name} is assigned to {node}")
        self.client.event(candidate.info.pod, "Normal", "Scheduled", f"Successfully assigned {key} to {node}")

    def _rejection(self, cycle: Cycle, candidate: Candidate, info: NodeInfo) -> Rejection | None:
        """Return the reason against a node, also when the pods that were promised room there arrive."""
        found = cycle.rejection(info)
        pod = candidate.info
        promised = [p for p in self._cache.nominated(info.name) if p.uid != pod.uid and p.priority >= pod.priority]
        if found or not promised:
            return found
        trial = info.copy()
        for other in promised:
            trial.add(other)
        nodes = [trial if each is info else each for each in self._cache.nodes()]
        return Cycle(candidate, nodes).rejection(trial)

    def _reserve(self, key: str, candidate: Candidate, node: NodeInfo) -> None:
        """Reserve volumes, or say on the claims for which node one is needed, and wait: the claims are bound first."""
        self._stuck[key] = candidate.info.pod
        names = [objects.name(claim) for claim, _ in candidate.volumes.waiting]
        self._explain(key, f"{objects.split_key(key)[1]} waits for its volumes on {node.name}: {', '.join(names)}")
        for claim, volume in candidate.volumes.choices(node):
            if volume is None and SELECTED_NODE not in objects.annotations(claim):
                patch: Object = {"metadata": {"annotations": {SELECTED_NODE: node.name}}}
                namespace = objects.namespace(claim)
                self.client.patch("persistentvolumeclaims", objects.name(claim), patch, namespace=namespace)
            elif volume is not None and not volume_matching.is_claimed_by(volume, claim):
                self.client.update("persistentvolumes", volume_matching.claimed_for(volume, claim))

    # -- no room -----------------------------------------------------------------------------------------------------

    def _find_room(self, key: str, candidate: Candidate, rejections: Mapping[str, Rejection], message: str) -> None:
        """Remove pods of lower priority if that helps; in any case the pod has to wait."""
        nodes, pod = self._cache.nodes(), candidate.info.pod
        self._stuck[key] = pod  # before anybody goes: a pod without grace is gone at once
        eviction, why = None, why_not_eligible(pod, nodes)
        nominated = (pod.get("status") or {}).get("nominatedNodeName") or ""
        if not why:
            budgets = self.client.list("poddisruptionbudgets.policy")
            eviction, why = Preemption(candidate, nodes, budgets).choose(rejections)
            nominated = eviction.node if eviction else ""
        if eviction is not None:
            self._evict(candidate.info, eviction)
        self._fail(key, pod, f"{message} preemption: {why}" if why else message, nominated=nominated)

    def _evict(self, pod: PodInfo, eviction: Eviction) -> None:
        for victim in eviction.victims:
            found = self.client.find("pods", objects.name(victim.pod), objects.namespace(victim.pod))
            if found is None or objects.is_terminating(found):
                continue
            mark_disrupted(self.client, self.clock, found, reason="PreemptionByScheduler", message=_PREEMPTING)
            self.client.delete("pods", objects.name(found), objects.namespace(found), uid=objects.uid(found))
            text = f"Preempted by pod {pod.uid} on node {eviction.node}"
            self.client.event(found, "Normal", "Preempted", text)
        for other in self._cache.nominated(eviction.node):
            if other.priority < pod.priority:
                patch: Object = {"status": {"nominatedNodeName": None}}
                name, namespace = objects.name(other.pod), objects.namespace(other.pod)
                self.client.patch("pods", name, patch, namespace=namespace, subresource="status")

    def _fail(self, key: str, pod: Object, message: str, *, nominated: str = "") -> None:
        self._stuck[key] = pod
        self._explain(key, f"{objects.name(pod)} is not scheduled: {message}")
        known = podstate.condition(pod, "PodScheduled")
        if known is None or known.get("message") != message:
            self.client.event(pod, "Warning", "FailedScheduling", message)
        self._set_condition(pod, "Unschedulable", message, nominated=nominated)

    def _set_condition(self, pod: Object, reason: str, message: str, *, nominated: str = "") -> None:
        known, status = podstate.condition(pod, "PodScheduled"), pod.get("status") or {}
        same = known is not None and (known.get("reason"), known.get("message")) == (reason, message)
        if same and (status.get("nominatedNodeName") or "") == nominated:
            return
        changed = with_condition(pod, self.clock, "PodScheduled", "False", reason=reason, message=message)
        changed["status"].pop("nominatedNodeName", None)
        if nominated:
            changed["status"]["nominatedNodeName"] = nominated
        self.client.update("pods", changed, subresource="status")

    # -- what there is to know ---------------------------------------------------------------------------------------

    def _candidate(self, pod: Object, volumes: PodVolumes) -> Candidate:
        return Candidate(PodInfo.of(pod), volumes, self._spread(pod), self._namespace_labels)

    def _spread(self, pod: Object) -> tuple[Constraint, ...]:
        if own := constraints_of(pod):
            return own
        selector = self._company(pod)
        return () if selector.never else default_constraints(selector)

    def _company(self, pod: Object) -> Selector:
        """Return the selector of the pods that this one is a replica of: those of its services and of its owner."""
        namespace, labels = objects.namespace(pod), objects.labels(pod)
        found: list[Selector] = []
        for service in self.client.list("services", namespace) if labels else ():
            wanted: dict[str, str] = service["spec"].get("selector") or {}
            if wanted and wanted.items() <= labels.items():
                found.append(selectors.from_label_selector({"matchLabels": wanted}))
        owner = objects.controller_of(pod)
        if owner is not None and (resource := _OWNERS.get(owner["kind"])):
            known = self.client.find(resource, owner["name"], namespace)
            if known is not None:
                found.append(selectors.from_label_selector(selectors.of_workload(known)))
        return Selector(tuple(term for each in found for term in each.requirements)) if found else NOTHING

    def _namespace_labels(self, name: str) -> Mapping[str, str]:
        namespace = self.client.find("namespaces", name)
        return objects.labels(namespace) if namespace is not None else {}

    def _priority(self, key: str) -> int:
        namespace, name = objects.split_key(key)
        pod = self.client.find("pods", name, namespace)
        return int(pod["spec"].get("priority") or 0) if pod is not None else 0

    def _explain(self, key: str, text: str) -> None:
        self.client.explain(key, [Reason(f"pod/{objects.split_key(key)[1]}", text)])

    # -- what may help -----------------------------------------------------------------------------------------------

    def _on_node(self, event: Event) -> Iterable[str]:
        new, old = event.object, event.old
        if event.type == "DELETED":
            return ()
        same = old is not None and _offer(old) == _offer(new)
        return () if same else tuple(self._stuck)

    def _on_pod(self, event: Event) -> Iterable[str]:
        pod, old = event.object, event.old
        if event.type == "DELETED" or podstate.is_finished(pod):
            self._stuck.pop(objects.key(pod), None)
            if event.type == "DELETED":
                self.client.explain(objects.key(pod), ())
            had_room = pod["spec"].get("nodeName") or (pod.get("status") or {}).get("nominatedNodeName")
            return tuple(self._stuck) if had_room else ()
        if pod["spec"].get("nodeName"):
            # A pod that others want to be near, or far from, may just have found its place or changed its name.
            moved = old is None or not old["spec"].get("nodeName") or objects.labels(old) != objects.labels(pod)
            ending = old is not None and objects.is_terminating(old) != objects.is_terminating(pod)
            return [key for key, stuck in self._stuck.items() if _looks_at_pods(stuck)] if moved or ending else ()
        # The scheduler's own write of a condition is no reason to try again.
        changed = old is None or old["spec"] != pod["spec"] or objects.labels(old) != objects.labels(pod)
        return [objects.key(pod)] if changed and _is_mine(pod) else ()


def _is_mine(pod: Object) -> bool:
    scheduler = pod["spec"].get("schedulerName") or "default-scheduler"
    placed = pod["spec"].get("nodeName") or objects.is_terminating(pod) or podstate.is_finished(pod)
    return scheduler == "default-scheduler" and not placed


def _offer(node: Object) -> tuple[object, ...]:
    """Return what a node has that a pod may ask for."""
    return node.get("spec"), objects.labels(node), (node.get("status") or {}).get("allocatable")


def _looks_at_pods(pod: Object) -> bool:
    affinity = pod["spec"].get("affinity") or {}
    return bool(
        affinity.get("podAffinity") or affinity.get("podAntiAffinity") or pod["spec"].get("topologySpreadConstraints")
    )
