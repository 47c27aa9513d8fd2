"""What is served, told in the two ways clients ask: the aggregated document and the legacy lists.

Source: Kubernetes' "API Discovery" documentation.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import groupby

import orjson

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.resources import RESOURCES, Resource

__all__ = ["AGGREGATED_TYPE", "aggregated", "group", "group_list", "resource_list", "versions", "with_group"]

AGGREGATED_TYPE = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


def groups() -> Iterator[tuple[str, list[Resource]]]:
    """Yield (group, its resources), core first."""
    ordered = sorted(RESOURCES, key=lambda r: r.group)
    for name, members in groupby(ordered, key=lambda r: r.group):
        yield name, list(members)


@cache
def aggregated(*, core: bool) -> bytes:
    """The `APIGroupDiscoveryList` of `/api` (core) or of `/apis` (everything else), encoded."""
    items = [_group_discovery(name, members) for name, members in groups() if (name == "") == core]
    document = {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}
    return orjson.dumps(document)


def _group_discovery(name: str, members: list[Resource]) -> Object:
    version = {
        "version": members[0].version,
        "resources": [_resource_discovery(resource) for resource in members],
        "freshness": "Current",
    }
    return {"metadata": {"name": name} if name else {}, "versions": [version]}


def _gvk(group_name: str, version: str, kind: str) -> Object:
    return {"group": group_name, "version": version, "kind": kind}


def _resource_discovery(resource: Resource) -> Object:
    entry: Object = {
        "resource": resource.plural,
        "responseKind": _gvk(resource.group, resource.version, resource.kind),
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    if resource.subresources:
        entry["subresources"] = [
            {
                "subresource": sub.name,
                "responseKind": _gvk(
                    resource.group if sub.group is None else sub.group, sub.version or resource.version, sub.kind
                ),
                "verbs": list(sub.verbs),
            }
            for sub in resource.subresources
        ]
    return entry


def versions(address: str) -> Object:
    """The legacy `/api` answer."""
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    }


def group(name: str, members: list[Resource]) -> Object:
    """One `APIGroup`, without kind and apiVersion."""
    entry = {"groupVersion": members[0].api_version, "version": members[0].version}
    return {"name": name, "versions": [entry], "preferredVersion": entry}


def group_list() -> Object:
    """The legacy `/apis` answer."""
    listed = [group(name, members) for name, members in groups() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": listed}


def with_group(name: str) -> Object | None:
    """The legacy `/apis/GROUP` answer, or None."""
    for found, members in groups():
        if found == name and name:
            return {"kind": "APIGroup", "apiVersion": "v1"} | group(name, members)
    return None


def resource_list(group_name: str, version: str) -> Object | None:
    """The legacy `/apis/GROUP/VERSION` answer, or None."""
    members = [r for r in RESOURCES if (r.group, r.version) == (group_name, version)]
    if not members:
        return None
    rows = [row for resource in members for row in _resource_rows(resource)]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": members[0].api_version,
        "resources": rows,
    }


def _resource_rows(resource: Resource) -> Iterator[Object]:
    row: Object = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        row["shortNames"] = list(resource.short_names)
    if resource.categories:
        row["categories"] = list(resource.categories)
    yield row
    for sub in resource.subresources:
        yield {
            "name": f"{resource.plural}/{sub.name}",
            "singularName": "",
            "namespaced": resource.namespaced,
            **({"group": sub.group, "version": sub.version} if sub.group else {}),
            "kind": sub.kind,
            "verbs": list(sub.verbs),
        }
