"""Writes the phase of a volume. Source: `pv_controller.go` of Kubernetes."""

from __future__ import annotations

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.registry.client import Client

__all__ = ["PROVISIONED_BY", "VolumePhases"]

PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"


class VolumePhases:
    """Moves volumes between Available, Bound, Released and Failed.

    Args:
        client: the binder's client.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def release(self, volume: Object) -> None:
        """Note that the claim is gone; a volume to delete that nobody can delete has failed."""
        if (volume.get("status") or {}).get("phase") != "Failed":
            volume = self.set(volume, "Released")
        policy = volume["spec"].get("persistentVolumeReclaimPolicy") or "Retain"
        if policy == "Delete" and PROVISIONED_BY not in objects.annotations(volume):
            text = "error getting deleter volume plugin for volume: no volume plugin matched"
            if (volume.get("status") or {}).get("phase") != "Failed":
                self.set(volume, "Failed", message=text)
                self._client.event(volume, "Warning", "VolumeFailedDelete", text)

    def set(self, volume: Object, phase: str, *, message: str = "") -> Object:
        """Write the phase unless it is the present one; return the volume as stored."""
        status = volume.get("status") or {}
        if status.get("phase") == phase:
            return volume
        changed: Object = {"phase": phase} | ({"message": message} if message else {})
        copy = objects.deep_copy(volume) | {"status": changed}
        return self._client.update("persistentvolumes", copy, subresource="status")
