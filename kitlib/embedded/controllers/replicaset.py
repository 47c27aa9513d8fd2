"""The ReplicaSet controller: so many pods of one template, whichever they are. Source: `replica_set.go`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import StatusError
from kitlib.embedded.apimachinery.times import format_time
from kitlib.embedded.controllers import podstate
from kitlib.embedded.controllers.controller import Controller, is_namespace_terminating
from kitlib.embedded.controllers.ownership import Claimer
from kitlib.embedded.controllers.selection import dependent_keys, matcher
from kitlib.embedded.controllers.slowstart import batches
from kitlib.embedded.controllers.victims import choose
from kitlib.embedded.registry.explanations import Reason

__all__ = ["ReplicaSetController", "new_pod"]

# One sync creates or deletes at most this many pods (upstream: 500), so that API requests get their turn in between.
_BURST = 50


@dataclass(frozen=True, slots=True)
class _Failure:
    """What kept the number of pods from being right, as the condition ReplicaFailure says it."""

    reason: str
    error: StatusError


class ReplicaSetController(Controller):
    """Creates and deletes pods until their number is right."""

    name = "replicaset-controller"
    resource: ClassVar[str] = "replicasets.apps"
    kind: ClassVar[str] = "ReplicaSet"
    counts_terminating: ClassVar[bool] = True

    def register(self) -> None:
        """Watch ReplicaSets and pods."""
        self.watch_own(self.resource)
        self.watch("pods", dependent_keys(self.client, self.resource, self.kind))

    def reconcile(self, key: str) -> float | None:
        """Sync one ReplicaSet."""
        namespace, name = objects.split_key(key)
        replica_set = self.client.find(self.resource, name, namespace)
        if replica_set is None:
            self.client.explain(key, ())
            return None
        selected = matcher(replica_set)
        candidates = [pod for pod in self.client.list("pods", namespace) if not podstate.is_finished(pod)]
        pods = Claimer(self.client, "pods", replica_set, selected).claim(candidates)
        failure: _Failure | None = None
        if not objects.is_terminating(replica_set):
            failure = self._manage(replica_set, [pod for pod in pods if podstate.is_active(pod)])
        self._write_status(replica_set, failure)
        if failure is not None:
            raise failure.error
        return _next_available(replica_set, self._owned(replica_set), self.clock.now())

    def _owned(self, replica_set: Object) -> list[Object]:
        """Return the pods that count: neither finished nor terminating."""
        return [pod for pod in self.client.dependents("pods", objects.uid(replica_set)) if podstate.is_active(pod)]

    def _manage(self, replica_set: Object, active: list[Object]) -> _Failure | None:
        wanted = _wanted(replica_set)
        missing = wanted - len(active)
        if not missing:
            self.client.explain(objects.key(replica_set), ())
        if missing > 0:
            self._explain(
                replica_set, [f"creates {missing} pods at once: {wanted} are wanted, {len(active)} are there"]
            )
            failure = self._create(replica_set, min(missing, _BURST))
            return _Failure("FailedCreate", failure) if failure is not None else None
        if missing < 0:
            count, related = min(-missing, _BURST), self._related(replica_set)
            victims = choose(active, count, related=related, now=self.clock.now())
            names = ", ".join(map(objects.name, victims))
            text = f"deletes {names}: {wanted} are wanted, {len(active)} are there, and these are missed least"
            self._explain(replica_set, [text], victims=victims)
            for pod in victims:
                failure = self._delete(replica_set, pod)
                if failure is not None:
                    return _Failure("FailedDelete", failure)
        return None

    def _explain(self, replica_set: Object, texts: list[str], *, victims: Sequence[Object] = ()) -> None:
        name, kind = objects.name(replica_set), self.kind.lower()
        reasons = [Reason(f"{kind}/{name}", f"{name} {text}") for text in texts]
        for pod in victims:
            text = f"{objects.name(pod)} is deleted: {name} has more pods than it wants, and this one is missed least"
            reasons.append(Reason(f"pod/{objects.name(pod)}", text))
        self.client.explain(objects.key(replica_set), reasons)

    def _related(self, replica_set: Object) -> list[Object]:
        """Return the pods of all ReplicaSets of the same Deployment: together they crowd a node.

        A ReplicaSet on its own has none, not even its own pods.
        """
        ref = objects.controller_of(replica_set)
        siblings = self.client.dependents(self.resource, ref["uid"]) if ref is not None else ()
        return [pod for sibling in siblings for pod in self.client.dependents("pods", objects.uid(sibling))]

    def _create(self, replica_set: Object, count: int) -> StatusError | None:
        for size in batches(count):
            failure: StatusError | None = None
            for _ in range(size):
                try:
                    pod = self.client.create("pods", new_pod(replica_set))
                except StatusError as error:
                    if is_namespace_terminating(error):
                        return error  # nobody needs an event of that, nor could it be recorded
                    failure = error
                    self.client.event(replica_set, "Warning", "FailedCreate", f"Error creating: {error.message}")
                else:
                    self.client.event(replica_set, "Normal", "SuccessfulCreate", f"Created pod: {objects.name(pod)}")
            if failure is not None:
                return failure
        return None

    def _delete(self, replica_set: Object, pod: Object) -> StatusError | None:
        name = objects.name(pod)
        try:
            self.client.delete("pods", name, objects.namespace(pod), uid=objects.uid(pod))
        except StatusError as error:
            if error.reason == "NotFound":
                return None
            self.client.event(replica_set, "Warning", "FailedDelete", f"Error deleting: {error.message}")
            return error
        self.client.event(replica_set, "Normal", "SuccessfulDelete", f"Deleted pod: {name}")
        return None

    def _write_status(self, replica_set: Object, failure: _Failure | None) -> None:
        status = _status(replica_set, self._owned(replica_set), self.clock.now(), failure)
        if self.counts_terminating:
            status["terminatingReplicas"] = sum(
                objects.is_terminating(pod) and not podstate.is_finished(pod)
                for pod in self.client.dependents("pods", objects.uid(replica_set))
            )
        stored = self.client.find(self.resource, objects.name(replica_set), objects.namespace(replica_set))
        if stored is None or objects.uid(stored) != objects.uid(replica_set) or stored.get("status") == status:
            return
        self.client.update(self.resource, objects.deep_copy(stored) | {"status": status}, subresource="status")


def new_pod(replica_set: Object) -> Object:
    """Build a pod from the template; the API server completes its name."""
    template = objects.deep_copy(replica_set["spec"]["template"])
    metadata = {field: value for field, value in (template.get("metadata") or {}).items() if field in _COPIED_METADATA}
    metadata |= {
        # generateName keeps room for the suffix by itself, and a trailing dash separates the two.
        "generateName": f"{objects.name(replica_set)}-",
        "namespace": objects.namespace(replica_set),
        "ownerReferences": [objects.owner_reference(replica_set)],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template.get("spec") or {}}


_COPIED_METADATA = ("labels", "annotations", "finalizers")


def _wanted(replica_set: Object) -> int:
    replicas = replica_set["spec"].get("replicas")
    return 1 if replicas is None else int(replicas)


def _min_ready(replica_set: Object) -> int:
    return int(replica_set["spec"].get("minReadySeconds") or 0)


def _status(replica_set: Object, pods: list[Object], now: datetime, failure: _Failure | None) -> Object:
    template_labels = (replica_set["spec"]["template"].get("metadata") or {}).get("labels") or {}
    optional = {
        "fullyLabeledReplicas": sum(template_labels.items() <= objects.labels(pod).items() for pod in pods),
        "readyReplicas": sum(podstate.is_ready(pod) for pod in pods),
        "availableReplicas": sum(podstate.is_available(pod, _min_ready(replica_set), now) for pod in pods),
    }
    status: Object = {"replicas": len(pods)}
    status |= {field: number for field, number in optional.items() if number}
    status["observedGeneration"] = int(replica_set["metadata"].get("generation") or 0)
    conditions = _conditions(replica_set, now, failure)
    return status | ({"conditions": conditions} if conditions else {})


def _conditions(replica_set: Object, now: datetime, failure: _Failure | None) -> list[Object]:
    old = (replica_set.get("status") or {}).get("conditions") or []
    kept = [condition for condition in old if condition["type"] != "ReplicaFailure"]
    if failure is None:
        return kept
    if len(kept) < len(old):
        return old  # the first failure is the one that is told: a status written anew would start the next try at once
    return [
        *kept,
        {
            "type": "ReplicaFailure",
            "status": "True",
            "lastTransitionTime": format_time(now),
            "reason": failure.reason,
            "message": failure.error.message,
        },
    ]


def _next_available(replica_set: Object, pods: list[Object], now: datetime) -> float | None:
    waits = [podstate.available_in(pod, _min_ready(replica_set), now) for pod in pods]
    return min((wait for wait in waits if wait), default=None)
