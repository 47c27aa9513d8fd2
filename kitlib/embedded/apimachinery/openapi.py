"""OpenAPI v3 documents made from the resource table and the schemas: what kubectl reads before it applies or explains.

kubectl looks for a PATCH operation of the object's group, version and kind with a query parameter `fieldValidation`,
for merge keys in `components.schemas`, and (explain) for the path of a resource.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from typing import Any

import orjson

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.resources import RESOURCES, Resource, Subresource
from kitlib.embedded.apimachinery.schema import components, kind_type

__all__ = ["openapi_index", "openapi_v3"]

_PREFIX = "#/components/schemas/"
_VERSION = "v1.36.0"
_JSON = "application/json"
_PATCHES = (
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
)
_ACTIONS = {"get": "get", "create": "post", "update": "put", "patch": "patch", "delete": "delete"}
_QUERY = {
    "dryRun": ("string", "When present, indicates that modifications should not be persisted."),
    "fieldManager": ("string", "fieldManager is a name associated with the actor that is making these changes."),
    "fieldValidation": ("string", "fieldValidation instructs the server on how to handle unknown or duplicate fields."),
    "force": ("boolean", "Force is going to force Apply requests to re-acquire fields of other managers."),
}
_LIST_QUERY = {
    "allowWatchBookmarks": ("boolean", "Ask for BOOKMARK events."),
    "continue": ("string", "Where a limited list goes on."),
    "fieldSelector": ("string", "A selector to restrict the list by fields."),
    "labelSelector": ("string", "A selector to restrict the list by labels."),
    "limit": ("integer", "The most items to return."),
    "resourceVersion": ("string", "The revision to list at or watch from."),
    "resourceVersionMatch": ("string", "How resourceVersion is applied to a list."),
    "sendInitialEvents": ("boolean", "Begin a watch with the current state."),
    "timeoutSeconds": ("integer", "When to end the call."),
    "watch": ("boolean", "Stream changes instead of a list."),
}


@cache
def openapi_v3(group: str, version: str) -> Object:
    """Return the document of one group version. Shared: don't change it.

    Raises:
        KeyError: nothing of it is served.

    Example:
        >>> sorted(openapi_v3("apps", "v1")["paths"])[0]
        '/apis/apps/v1/controllerrevisions'
    """
    served = [r for r in RESOURCES if (r.group, r.version) == (group, version)]
    if not served:
        raise KeyError(f"{group}/{version} is not served")
    paths: Object = {}
    for resource in served:
        paths.update(_paths(resource))
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": _VERSION},
        "paths": paths,
        "components": {"schemas": _closure(paths)},
    }


@cache
def openapi_index() -> Object:
    """Return the body of `/openapi/v3`: each document's path, with a hash that changes when the document does."""
    index: Object = {}
    for group, version in dict.fromkeys((r.group, r.version) for r in RESOURCES):
        document = orjson.dumps(openapi_v3(group, version), option=orjson.OPT_SORT_KEYS)
        path = f"apis/{group}/{version}" if group else f"api/{version}"
        digest = hashlib.sha256(document).hexdigest()[:32].upper()
        index[path] = {"serverRelativeURL": f"/openapi/v3/{path}?hash={digest}"}
    return {"paths": index}


def _paths(resource: Resource) -> Iterator[tuple[str, Object]]:
    root = f"/apis/{resource.api_version}" if resource.group else f"/api/{resource.version}"
    scope = "/namespaces/{namespace}" if resource.namespaced else ""
    collection = f"{root}{scope}/{resource.plural}"
    gvk = _gvk(resource.group, resource.version, resource.kind)
    where = [_path_parameter("namespace", "object name and auth scope")] if resource.namespaced else []
    named = [*where, _path_parameter("name", f"name of the {resource.kind}")]
    if operations := _operations(resource, gvk, ("list", "create", "deletecollection")):
        yield collection, operations | {"parameters": where}
    if resource.namespaced and "list" in resource.verbs:
        yield f"{root}/{resource.plural}", _operations(resource, gvk, ("list",))
    if operations := _operations(resource, gvk, ("get", "update", "patch", "delete")):
        yield f"{collection}/{{name}}", operations | {"parameters": named}
    for sub in resource.subresources:
        yield f"{collection}/{{name}}/{sub.name}", _subresource(resource, sub) | {"parameters": named}


def _operations(resource: Resource, gvk: Object, verbs: tuple[str, ...]) -> Object:
    schema = _reference(gvk)
    methods: Object = {}
    for verb in verbs:
        if verb not in resource.verbs:
            continue
        if verb == "list":
            listed = _reference(gvk | {"kind": f"{resource.kind}List"})
            methods["get"] = _operation("list", gvk, listed, verb_body=False, query=_LIST_QUERY)
        elif verb == "deletecollection":
            methods["delete"] = _operation("deletecollection", gvk, _status(), verb_body=False, query=_LIST_QUERY)
        elif verb == "delete":
            methods["delete"] = _operation("delete", gvk, _status(), verb_body=False)
        else:
            methods[_ACTIONS[verb]] = _operation(verb, gvk, schema, verb_body=verb != "get")
    return methods


def _subresource(resource: Resource, sub: Subresource) -> Object:
    gvk = _gvk(
        resource.group if sub.group is None else sub.group,
        resource.version if sub.version is None else sub.version,
        sub.kind,
    )
    schema = _reference(gvk)
    return {_ACTIONS[verb]: _operation(verb, gvk, schema, verb_body=verb != "get") for verb in sub.verbs}


def _operation(
    verb: str,
    gvk: Object,
    schema: Object | None,
    *,
    verb_body: bool,
    query: dict[str, tuple[str, str]] | None = None,
) -> Object:
    names = {"patch": tuple(_QUERY), "delete": ("dryRun",), "get": ()}.get(
        verb, ("dryRun", "fieldManager", "fieldValidation")
    )
    parameters = query or {name: _QUERY[name] for name in names}
    content: Object = {"schema": schema} if schema else {}
    operation: Object = {
        "description": f"{verb} {gvk['kind']}",
        "parameters": [_query_parameter(name, *about) for name, about in parameters.items()],
        "responses": {"200": {"description": "OK", "content": {_JSON: content}}},
        "x-kubernetes-action": "post" if verb == "create" else "put" if verb == "update" else verb,
        "x-kubernetes-group-version-kind": gvk,
    }
    if verb == "patch":
        patch = {"schema": {"$ref": f"{_PREFIX}io.k8s.apimachinery.pkg.apis.meta.v1.Patch"}}
        operation["requestBody"] = {"required": True, "content": dict.fromkeys(_PATCHES, patch)}
    elif verb_body:
        operation["requestBody"] = {"required": True, "content": {_JSON: content}}
    return operation


def _gvk(group: str, version: str, kind: str) -> Object:
    return {"group": group, "version": version, "kind": kind}


def _reference(gvk: Object) -> Object | None:
    """Return a reference to the schema of a kind, or None for the options of streams, which have none."""
    try:
        return {"$ref": _PREFIX + kind_type(gvk["group"], gvk["version"], gvk["kind"]).name}
    except KeyError:
        return None


def _status() -> Object:
    return {"$ref": f"{_PREFIX}io.k8s.apimachinery.pkg.apis.meta.v1.Status"}


def _path_parameter(name: str, about: str) -> Object:
    return {"name": name, "in": "path", "required": True, "description": about, "schema": {"type": "string"}}


def _query_parameter(name: str, kind: str, about: str) -> Object:
    return {"name": name, "in": "query", "description": about, "schema": {"type": kind}}


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "$ref" and isinstance(item, str):
                yield item.removeprefix(_PREFIX)
            else:
                yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def _closure(paths: Object) -> Object:
    """Return the schemas that `paths` refer to, directly or not."""
    schemas = components()
    todo, found = list(_references(paths)), dict[str, Any]()
    while todo:
        name = todo.pop()
        if name not in found:
            found[name] = schemas[name]
            todo.extend(_references(schemas[name]))
    return dict(sorted(found.items()))
