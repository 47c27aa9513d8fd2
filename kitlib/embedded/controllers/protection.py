"""Keeps claims that pods use, and volumes that claims use, from vanishing under them.

Source: `pkg/controller/volume/pvcprotection` and `pvprotection` of Kubernetes.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.controllers import podstate
from kitlib.embedded.controllers.controller import Controller
from kitlib.embedded.storage.event import Event

__all__ = ["ClaimProtection", "VolumeProtection"]


class _Protection(Controller):
    resource: ClassVar[str]
    finalizer: ClassVar[str]

    @abstractmethod
    def is_used(self, obj: Object) -> bool:
        """Tell whether the finalizer must stay."""

    def reconcile(self, key: str) -> None:
        """Add the finalizer to a living object, take it from a terminating one that nobody uses."""
        namespace, name = objects.split_key(key)
        obj = self.client.find(self.resource, name, namespace)
        if obj is None:
            return
        present = obj["metadata"].get("finalizers") or []
        if objects.is_terminating(obj):
            if self.finalizer in present and not self.is_used(obj):
                self._write(obj, [finalizer for finalizer in present if finalizer != self.finalizer])
        elif self.finalizer not in present:
            self._write(obj, [*present, self.finalizer])

    def _write(self, obj: Object, finalizers: list[str]) -> None:
        copy = objects.deep_copy(obj)
        copy["metadata"]["finalizers"] = finalizers
        self.client.update(self.resource, copy)


class ClaimProtection(_Protection):
    """`kubernetes.io/pvc-protection`: until no pod that may still run uses the claim."""

    name = "pvc-protection-controller"
    resource = "persistentvolumeclaims"
    finalizer = "kubernetes.io/pvc-protection"

    def register(self) -> None:
        """Watch claims, and pods that end."""
        self.watch_own(self.resource)
        self.watch("pods", _claims_of_ended_pod)

    def is_used(self, obj: Object) -> bool:
        """Tell whether a pod that has a node and is not finished mounts the claim.

        A pod without a node uses nothing yet, and will not be started with a claim that is being deleted.
        """
        pods = self.client.list("pods", objects.namespace(obj))
        bound = (pod for pod in pods if pod["spec"].get("nodeName") and not podstate.is_finished(pod))
        return any(objects.name(obj) in podstate.claim_names(pod) for pod in bound)


class VolumeProtection(_Protection):
    """`kubernetes.io/pv-protection`: while the volume is Bound."""

    name = "pv-protection-controller"
    resource = "persistentvolumes"
    finalizer = "kubernetes.io/pv-protection"

    def register(self) -> None:
        """Watch volumes."""
        self.watch_own(self.resource)

    def is_used(self, obj: Object) -> bool:
        """Tell whether the volume is bound."""
        return bool((obj.get("status") or {}).get("phase") == "Bound")


def _claims_of_ended_pod(event: Event) -> list[str]:
    if event.type != "DELETED" and not podstate.is_finished(event.object):
        return []
    return [f"{objects.namespace(event.object)}/{name}" for name in podstate.claim_names(event.object)]
