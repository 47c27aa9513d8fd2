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
        if not self.is_to_delete(volume) or PROVISIONED_BY in objects.annotations(volume):
            return
        problem = _no_deleter(volume)
        if not problem:
            self._client.delete("persistentvolumes", objects.name(volume), uid=objects.uid(volume))
        elif (volume.get("status") or {}).get("phase") != "Failed":
            self.set(volume, "Failed", message=problem)
            self._client.event(volume, "Warning", "VolumeFailedDelete", problem)

    @staticmethod
    def is_to_delete(volume: Object) -> bool:
        """Tell whether the volume goes with its claim."""
        return bool(volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete")

    def set(self, volume: Object, phase: str, *, message: str = "") -> Object:
        """Write the phase unless it is the present one; return the volume as stored."""
        status = volume.get("status") or {}
        if status.get("phase") == phase:
            return volume
        kept = {field: value for field, value in status.items() if field not in ("message", "reason")}
        changed: Object = kept | {"phase": phase} | ({"message": message} if message else {})
        copy = objects.deep_copy(volume) | {"status": changed}
        return self._client.update("persistentvolumes", copy, subresource="status")


def _no_deleter(volume: Object) -> str:
    """Say why no volume plugin deletes this volume, or `""`.

    The one of hostPath does so below /tmp, where it finds nothing of the node's: only the object goes.
    """
    host_path = volume["spec"].get("hostPath")
    if host_path is None:
        name = objects.name(volume)
        return f'error getting deleter volume plugin for volume "{name}": no deletable volume plugin matched'
    path = str(host_path["path"])
    if path.startswith("/tmp/") and path != "/tmp/":
        return ""
    return f"host_path deleter only supports /tmp/.+ but received provided {path}"
