"""The EndpointSlice controller. Source: `pkg/controller/endpointslice` of Kubernetes."""

from __future__ import annotations

from collections import defaultdict
from itertools import zip_longest

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.controllers.endpoints_model import Backend, Port, is_headless
from kitlib.embedded.controllers.service_controller import ServiceController
from kitlib.embedded.registry.explanations import Reason

__all__ = ["SERVICE_LABEL", "EndpointSliceController"]

SERVICE_LABEL = "kubernetes.io/service-name"
_MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
_MANAGER = "endpointslice-controller.k8s.io"
_HEADLESS = "service.kubernetes.io/headless"
_MAX_ENDPOINTS = 100


class EndpointSliceController(ServiceController):
    """Keeps the slices of every Service with a selector."""

    name = "endpoint-slice-controller"
    output = "endpointslices.discovery.k8s.io"

    def service_name(self, output: Object) -> str | None:
        """Return the Service of a slice that this controller manages."""
        labels = objects.labels(output)
        return labels.get(SERVICE_LABEL) if labels.get(_MANAGED_BY) == _MANAGER else None

    def reconcile(self, key: str) -> None:
        """Sync the slices of one Service."""
        namespace, name = objects.split_key(key)
        service = self.client.find("services", name, namespace)
        present = self._present(namespace, name)
        if service is None or not service["spec"].get("selector") or service["spec"].get("type") == "ExternalName":
            self.client.explain(key, ())
            if service is None:
                for piece in present:
                    self._delete(piece)
            return
        if objects.is_terminating(service):
            return
        found = self.backends_of(service)
        self.client.explain(key, _reasons(service, found))
        for old, wanted in zip_longest(present, _slices(service, found)):
            if wanted is None:
                self._delete(old)
            elif old is None:
                self.client.create(self.output, wanted)
            elif _content(old) != _content(wanted):
                merged = objects.deep_copy(old) | {part: wanted[part] for part in ("endpoints", "ports")}
                merged["metadata"]["labels"] = wanted["metadata"]["labels"]
                self.client.update(self.output, merged)

    def _present(self, namespace: str, service: str) -> list[Object]:
        selector = f"{SERVICE_LABEL}={service},{_MANAGED_BY}={_MANAGER}"
        return self.client.list(self.output, namespace, label_selector=selector)

    def _delete(self, piece: Object) -> None:
        self.client.delete(self.output, objects.name(piece), objects.namespace(piece), uid=objects.uid(piece))


def _reasons(service: Object, found: list[Backend]) -> list[Reason]:
    """Say which pods behind a Service nobody is sent to or can name, and when there is none at all."""
    name = objects.name(service)
    what = "no DNS name" if is_headless(service) else "no traffic"
    reasons = []
    for backend in found:
        pod, spec = objects.name(backend.pod), backend.pod["spec"]
        if is_headless(service) and spec.get("hostname") and not backend.hostname:
            named = f"its subdomain is {spec['subdomain']}" if spec.get("subdomain") else "it has no subdomain"
            reasons.append(Reason(f"pod/{pod}", f"{pod} has no name of its own below Service {name}: {named}"))
        if not backend.ready:
            why = "it is being deleted" if backend.terminating else "it is not Ready"
            reasons.append(Reason(f"pod/{pod}", f"{pod} gets {what} from Service {name}: {why}"))
    if not found:
        selector = ",".join(f"{key}={value}" for key, value in service["spec"]["selector"].items())
        reasons.append(Reason(f"service/{name}", f"{name} has no endpoints: no running pod has the labels {selector}"))
    return reasons


def _slices(service: Object, backends: list[Backend]) -> list[Object]:
    """Group the backends by their ports, cut each group into slices; a Service without pods still has one."""
    groups: dict[tuple[Port, ...], list[Backend]] = defaultdict(list)
    for backend in backends:
        groups[backend.ports].append(backend)
    if not groups:
        return [_slice(service, (), [])]
    return [
        _slice(service, ports, members[start : start + _MAX_ENDPOINTS])
        for ports, members in groups.items()
        for start in range(0, len(members), _MAX_ENDPOINTS)
    ]


def _slice(service: Object, ports: tuple[Port, ...], members: list[Backend]) -> Object:
    name = objects.name(service)
    labels = objects.labels(service) | {SERVICE_LABEL: name, _MANAGED_BY: _MANAGER}
    if is_headless(service):
        labels[_HEADLESS] = ""
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "generateName": f"{name}-",
            "namespace": objects.namespace(service),
            "labels": labels,
            "ownerReferences": [objects.owner_reference(service)],
        },
        "addressType": "IPv4",
        "endpoints": [_endpoint(member) for member in members],
        "ports": [_port(port) for port in ports],
    }


def _endpoint(backend: Backend) -> Object:
    endpoint: Object = {
        "addresses": [backend.address],
        "conditions": {"ready": backend.ready, "serving": backend.serving, "terminating": backend.terminating},
    }
    return endpoint | backend.origin


def _port(port: Port) -> Object:
    written: Object = {"name": port.name, "port": port.number, "protocol": port.protocol}
    return written | ({"appProtocol": port.app_protocol} if port.app_protocol else {})


def _content(piece: Object) -> tuple[object, ...]:
    # Lists may come back as absent when empty.
    return piece.get("endpoints") or [], piece.get("ports") or [], objects.labels(piece)
