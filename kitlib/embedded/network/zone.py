"""What DNS and the service proxy know: Services, their endpoints and the namespaces, indexed for quick answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.registry.client import Client
from kitlib.embedded.storage.event import Event

__all__ = ["Endpoint", "ServiceKey", "Zone"]

ServiceKey = tuple[str, str]
"""(namespace, name) of a Service."""

_SERVICE_LABEL = "kubernetes.io/service-name"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address behind a Service.

    Args:
        service: whose it is.
        address: the IP.
        hostname: its name below the Service's: the pod's hostname, or the IP with dashes.
        ports: (name, protocol, number) of each port.
        ready: whether it is ready; one that is not still serves while it terminates.
        node: where it is, or "".
    """

    service: ServiceKey
    address: str
    hostname: str
    ports: tuple[tuple[str, str, int], ...]
    ready: bool = True
    node: str = ""


class Zone:
    """An index over Services and EndpointSlices, kept up to date by events.

    Example:
        >>> zone = Zone()
        >>> zone.apply(Event("ADDED", "namespaces", {"metadata": {"name": "default"}}, None, 1))
        >>> zone.has_namespace("default")
        True
    """

    def __init__(self) -> None:
        self._services: dict[ServiceKey, Object] = {}
        self._slices: dict[str, tuple[Endpoint, ...]] = {}
        self._slices_of: dict[ServiceKey, dict[str, None]] = {}
        self._namespaces: set[str] = set()
        self.nodes: dict[str, str] = {}
        """Address to name of every node."""
        self._listeners: list[Callable[[ServiceKey], None]] = []

    def subscribe_to(self, client: Client) -> Callable[[], None]:
        """Follow a cluster from now on; returns a function that ends it."""
        resources = ("nodes", "namespaces", "services", "endpointslices.discovery.k8s.io")
        cancels = [client.subscribe(resource, self.apply) for resource in resources]

        def cancel() -> None:
            for end in cancels:
                end()

        return cancel

    def listen(self, listener: Callable[[ServiceKey], None]) -> None:
        """Call `listener` with the Service that a later change concerns."""
        self._listeners.append(listener)

    def apply(self, event: Event) -> None:
        """Take a change in."""
        obj, gone = event.object, event.type == "DELETED"
        match event.resource:
            case "namespaces":
                (self._namespaces.discard if gone else self._namespaces.add)(objects.name(obj))
            case "nodes":
                self._apply_node(obj, gone=gone)
            case "services":
                self._apply_service(obj, gone=gone)
            case "endpointslices.discovery.k8s.io":
                self._apply_slice(obj, gone=gone)

    def has_namespace(self, name: str) -> bool:
        """Tell whether a namespace exists."""
        return name in self._namespaces

    def service(self, key: ServiceKey) -> Object | None:
        """Return a Service, or None."""
        return self._services.get(key)

    def services(self) -> Iterable[ServiceKey]:
        """Return all Services."""
        return tuple(self._services)

    def endpoints(self, key: ServiceKey) -> list[Endpoint]:
        """Return the ready endpoints of a Service."""
        return [endpoint for endpoint in self.backends(key) if endpoint.ready]

    def backends(self, key: ServiceKey) -> list[Endpoint]:
        """Return the ready endpoints of a Service and those that still serve while they terminate."""
        return [endpoint for piece in self._slices_of.get(key, ()) for endpoint in self._slices[piece]]

    def by_cluster_ip(self, address: str) -> ServiceKey | None:
        """Return the Service with this cluster IP."""
        return next(
            (key for key, service in self._services.items() if service["spec"].get("clusterIP") == address), None
        )

    def by_endpoint(self, address: str) -> list[Endpoint]:
        """Return the ready endpoints with this address."""
        known = (endpoint for piece in self._slices.values() for endpoint in piece if endpoint.ready)
        return [endpoint for endpoint in known if endpoint.address == address and endpoint.service in self._services]

    def _apply_node(self, node: Object, *, gone: bool) -> None:
        name = objects.name(node)
        listed = [] if gone else (node.get("status") or {}).get("addresses") or []
        found = {address["address"]: name for address in listed if address["type"] == "InternalIP"}
        nodes = {address: owner for address, owner in self.nodes.items() if owner != name} | found
        if nodes != self.nodes:
            self.nodes = nodes
            for key in self.services():
                self._tell(key)

    def _apply_service(self, service: Object, *, gone: bool) -> None:
        key = (objects.namespace(service), objects.name(service))
        if gone:
            self._services.pop(key, None)
        else:
            self._services[key] = service
        self._tell(key)

    def _apply_slice(self, piece: Object, *, gone: bool) -> None:
        service = objects.labels(piece).get(_SERVICE_LABEL)
        slice_key = objects.key(piece)
        if service is None:
            return
        key = (objects.namespace(piece), service)
        if gone:
            self._slices.pop(slice_key, None)
            self._slices_of.get(key, {}).pop(slice_key, None)
        else:
            self._slices[slice_key] = _usable_endpoints(key, piece)
            self._slices_of.setdefault(key, {})[slice_key] = None
        self._tell(key)

    def _tell(self, key: ServiceKey) -> None:
        for listener in self._listeners:
            listener(key)


def _usable_endpoints(service: ServiceKey, piece: Object) -> tuple[Endpoint, ...]:
    if piece.get("addressType", "IPv4") != "IPv4":
        return ()
    ports = tuple(
        (port.get("name") or "", port.get("protocol") or "TCP", int(port["port"]))
        for port in piece.get("ports") or []
        if port.get("port")
    )
    return tuple(
        Endpoint(
            service,
            address,
            endpoint.get("hostname") or address.replace(".", "-"),
            ports,
            ready=_is_ready(endpoint),
            node=endpoint.get("nodeName") or "",
        )
        for endpoint in piece.get("endpoints") or []
        if _is_ready(endpoint) or _still_serves(endpoint)
        for address in endpoint["addresses"]
    )


def _is_ready(endpoint: Object) -> bool:
    # An absent condition means "unknown", which the API asks to read as ready.
    return (endpoint.get("conditions") or {}).get("ready", True) is not False


def _still_serves(endpoint: Object) -> bool:
    conditions = endpoint.get("conditions") or {}
    return bool(conditions.get("serving") and conditions.get("terminating"))
