"""The Endpoints controller: the same pods as in the slices, in the old shape.

Source: `pkg/controller/endpoint` of Kubernetes.
"""

from __future__ import annotations

from collections import defaultdict

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.controllers.endpoints_model import Backend, Port, is_headless
from kitlib.embedded.controllers.service_controller import ServiceController

__all__ = ["EndpointsController"]

_HEADLESS = "service.kubernetes.io/headless"


class EndpointsController(ServiceController):
    """Keeps one Endpoints object for every Service with a selector, under the Service's name."""

    name = "endpoint-controller"
    output = "endpoints"

    def service_name(self, output: Object) -> str | None:
        """Return the name: it is the Service's."""
        return objects.name(output)

    def reconcile(self, key: str) -> None:
        """Sync the Endpoints of one Service."""
        namespace, name = objects.split_key(key)
        service = self.client.find("services", name, namespace)
        present = self.client.find(self.output, name, namespace)
        if service is None:
            if present is not None and _is_managed(present):
                self.client.delete(self.output, name, namespace, uid=objects.uid(present))
            return
        if not service["spec"].get("selector") or service["spec"].get("type") == "ExternalName":
            return
        wanted = _endpoints(service, self.backends_of(service))
        if present is None:
            self.client.create(self.output, wanted)
        elif (present.get("subsets") or []) != wanted["subsets"] or objects.labels(present) != objects.labels(wanted):
            merged = objects.deep_copy(present) | {"subsets": wanted["subsets"]}
            merged["metadata"]["labels"] = wanted["metadata"]["labels"]
            self.client.update(self.output, merged)


_MANAGED_BY = "endpoints.kubernetes.io/managed-by"


def _is_managed(endpoints: Object) -> bool:
    return objects.labels(endpoints).get(_MANAGED_BY) == "endpoint-controller"


def _endpoints(service: Object, backends: list[Backend]) -> Object:
    labels = objects.labels(service) | {_MANAGED_BY: "endpoint-controller"}
    if is_headless(service):
        labels[_HEADLESS] = ""
    return {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {"name": objects.name(service), "namespace": objects.namespace(service), "labels": labels},
        "subsets": _subsets(backends),
    }


def _subsets(backends: list[Backend]) -> list[Object]:
    groups: dict[tuple[Port, ...], list[Backend]] = defaultdict(list)
    for backend in backends:
        # A terminating pod is in a slice, never in Endpoints, unless not-ready addresses are published.
        if backend.ready or not backend.terminating:
            groups[backend.ports].append(backend)
    return [_subset(ports, members) for ports, members in sorted(groups.items(), key=lambda group: str(group[0]))]


def _subset(ports: tuple[Port, ...], members: list[Backend]) -> Object:
    parts: Object = {
        "addresses": [_address(member) for member in members if member.ready],
        "notReadyAddresses": [_address(member) for member in members if not member.ready],
        "ports": [_port(port) for port in ports],
    }
    return {part: entries for part, entries in parts.items() if entries}


def _address(backend: Backend) -> Object:
    address: Object = {"ip": backend.address}
    return address | backend.origin


def _port(port: Port) -> Object:
    written: Object = {"port": port.number, "protocol": port.protocol}
    return ({"name": port.name} if port.name else {}) | written
