"""A container's environment: image, services, envFrom, env; `$(VAR)` in values, command and arguments.

Source: Kubernetes' "Define Dependent Environment Variables".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Protocol

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.quantity import parse_quantity
from kitlib.embedded.kubelet.volumes.payload import contents

__all__ = [
    "ConfigError",
    "Lookup",
    "allocatable",
    "container_environment",
    "every_container",
    "expand",
    "expand_known",
    "field_value",
    "resource_value",
    "service_variables",
]

_REFERENCE = re.compile(r"\$\$|\$\(([-._a-zA-Z][-._a-zA-Z0-9]*)\)")
_SUBSCRIPT = re.compile(r"^metadata\.(labels|annotations)\['([^']+)'\]$")


class ConfigError(Exception):
    """The container can't be configured yet: `CreateContainerConfigError`, with the kubelet's text."""


class Lookup(Protocol):
    """Finds the ConfigMaps and Secrets of the pod's namespace."""

    def __call__(self, resource: str, name: str) -> Object | None:
        """Return the object or None."""


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Replace `$(VAR)`; an unknown variable stays as it is written, `$$` is a dollar.

    Example:
        >>> expand("--id=$(POD) $(NONE) $$(POD)", {"POD": "web-0"})
        '--id=web-0 $(NONE) $(POD)'
    """

    def replace(match: re.Match[str]) -> str:
        name = match.group(1)
        return "$" if name is None else variables.get(name, match.group(0))

    return _REFERENCE.sub(replace, text)


def expand_known(text: str, variables: Mapping[str, str]) -> str:
    """Replace `$(VAR)` where no variable may be unknown.

    Raises:
        ConfigError: one is.
    """
    for found in _REFERENCE.finditer(text):
        if found.group(1) is not None and found.group(1) not in variables:
            raise ConfigError(f'missing value for "{found.group(1)}"')
    return expand(text, variables)


def every_container(pod: Object) -> list[Object]:
    """Return the containers of a pod, init containers first."""
    return [*(pod["spec"].get("initContainers") or []), *pod["spec"]["containers"]]


def allocatable(pod: Object, lookup: Lookup) -> Object:
    """Return what the pod's node has for pods: the limit of a container that has none."""
    node = lookup("nodes", pod["spec"].get("nodeName", "")) or {}
    found: Object = node.get("status", {}).get("allocatable") or {}
    return found


def field_value(pod: Object, path: str) -> str:
    """Return the text of a downward-API field.

    Raises:
        ConfigError: the field can't be had this way.
    """
    metadata, spec, status = pod["metadata"], pod["spec"], pod.get("status", {})
    if found := _SUBSCRIPT.match(path):
        return str((metadata.get(found[1]) or {}).get(found[2], ""))
    if path in ("metadata.labels", "metadata.annotations"):
        entries = metadata.get(path.partition(".")[2]) or {}
        quoted = (value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for value in entries.values())
        return "\n".join(f'{key}="{value}"' for key, value in sorted(zip(entries, quoted, strict=True)))
    values = {
        "metadata.name": metadata["name"],
        "metadata.namespace": metadata.get("namespace", ""),
        "metadata.uid": metadata.get("uid", ""),
        "spec.nodeName": spec.get("nodeName", ""),
        "spec.serviceAccountName": spec.get("serviceAccountName", "default"),
        "status.podIP": status.get("podIP", ""),
        "status.podIPs": status.get("podIP", ""),
        "status.hostIP": status.get("hostIP", ""),
        "status.hostIPs": status.get("hostIP", ""),
    }
    if path not in values:
        raise ConfigError(f"unsupported fieldPath: {path}")
    return str(values[path])


def service_variables(services: Iterable[Object], *, only_kubernetes: bool) -> dict[str, str]:
    """Return the variables Docker's links once had, for services with a cluster IP.

    Args:
        services: of the pod's namespace, and `kubernetes` of `default`.
        only_kubernetes: leave out all others (`enableServiceLinks: false`).
    """
    variables: dict[str, str] = {}
    for service in services:
        name, spec = service["metadata"]["name"], service["spec"]
        address, ports = spec.get("clusterIP", ""), spec.get("ports") or []
        if address in ("", "None") or not ports or (only_kubernetes and name != "kubernetes"):
            continue
        prefix = name.upper().replace("-", "_")
        variables[f"{prefix}_SERVICE_HOST"] = address
        variables[f"{prefix}_SERVICE_PORT"] = str(ports[0]["port"])
        for index, port in enumerate(ports):
            if port.get("name"):
                key = f"{prefix}_SERVICE_PORT_{port['name'].upper().replace('-', '_')}"
                variables[key] = str(port["port"])
            protocol = port.get("protocol", "TCP").lower()
            url = f"{protocol}://{address}:{port['port']}"
            if index == 0:
                variables[f"{prefix}_PORT"] = url
            base = f"{prefix}_PORT_{port['port']}_{protocol.upper()}"
            variables |= {
                base: url,
                f"{base}_PROTO": protocol,
                f"{base}_PORT": str(port["port"]),
                f"{base}_ADDR": address,
            }
    return variables


def container_environment(
    pod: Object, container: Object, *, image_env: Mapping[str, str], services: Mapping[str, str], lookup: Lookup
) -> dict[str, str]:
    """Return the variables of a container, in Kubernetes' order of precedence.

    Raises:
        ConfigError: a ConfigMap, Secret or key it needs is not there.
    """
    variables = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}
    variables |= {**image_env, "HOSTNAME": pod["spec"].get("hostname") or pod["metadata"]["name"], **services}
    for source in container.get("envFrom") or []:
        variables |= _from_source(source, lookup)
    for entry in container.get("env") or []:
        if "valueFrom" in entry:
            value = _referenced(pod, container, entry["valueFrom"], lookup)
        else:
            value = expand(entry.get("value", ""), variables)
        if value is not None:
            variables[entry["name"]] = value
    return variables


def _from_source(source: Object, lookup: Lookup) -> dict[str, str]:
    kind = "configMapRef" if "configMapRef" in source else "secretRef"
    reference = source[kind]
    resource = "configmaps" if kind == "configMapRef" else "secrets"
    found = lookup(resource, reference["name"])
    if found is None:
        if reference.get("optional"):
            return {}
        raise ConfigError(f'{resource[:-1]} "{reference["name"]}" not found')
    prefix = source.get("prefix", "")
    return {prefix + key: value for key, value in _texts(found).items()}


def _texts(found: Object) -> dict[str, str]:
    return {key: data.decode(errors="replace") for key, data in contents(found).items()}


def _referenced(pod: Object, container: Object, source: Object, lookup: Lookup) -> str | None:
    if field := source.get("fieldRef"):
        return field_value(pod, field["fieldPath"])
    if wanted := source.get("resourceFieldRef"):
        named = {c["name"]: c for c in every_container(pod)}
        return resource_value(named.get(wanted.get("containerName", ""), container), wanted, allocatable(pod, lookup))
    kind, resource = ("configMapKeyRef", "configmaps") if "configMapKeyRef" in source else ("secretKeyRef", "secrets")
    reference = source[kind]
    found = lookup(resource, reference["name"])
    texts = _texts(found) if found else {}
    if reference["key"] in texts:
        return texts[reference["key"]]
    if reference.get("optional"):
        return None
    if found is None:
        raise ConfigError(f'{resource[:-1]} "{reference["name"]}" not found')
    where = f"{pod['metadata']['namespace']}/{reference['name']}"
    label = "ConfigMap" if resource == "configmaps" else "Secret"
    raise ConfigError(f"couldn't find key {reference['key']} in {label} {where}")


def resource_value(container: Object, wanted: Object, node: Object) -> str:
    """Return a container's request or limit as a number of the divisor's unit, rounded up.

    Args:
        container: the container.
        wanted: a `resourceFieldRef`.
        node: what its node can give: the limit where there is none.
    """
    kind, _, name = wanted["resource"].partition(".")
    resources = container.get("resources") or {}
    limit = (resources.get("limits") or {}).get(name)
    amount = limit or node.get(name) if kind == "limits" else (resources.get("requests") or {}).get(name) or limit
    divisor = wanted.get("divisor") or "1"
    quotient = parse_quantity(amount or "0").value / (parse_quantity(divisor).value or 1)
    return str(-int(-quotient // 1))
