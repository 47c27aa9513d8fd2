"""Carries a plan out: writes objects, records events, stops where the plan says an error stops.

Source of the event texts: `stateful_pod_control.go`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import StatusError, generic
from kitlib.embedded.controllers.slowstart import batches
from kitlib.embedded.controllers.statefulset.model import (
    Action,
    CreateClaim,
    CreatePod,
    DeletePod,
    Phase,
    Plan,
    RefusePod,
    UpdateClaim,
    UpdatePod,
)
from kitlib.embedded.registry.client import Client

__all__ = ["StatefulPodControl"]


class StatefulPodControl:
    """Writes on behalf of one StatefulSet.

    Args:
        client: the door to the API.
        stateful_set: the set; its events are recorded on it.
    """

    def __init__(self, client: Client, stateful_set: Object) -> None:
        self._client = client
        self._set = stateful_set

    def execute(self, plan: Plan) -> None:
        """Run the phases in order.

        Raises:
            StatusError: the first failure; what the plan had after it was not tried.
        """
        for phase in plan.phases:
            self._phase(phase)

    def _phase(self, phase: Phase) -> None:
        batch_sizes = batches(len(phase.steps)) if phase.burst else [1] * len(phase.steps)
        position = 0
        for size in batch_sizes:
            errors = [error for step in phase.steps[position : position + size] if (error := self._step(step))]
            if errors:
                raise errors[0]
            position += size

    def _step(self, step: tuple[Action, ...]) -> StatusError | None:
        try:
            for action in step:
                self._perform(action)
        except StatusError as error:
            return error
        return None

    def _perform(self, action: Action) -> None:
        match action:
            case CreateClaim():
                self._create_claim(action)
            case UpdateClaim():
                self._client.update("persistentvolumeclaims", action.claim)
            case CreatePod():
                name = objects.name(action.pod)
                self._reported("create", name, lambda: self._client.create("pods", action.pod))
            case RefusePod():
                error = generic(500, "InternalError", action.message)
                self._pod_event("create", action.pod, error)
                raise error
            case UpdatePod():
                self._reported("update", action.name, lambda: self._update_pod(action.pod))
            case DeletePod():
                self._delete_pod(action.pod)

    def _create_claim(self, action: CreateClaim) -> None:
        name = objects.name(action.claim)
        subject = f"create Claim {name} Pod {action.pod} in StatefulSet {objects.name(self._set)}"
        try:
            self._client.create("persistentvolumeclaims", action.claim)
        except StatusError as error:
            if error.reason != "AlreadyExists":
                failed = f"create Claim {name} for Pod {action.pod} in StatefulSet {objects.name(self._set)}"
                self._client.event(self._set, "Warning", "FailedCreate", f"{failed} failed error: {error.message}")
            why = generic(error.code, error.reason, f"failed to create PVC {name}: {error.message}")
            self._pod_event("create", action.pod, why)
            raise why from error
        self._client.event(self._set, "Normal", "SuccessfulCreate", f"{subject} success")

    def _update_pod(self, pod: Object | None) -> None:
        if pod is not None:
            self._client.update("pods", pod)

    def _delete_pod(self, pod: Object) -> None:
        name, uid = objects.name(pod), objects.uid(pod)
        try:
            self._reported("delete", name, lambda: self._client.delete("pods", name, objects.namespace(pod), uid=uid))
        except StatusError as error:
            if error.reason != "NotFound":
                raise

    def _reported(self, verb: str, pod: str, call: Callable[[], Any]) -> None:
        try:
            call()
        except StatusError as error:
            if error.reason not in ("AlreadyExists", "Conflict", "NotFound"):
                self._pod_event(verb, pod, error)
            raise
        self._pod_event(verb, pod, None)

    def _pod_event(self, verb: str, pod: str, error: StatusError | None) -> None:
        text = f"{verb} Pod {pod} in StatefulSet {objects.name(self._set)}"
        if error is None:
            self._client.event(self._set, "Normal", f"Successful{verb.title()}", f"{text} successful")
        else:
            self._client.event(self._set, "Warning", f"Failed{verb.title()}", f"{text} failed error: {error.message}")
