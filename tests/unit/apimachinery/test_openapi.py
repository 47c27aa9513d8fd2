from __future__ import annotations

from typing import Any

import pytest

from kitlib.embedded.apimachinery.openapi import openapi_index, openapi_v3
from kitlib.embedded.apimachinery.resources import RESOURCES


def operations(document: dict[str, Any], method: str) -> list[dict[str, Any]]:
    return [path[method] for path in document["paths"].values() if method in path]


@pytest.mark.parametrize("resource", [r for r in RESOURCES if "patch" in r.verbs], ids=lambda r: r.qualified)
def test_kubectl_finds_server_side_validation_for_every_kind(resource: Any) -> None:
    wanted = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    patches = operations(openapi_v3(resource.group, resource.version), "patch")
    found = [p for p in patches if p["x-kubernetes-group-version-kind"] == wanted]
    assert found
    for patch in found:
        names = {p["name"] for p in patch["parameters"] if p["in"] == "query"}
        assert names == {"fieldValidation", "dryRun", "fieldManager", "force"}


def test_paths_are_the_real_ones() -> None:
    paths = openapi_v3("apps", "v1")["paths"]
    base = "/apis/apps/v1/namespaces/{namespace}/statefulsets"
    for path in (base, base + "/{name}", base + "/{name}/scale", base + "/{name}/status", "/apis/apps/v1/statefulsets"):
        assert path in paths
    assert "/api/v1/nodes/{name}" in openapi_v3("", "v1")["paths"]
    scale = paths[base + "/{name}/scale"]["patch"]["x-kubernetes-group-version-kind"]
    assert scale == {"group": "autoscaling", "version": "v1", "kind": "Scale"}


def test_schemas_have_descriptions_and_merge_keys_and_no_dangling_reference() -> None:
    schemas = openapi_v3("apps", "v1")["components"]["schemas"]
    containers = schemas["io.k8s.api.core.v1.PodSpec"]["properties"]["containers"]
    assert containers["x-kubernetes-patch-merge-key"] == "name"
    assert containers["x-kubernetes-patch-strategy"] == "merge"
    assert (
        "replicas is the desired number"
        in schemas["io.k8s.api.apps.v1.StatefulSetSpec"]["properties"]["replicas"]["description"]
    )

    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            return own + [ref for item in value.values() for ref in references(item)]
        return [ref for item in value for ref in references(item)] if isinstance(value, list) else []

    names = {ref.removeprefix("#/components/schemas/") for ref in references(openapi_v3("apps", "v1"))}
    assert names == set(schemas)


def test_index_names_every_group_version_with_a_hash() -> None:
    paths = openapi_index()["paths"]
    assert set(paths) == {f"apis/{r.api_version}" if r.group else "api/v1" for r in RESOURCES}
    assert len({entry["serverRelativeURL"].partition("hash=")[2] for entry in paths.values()}) == len(paths)


def test_what_is_not_served_has_no_document() -> None:
    with pytest.raises(KeyError):
        openapi_v3("batch", "v1")
