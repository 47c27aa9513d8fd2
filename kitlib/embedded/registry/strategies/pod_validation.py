"""Validation of a pod spec, wherever it stands, and of what a pod update may change."""

from __future__ import annotations

from kitlib.embedded.apimachinery.naming import check_dns_label, check_dns_subdomain, check_qualified_name
from kitlib.embedded.apimachinery.objects import Object, deep_copy
from kitlib.embedded.apimachinery.status import FieldError
from kitlib.embedded.registry.strategies import fields
from kitlib.embedded.registry.strategies.container_validation import validate_containers
from kitlib.embedded.registry.strategies.placement_validation import validate_placement
from kitlib.embedded.registry.strategies.resizing import validate_resize_policies
from kitlib.embedded.registry.strategies.security_validation import validate_pod_security
from kitlib.embedded.registry.strategies.volume_validation import validate_volumes

__all__ = ["validate_pod_change", "validate_pod_spec"]

_RESTART_POLICIES = ("Always", "Never", "OnFailure")
_DNS_POLICIES = ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None")
_MOST_NAMESERVERS, _MOST_SEARCHES, _LONGEST_SEARCH_LIST = 3, 32, 2048
_LONGEST_DEADLINE = 2**31 - 1
_CHANGE_TEXT = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def validate_pod_spec(spec: Object, path: str = "spec") -> list[FieldError]:
    """Return everything wrong with a defaulted pod spec.

    Example:
        >>> [str(error) for error in validate_pod_spec({"restartPolicy": "Always", "dnsPolicy": "Default"})]
        ['spec.containers: Required value']
    """
    errors = validate_volumes(spec.get("volumes") or [], f"{path}.volumes")
    errors += validate_containers(spec, path) + validate_resize_policies(spec, path)
    errors += fields.one_of(f"{path}.restartPolicy", spec.get("restartPolicy"), _RESTART_POLICIES)
    errors += fields.one_of(f"{path}.dnsPolicy", spec.get("dnsPolicy"), _DNS_POLICIES)
    if spec.get("dnsPolicy") == "None" and not (spec.get("dnsConfig") or {}).get("nameservers"):
        detail = "must provide at least one DNS nameserver when `dnsPolicy` is None"
        errors.append(fields.required(f"{path}.dnsConfig.nameservers", detail))
    for field in ("hostname", "subdomain"):
        if spec.get(field):
            errors += fields.named(f"{path}.{field}", spec[field], check_dns_label)
    if spec.get("serviceAccountName"):
        errors += fields.named(f"{path}.serviceAccountName", spec["serviceAccountName"], check_dns_subdomain)
    if "activeDeadlineSeconds" in spec and not 1 <= spec["activeDeadlineSeconds"] <= _LONGEST_DEADLINE:
        detail = "must be between 1 and 2147483647, inclusive"
        errors.append(fields.invalid(f"{path}.activeDeadlineSeconds", spec["activeDeadlineSeconds"], detail))
    for field in ("priorityClassName", "runtimeClassName", "nodeName"):
        errors += [
            fields.invalid(f"{path}.{field}", spec[field], t) for t in check_dns_subdomain(spec.get(field) or "a")
        ]
    errors += validate_pod_security(spec, path) + validate_placement(spec, path)
    errors += _validate_host_aliases(spec.get("hostAliases") or [], f"{path}.hostAliases")
    errors += _validate_dns_config(spec.get("dnsConfig") or {}, f"{path}.dnsConfig")
    return errors + _validate_gates(spec, path)


def _validate_host_aliases(aliases: list[Object], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, alias in enumerate(aliases):
        errors += fields.ip_address(f"{path}[{index}].ip", alias.get("ip", ""))
        for number, name in enumerate(alias.get("hostnames") or ()):
            here = f"{path}[{index}].hostnames[{number}]"
            errors += [fields.invalid(here, name, text) for text in check_dns_subdomain(name)]
    return errors


def _validate_dns_config(config: Object, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    servers, searches = config.get("nameservers") or [], config.get("searches") or []
    if len(servers) > _MOST_NAMESERVERS:
        detail = f"must not have more than {_MOST_NAMESERVERS} nameservers"
        errors.append(fields.invalid(f"{path}.nameservers", servers, detail))
    for index, server in enumerate(servers):
        errors += fields.ip_address(f"{path}.nameservers[{index}]", server)
    if len(searches) > _MOST_SEARCHES:
        detail = f"must not have more than {_MOST_SEARCHES} search paths"
        errors.append(fields.invalid(f"{path}.searches", searches, detail))
    if len(" ".join(searches)) > _LONGEST_SEARCH_LIST:
        detail = f"must not have more than {_LONGEST_SEARCH_LIST} characters (including spaces) in the search list"
        errors.append(fields.invalid(f"{path}.searches", searches, detail))
    for index, search in enumerate(searches):
        complaints = check_dns_subdomain(search.removesuffix(".")) if search != "." else []
        errors += [fields.invalid(f"{path}.searches[{index}]", search, text) for text in complaints]
    for index, option in enumerate(config.get("options") or ()):
        if not option.get("name"):
            errors.append(fields.required(f"{path}.options[{index}]", "must not be empty"))
    return errors


def _validate_gates(spec: Object, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, gate in enumerate(spec.get("readinessGates") or ()):
        kind, here = gate.get("conditionType", ""), f"{path}.readinessGates[{index}].conditionType"
        errors += [fields.invalid(here, kind, text) for text in check_qualified_name(kind)]
    names: set[str] = set()
    for index, gate in enumerate(spec.get("schedulingGates") or ()):
        name, here = gate.get("name", ""), f"{path}.schedulingGates[{index}]"
        errors += [fields.invalid(here, name, text) for text in check_qualified_name(name)]
        if name in names:
            errors.append(fields.duplicate(here, name))
        names.add(name)
    return errors


def validate_pod_change(new: Object, old: Object) -> list[FieldError]:
    """Compare two pod specs: all is immutable but images, deadline, added tolerations and lifted scheduling gates."""
    errors: list[FieldError] = []
    mine = deep_copy(new)
    for group in ("containers", "initContainers"):
        before, after = old.get(group) or [], mine.get(group) or []
        if len(before) != len(after):
            errors.append(fields.forbidden(f"spec.{group}", "pod updates may not add or remove containers"))
            return errors
        for container, original in zip(after, before, strict=True):
            container["image"] = original.get("image", "")
    deadline = "activeDeadlineSeconds"
    sooner = deadline in mine and (deadline not in old or mine[deadline] <= old[deadline])
    _accept(mine, old, deadline, sooner)
    kept = all(toleration in (mine.get("tolerations") or []) for toleration in old.get("tolerations") or [])
    _accept(mine, old, "tolerations", kept)
    gates = [gate["name"] for gate in old.get("schedulingGates") or []]
    lifted = all(gate["name"] in gates for gate in mine.get("schedulingGates") or [])
    _accept(mine, old, "schedulingGates", lifted)
    negative = old.get("terminationGracePeriodSeconds", 0) < 0 and mine.get("terminationGracePeriodSeconds") == 1
    _accept(mine, old, "terminationGracePeriodSeconds", negative)
    if mine != old:
        errors.append(fields.forbidden("spec", _CHANGE_TEXT))
    return errors


def _accept(mine: Object, old: Object, field: str, allowed: bool) -> None:
    """Take over the old value of a field whose change is allowed, so that it compares equal."""
    if not allowed:
        return
    if field in old:
        mine[field] = old[field]
    else:
        mine.pop(field, None)
