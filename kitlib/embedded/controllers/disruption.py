"""Fills the status of PodDisruptionBudgets, which eviction obeys. Source: `pkg/controller/disruption` of Kubernetes."""

from __future__ import annotations

from datetime import timedelta

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.intstr import scaled
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.resources import by_kind
from kitlib.embedded.apimachinery.times import format_time, parse_time
from kitlib.embedded.controllers import podstate
from kitlib.embedded.controllers.controller import Controller
from kitlib.embedded.controllers.selection import matcher
from kitlib.embedded.registry.explanations import Reason
from kitlib.embedded.storage.event import Event

__all__ = ["DisruptionController"]

_RESOURCE = "poddisruptionbudgets.policy"
# An evicted pod that is not deleted after this long is taken for one that stays.
_DELETION_SECONDS = 120


class DisruptionController(Controller):
    """Counts healthy pods and what may be spared."""

    name = "controllermanager"

    def register(self) -> None:
        """Watch budgets and pods."""
        self.watch_own(_RESOURCE)
        self.watch("pods", self._budgets_of_pod)

    def reconcile(self, key: str) -> float | None:
        """Sync one budget."""
        namespace, name = objects.split_key(key)
        budget = self.client.find(_RESOURCE, name, namespace)
        if budget is None:
            self.client.explain(key, ())
            return None
        selected = matcher(budget)
        pods = [pod for pod in self.client.list("pods", namespace) if selected(pod) and not podstate.is_finished(pod)]
        disrupted = self._still_disrupted(budget, pods)
        status = self._status(budget, pods, disrupted)
        text = (
            f"{name} allows {status['disruptionsAllowed']} disruptions: of {status['expectedPods']} expected pods "
            f"{status['currentHealthy']} are healthy, {status['desiredHealthy']} must be"
        )
        self.client.explain(key, [Reason(f"poddisruptionbudget/{name}", text)])
        if status != budget.get("status"):
            self.client.update(_RESOURCE, objects.deep_copy(budget) | {"status": status}, subresource="status")
        ages = [(self.clock.now() - parse_time(since)).total_seconds() for since in disrupted.values()]
        return max(0.0, _DELETION_SECONDS - max(ages)) if ages else None

    def _still_disrupted(self, budget: Object, pods: list[Object]) -> dict[str, str]:
        """Return the evicted pods whose deletion is not seen yet; one that stays too long counts as there again."""
        noted: dict[str, str] = (budget.get("status") or {}).get("disruptedPods") or {}
        living = {objects.name(pod): pod for pod in pods if not objects.is_terminating(pod)}
        left = {}
        for name in sorted(noted.keys() & living.keys()):
            age = self.clock.now() - parse_time(noted[name])
            if timedelta() <= age < timedelta(seconds=_DELETION_SECONDS):  # not noted before the clock was set back
                left[name] = noted[name]
            else:
                whose = objects.key(budget)
                text = f"Pod was expected by PDB {whose} to be deleted but it wasn't"
                self.client.event(living[name], "Warning", "NotDeleted", text)
        return left

    def _status(self, budget: Object, pods: list[Object], disrupted: dict[str, str]) -> Object:
        spec = budget["spec"]
        there = (pod for pod in pods if not objects.is_terminating(pod) and objects.name(pod) not in disrupted)
        healthy = sum(podstate.is_ready(pod) for pod in there)
        if "maxUnavailable" in spec:
            expected = self._expected(pods)
            desired = max(0, expected - scaled(spec["maxUnavailable"], expected, round_up=True))
        else:
            minimum = spec.get("minAvailable", 1)
            expected = len(pods) if isinstance(minimum, int) else self._expected(pods)
            desired = scaled(minimum, expected, round_up=True)
        allowed = max(0, healthy - desired) if expected else 0
        status: Object = {"disruptedPods": disrupted} if disrupted else {}
        return status | {
            "conditions": self._conditions(budget, allowed),
            "currentHealthy": healthy,
            "desiredHealthy": desired,
            "disruptionsAllowed": allowed,
            "expectedPods": expected,
            "observedGeneration": int(budget["metadata"].get("generation") or 0),
        }

    def _conditions(self, budget: Object, allowed: int) -> list[Object]:
        others = (budget.get("status") or {}).get("conditions") or []
        return [*(c for c in others if c["type"] != "DisruptionAllowed"), self._condition(budget, allowed)]

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
