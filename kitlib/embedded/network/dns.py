"""Cluster DNS as a pure function: a question and a `Zone` in, records out.

Source: the DNS-based service discovery specification of Kubernetes, and CoreDNS' plugin `kubernetes` where that is
silent (only ready endpoints exist; a headless Service without any is NXDOMAIN). Names outside the cluster's zone do not
exist: the node has no way out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address
from typing import Literal

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.network.zone import Endpoint, ServiceKey, Zone

__all__ = ["DOMAIN", "Question", "Record", "Reply", "resolve"]

DOMAIN = "cluster.local"
_REVERSE = ".in-addr.arpa"
# A chain of ExternalNames inside the cluster may be a loop.
_MAX_CHAIN = 8


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: a name without the final dot, and a type such as `A`."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Record:
    """One resource record.

    Args:
        name: owner name without the final dot.
        type: `A`, `CNAME`, `PTR` or `SRV`.
        data: an address or a name.
        port: of an SRV record.
        weight: of an SRV record.
    """

    name: str
    type: str
    data: str
    port: int = 0
    weight: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer; NOERROR without answers is NODATA."""

    rcode: Literal["NOERROR", "NXDOMAIN"]
    answers: tuple[Record, ...] = ()
    additional: tuple[Record, ...] = ()


_NODATA = Reply("NOERROR")
_NXDOMAIN = Reply("NXDOMAIN")


def resolve(zone: Zone, question: Question) -> Reply:
    """Answer one question.

    Example:
        >>> resolve(Zone(), Question("example.org", "A")).rcode
        'NXDOMAIN'
    """
    name = question.name.rstrip(".").lower()
    if name.endswith(_REVERSE):
        return _reverse(zone, question, name)
    if name == DOMAIN:
        return _NODATA
    if not name.endswith(f".{DOMAIN}"):
        return _NXDOMAIN
    labels = name.removesuffix(f".{DOMAIN}").split(".")
    match labels:
        case ["svc"] | ["pod"]:
            return _NODATA
        case [namespace, "svc" | "pod"]:
            return _NODATA if zone.has_namespace(namespace) else _NXDOMAIN
        case [dashed, namespace, "pod"]:
            return _pod(zone, question, dashed, namespace)
        case [service, namespace, "svc"]:
            return _service(zone, question, (namespace, service))
        case [hostname, service, namespace, "svc"]:
            return _endpoint(zone, question, (namespace, service), hostname)
        case [port, protocol, service, namespace, "svc"] if port.startswith("_") and protocol.startswith("_"):
            return _named_port(zone, question, (namespace, service), port[1:], protocol[1:])
    return _NXDOMAIN


def _service(zone: Zone, question: Question, key: ServiceKey) -> Reply:
    service = zone.service(key)
    if service is None:
        return _NXDOMAIN
    if service["spec"].get("type") == "ExternalName":
        return _external(zone, question, service["spec"].get("externalName", ""))
    if _is_headless(service):
        endpoints = zone.endpoints(key)
        if not endpoints:
            return _NXDOMAIN
        if question.type == "A":
            return _addresses(question, (endpoint.address for endpoint in endpoints))
    elif question.type == "A":
        return _addresses(question, [service["spec"]["clusterIP"]])
    if question.type == "SRV":
        return _srv(question, _targets(zone, key, service))
    return _NODATA


def _endpoint(zone: Zone, question: Question, key: ServiceKey, hostname: str) -> Reply:
    if zone.service(key) is None:
        return _NXDOMAIN
    found = [endpoint for endpoint in zone.endpoints(key) if endpoint.hostname.lower() == hostname]
    if not found:
        return _NXDOMAIN
    if question.type == "A":
        return _addresses(question, (endpoint.address for endpoint in found))
    if question.type == "SRV":
        return _srv(
            question, [(_host(endpoint), endpoint.address, port[2]) for endpoint in found for port in endpoint.ports]
        )
    return _NODATA


def _named_port(zone: Zone, question: Question, key: ServiceKey, port: str, protocol: str) -> Reply:
    service = zone.service(key)
    if service is None or service["spec"].get("type") == "ExternalName":
        return _NXDOMAIN
    targets = _targets(zone, key, service, port=port, protocol=protocol)
    if not targets:
        return _NXDOMAIN
    return _srv(question, targets) if question.type == "SRV" else _NODATA


def _targets(
    zone: Zone, key: ServiceKey, service: Object, *, port: str | None = None, protocol: str | None = None
) -> list[tuple[str, str, int]]:
    """Return (name, address, port number) of what SRV records point at; None stands for any port or protocol."""

    def wanted(name: str, proto: str) -> bool:
        return port in (None, name.lower()) and protocol in (None, proto.lower())

    if _is_headless(service):
        return [
            (_host(endpoint), endpoint.address, number)
            for endpoint in zone.endpoints(key)
            for name, proto, number in endpoint.ports
            if wanted(name, proto)
        ]
    return [
        (_service_name(key), service["spec"]["clusterIP"], int(item["port"]))
        for item in service["spec"].get("ports") or []
        if wanted(item.get("name") or "", item.get("protocol") or "TCP")
    ]


def _srv(question: Question, targets: list[tuple[str, str, int]]) -> Reply:
    weight = max(1, 100 // len(targets)) if targets else 0
    answers = tuple(Record(question.name, "SRV", name, port=number, weight=weight) for name, _, number in targets)
    hosts = dict.fromkeys((name, address) for name, address, _ in targets)
    return Reply("NOERROR", answers, tuple(Record(name, "A", address) for name, address in hosts))


def _external(zone: Zone, question: Question, target: str) -> Reply:
    """Follow a CNAME as far as it stays in the cluster."""
    answers = [Record(question.name, "CNAME", target)]
    seen = {question.name.lower()}
    while question.type != "CNAME" and len(answers) < _MAX_CHAIN and target.lower() not in seen:
        seen.add(target.lower())
        if not target.lower().rstrip(".").endswith(f".{DOMAIN}"):
            break
        alias = _alias(zone, target)
        if alias is None:
            answers += resolve(zone, Question(target, question.type)).answers
            break
        answers.append(Record(target, "CNAME", alias))
        target = alias
    return Reply("NOERROR", tuple(answers))


def _alias(zone: Zone, name: str) -> str | None:
    match name.lower().rstrip(".").removesuffix(f".{DOMAIN}").split("."):
        case [service, namespace, "svc"]:
            found = zone.service((namespace, service))
            if found is not None and found["spec"].get("type") == "ExternalName":
                return str(found["spec"].get("externalName", ""))
    return None


def _pod(zone: Zone, question: Question, dashed: str, namespace: str) -> Reply:
    """`10-244-0-5.ns.pod`: any address in any existing namespace, as CoreDNS does with `pods insecure`."""
    address = dashed.replace("-", ".")
    if not zone.has_namespace(namespace) or not _is_address(address):
        return _NXDOMAIN
    return _addresses(question, [address]) if question.type == "A" else _NODATA


def _reverse(zone: Zone, question: Question, name: str) -> Reply:
    address = ".".join(reversed(name.removesuffix(_REVERSE).split(".")))
    if not _is_address(address):
        return _NXDOMAIN
    key = zone.by_cluster_ip(address)
    names = [_service_name(key)] if key is not None else [_host(endpoint) for endpoint in zone.by_endpoint(address)]
    if not names:
        return _NXDOMAIN
    if question.type != "PTR":
        return _NODATA
    return Reply("NOERROR", tuple(Record(question.name, "PTR", target) for target in dict.fromkeys(names)))


def _addresses(question: Question, addresses: Iterable[str]) -> Reply:
    return Reply("NOERROR", tuple(Record(question.name, "A", address) for address in dict.fromkeys(addresses)))


def _host(endpoint: Endpoint) -> str:
    return f"{endpoint.hostname}.{_service_name(endpoint.service)}"


def _service_name(key: ServiceKey) -> str:
    namespace, name = key
    return f"{name}.{namespace}.svc.{DOMAIN}"


def _is_headless(service: Object) -> bool:
    return service["spec"].get("clusterIP") in (None, "", "None")


def _is_address(text: str) -> bool:
    try:
        IPv4Address(text)
    except AddressValueError:
        return False
    return True
