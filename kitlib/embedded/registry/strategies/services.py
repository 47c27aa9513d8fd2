"""Services."""

from __future__ import annotations

from typing import ClassVar

from kitlib.embedded.apimachinery.naming import check_dns_label
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import FieldError
from kitlib.embedded.registry.strategies import fields
from kitlib.embedded.registry.strategies.base import Context, Strategy
from kitlib.embedded.registry.strategies.service_allocation import allocate_cluster_ip, allocate_node_ports
from kitlib.embedded.registry.strategies.service_validation import validate_service

__all__ = ["ServiceStrategy"]

_EXTERNAL = ("NodePort", "LoadBalancer")
_ADDRESS_FIELDS = ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy")


class ServiceStrategy(Strategy):
    """Services: behaviour 4.1."""

    create_on_update = True
    check_name = staticmethod(check_dns_label)
    initial_status: ClassVar[Object] = {"loadBalancer": {}}

    def default(self, obj: Object) -> None:
        """Default type, affinity, policies and ports."""
        spec = obj.setdefault("spec", {})
        kind = spec.setdefault("type", "ClusterIP")
        if spec.setdefault("sessionAffinity", "None") == "ClientIP":
            spec.setdefault("sessionAffinityConfig", {}).setdefault("clientIP", {}).setdefault("timeoutSeconds", 10800)
        else:
            spec.pop("sessionAffinityConfig", None)
        if kind != "ExternalName":
            spec.setdefault("internalTrafficPolicy", "Cluster")
        if kind in _EXTERNAL:
            spec.setdefault("externalTrafficPolicy", "Cluster")
        if kind == "LoadBalancer":
            spec.setdefault("allocateLoadBalancerNodePorts", True)
        for port in spec.get("ports") or ():
            port.setdefault("protocol", "TCP")
            if port.get("targetPort") in (None, 0, ""):
                port["targetPort"] = port.get("port", 0)

    def prepare_for_create(self, obj: Object, ctx: Context) -> None:
        """Allocate addresses and ports."""
        super().prepare_for_create(obj, ctx)
        _allocate(obj, ctx)

    def prepare_for_update(self, obj: Object, old: Object, ctx: Context) -> None:
        """Keep what was allocated, release and allocate what a changed type asks for."""
        spec, before = obj["spec"], old["spec"]
        if spec["type"] == "ExternalName" and before["type"] != "ExternalName":
            _release(spec, before)
        elif before["type"] != "ExternalName":
            _keep_addresses(spec, before)
            _keep_node_ports(spec, before)
        if spec["type"] not in _EXTERNAL:
            for field in ("externalTrafficPolicy", "allocateLoadBalancerNodePorts"):
                spec.pop(field, None)
        _allocate(obj, ctx)

    def check(self, obj: Object, ctx: Context) -> list[FieldError]:
        """Check the spec."""
        return validate_service(obj, ctx)

    def check_change(self, obj: Object, old: Object, ctx: Context) -> list[FieldError]:
        """The address is for life, unless the service had or gets none."""
        new, before = obj["spec"].get("clusterIPs") or [], old["spec"].get("clusterIPs") or []
        if new == before or "ExternalName" in (obj["spec"]["type"], old["spec"]["type"]):
            return []
        return [fields.invalid("spec.clusterIPs[0]", new, "may not change once set")]


def _allocate(service: Object, ctx: Context) -> None:
    spec = service["spec"]
    if spec["type"] == "ExternalName":
        return
    if not spec.get("clusterIP") and spec.get("clusterIPs"):
        spec["clusterIP"] = spec["clusterIPs"][0]
    if not spec.get("clusterIP"):
        spec["clusterIP"] = allocate_cluster_ip(ctx)
    if not spec.get("clusterIPs"):
        spec["clusterIPs"] = [spec["clusterIP"]]
    if spec["clusterIP"] == "None" and not spec.get("selector"):
        # Whoever fills the endpoints of a headless service without selector may use both families.
        spec.setdefault("ipFamilyPolicy", "RequireDualStack")
        spec.setdefault("ipFamilies", ["IPv4", "IPv6"])
    spec.setdefault("ipFamilyPolicy", "SingleStack")
    spec.setdefault("ipFamilies", ["IPv4"])
    if spec["type"] in _EXTERNAL and spec.get("allocateLoadBalancerNodePorts", True):
        allocate_node_ports(service, ctx)


def _keep_addresses(spec: Object, before: Object) -> None:
    if not spec.get("clusterIP"):
        for field in ("clusterIP", "clusterIPs"):
            if field in before:
                spec[field] = list(before[field]) if field == "clusterIPs" else before[field]
    elif not spec.get("clusterIPs") or (
        spec["clusterIP"] != before.get("clusterIP") and spec["clusterIPs"] == before.get("clusterIPs")
    ):
        spec["clusterIPs"] = [spec["clusterIP"]]  # who asks for another address need not know of the list
    for field in ("ipFamilies", "ipFamilyPolicy"):
        if field not in spec and field in before:
            spec[field] = before[field]


def _keep_node_ports(spec: Object, before: Object) -> None:
    """A port that the request repeats without its node port keeps it; without an external type it loses it."""
    if spec["type"] not in _EXTERNAL:
        kept = {port.get("nodePort") for port in before.get("ports") or ()}
        for port in spec.get("ports") or ():
            if port.get("nodePort") in kept and before["type"] in _EXTERNAL:
                port.pop("nodePort", None)
        return
    known = {(port["protocol"], port["port"]): port.get("nodePort") for port in before.get("ports") or ()}
    for port in spec.get("ports") or ():
        number = known.get((port["protocol"], port.get("port")))
        if number and not port.get("nodePort"):
            port["nodePort"] = number


def _release(spec: Object, before: Object) -> None:
    """Drop the addresses of a service that becomes an alias, if the request only repeats them."""
    if spec.get("clusterIP", before.get("clusterIP")) == before.get("clusterIP"):
        for field in _ADDRESS_FIELDS:
            spec.pop(field, None)
    for port in spec.get("ports") or ():
        port.pop("nodePort", None)
