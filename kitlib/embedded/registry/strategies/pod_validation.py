"""Validation of a pod spec, wherever it stands, and of what a pod update may change."""

from __future__ import annotations

from kitlib.embedded.apimachinery.naming import check_config_key, check_dns_label, check_dns_subdomain
from kitlib.embedded.apimachinery.objects import Object, deep_copy
from kitlib.embedded.apimachinery.status import FieldError
from kitlib.embedded.registry.strategies import fields
from kitlib.embedded.registry.strategies.container_validation import validate_containers

__all__ = ["validate_pod_change", "validate_pod_spec"]

_RESTART_POLICIES = ("Always", "Never", "OnFailure")
_DNS_POLICIES = ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None")
_EFFECTS = ("NoExecute", "NoSchedule", "PreferNoSchedule")
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
    errors = _validate_volumes(spec.get("volumes") or [], f"{path}.volumes")
    errors += validate_containers(spec, path)
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
    if "activeDeadlineSeconds" in spec and spec["activeDeadlineSeconds"] < 1:
        detail = "must be between 1 and 2147483647, inclusive"
        errors.append(fields.invalid(f"{path}.activeDeadlineSeconds", spec["activeDeadlineSeconds"], detail))
    return errors + _validate_tolerations(spec.get("tolerations") or [], f"{path}.tolerations")


def _validate_volumes(volumes: list[Object], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    names: set[str] = set()
    for index, volume in enumerate(volumes):
        here, name = f"{path}[{index}]", volume.get("name", "")
        errors += fields.named(f"{here}.name", name, check_dns_label)
        if name and name in names:
            errors.append(fields.duplicate(f"{here}.name", name))
        names.add(name)
        sources = [field for field in volume if field != "name"]
        detail = "may not specify more than 1 volume type"
        errors += [fields.forbidden(f"{here}.{extra}", detail) for extra in sources[1:]]
        if not sources:
            errors.append(fields.required(here, "must specify a volume type"))
        else:
            errors += _validate_source(volume, sources[0], here)
    return errors


def _validate_source(volume: Object, kind: str, path: str) -> list[FieldError]:
    source, here = volume[kind], f"{path}.{kind}"
    needed = {"secret": "secretName", "configMap": "name", "persistentVolumeClaim": "claimName", "hostPath": "path"}
    errors: list[FieldError] = []
    if kind in needed and not source.get(needed[kind]):
        errors.append(fields.required(f"{here}.{needed[kind]}"))
    if kind in ("secret", "configMap"):
        for index, item in enumerate(source.get("items") or ()):
            errors += fields.named(f"{here}.items[{index}].key", item.get("key", ""), check_config_key)
            if not item.get("path"):
                errors.append(fields.required(f"{here}.items[{index}].path"))
    mode = source.get("defaultMode")
    if mode is not None and not 0 <= mode <= 0o777:
        detail = "must be a number between 0 and 0777 (octal), both inclusive"
        errors.append(fields.invalid(f"{here}.defaultMode", mode, detail))
    return errors


def _validate_tolerations(tolerations: list[Object], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, toleration in enumerate(tolerations):
        here = f"{path}[{index}]"
        operator = toleration.get("operator") or "Equal"
        if operator not in ("Equal", "Exists"):
            errors.append(fields.not_supported(f"{here}.operator", operator, ("Equal", "Exists")))
        if not toleration.get("key") and operator != "Exists":
            detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
            errors.append(fields.invalid(f"{here}.operator", operator, detail))
        if operator == "Exists" and toleration.get("value"):
            detail = "value must be empty when `operator` is 'Exists'"
            errors.append(fields.invalid(f"{here}.operator", toleration, detail))
        if toleration.get("effect") and toleration["effect"] not in _EFFECTS:
            errors.append(fields.not_supported(f"{here}.effect", toleration["effect"], _EFFECTS))
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
