"""Rows of services and their endpoints."""

from __future__ import annotations

from datetime import datetime

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apiserver.tables.columns import AGE, NAME, NONE, UNKNOWN, UNSET, Column, Printer, Row, age, joined

__all__ = ["ENDPOINTS", "ENDPOINT_SLICE", "SERVICE"]

_SHOWN = 3


def _service(obj: Object, now: datetime) -> Row:
    spec = obj["spec"]
    ports = [
        f"{port['port']}{':' + str(port['nodePort']) if port.get('nodePort') else ''}/{port.get('protocol', 'TCP')}"
        for port in spec.get("ports") or ()
    ]
    selector = [f"{key}={value}" for key, value in sorted((spec.get("selector") or {}).items())]
    kind = spec.get("type", "ClusterIP")
    address = NONE if kind == "ExternalName" else spec.get("clusterIP") or NONE
    return [
        obj["metadata"]["name"],
        kind,
        address,
        _external_ip(obj, kind),
        joined(ports),
        age(obj, now),
        joined(selector),
    ]


def _external_ip(obj: Object, kind: str) -> str:
    spec = obj["spec"]
    addresses: list[str] = list(spec.get("externalIPs") or ())
    if kind == "ExternalName":
        return str(spec.get("externalName") or NONE)
    if kind == "LoadBalancer":
        ingress = ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
        addresses = [entry.get("ip") or entry.get("hostname", "") for entry in ingress] + addresses
        return joined(addresses, none="<pending>")
    return joined(addresses)


def _endpoints(obj: Object, now: datetime) -> Row:
    listed = [
        _host_port(address["ip"], port)
        for subset in obj.get("subsets") or ()
        for port in subset.get("ports") or [None]
        for address in subset.get("addresses") or ()
    ]
    return [obj["metadata"]["name"], _shortened(listed, NONE), age(obj, now)]


def _host_port(ip: str, port: Object | None) -> str:
    return ip if port is None else f"{ip}:{port['port']}"


def _endpoint_slice(obj: Object, now: datetime) -> Row:
    ports = ["*" if port.get("port") is None else str(port["port"]) for port in obj.get("ports") or ()]
    addresses = [address for endpoint in obj.get("endpoints") or () for address in endpoint.get("addresses") or ()]
    return [
        obj["metadata"]["name"],
        obj.get("addressType", UNKNOWN),
        _shortened(ports, UNSET),
        _shortened(addresses, UNSET),
        age(obj, now),
    ]


def _shortened(items: list[str], none: str) -> str:
    """Show three, and say how many more there are."""
    if not items:
        return none
    text = ",".join(items[:_SHOWN])
    return f"{text} + {len(items) - _SHOWN} more..." if len(items) > _SHOWN else text


SERVICE = Printer(
    (
        NAME,
        Column("Type", description="How the service is exposed."),
        Column("Cluster-IP", description="The virtual address."),
        Column("External-IP", description="Addresses outside of the cluster."),
        Column("Port(s)", description="Ports, and node ports."),
        AGE,
        Column("Selector", description="Labels of the pods behind it.", wide=True),
    ),
    _service,
)
ENDPOINTS = Printer((NAME, Column("Endpoints", description="Addresses that are ready."), AGE), _endpoints)
ENDPOINT_SLICE = Printer((NAME, Column("AddressType"), Column("Ports"), Column("Endpoints"), AGE), _endpoint_slice)
