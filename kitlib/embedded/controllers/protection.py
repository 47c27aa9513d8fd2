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
from kitlib.embedded.registry.explanations import Reason
from kitlib.embedded.storage.event import Event

__all__ = ["ClaimProtection", "VolumeProtection"]


class _Protection(Controller):
    resource: ClassVar[str]
    finalizer: ClassVar[str]

    @abstractmethod
    def user(self, obj: Object) -> str:
        """Return what uses the object, so that its finalizer must stay, or ""."""

    def reconcile(self, key: str) -> None:
        """Add the finalizer to a living object, take it from a terminating one that nobody uses."""
        namespace, name = objects.split_key(key)
        obj = self.client.find(self.resource, name, namespace)
        if obj is None:
            self.client.explain(key, ())
            return
        present = obj["metadata"].get("finalizers") or []
        if objects.is_terminating(obj):
            user = self.user(obj)
            if user:
                text = f"{name} is to be deleted, but stays while {user}"
                self.client.explain(key, [Reason(f"{obj['kind'].lower()}/{name}", text)])
            elif self.finalizer in present:
                self._write(obj, [finalizer for finalizer in present if finalizer != self.finalizer])
        elif self.finalizer not in present:
            self._write(obj, [*present, self.finalizer])

    def _write(self, obj: Object, finalizers: list[str]) -> None:
        copy = objects.deep_copy(obj)
        copy["metadata"]["finalizers"] = finalizers
        self.client.update(self.resource, copy)


class ClaimProtection(_Protection):
    """`kubernetes.io/pvc-protection`: until no pod uses the claim."""

    name = "pvc-protection-controller"
    resource = "persistentvolumeclaims"
    finalizer = "kubernetes.io/pvc-protection"

    def register(self) -> None:
        """Watch claims, and pods that vanish."""
        self.watch_own(self.resource)
        self.watch("pods", _claims_of_gone_pod)

    def user(self, obj: Object) -> str:
        """Return the pod that has a node and mounts the claim, be it finished or not.

        A pod without a node uses nothing yet, and will not be started with a claim that is being deleted.
        """
        pods = self.client.list("pods", objects.namespace(obj))
        bound = (pod for pod in pods if pod["spec"].get("nodeName"))
        users = (objects.name(pod) for pod in bound if objects.name(obj) in podstate.claim_names(pod))
        return next((f"pod {name} uses it" for name in users), "")


class VolumeProtection(_Protection):
    """`kubernetes.io/pv-protection`: while the volume is Bound."""

    name = "pv-protection-controller"
    resource = "persistentvolumes"
    finalizer = "kubernetes.io/pv-protection"

    def register(self) -> None:
        """Watch volumes."""
        self.watch_own(self.resource)

    def user(self, obj: Object) -> str:
        """Return the claim that the volume is bound to."""
        claim = obj["spec"].get("claimRef") or {}
        bound = (obj.get("status") or {}).get("phase") == "Bound"
        return f"it is bound to claim {claim.get('namespace')}/{claim.get('name')}" if bound else ""


def _claims_of_gone_pod(event: Event) -> list[str]:
    if event.type != "DELETED":
        return []
    return [f"{objects.namespace(event.object)}/{name}" for name in podstate.claim_names(event.object)]
