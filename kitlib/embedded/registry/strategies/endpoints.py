"""Endpoints and EndpointSlices."""

from __future__ import annotations

from ipaddress import ip_address

from kitlib.embedded.apimachinery.naming import check_dns_label, check_dns_subdomain
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import FieldError
from kitlib.embedded.registry.strategies import fields
from kitlib.embedded.registry.strategies.base import Context, Strategy

__all__ = ["EndpointSliceStrategy", "EndpointsStrategy"]

_ADDRESS_TYPES = ("FQDN", "IPv4", "IPv6")
_MOST_ADDRESSES = 100
_PROTOCOLS = ("SCTP", "TCP", "UDP")


class EndpointsStrategy(Strategy):
    """Endpoints, the old view of a service's backends."""

    create_on_update = True

    def default(self, obj: Object) -> None:
        """Protocol TCP."""
        for subset in obj.get("subsets") or ():
            for port in subset.get("ports") or ():
                port.setdefault("protocol", "TCP")

    def check(self, obj: Object, ctx: Context) -> list[FieldError]:
        """Every subset has addresses."""
        return [
            fields.required(f"subsets[{index}]", "must specify `addresses` or `notReadyAddresses`")
            for index, subset in enumerate(obj.get("subsets") or ())
            if not subset.get("addresses") and not subset.get("notReadyAddresses")
        ]


class EndpointSliceStrategy(Strategy):
    """Endpoint slices: at most 100 addresses per endpoint, one address type for life."""

    def default(self, obj: Object) -> None:
        """Ports have a name and a protocol, endpoints have conditions; lists are lists."""
        for port in obj.get("ports") or ():
            port.setdefault("name", "")
            port.setdefault("protocol", "TCP")
        if obj.get("endpoints") is None:
            obj["endpoints"] = []
        for endpoint in obj["endpoints"]:
            endpoint.setdefault("conditions", {})

    def check(self, obj: Object, ctx: Context) -> list[FieldError]:
        """Check address type and addresses."""
        errors = fields.one_of("addressType", obj.get("addressType"), _ADDRESS_TYPES)
        for index, endpoint in enumerate(obj["endpoints"]):
            path = f"endpoints[{index}].addresses"
            addresses = endpoint.get("addresses") or []
            if not addresses:
                errors.append(fields.required(path, "must contain at least 1 address"))
            elif len(addresses) > _MOST_ADDRESSES:
                errors.append(FieldError("FieldValueTooMany", path, f"must have at most {_MOST_ADDRESSES} items"))
            for number, address in enumerate(addresses):
                errors += _check_address(f"{path}[{number}]", address, obj.get("addressType", ""))
            if endpoint.get("hostname"):
                errors += fields.named(f"endpoints[{index}].hostname", endpoint["hostname"], check_dns_label)
        return errors + _check_ports(obj.get("ports") or [])

    def check_change(self, obj: Object, old: Object, ctx: Context) -> list[FieldError]:
        """The address type is immutable."""
        return fields.unchanged("addressType", obj["addressType"], old["addressType"])


def _check_address(path: str, address: str, kind: str) -> list[FieldError]:
    if kind == "FQDN":
        return fields.named(path, address, check_dns_subdomain)
    try:
        parsed = ip_address(address)
    except ValueError:
        return fields.ip_address(path, address)
    if f"IPv{parsed.version}" != kind:
        return [fields.invalid(path, address, f"must be an {kind} address")]
    complaints = {
        "may not be unspecified (0.0.0.0 or ::)": parsed.is_unspecified,
        "may not be in the loopback range (127.0.0.0/8, ::1/128)": parsed.is_loopback,
        "may not be in the link-local range (169.254.0.0/16, fe80::/10)": parsed.is_link_local,
        "may not be in the multicast range (224.0.0.0/4, ff00::/8)": parsed.is_multicast,
    }
    return [fields.invalid(path, address, text) for text, found in complaints.items() if found]


def _check_ports(ports: list[Object]) -> list[FieldError]:
    errors: list[FieldError] = []
    names: set[str] = set()
    for index, port in enumerate(ports):
        path, name = f"ports[{index}]", port["name"]
        if name in names:
            errors.append(fields.duplicate(f"{path}.name", name))
        names.add(name)
        errors += [fields.invalid(f"{path}.name", name, text) for text in check_dns_label(name or "a")]
        errors += fields.one_of(f"{path}.protocol", port["protocol"], _PROTOCOLS)
    return errors
