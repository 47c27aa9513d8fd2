"""Validation of a Service's spec."""

from __future__ import annotations

from ipaddress import IPv4Address

from kitlib.embedded.apimachinery.naming import (
    check_dns_label,
    check_dns_subdomain,
    check_port_name,
    check_port_number,
)
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import FieldError
from kitlib.embedded.registry.strategies import fields
from kitlib.embedded.registry.strategies.base import Context
from kitlib.embedded.registry.strategies.metadata_validation import validate_labels
from kitlib.embedded.registry.strategies.service_allocation import (
    NODE_PORTS,
    SERVICE_NETWORK,
    taken_ips,
    taken_node_ports,
)

__all__ = ["validate_service"]

_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_PROTOCOLS = ("SCTP", "TCP", "UDP")
_POLICIES = ("Cluster", "Local")
_LONGEST_AFFINITY = 86400


def validate_service(service: Object, ctx: Context) -> list[FieldError]:
    """Return everything wrong with a defaulted service, its addresses and ports included."""
    spec, uid = service["spec"], service["metadata"].get("uid", "")
    headless = spec.get("clusterIP") == "None"
    errors = validate_labels(spec.get("selector") or {}, "spec.selector")
    errors += fields.one_of("spec.type", spec.get("type"), _TYPES)
    errors += fields.one_of("spec.sessionAffinity", spec.get("sessionAffinity"), ("ClientIP", "None"))
    errors += _validate_policies(spec)
    if spec.get("internalTrafficPolicy"):
        errors += fields.one_of("spec.internalTrafficPolicy", spec["internalTrafficPolicy"], _POLICIES)
    if spec["type"] == "ExternalName":
        return errors + _validate_external_name(spec)
    if not spec.get("ports") and not headless:
        errors.append(fields.required("spec.ports"))
    if headless and spec["type"] != "ClusterIP":
        detail = f"may not be set to 'None' for {spec['type']} services"
        errors.append(fields.invalid("spec.clusterIPs[0]", "None", detail))
    errors += _validate_address(spec, ctx, uid)
    return errors + _validate_ports(spec, ctx, uid)


def _validate_policies(spec: Object) -> list[FieldError]:
    errors: list[FieldError] = []
    if spec["sessionAffinity"] == "ClientIP":
        seconds = spec["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"]
        if not 0 < seconds <= _LONGEST_AFFINITY:
            path = "spec.sessionAffinityConfig.clientIP.timeoutSeconds"
            errors.append(fields.invalid(path, seconds, f"must be greater than 0 and less than {_LONGEST_AFFINITY}"))
    for index, address in enumerate(spec.get("externalIPs") or ()):
        errors += fields.ip_address(f"spec.externalIPs[{index}]", address)
    if policy := spec.get("externalTrafficPolicy"):
        if spec["type"] in ("LoadBalancer", "NodePort"):
            errors += fields.one_of("spec.externalTrafficPolicy", policy, _POLICIES)
        else:
            detail = "may only be set for externally-accessible services"
            errors.append(fields.invalid("spec.externalTrafficPolicy", policy, detail))
    if "allocateLoadBalancerNodePorts" in spec and spec["type"] != "LoadBalancer":
        detail = "may only be used when `type` is 'LoadBalancer'"
        errors.append(fields.forbidden("spec.allocateLoadBalancerNodePorts", detail))
    return errors


def _validate_external_name(spec: Object) -> list[FieldError]:
    name = str(spec.get("externalName", "")).removesuffix(".")
    errors = fields.named("spec.externalName", name, check_dns_subdomain)
    if spec.get("clusterIP"):
        errors.append(fields.forbidden("spec.clusterIPs[0]", "may not be set for ExternalName services"))
    return errors


def _validate_address(spec: Object, ctx: Context, uid: str) -> list[FieldError]:
    address, addresses = spec.get("clusterIP", ""), spec.get("clusterIPs") or []
    if addresses[:1] != [address]:
        return [fields.invalid("spec.clusterIPs", addresses, "first value must match `clusterIP`")]
    if address == "None":
        return []
    try:
        parsed = IPv4Address(address)
    except ValueError:
        detail = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
        return [fields.invalid("spec.clusterIPs[0]", address, detail)]
    if parsed not in SERVICE_NETWORK:
        detail = f"failed to allocate IP {address}: the provided IP ({address}) is not in the valid range. "
        detail += f"The range of valid IPs is {SERVICE_NETWORK}"
        return [fields.invalid("spec.clusterIPs", addresses, detail)]
    if address in taken_ips(ctx, but=uid):
        detail = f"failed to allocate IP {address}: provided IP is already allocated"
        return [fields.invalid("spec.clusterIPs", addresses, detail)]
    return []


def _validate_ports(spec: Object, ctx: Context, uid: str) -> list[FieldError]:
    ports = spec.get("ports") or []
    errors: list[FieldError] = []
    names: set[str] = set()
    pairs: set[tuple[str, int]] = set()
    for index, port in enumerate(ports):
        path, name = f"spec.ports[{index}]", port.get("name", "")
        if not name and len(ports) > 1:
            errors.append(fields.required(f"{path}.name"))
        elif name:
            errors += [fields.invalid(f"{path}.name", name, text) for text in check_dns_label(name)]
            if name in names:
                errors.append(fields.duplicate(f"{path}.name", name))
        names.add(name)
        number = port.get("port", 0)
        errors += [fields.invalid(f"{path}.port", number, text) for text in check_port_number(number)]
        errors += fields.one_of(f"{path}.protocol", port.get("protocol"), _PROTOCOLS)
        target = port.get("targetPort", number)
        complaints = check_port_name(target) if isinstance(target, str) else check_port_number(target)
        errors += [fields.invalid(f"{path}.targetPort", target, text) for text in complaints]
        pair = (port.get("protocol", "TCP"), number)
        if pair in pairs:
            errors.append(fields.duplicate(path, {"protocol": pair[0], "port": number}))
        pairs.add(pair)
    return errors + _validate_node_ports(spec, ctx, uid)


def _validate_node_ports(spec: Object, ctx: Context, uid: str) -> list[FieldError]:
    asked = [(i, port) for i, port in enumerate(spec.get("ports") or ()) if port.get("nodePort")]
    if not asked:
        return []
    errors: list[FieldError] = []
    used = taken_node_ports(ctx, but=uid)
    for index, port in asked:
        path, number = f"spec.ports[{index}].nodePort", port["nodePort"]
        if spec["type"] == "ClusterIP":
            errors.append(fields.forbidden(path, "may not be used when `type` is 'ClusterIP'"))
        elif number not in NODE_PORTS:
            detail = "provided port is not in the valid range. The range of valid ports is 30000-32767"
            errors.append(fields.invalid(path, number, detail))
        elif (port["protocol"], number) in used:
            errors.append(fields.invalid(path, number, "provided port is already allocated"))
        used.add((port["protocol"], number))
    return errors
