"""Makes the claims of generic ephemeral volumes; they go with their pod, which owns them.

Source: `pkg/controller/volume/ephemeral` of Kubernetes.
"""

from __future__ import annotations

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.controllers import podstate
from kitlib.embedded.controllers.controller import Controller

__all__ = ["EphemeralVolumeController", "not_made_for"]

_CLAIMS = "persistentvolumeclaims"


class EphemeralVolumeController(Controller):
    """The ephemeral-volume-controller."""

    name = "ephemeral_volume"

    def register(self) -> None:
        """Watch pods; claims too, as one may be deleted under its pod."""
        self.watch("pods", lambda event: [objects.key(event.object)] if _templates(event.object) else [])
        self.watch(_CLAIMS, lambda event: _owner_keys(event.object) if event.type == "DELETED" else [])

    def reconcile(self, key: str) -> None:
        """Make the claims that a living pod misses."""
        namespace, name = objects.split_key(key)
        pod = self.client.find("pods", name, namespace)
        if pod is None or objects.is_terminating(pod):
            return
        for volume in _templates(pod):
            claim = self.client.find(_CLAIMS, podstate.claim_name(pod, volume), namespace)
            if claim is None:
                self.client.create(_CLAIMS, _claim(pod, volume))
            elif problem := not_made_for(claim, pod):
                text = f"ephemeral volume {volume['name']}: {problem}"
                self.client.event(pod, "Warning", "FailedBinding", text)


def not_made_for(claim: Object, pod: Object) -> str:
    """Say why a claim is not that of a pod's ephemeral volume, or `""`."""
    owner = objects.controller_of(claim)
    if owner is not None and owner.get("uid") == objects.uid(pod):
        return ""
    return f"PVC {objects.key(claim)} was not created for pod {objects.key(pod)} (pod is not owner)"


def _templates(pod: Object) -> list[Object]:
    return [volume for volume in pod["spec"].get("volumes") or [] if volume.get("ephemeral")]


def _owner_keys(claim: Object) -> list[str]:
    owner = objects.controller_of(claim)
    return [f"{objects.namespace(claim)}/{owner['name']}"] if owner is not None and owner["kind"] == "Pod" else []


def _claim(pod: Object, volume: Object) -> Object:
    template = objects.deep_copy(volume["ephemeral"]["volumeClaimTemplate"])
    owner = {
        "apiVersion": "v1",
        "kind": "Pod",
        "name": objects.name(pod),
        "uid": objects.uid(pod),
        "controller": True,
        "blockOwnerDeletion": True,
    }
    meta = template.get("metadata") or {}
    return {
        "metadata": {
            "name": podstate.claim_name(pod, volume),
            "namespace": objects.namespace(pod),
            "ownerReferences": [owner],
            **{field: meta[field] for field in ("labels", "annotations") if meta.get(field)},
        },
        "spec": template["spec"],
    }
