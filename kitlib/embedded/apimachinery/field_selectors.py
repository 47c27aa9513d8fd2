"""Field selectors: `metadata.name=web-0,status.phase!=Running`, for the fields that each kind supports."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import bad_request

__all__ = ["FieldSelector", "parse_field_selector"]

_EVENT_FIELDS = tuple(
    f"involvedObject.{name}"
    for name in ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
)
_FIELDS: dict[str, tuple[str, ...]] = {
    "pods": (
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.podIPs",
        "status.nominatedNodeName",
    ),
    "events": (*_EVENT_FIELDS, "reason", "reportingComponent", "source", "type"),
    "nodes": ("spec.unschedulable",),
    "namespaces": ("status.phase",),
    "secrets": ("type",),
    "services": ("spec.clusterIP", "spec.type"),
    "replicasets.apps": ("status.replicas",),
}
_EVERYWHERE = ("metadata.name", "metadata.namespace")
_EVENT_VIEW = {name.replace("involvedObject", "regarding"): name for name in _EVENT_FIELDS} | {
    "reportingController": "reportingComponent"
}


@dataclass(frozen=True, slots=True)
class FieldSelector:
    """Terms `(field, is equal, value)` that must all hold."""

    terms: tuple[tuple[str, bool, str], ...] = ()

    def matches(self, obj: Object) -> bool:
        """Tell whether a stored object meets every term."""
        return all((_value(obj, field) == value) is equal for field, equal, value in self.terms)

    def exact(self, field: str) -> str | None:
        """Return the value that `field` must have, or None; `metadata.name` makes a list a get."""
        return next((value for name, equal, value in self.terms if name == field and equal), None)


@lru_cache(maxsize=256)
def parse_field_selector(text: str, resource: str) -> FieldSelector:
    r"""Parse the `fieldSelector` of a query; `\`, `,` and `=` in values are escaped by a backslash.

    Args:
        text: the selector.
        resource: qualified name, for example `pods`.

    Raises:
        StatusError: 400, it does not parse or a field is not supported for this kind.

    Example:
        >>> parse_field_selector("spec.nodeName=n1,status.phase!=Failed", "pods").terms
        (('spec.nodeName', True, 'n1'), ('status.phase', False, 'Failed'))
    """
    view = _EVENT_VIEW if resource == "events.events.k8s.io" else {}
    known = (*_EVERYWHERE, *_FIELDS.get("events" if view else resource, ()))
    terms: list[tuple[str, bool, str]] = []
    for part in _split(text):
        field, sign, value = _term(part, text)
        field = view.get(field, field)
        if field not in known:
            raise bad_request(f"field label not supported: {field}")
        terms.append((field, sign != "!=", value))
    return FieldSelector(tuple(terms))


def _split(text: str) -> list[str]:
    """Split at commas that no backslash escapes; empty parts vanish."""
    parts, current, escaped = [], "", False
    for char in text:
        if escaped or char != ",":
            current += char
            escaped = char == "\\" and not escaped
        else:
            parts.append(current)
            current = ""
    return [part for part in (*parts, current) if part.strip()]


def _term(part: str, text: str) -> tuple[str, str, str]:
    index = part.find("=")
    if index < 0:
        raise bad_request(f"invalid selector: '{text}'; can't understand '{part}'")
    if part[index - 1 : index] == "!":
        field, sign, value = part[: index - 1], "!=", part[index + 1 :]
    else:
        field, sign, value = part[:index], "=", part[index + 1 :].removeprefix("=")
    return field.strip(), sign, _unescaped(value)


def _unescaped(value: str) -> str:
    """Return what a value stands for."""
    found, characters = "", iter(value)
    for char in characters:
        if char == "\\":
            char = next(characters, "")
            if char not in ("\\", ",", "="):
                raise bad_request(f"invalid field selector: invalid escape sequence: \\{char}")
        elif char in ",=":
            raise bad_request(f"invalid field selector: unescaped character in value: {ord(char)}")
        found += char
    return found


def _value(obj: Object, field: str) -> str:
    """Return a field as the text a selector compares with; absent is empty, or false for the booleans."""
    if field == "source":
        return str((obj.get("source") or {}).get("component") or obj.get("reportingComponent", ""))
    value: Any = obj
    for name in field.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    if field == "status.podIPs":
        return ",".join(entry["ip"] for entry in value or ())
    if field in ("spec.hostNetwork", "spec.unschedulable"):
        return "true" if value else "false"
    if field == "status.replicas":
        return str(value or 0)
    return "" if value is None else str(value)
