"""Fills the status of PodDisruptionBudgets, which eviction obeys. Source: `pkg/controller/disruption` of Kubernetes."""

from __future__ import annotations

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.intstr import scaled
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.resources import by_kind
from kitlib.embedded.apimachinery.times import format_time
from kitlib.embedded.controllers import podstate
from kitlib.embedded.controllers.controller import Controller
from kitlib.embedded.controllers.selection import matcher
from kitlib.embedded.storage.event import Event

__all__ = ["DisruptionController"]

_RESOURCE = "poddisruptionbudgets.policy"


class DisruptionController(Controller):
    """Counts healthy pods and what may be spared."""

    name = "controllermanager"

    def register(self) -> None:
        """Watch budgets and pods."""
        self.watch_own(_RESOURCE)
        self.watch("pods", self._budgets_of_pod)

    def reconcile(self, key: str) -> None:
        """Sync one budget."""
        namespace, name = objects.split_key(key)
        budget = self.client.find(_RESOURCE, name, namespace)
        if budget is None:
            return
        selected = matcher(budget)
        pods = [pod for pod in self.client.list("pods", namespace) if selected(pod) and not podstate.is_finished(pod)]
        status = self._status(budget, pods)
        if status != budget.get("status"):
            self.client.update(_RESOURCE, objects.deep_copy(budget) | {"status": status}, subresource="status")

    def _status(self, budget: Object, pods: list[Object]) -> Object:
        spec = budget["spec"]
        healthy = sum(podstate.is_ready(pod) and not objects.is_terminating(pod) for pod in pods)
        if "maxUnavailable" in spec:
            expected = self._expected(pods)
            desired = max(0, expected - scaled(spec["maxUnavailable"], expected, round_up=True))
        else:
            minimum = spec.get("minAvailable", 1)
            expected = len(pods) if isinstance(minimum, int) else self._expected(pods)
            desired = scaled(minimum, expected, round_up=True)
        allowed = max(0, healthy - desired) if expected else 0
        return {
            "conditions": [self._condition(budget, allowed)],
            "currentHealthy": healthy,
            "desiredHealthy": desired,
            "disruptionsAllowed": allowed,
            "expectedPods": expected,
            "observedGeneration": int(budget["metadata"].get("generation") or 0),
        }

    def _expected(self, pods: list[Object]) -> int:
        """Sum the sizes that the pods' controllers want, each once."""
        owners: dict[str, int] = {}
        for pod in pods:
            ref = objects.controller_of(pod)
            resource = by_kind(ref["apiVersion"], ref["kind"]) if ref else None
            if ref is None or resource is None:
                continue
            owner = self.client.find(resource.qualified, ref["name"], objects.namespace(pod))
            replicas = owner["spec"].get("replicas") if owner is not None else None
            owners[ref["uid"]] = 1 if replicas is None else int(replicas)
        return sum(owners.values())

    def _condition(self, budget: Object, allowed: int) -> Object:
        status, reason = ("True", "SufficientPods") if allowed else ("False", "InsufficientPods")
        old = podstate.condition(budget, "DisruptionAllowed")
        same = old is not None and old["status"] == status
        since = old["lastTransitionTime"] if same and old else format_time(self.clock.now())
        return {
            "type": "DisruptionAllowed",
            "status": status,
            "lastTransitionTime": since,
            "reason": reason,
            "message": "",
            "observedGeneration": int(budget["metadata"].get("generation") or 0),
        }

    def _budgets_of_pod(self, event: Event) -> list[str]:
        budgets = self.client.list(_RESOURCE, objects.namespace(event.object))
        states = [state for state in (event.object, event.old) if state is not None]
        return [objects.key(budget) for budget in budgets if any(matcher(budget)(state) for state in states)]
