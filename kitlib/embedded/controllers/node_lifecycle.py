"""Notices nodes that fall silent. Source: `pkg/controller/nodelifecycle` of Kubernetes.

A node without a heartbeat for the grace period is Unknown: it gets taints, its pods are not Ready any more. Whoever
removes pods from it is the taint eviction controller.
"""

from __future__ import annotations

from dataclasses import dataclass

from kitlib.clock import Clock
from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.times import format_time
from kitlib.embedded.controllers import podstate
from kitlib.embedded.controllers.controller import Controller
from kitlib.embedded.controllers.disruption_target import with_condition
from kitlib.embedded.controllers.node_timings import NodeTimings
from kitlib.embedded.controllers.taints import taints_of
from kitlib.embedded.registry.client import Client
from kitlib.embedded.registry.explanations import Reason

__all__ = ["NodeLifecycleController"]

_LEASES, _LEASE_NAMESPACE = "leases.coordination.k8s.io", "kube-node-lease"
_NOT_READY, _UNREACHABLE = "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"
_WATCHED = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")
_PRESSURES = {
    "MemoryPressure": "node.kubernetes.io/memory-pressure",
    "DiskPressure": "node.kubernetes.io/disk-pressure",
    "PIDPressure": "node.kubernetes.io/pid-pressure",
    "NetworkUnavailable": "node.kubernetes.io/network-unavailable",
}
_OWN_KEYS = {*_PRESSURES.values(), _NOT_READY, _UNREACHABLE, "node.kubernetes.io/unschedulable"}
# In a small cluster nobody is evicted any more once this many nodes, and this part of them, are not Ready.
_MANY, _MOST = 3, 0.55


@dataclass(slots=True)
class _Health:
    """The last sign of life: what it was, and when it was noticed."""

    sign: str
    noticed: float


class NodeLifecycleController(Controller):
    """Keeps conditions and taints of nodes true.

    Args:
        client: the API.
        clock: what silence is measured by.
        timings: how long a node may be silent.
    """

    name = "node-controller"

    def __init__(self, client: Client, clock: Clock, *, timings: NodeTimings) -> None:
        super().__init__(client, clock)
        self._grace = timings.grace
        self._health: dict[str, _Health] = {}

    def register(self) -> None:
        """Watch nodes and their leases."""
        self.watch_own("nodes")
        self.watch(_LEASES, lambda event: (objects.name(event.object),) if _is_heartbeat(event.object) else ())

    def reconcile(self, key: str) -> float | None:
        """Look at one node."""
        node = self.client.find("nodes", key)
        if node is None:
            if self._health.pop(key, None):
                self._look_at_others(key)
            return None
        if key not in self._health:
            text = f"Node {key} event: Registered Node {key} in Controller"
            self.client.event(node, "Normal", "RegisteredNode", text)
        left = self._grace - (self.clock.monotonic() - self._last_sign(node).noticed)
        ready = podstate.condition(node, "Ready")
        if left <= 0 and (ready is None or ready["status"] != "Unknown"):
            node = self._lose(node)
            ready = podstate.condition(node, "Ready")
        self._taint(node)
        if ready is not None and ready["status"] != "True":
            self._pods_not_ready(key)
        # A silent node is looked at again when it is heard.
        return max(left, 0.05) if left > 0 else None

    def _last_sign(self, node: Object) -> _Health:
        name = objects.name(node)
        lease = self.client.find(_LEASES, name, _LEASE_NAMESPACE)
        ready = podstate.condition(node, "Ready")
        reported = ready.get("lastHeartbeatTime") if ready and ready["status"] != "Unknown" else None
        sign = f"{(lease or {}).get('spec', {}).get('renewTime')} {reported}"
        known = self._health.get(name)
        heard = known is None or (known.sign != sign and not sign.endswith(" None"))
        if known is None or heard:
            known = self._health[name] = _Health(sign, self.clock.monotonic())
        return known

    def _lose(self, node: Object) -> Object:
        name, now = objects.name(node), format_time(self.clock.now())
        old = {one["type"]: one for one in (node.get("status") or {}).get("conditions") or []}
        conditions = []
        for kind in _WATCHED:
            known = old.pop(kind, {})
            never = not known
            reason = "NodeStatusNeverUpdated" if never else "NodeStatusUnknown"
            message = "Kubelet never posted node status." if never else "Kubelet stopped posting node status."
            since = known.get("lastTransitionTime", now) if known.get("status") == "Unknown" else now
            lost = {"type": kind, "status": "Unknown", "lastHeartbeatTime": known.get("lastHeartbeatTime", now)}
            conditions.append(lost | {"lastTransitionTime": since, "reason": reason, "message": message})
        changed = objects.deep_copy(node)
        changed.setdefault("status", {})["conditions"] = [*conditions, *old.values()]
        self.client.event(node, "Normal", "NodeNotReady", f"Node {name} status is now: NodeNotReady")
        self.client.explain(name, [Reason(f"node/{name}", f"{name} is Unknown: no heartbeat for {self._grace:g} s")])
        return self.client.update("nodes", changed, subresource="status")

    # -- taints ------------------------------------------------------------------------------------------------------

    def _taint(self, node: Object) -> None:
        """Give the node the taints that follow from its state, and no others of this controller's."""
        wanted = self._wanted(node)
        present = taints_of(node)
        own = {(taint["key"], taint["effect"]) for taint in present if taint["key"] in _OWN_KEYS}
        if own == set(wanted):
            return
        now = format_time(self.clock.now())
        kept = [t for t in present if t["key"] not in _OWN_KEYS or (t["key"], t["effect"]) in wanted]
        new = [{"key": key, "effect": effect, "timeAdded": now} for key, effect in wanted if (key, effect) not in own]
        changed = objects.deep_copy(node)
        changed["spec"]["taints"] = [*kept, *new]
        self.client.update("nodes", changed)
        # Whether others may be evicted depends on how many are well.
        self._look_at_others(objects.name(node))

    def _wanted(self, node: Object) -> list[tuple[str, str]]:
        wanted: list[tuple[str, str]] = []
        ready = podstate.condition(node, "Ready")
        if ready is not None and ready["status"] != "True":
            key = _UNREACHABLE if ready["status"] == "Unknown" else _NOT_READY
            wanted.append((key, "NoSchedule"))
            if self._may_evict(key, node):
                wanted.append((key, "NoExecute"))
        for kind, key in _PRESSURES.items():
            condition = podstate.condition(node, kind)
            if condition is not None and condition["status"] == "True":
                wanted.append((key, "NoSchedule"))
        if node["spec"].get("unschedulable"):
            wanted.append(("node.kubernetes.io/unschedulable", "NoSchedule"))
        return wanted

    def _may_evict(self, key: str, node: Object) -> bool:
        """With all nodes gone, or most of them, the fault is more likely the observer's: nobody new is evicted."""
        nodes = self.client.list("nodes")
        lost = sum(not podstate.is_ready(one) for one in nodes)
        if lost == len(nodes):
            return False
        has_it = any(taint["key"] == key and taint["effect"] == "NoExecute" for taint in taints_of(node))
        return has_it or lost < _MANY or lost / len(nodes) < _MOST

    def _look_at_others(self, name: str) -> None:
        for other in self._health:
            if other != name:
                self.queue.add(other)

    def _pods_not_ready(self, node: str) -> None:
        for pod in self.client.list("pods", field_selector=f"spec.nodeName={node}"):
            if podstate.is_ready(pod):
                ready = podstate.condition(pod, "Ready") or {}
                fields = {key: ready[key] for key in ("reason", "message") if key in ready}
                marked = with_condition(pod, self.clock, "Ready", "False", **fields)
                self.client.update("pods", marked, subresource="status")
                self.client.event(pod, "Warning", "NodeNotReady", "Node is not ready")


def _is_heartbeat(lease: Object) -> bool:
    return objects.namespace(lease) == _LEASE_NAMESPACE
