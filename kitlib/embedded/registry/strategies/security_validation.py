"""Validation of the security contexts of pods and containers."""

from __future__ import annotations

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import FieldError
from kitlib.embedded.registry.strategies import fields

__all__ = ["validate_container_security", "validate_pod_security"]

_ID_TEXT = "must be between 0 and 2147483647, inclusive"
_PROFILES = ("Localhost", "RuntimeDefault", "Unconfined")
_CHANGE_POLICIES = ("Always", "OnRootMismatch")


def validate_pod_security(spec: Object, path: str) -> list[FieldError]:
    """Check `securityContext` of a pod spec and the namespaces it shares."""
    context, here = spec.get("securityContext") or {}, f"{path}.securityContext"
    errors = _ids(context, here, "fsGroup")
    for index, group in enumerate(context.get("supplementalGroups") or ()):
        errors += _id(group, f"{here}.supplementalGroups[{index}]")
    if spec.get("shareProcessNamespace") and spec.get("hostPID"):
        detail = "ShareProcessNamespace and HostPID cannot both be enabled"
        errors.append(fields.invalid(f"{path}.shareProcessNamespace", True, detail))
    if "fsGroupChangePolicy" in context:
        errors += fields.one_of(f"{here}.fsGroupChangePolicy", context["fsGroupChangePolicy"], _CHANGE_POLICIES)
    return errors + _profile(context, here)


def validate_container_security(container: Object, path: str) -> list[FieldError]:
    """Check `securityContext` of a container."""
    context, here = container.get("securityContext") or {}, f"{path}.securityContext"
    errors = _ids(context, here)
    if context.get("allowPrivilegeEscalation") is False:
        if context.get("privileged"):
            detail = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
            errors.append(fields.invalid(here, context, detail))
        if "CAP_SYS_ADMIN" in ((context.get("capabilities") or {}).get("add") or ()):
            detail = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
            errors.append(fields.invalid(here, context, detail))
    return errors + _profile(context, here)


def _ids(context: Object, path: str, *more: str) -> list[FieldError]:
    names = ("runAsUser", "runAsGroup", *more)
    return [error for name in names if name in context for error in _id(context[name], f"{path}.{name}")]


def _id(number: int, path: str) -> list[FieldError]:
    return [] if 0 <= number <= 2147483647 else [fields.invalid(path, number, _ID_TEXT)]


def _profile(context: Object, path: str) -> list[FieldError]:
    profile, here = context.get("seccompProfile"), f"{path}.seccompProfile"
    if profile is None:
        return []
    kind, file = profile.get("type", ""), profile.get("localhostProfile")
    if kind == "Localhost" and not file:
        detail = "must be set when seccomp type is Localhost"
        return [fields.required(f"{here}.localhostProfile", detail)]
    if kind != "Localhost" and file is not None:
        detail = "can only be set when seccomp type is Localhost"
        return [fields.invalid(f"{here}.localhostProfile", file, detail)]
    return fields.one_of(f"{here}.type", kind, _PROFILES)
