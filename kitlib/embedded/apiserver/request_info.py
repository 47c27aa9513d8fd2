"""What a request is about, read from its method, path and query alone.

Source: Kubernetes' `RequestInfo`, the value that authorization, admission and handlers share.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kitlib.embedded.apimachinery.resources import Resource, resource

__all__ = ["RequestInfo", "is_true", "parse"]

_ITEM_VERBS = {"GET": "get", "HEAD": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete", "POST": "create"}


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """A request, understood.

    Args:
        verb: the RBAC verb (`get`, `list`, `watch`, `create`, ...), or the lower-case method of a non-resource request.
        path: the path as asked for.
        group: API group.
        version: API version.
        namespace: "" for cluster scope or all namespaces.
        plural: name of the resource in the path, "" for a non-resource request.
        name: "" for a collection.
        subresource: such as `status`, or "".
        resource: the served resource, None when there is none of that name.
    """

    verb: str
    path: str
    group: str = ""
    version: str = ""
    namespace: str = ""
    plural: str = ""
    name: str = ""
    subresource: str = ""
    resource: Resource | None = None

    @property
    def is_resource(self) -> bool:
        """Whether the path has the form of a resource, served or not."""
        return bool(self.plural)


def is_true(value: str | None) -> bool:
    """Read a boolean of the query as Kubernetes' conversion does: all but `0` and `false` is true, empty too."""
    return value is not None and value.lower() not in ("0", "false")


def _verb(method: str, name: str, query: Mapping[str, str]) -> str:
    if method in ("GET", "HEAD"):
        if is_true(query.get("watch")):
            return "watch"
        return "get" if name else "list"
    if method == "DELETE" and not name:
        return "deletecollection"
    return _ITEM_VERBS.get(method, method.lower())


def parse(method: str, path: str, query: Mapping[str, str]) -> RequestInfo:
    """Understand a request.

    Example:
        >>> info = parse("GET", "/apis/apps/v1/namespaces/default/statefulsets/web/scale", {})
        >>> info.verb, info.plural, info.namespace, info.name, info.subresource
        ('get', 'statefulsets', 'default', 'web', 'scale')
    """
    parts = [part for part in path.split("/") if part]
    nonresource = RequestInfo(method.lower(), path)
    if parts[:1] == ["api"] and len(parts) >= 3:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[:1] == ["apis"] and len(parts) >= 4:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return nonresource
    legacy_watch = rest[0] == "watch" and len(rest) > 1
    rest = rest[1:] if legacy_watch else rest
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in ("status", "finalize"):
        namespace, rest = rest[1], rest[2:]
    plural, name, subresource = (*rest, "", "")[:3] if len(rest) < 3 else (rest[0], rest[1], "/".join(rest[2:]))
    if subresource.startswith("proxy/"):  # what follows is a path of whoever is proxied
        subresource = "proxy"
    verb = "watch" if legacy_watch else _verb(method, name, {} if subresource == "proxy" else query)
    return RequestInfo(
        verb, path, group, version, namespace, plural, name, subresource, resource(group, version, plural)
    )
