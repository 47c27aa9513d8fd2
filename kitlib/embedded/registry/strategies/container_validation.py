"""Validation of the containers of a pod spec."""

from __future__ import annotations

from typing import Any

from kitlib.embedded.apimachinery.naming import check_dns_label, check_env_name, check_port_name, check_port_number
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.quantity import parse_quantity
from kitlib.embedded.apimachinery.status import FieldError
from kitlib.embedded.registry.strategies import fields
from kitlib.embedded.registry.strategies.reference_validation import validate_variable_source
from kitlib.embedded.registry.strategies.security_validation import validate_container_security

__all__ = ["validate_container", "validate_containers"]

_PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_PROTOCOLS = ("SCTP", "TCP", "UDP")
_MESSAGE_POLICIES = ("FallbackToLogsOnError", "File")
_STANDARD = ("cpu", "ephemeral-storage", "memory")
_SCHEMES = ("HTTP", "HTTPS")
_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")
_NOT_IN_INIT = "may not be set for init containers without restartPolicy=Always"
_LIVELY = ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def validate_containers(spec: Object, path: str) -> list[FieldError]:
    """Check init and main containers, whose names share one space."""
    if not spec.get("containers"):
        return [fields.required(f"{path}.containers")]
    volumes = {volume.get("name", "") for volume in spec.get("volumes") or ()}
    names: set[str] = set()
    errors: list[FieldError] = []
    for group in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(group) or ()):
            here = f"{path}.{group}[{index}]"
            name = container.get("name", "")
            errors += fields.named(f"{here}.name", name, check_dns_label)
            if name and name in names:
                errors.append(fields.duplicate(f"{here}.name", name))
            names.add(name)
            errors += validate_container(container, here, volumes)
            if group == "initContainers" and container.get("restartPolicy") != "Always":
                errors += [fields.forbidden(f"{here}.{name}", _NOT_IN_INIT) for name in _LIVELY if name in container]
    return errors + _validate_host_ports(spec, path)


def validate_container(container: Object, path: str, volumes: set[str]) -> list[FieldError]:
    """Check what every container may have, whichever kind it is of; `volumes` are the names of the pod's."""
    errors: list[FieldError] = []
    image = container.get("image", "")
    if not image:
        errors.append(fields.required(f"{path}.image"))
    elif image != image.strip():
        errors.append(fields.invalid(f"{path}.image", image, "must not have leading or trailing whitespace"))
    errors += fields.one_of(f"{path}.imagePullPolicy", container.get("imagePullPolicy"), _PULL_POLICIES)
    policy = container.get("terminationMessagePolicy")
    errors += fields.one_of(f"{path}.terminationMessagePolicy", policy, _MESSAGE_POLICIES)
    errors += _validate_ports(container.get("ports") or [], f"{path}.ports")
    errors += _validate_env(container, path)
    errors += _validate_mounts(container.get("volumeMounts") or [], f"{path}.volumeMounts", volumes)
    errors += _validate_resources(container.get("resources") or {}, f"{path}.resources")
    errors += validate_container_security(container, path)
    for name in _PROBES:
        if container.get(name) is not None:
            errors += _validate_probe(container[name], f"{path}.{name}", readiness=name == "readinessProbe")
    for name, hook in (container.get("lifecycle") or {}).items():
        if isinstance(hook, dict):
            errors += _validate_handler(hook, f"{path}.lifecycle.{name}")
    return errors


def _validate_ports(ports: list[Object], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    names: set[str] = set()
    for index, port in enumerate(ports):
        here = f"{path}[{index}]"
        if name := port.get("name", ""):
            errors += [fields.invalid(f"{here}.name", name, text) for text in check_port_name(name)]
            if name in names:
                errors.append(fields.duplicate(f"{here}.name", name))
            names.add(name)
        errors += _validate_port_number(port.get("containerPort"), f"{here}.containerPort")
        if port.get("hostPort"):
            errors += _validate_port_number(port["hostPort"], f"{here}.hostPort")
        if port.get("hostIP"):
            errors += fields.ip_address(f"{here}.hostIP", port["hostIP"])
        errors += fields.one_of(f"{here}.protocol", port.get("protocol"), _PROTOCOLS)
    return errors


def _validate_port_number(number: int | None, path: str) -> list[FieldError]:
    if not number:
        return [fields.required(path)]
    return [fields.invalid(path, number, text) for text in check_port_number(number)]


def _validate_host_ports(spec: Object, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    seen: set[tuple[str, str, int]] = set()
    for index, container in enumerate(spec.get("containers") or ()):
        for number, port in enumerate(container.get("ports") or ()):
            if not port.get("hostPort"):
                continue
            wanted = (port.get("protocol", "TCP"), port.get("hostIP", ""), port["hostPort"])
            if wanted in seen:
                here = f"{path}.containers[{index}].ports[{number}].hostPort"
                errors.append(fields.duplicate(here, "/".join(str(part) for part in wanted)))
            seen.add(wanted)
    return errors


def _validate_env(container: Object, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, variable in enumerate(container.get("env") or ()):
        here = f"{path}.env[{index}]"
        errors += fields.named(f"{here}.name", variable.get("name", ""), check_env_name)
        errors += validate_variable_source(variable, f"{here}.valueFrom")
    for index, source in enumerate(container.get("envFrom") or ()):
        here, prefix = f"{path}.envFrom[{index}]", source.get("prefix", "")
        errors += [fields.invalid(f"{here}.prefix", prefix, text) for text in check_env_name(prefix or "a")]
        kinds = [kind for kind in ("configMapRef", "secretRef") if kind in source]
        if not kinds:
            errors.append(fields.invalid(here, "", "must specify one of: `configMapRef` or `secretRef`"))
        elif len(kinds) > 1:
            errors.append(fields.invalid(here, "", "may not have more than one field specified at a time"))
        elif not source[kinds[0]].get("name"):
            errors.append(fields.required(f"{here}.{kinds[0]}.name"))
    return errors


def _validate_mounts(mounts: list[Object], path: str, volumes: set[str]) -> list[FieldError]:
    errors: list[FieldError] = []
    paths: set[str] = set()
    for index, mount in enumerate(mounts):
        here, name, where = f"{path}[{index}]", mount.get("name", ""), mount.get("mountPath", "")
        if not name:
            errors.append(fields.required(f"{here}.name"))
        elif name not in volumes:
            errors.append(fields.not_found(f"{here}.name", name))
        if not where:
            errors.append(fields.required(f"{here}.mountPath"))
        elif where in paths:
            errors.append(fields.invalid(f"{here}.mountPath", where, "must be unique"))
        paths.add(where)
        for field in ("subPath", "subPathExpr"):
            inner = mount.get(field, "")
            if inner.startswith("/"):
                errors.append(fields.invalid(f"{here}.{field}", inner, "must be a relative path"))
            if ".." in inner.split("/"):
                errors.append(fields.invalid(f"{here}.{field}", inner, "must not contain '..'"))
        if mount.get("subPath") and mount.get("subPathExpr"):
            detail = "subPathExpr and subPath are mutually exclusive"
            errors.append(fields.invalid(f"{here}.subPathExpr", mount["subPathExpr"], detail))
    return errors


def _validate_resources(resources: Object, path: str) -> list[FieldError]:
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    errors = fields.positive_quantities(f"{path}.limits", limits)
    errors += fields.positive_quantities(f"{path}.requests", requests)
    for kind, amounts in (("limits", limits), ("requests", requests)):
        errors += [
            fields.invalid(f"{path}.{kind}[{name}]", name, "must be a standard resource for containers")
            for name in amounts
            if "/" not in name and name not in _STANDARD and not name.startswith("hugepages-")
        ]
    for name, amount in requests.items():
        if name in limits and parse_quantity(amount) > parse_quantity(limits[name]):
            detail = f"must be less than or equal to {name} limit of {limits[name]}"
            errors.append(fields.invalid(f"{path}.requests", amount, detail))
    return errors


def _validate_probe(probe: Object, path: str, *, readiness: bool) -> list[FieldError]:
    errors = _validate_handler(probe, path)
    for field in ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"):
        errors += fields.non_negative(f"{path}.{field}", probe.get(field))
    grace = probe.get("terminationGracePeriodSeconds")
    if grace is not None and readiness:
        detail = "must not be set for readinessProbes"
        errors.append(fields.invalid(f"{path}.terminationGracePeriodSeconds", grace, detail))
    elif grace is not None and grace <= 0:
        errors.append(fields.invalid(f"{path}.terminationGracePeriodSeconds", grace, "must be greater than 0"))
    if not readiness and probe.get("successThreshold", 1) != 1:
        errors.append(fields.invalid(f"{path}.successThreshold", probe["successThreshold"], "must be 1"))
    return errors


def _validate_handler(handler: Object, path: str) -> list[FieldError]:
    given = [name for name in _HANDLERS if name in handler]
    if not given:
        return [fields.required(path, "must specify a handler type")]
    errors = [fields.forbidden(f"{path}.{name}", "may not specify more than 1 handler type") for name in given[1:]]
    kind = given[0]
    action, here = handler[kind], f"{path}.{kind}"
    if kind == "exec" and not action.get("command"):
        errors.append(fields.required(f"{here}.command"))
    if kind in ("httpGet", "tcpSocket"):
        errors += _validate_target_port(action.get("port"), f"{here}.port")
    if kind == "httpGet":
        errors += fields.one_of(f"{here}.scheme", action.get("scheme"), _SCHEMES)
        if not action.get("path"):
            errors.append(fields.required(f"{here}.path"))
    return errors


def _validate_target_port(port: Any, path: str) -> list[FieldError]:
    if isinstance(port, str):
        return [fields.invalid(path, port, text) for text in check_port_name(port)]
    return [fields.invalid(path, port or 0, text) for text in check_port_number(port or 0)]
