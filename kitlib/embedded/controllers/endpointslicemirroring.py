"""Mirrors Endpoints that users write for Services without a selector into EndpointSlices, which the proxy and DNS read.

Source: `pkg/controller/endpointslicemirroring` of Kubernetes.
"""

from __future__ import annotations

from collections import defaultdict
from ipaddress import ip_address

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.controllers.controller import Controller
from kitlib.embedded.controllers.endpointslice import SERVICE_LABEL
from kitlib.embedded.storage.event import Event

__all__ = ["EndpointSliceMirroringController"]

_SLICES = "endpointslices.discovery.k8s.io"
_MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
_MANAGER = "endpointslicemirroring-controller.k8s.io"
_SKIP = "endpointslice.kubernetes.io/skip-mirror"
_LEADER = "control-plane.alpha.kubernetes.io/leader"
_NOT_COPIED = ("kubectl.kubernetes.io/last-applied-configuration", "endpoints.kubernetes.io/last-change-trigger-time")
_MOST_ADDRESSES = 1000


class EndpointSliceMirroringController(Controller):
    """Keeps the slices of every Endpoints object that no controller fills."""

    name = "endpoint-slice-mirroring-controller"

    def register(self) -> None:
        """Watch Endpoints, the Services they belong to, and the own slices."""
        self.watch_own("endpoints")
        self.watch("services", lambda event: [objects.key(event.object)])
        self.watch(_SLICES, _mirrored)

    def reconcile(self, key: str) -> None:
        """Sync the slices of one Endpoints object."""
        namespace, name = objects.split_key(key)
        endpoints = self.client.find("endpoints", name, namespace)
        wanted: list[Object] = []
        if endpoints is not None and self._is_mirrored(endpoints):
            wanted = _slices(endpoints)
        selector = f"{SERVICE_LABEL}={name},{_MANAGED_BY}={_MANAGER}"
        present = self.client.list(_SLICES, namespace, label_selector=selector)
        by_form: dict[str, list[Object]] = defaultdict(list)
        for piece in present:
            by_form[_form(piece)].append(piece)
        for piece in wanted:
            same = by_form[_form(piece)]
            self._write(same.pop(0) if same else None, piece)
        for piece in (left for rest in by_form.values() for left in rest):
            self._write(piece, None)

    def _is_mirrored(self, endpoints: Object) -> bool:
        """Only what somebody wrote by hand for a Service without a selector is mirrored."""
        if objects.is_terminating(endpoints) or objects.labels(endpoints).get(_SKIP) == "true":
            return False
        if _LEADER in (endpoints["metadata"].get("annotations") or {}):
            return False
        service = self.client.find("services", objects.name(endpoints), objects.namespace(endpoints))
        return service is not None and not service["spec"].get("selector")

    def _write(self, old: Object | None, wanted: Object | None) -> None:
        if old is None:
            if wanted is not None:
                self.client.create(_SLICES, wanted)
        elif wanted is None:
            self.client.delete(_SLICES, objects.name(old), objects.namespace(old), uid=objects.uid(old))
        elif _content(old) != _content(wanted):
            merged = objects.deep_copy(old) | {part: wanted[part] for part in ("endpoints", "ports")}
            for part in ("labels", "annotations"):
                merged["metadata"][part] = wanted["metadata"][part]
            self.client.update(_SLICES, merged)


def _mirrored(event: Event) -> list[str]:
    labels = objects.labels(event.object)
    if labels.get(_MANAGED_BY) != _MANAGER:
        return []
    return [f"{objects.namespace(event.object)}/{labels.get(SERVICE_LABEL, '')}"]


def _slices(endpoints: Object) -> list[Object]:
    """Return one slice for each set of ports and each family of addresses."""
    found: dict[tuple[str, str], Object] = {}
    for subset in endpoints.get("subsets") or []:
        ports = [_port(port) for port in subset.get("ports") or []]
        listed = [(True, address) for address in subset.get("addresses") or []]
        listed += [(False, address) for address in subset.get("notReadyAddresses") or []]
        for ready, address in listed[:_MOST_ADDRESSES]:
            family = f"IPv{ip_address(address['ip']).version}"
            form = (family, str(ports))
            piece = found.setdefault(form, _empty(endpoints, family, ports))
            piece["endpoints"].append(_endpoint(address, ready=ready))
    return list(found.values())


def _empty(endpoints: Object, family: str, ports: list[Object]) -> Object:
    name = objects.name(endpoints)
    annotations = endpoints["metadata"].get("annotations") or {}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "generateName": f"{name}-",
            "namespace": objects.namespace(endpoints),
            "labels": objects.labels(endpoints) | {SERVICE_LABEL: name, _MANAGED_BY: _MANAGER},
            "annotations": {key: text for key, text in annotations.items() if key not in _NOT_COPIED},
            "ownerReferences": [objects.owner_reference(endpoints)],
        },
        "addressType": family,
        "endpoints": [],
        "ports": ports,
    }


def _port(port: Object) -> Object:
    written: Object = {"name": port.get("name", ""), "port": port["port"], "protocol": port.get("protocol", "TCP")}
    return written | ({"appProtocol": port["appProtocol"]} if port.get("appProtocol") else {})


def _endpoint(address: Object, *, ready: bool) -> Object:
    copied = {field: address[field] for field in ("hostname", "nodeName", "targetRef") if address.get(field)}
    return {"addresses": [address["ip"]], "conditions": {"ready": ready}} | copied


def _form(piece: Object) -> str:
    """Slices of the same form are the same slice at different times: family and ports don't change."""
    ports = sorted(str(sorted(port.items())) for port in piece.get("ports") or [])
    return f"{piece['addressType']} {ports}"


def _content(piece: Object) -> tuple[object, ...]:
    meta = piece["metadata"]
    return piece.get("endpoints") or [], meta.get("labels") or {}, meta.get("annotations") or {}
