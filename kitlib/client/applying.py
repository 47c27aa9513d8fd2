"""Apply a manifest: all of it is checked before any of it is sent, so that a mistake leaves nothing half-made."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kitlib.client.documents import Document, documents
from kitlib.client.failures import ApiError, ManifestError
from kitlib.client.mapping import Resource
from kitlib.errors import KitError, UsageError

if TYPE_CHECKING:
    from kitlib.client.cluster import Cluster

__all__ = ["Applied", "apply"]

_UNKNOWN = re.compile(r'unknown field "([^"]+)"')
_UNREADABLE = re.compile(r"struct field \w+\.([\w.]+) of type")


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of one object of a manifest, and what the server warns of."""

    kind: str
    name: str
    action: str
    object: dict[str, Any]
    warnings: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind.lower()}/{self.name} {self.action}"


def apply(
    cluster: Cluster,
    source: str | Mapping[str, Any] | Iterable[Mapping[str, Any]],
    *,
    namespace: str,
    field_manager: str,
) -> tuple[Applied, ...]:
    """Apply every object of `source` in order.

    Raises:
        ManifestError: an object cannot be applied; it names the line, the cause and the fix.
    """
    planned = [(document, _resource(cluster, document, namespace)) for document in documents(source)]
    return tuple(_one(cluster, document, resource, namespace, field_manager) for document, resource in planned)


def _resource(cluster: Cluster, document: Document, namespace: str) -> Resource:
    try:
        resource = cluster.mapper.of(document.object["apiVersion"], document.object["kind"])
    except UsageError as error:
        raise ManifestError(error.message, line=document.line_of("kind"), fix=error.fix) from None
    written = (document.object["metadata"].get("namespace") or "") if resource.namespaced else ""
    if written and written != namespace:
        raise ManifestError(
            f"{document.title} asks for namespace {written!r}, but you work in {namespace!r}",
            line=document.line_of("metadata.namespace"),
            fix=f"remove the line `namespace: {written}`",
        )
    return resource


def _one(cluster: Cluster, document: Document, resource: Resource, namespace: str, field_manager: str) -> Applied:
    manifest = document.object
    name = str(manifest["metadata"].get("name") or "")
    warnings: list[str] = []
    try:
        before = cluster.find(resource.kind, name, namespace=namespace) if name else None
        if not name:
            stored = cluster.create(manifest, namespace=namespace)
        else:
            stored = _send(cluster, resource, manifest, namespace, field_manager, warnings)
    except ApiError as error:
        raise ManifestError(_cause(document, error), line=_line(document, error), fix=_fix(error, namespace)) from None
    except ManifestError:
        raise
    except KitError as error:
        raise ManifestError(error.message, line=document.line, fix=error.fix) from None
    version = stored["metadata"].get("resourceVersion")
    same = before is not None and before["metadata"].get("resourceVersion") == version
    action = "created" if before is None else "unchanged" if same else "configured"
    return Applied(resource.kind, str(stored["metadata"]["name"]), action, stored, tuple(warnings))


def _send(
    cluster: Cluster,
    resource: Resource,
    manifest: Mapping[str, Any],
    namespace: str,
    field_manager: str,
    warnings: list[str],
) -> dict[str, Any]:
    path = resource.path(namespace=namespace, name=manifest["metadata"]["name"])
    # `force`: whoever applies a manifest in a lab means every field in it, also one that `kubectl scale` touched last.
    return cluster.transport.json(
        "PATCH",
        path,
        body=manifest,
        content_type="application/apply-patch+yaml",
        query={"fieldManager": field_manager, "force": "true", "fieldValidation": "Strict"},
        warnings=warnings,
    )


def _cause(document: Document, error: ApiError) -> str:
    return (
        error.message
        if document.object["metadata"].get("name", "") in error.message
        else (f"{document.title}: {error.message}")
    )


def _line(document: Document, error: ApiError) -> int:
    """Return the line of the first field that the server complains about."""
    causes = error.details.get("causes") or []
    fields = [str(cause["field"]) for cause in causes if cause.get("field")]
    found = _UNKNOWN.search(error.message) or _UNREADABLE.search(error.message)
    path = fields[0] if fields else found.group(1) if found else ""
    return document.line_of(path)


def _fix(error: ApiError, namespace: str) -> str:
    if error.reason == "NotFound" and error.details.get("kind") == "namespaces":
        return f"create the namespace {namespace!r} first"
    if error.reason == "Invalid":
        fields = [str(cause.get("field")) for cause in error.details.get("causes") or [] if cause.get("field")]
        if "updates to statefulset spec" in error.message:
            return "change only the fields named there, or delete the set and apply it again"
        return f"correct {', '.join(dict.fromkeys(fields))}" if fields else "correct the fields named there"
    if error.code == 400:
        return "correct the field named there; `kubectl explain` shows what is allowed"
    if "being terminated" in error.message or "being deleted" in error.message:
        return "wait until the old one is gone, then apply again"
    return error.fix or "see the message of the API server"
