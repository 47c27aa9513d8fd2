"""Says of a claim that asks for more who has to see to it. Source: `pkg/controller/volume/expand` of Kubernetes."""

from __future__ import annotations

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.quantity import parse_quantity
from kitlib.embedded.controllers.controller import Controller
from kitlib.embedded.storage.event import Event

__all__ = ["VolumeExpander"]

_CLAIMS = "persistentvolumeclaims"


class VolumeExpander(Controller):
    """The volume-expand-controller: no volume of this cluster can grow by Kubernetes' own hand."""

    name = "volume_expand"

    def register(self) -> None:
        """Watch claims that come to ask for more."""
        self.watch(_CLAIMS, lambda event: [objects.key(event.object)] if _grew(event) else [])

    def reconcile(self, key: str) -> None:
        """Refer the claim to an external controller."""
        namespace, name = objects.split_key(key)
        claim = self.client.find(_CLAIMS, name, namespace)
        if claim is not None and (claim.get("status") or {}).get("phase") == "Bound":
            text = "waiting for an external controller to expand this PVC"
            self.client.event(claim, "Normal", "ExternalExpanding", text)


def _grew(event: Event) -> bool:
    return event.old is not None and _request(event.object) > _request(event.old)


def _request(claim: Object) -> int:
    return int(parse_quantity((claim["spec"]["resources"].get("requests") or {}).get("storage", "0")))
