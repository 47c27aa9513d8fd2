"""Validation of the volumes of a pod spec (`ValidateVolumes` upstream)."""

from __future__ import annotations

from collections.abc import Callable

from kitlib.embedded.apimachinery.naming import check_config_key, check_dns_label
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.quantity import parse_quantity
from kitlib.embedded.apimachinery.status import FieldError
from kitlib.embedded.registry.strategies import fields
from kitlib.embedded.registry.strategies.reference_validation import validate_volume_field, validate_volume_resource

__all__ = ["validate_local_path", "validate_volumes"]

_MODE_TEXT = "must be a number between 0 and 0777 (octal), both inclusive"
_ONE_TYPE = "may not specify more than 1 volume type"
_HOST_PATH_TYPES = (
    "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket",
)  # fmt: skip
_MEDIA = ("", "HugePages", "Memory")
_SHORTEST_TOKEN, _LONGEST_TOKEN = 600, 1 << 32


def validate_volumes(volumes: list[Object], path: str) -> list[FieldError]:
    """Check names and sources."""
    errors: list[FieldError] = []
    names: set[str] = set()
    for index, volume in enumerate(volumes):
        here, name = f"{path}[{index}]", volume.get("name", "")
        errors += fields.named(f"{here}.name", name, check_dns_label)
        if name and name in names:
            errors.append(fields.duplicate(f"{here}.name", name))
        names.add(name)
        sources = [field for field in volume if field != "name"]
        errors += [fields.forbidden(f"{here}.{extra}", _ONE_TYPE) for extra in sources[1:]]
        if not sources:
            errors.append(fields.required(here, "must specify a volume type"))
        elif check := _SOURCES.get(sources[0]):
            errors += check(volume[sources[0]], f"{here}.{sources[0]}")
    return errors


def validate_local_path(inner: str, path: str) -> list[FieldError]:
    r"""Check a file's path inside a volume: relative, and never out of it.

    Example:
        >>> [str(error) for error in validate_local_path("../x", "path")]
        ['path: Invalid value: "../x": must not contain \'..\'']
    """
    if not inner:
        return [fields.required(path)]
    if inner.startswith("/"):
        return [fields.invalid(path, inner, "must be a relative path")]
    if ".." in inner.split("/"):
        return [fields.invalid(path, inner, "must not contain '..'")]
    return [fields.invalid(path, inner, "must not start with '..'")] if inner.startswith("..") else []


def _mode(source: Object, name: str, path: str) -> list[FieldError]:
    mode = source.get(name)
    return [] if mode is None or 0 <= mode <= 0o777 else [fields.invalid(f"{path}.{name}", mode, _MODE_TEXT)]


def _items(source: Object, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, item in enumerate(source.get("items") or ()):
        here = f"{path}.items[{index}]"
        errors += fields.named(f"{here}.key", item.get("key", ""), check_config_key)
        errors += validate_local_path(item.get("path", ""), f"{here}.path")
        errors += _mode(item, "mode", here)
    return errors


def _secret(source: Object, path: str) -> list[FieldError]:
    errors = [] if source.get("secretName") else [fields.required(f"{path}.secretName")]
    return errors + _mode(source, "defaultMode", path) + _items(source, path)


def _config_map(source: Object, path: str) -> list[FieldError]:
    errors = [] if source.get("name") else [fields.required(f"{path}.name")]
    return errors + _mode(source, "defaultMode", path) + _items(source, path)


def _downward(source: Object, path: str) -> list[FieldError]:
    errors = _mode(source, "defaultMode", path)
    for index, item in enumerate(source.get("items") or ()):
        here = f"{path}.items[{index}]" if "defaultMode" in source else f"{path}[{index}]"
        errors += validate_local_path(item.get("path", ""), f"{here}.path")
        if "fieldRef" in item and "resourceFieldRef" in item:
            detail = "fieldRef and resourceFieldRef can not be specified simultaneously"
            errors.append(fields.invalid(here, "resource", detail))
        elif "fieldRef" in item:
            errors += validate_volume_field(item["fieldRef"], f"{here}.fieldRef")
        elif "resourceFieldRef" in item:
            errors += validate_volume_resource(item["resourceFieldRef"], f"{here}.resourceFieldRef")
        else:
            errors.append(fields.required(here, "one of fieldRef and resourceFieldRef is required"))
        errors += _mode(item, "mode", here)
    return errors


def _token(source: Object, path: str) -> list[FieldError]:
    errors = validate_local_path(source.get("path", ""), f"{path}.path")
    seconds = source.get("expirationSeconds", _SHORTEST_TOKEN)
    if seconds < _SHORTEST_TOKEN:
        detail = "may not specify a duration less than 10 minutes"
        errors.append(fields.invalid(f"{path}.expirationSeconds", seconds, detail))
    elif seconds > _LONGEST_TOKEN:
        detail = "may not specify a duration larger than 2^32 seconds"
        errors.append(fields.invalid(f"{path}.expirationSeconds", seconds, detail))
    return errors


def _projected(source: Object, path: str) -> list[FieldError]:
    errors = _mode(source, "defaultMode", path)
    taken: set[str] = set()
    for index, projection in enumerate(source.get("sources") or ()):
        here = f"{path}.sources[{index}]"
        kinds = list(projection)
        errors += [fields.forbidden(f"{here}.{extra}", _ONE_TYPE) for extra in kinds[1:]]
        if not kinds:
            continue
        inner, kind = projection[kinds[0]], kinds[0]
        if kind in ("secret", "configMap"):
            errors += [] if inner.get("name") else [fields.required(f"{here}.{kind}.name")]
            errors += _items(inner, f"{here}.{kind}")
        elif kind == "downwardAPI":
            errors += _downward(inner, f"{here}.{kind}")
        elif kind == "serviceAccountToken":
            errors += _token(inner, f"{here}.{kind}")
        paths = [item.get("path", "") for item in inner.get("items") or ()] or [inner.get("path", "")]
        for target in filter(None, paths):
            if target in taken:
                errors.append(fields.invalid(path, target, "conflicting duplicate paths"))
            taken.add(target)
    return errors


def _claim(source: Object, path: str) -> list[FieldError]:
    return [] if source.get("claimName") else [fields.required(f"{path}.claimName")]


def _host_path(source: Object, path: str) -> list[FieldError]:
    where = source.get("path", "")
    errors = [] if where else [fields.required(f"{path}.path")]
    if ".." in where.split("/"):
        errors.append(fields.invalid(f"{path}.path", where, "must not contain '..'"))
    if source.get("type", "") not in _HOST_PATH_TYPES:
        errors.append(fields.not_supported(f"{path}.type", source["type"], _HOST_PATH_TYPES))
    return errors


def _empty_dir(source: Object, path: str) -> list[FieldError]:
    errors = []
    if parse_quantity(source.get("sizeLimit", "0")).value < 0:
        errors.append(fields.forbidden(f"{path}.sizeLimit", "SizeLimit field must be a valid resource quantity"))
    if source.get("medium", "") not in _MEDIA and not source["medium"].startswith("HugePages-"):
        errors.append(fields.not_supported(f"{path}.medium", source["medium"], _MEDIA))
    return errors


_SOURCES: dict[str, Callable[[Object, str], list[FieldError]]] = {
    "secret": _secret,
    "configMap": _config_map,
    "downwardAPI": _downward,
    "projected": _projected,
    "persistentVolumeClaim": _claim,
    "hostPath": _host_path,
    "emptyDir": _empty_dir,
}
