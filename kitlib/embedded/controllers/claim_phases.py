"""Writes the status of a claim, and why it is so. Source: `updateClaimStatus` in `pv_controller.go` of Kubernetes."""

from __future__ import annotations

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.registry.client import Client
from kitlib.embedded.registry.explanations import Reason

__all__ = ["ClaimPhases"]

_OF_ITS_VOLUME = ("accessModes", "capacity")


class ClaimPhases:
    """Moves claims between Pending, Bound and Lost.

    Args:
        client: the binder's client.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def pending(self, claim: Object, reasons: list[str]) -> None:
        """Note that the claim has no volume, and why.

        Args:
            claim: which is not bound.
            reasons: what follows its name.
        """
        self._explain(claim, reasons)
        self._without_volume(claim, "Pending")

    def bound(self, claim: Object, volume: Object) -> None:
        """Say what the claim has of its volume; its capacity once, as it grows by another hand."""
        self._explain(claim, [f"is bound to volume {objects.name(volume)}"])
        status = _status(claim) | {"phase": "Bound", "accessModes": volume["spec"].get("accessModes") or []}
        if _status(claim).get("phase") != "Bound":
            status["capacity"] = volume["spec"].get("capacity") or {}
        if attributes := volume["spec"].get("volumeAttributesClassName"):
            status["currentVolumeAttributesClassName"] = attributes
        self._write(claim, status)

    def lost(self, claim: Object, reason: str, text: str) -> None:
        """Note, and tell once, that the claim has no volume any more."""
        if _status(claim).get("phase") != "Lost":
            self._without_volume(claim, "Lost")
            self._client.event(claim, "Warning", reason, text)
            self._explain(claim, [f"is Lost: {text}"])

    def _without_volume(self, claim: Object, phase: str) -> None:
        """Write the phase; what the claim had of a volume goes."""
        status = {field: value for field, value in _status(claim).items() if field not in _OF_ITS_VOLUME}
        self._write(claim, status | {"phase": phase})

    def _explain(self, claim: Object, texts: list[str]) -> None:
        name = objects.name(claim)
        reasons = [Reason(f"persistentvolumeclaim/{name}", f"{name} {text}") for text in texts]
        self._client.explain(objects.key(claim), reasons)

    def _write(self, claim: Object, status: Object) -> None:
        if status != claim.get("status"):
            copy = objects.deep_copy(claim) | {"status": status}
            self._client.update("persistentvolumeclaims", copy, subresource="status")


def _status(claim: Object) -> Object:
    return claim.get("status") or {}
