"""Removes pods from nodes with NoExecute taints that they do not tolerate, or no longer.

Source: `pkg/controller/tainteviction` of Kubernetes.
"""

from __future__ import annotations

from collections.abc import Iterable

from kitlib.clock import Clock
from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.controllers import podstate
from kitlib.embedded.controllers.controller import Controller
from kitlib.embedded.controllers.disruption_target import mark_disrupted
from kitlib.embedded.controllers.taints import taints_of, tolerates, tolerations_of
from kitlib.embedded.registry.client import Client
from kitlib.embedded.registry.explanations import Reason
from kitlib.embedded.storage.event import Event

__all__ = ["TaintEvictionController", "patience"]

_MESSAGE = "Taint manager: deleting due to NoExecute taint"


class TaintEvictionController(Controller):
    """Deletes pods when the time that they tolerate is over."""

    name = "taint-eviction-controller"

    def __init__(self, client: Client, clock: Clock) -> None:
        super().__init__(client, clock)
        self._since: dict[str, float] = {}  # when a pod was first seen on a tainted node, by UID

    def register(self) -> None:
        """Watch pods, and the taints of nodes."""
        self.watch_own("pods")
        self.watch("nodes", self._pods_of_changed)

    def reconcile(self, key: str) -> float | None:
        """Look at one pod."""
        namespace, name = objects.split_key(key)
        pod = self.client.find("pods", name, namespace)
        if pod is None or objects.is_terminating(pod) or podstate.is_finished(pod):
            return None
        node = self.client.find("nodes", pod["spec"].get("nodeName") or "")
        allowed = patience(pod, _no_execute(node)) if node is not None else None
        uid = objects.uid(pod)
        if allowed is None:
            if self._since.pop(uid, None) is not None:
                self.client.event(pod, "Normal", "TaintManagerEviction", f"Cancelling deletion of Pod {key}")
                self.client.explain(key, ())
            return None
        left = self._since.setdefault(uid, self.clock.monotonic()) + allowed - self.clock.monotonic()
        where = f"{name}: its node {pod['spec']['nodeName']} has a NoExecute taint"
        if left > 0:
            reason = f"{where}, which it tolerates for {allowed:g} s"
            self.client.explain(key, [Reason(f"pod/{name}", reason)])
            return left
        self._since.pop(uid, None)
        self.client.explain(key, [Reason(f"pod/{name}", f"{where} that it does not tolerate (any longer)")])
        self.client.event(pod, "Normal", "TaintManagerEviction", f"Marking for deletion Pod {key}")
        mark_disrupted(self.client, self.clock, pod, reason="DeletionByTaintManager", message=_MESSAGE)
        self.client.delete("pods", name, namespace, uid=uid)
        return None

    def _pods_of_changed(self, event: Event) -> Iterable[str]:
        old, new = event.old, event.object
        if event.type == "DELETED" or _no_execute(new) == (_no_execute(old) if old else []):
            return ()
        pods = self.client.list("pods", field_selector=f"spec.nodeName={objects.name(new)}")
        return [objects.key(pod) for pod in pods]


def patience(pod: Object, taints: Iterable[Object]) -> float | None:
    """Return for how many seconds a pod tolerates these taints: 0 when it does not, None for ever.

    Example:
        >>> taint = {"key": "a", "effect": "NoExecute"}
        >>> patience({"spec": {"tolerations": [{"operator": "Exists", "tolerationSeconds": 5}]}}, [taint])
        5.0
    """
    limits: list[float] = []
    for taint in taints:
        used = [each for each in tolerations_of(pod) if tolerates(each, taint)]
        if not used:
            return 0.0
        limits += [max(0.0, float(e["tolerationSeconds"])) for e in used if e.get("tolerationSeconds") is not None]
    return min(limits, default=None)


def _no_execute(node: Object) -> list[Object]:
    return [taint for taint in taints_of(node) if taint.get("effect") == "NoExecute"]
