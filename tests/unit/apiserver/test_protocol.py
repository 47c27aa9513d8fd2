"""What requests say and how answers are told: paths, media types, bodies, discovery, the two views of an event."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kitlib.embedded.apimachinery.resources import RESOURCES
from kitlib.embedded.apimachinery.status import StatusError
from kitlib.embedded.apiserver import discovery
from kitlib.embedded.apiserver.event_views import from_events_v1, to_events_v1
from kitlib.embedded.apiserver.negotiation import choose_json, decode_body, parse_media_type
from kitlib.embedded.apiserver.openapi import openapi_response
from kitlib.embedded.apiserver.request_info import is_true, parse

Json = dict[str, Any]
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


# -- paths ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "wanted"),
    [
        ("GET", "/api/v1/pods", "list pods"),
        ("GET", "/api/v1/namespaces/d/pods", "list pods d"),
        ("HEAD", "/api/v1/namespaces/d/pods/p", "get pods d p"),
        ("PUT", "/api/v1/namespaces/d/pods/p/status", "update pods d p status"),
        ("PATCH", "/apis/apps/v1/namespaces/d/statefulsets/w/scale", "patch statefulsets.apps d w scale"),
        ("POST", "/api/v1/namespaces/d/pods/p/exec", "create pods d p exec"),
        ("DELETE", "/api/v1/namespaces/d/pods", "deletecollection pods d"),
        ("DELETE", "/api/v1/namespaces/d", "delete namespaces - d"),
        ("GET", "/api/v1/namespaces", "list namespaces"),
        ("PUT", "/api/v1/namespaces/d/finalize", "update namespaces - d finalize"),
        ("GET", "/api/v1/nodes/n", "get nodes - n"),
        ("GET", "/api/v1/watch/namespaces/d/pods", "watch pods d"),
        ("GET", "/api/v1/watch/namespaces/d/pods/p", "watch pods d p"),
    ],
)
def test_paths(method: str, path: str, wanted: str) -> None:
    info = parse(method, path, {})
    assert info.resource is not None
    parts = [info.verb, info.resource.qualified, info.namespace or "-", info.name, info.subresource]
    assert " ".join(filter(None, parts)).removesuffix(" -") == wanted


@pytest.mark.parametrize("path", ["/", "/api", "/api/v1", "/apis", "/apis/apps", "/apis/apps/v1", "/version", "//"])
def test_paths_that_are_no_resources(path: str) -> None:
    info = parse("GET", path, {})
    assert (info.is_resource, info.verb) == (False, "get")


def test_a_resource_that_is_not_served() -> None:
    info = parse("GET", "/apis/apps/v1beta1/statefulsets", {})
    assert (info.is_resource, info.resource) == (True, None)


@pytest.mark.parametrize(
    ("value", "wanted"), [("true", True), ("True", True), ("1", True), ("", True), ("False", False), ("0", False)]
)
def test_booleans_of_the_query(value: str, wanted: bool) -> None:
    assert is_true(value) is wanted
    assert parse("GET", "/api/v1/pods", {"watch": value}).verb == ("watch" if wanted else "list")
    assert is_true(None) is False


# -- media types ---------------------------------------------------------------------------------------------------


def test_the_first_acceptable_form_is_taken() -> None:
    accept = f"application/vnd.kubernetes.protobuf, {TABLE} , application/json"
    assert choose_json(accept, transforms=("Table",)).transform == "Table"
    assert choose_json(accept, transforms=()).transform == ""
    assert choose_json("", transforms=()).type == "*/*"
    assert parse_media_type('application/json; g="meta.k8s.io";v=v1beta1 ;as=Table').transform == "Table"
    assert parse_media_type("application/json;as=Table;v=v7;g=meta.k8s.io").transform == ""


@pytest.mark.parametrize("accept", ["text/html", "application/vnd.kubernetes.protobuf", TABLE])
def test_what_is_not_acceptable(accept: str) -> None:
    with pytest.raises(StatusError) as caught:
        choose_json(accept, transforms=())
    assert caught.value.code == 406


def test_bodies_are_json_or_yaml() -> None:
    assert decode_body(b'{"a": 1}', "application/json; charset=utf-8") == ({"a": 1}, [])
    assert decode_body(b"a: 1", "application/yaml") == ({"a": 1}, [])
    assert decode_body(b'{"a": 1}', "") == ({"a": 1}, [])
    assert decode_body(b'{"a": 1, "a": 2}', "application/json") == ({"a": 2}, ['duplicate field "a"'])
    assert decode_body(b"a: 1\na: 2", "application/yaml")[1] == ['duplicate field "a"']


@pytest.mark.parametrize(
    ("body", "media", "code"),
    [
        (b"{", "application/json", 400),
        (b"a: [", "application/yaml", 400),
        (b"{}", "text/plain", 415),
        (b"{}", "application/vnd.kubernetes.protobuf", 400),
    ],
)
def test_bodies_that_can_not_be_read(body: bytes, media: str, code: int) -> None:
    with pytest.raises(StatusError) as caught:
        decode_body(body, media)
    assert caught.value.code == code


# -- discovery -----------------------------------------------------------------------------------------------------


def test_both_ways_of_discovery_tell_the_same() -> None:
    aggregated: dict[str, set[str]] = {}
    for core in (True, False):
        for group in json.loads(discovery.aggregated(core=core))["items"]:
            name = group["metadata"].get("name", "")
            assert (name == "") == core
            for version in group["versions"]:
                assert version["freshness"] == "Current"
                rows = aggregated.setdefault(f"{name}/{version['version']}", set())
                for resource in version["resources"]:
                    rows.add(resource["resource"])
                    subs = resource.get("subresources", [])
                    rows |= {f"{resource['resource']}/{sub['subresource']}" for sub in subs}
    legacy = {}
    for key in aggregated:
        group_name, _, version_name = key.partition("/")
        listed = discovery.resource_list(group_name, version_name)
        assert listed is not None
        legacy[key] = {row["name"] for row in listed["resources"]}
        fields = ("name", "singularName", "kind", "namespaced", "verbs")
        assert all(row.get(field) is not None for row in listed["resources"] for field in fields)
    assert legacy == aggregated
    assert sum(len(rows) for rows in legacy.values()) == sum(1 + len(r.subresources) for r in RESOURCES)


def test_every_group_prefers_a_version_it_has() -> None:
    for group in discovery.group_list()["groups"]:
        assert group["preferredVersion"] in group["versions"]
        assert discovery.with_group(group["name"]) == {"kind": "APIGroup", "apiVersion": "v1", **group}
        assert discovery.resource_list(group["name"], group["preferredVersion"]["version"])
    assert discovery.with_group("none") is None
    assert discovery.resource_list("apps", "v9") is None
    assert discovery.versions("127.0.0.1:1")["versions"] == ["v1"]


def test_scale_and_eviction_say_what_they_are() -> None:
    groups = [g for core in (True, False) for g in json.loads(discovery.aggregated(core=core))["items"]]
    subresources = {
        (resource["resource"], sub["subresource"]): sub["responseKind"]
        for group in groups
        for version in group["versions"]
        for resource in version["resources"]
        for sub in resource.get("subresources", [])
    }
    assert subresources["statefulsets", "scale"] == {"group": "autoscaling", "version": "v1", "kind": "Scale"}
    assert subresources["pods", "eviction"] == {"group": "policy", "version": "v1", "kind": "Eviction"}


def test_the_scope_is_told() -> None:
    scopes = {r["resource"]: r["scope"] for r in _core_resources()}
    assert (scopes["pods"], scopes["nodes"]) == ("Namespaced", "Cluster")


def _core_resources() -> list[Json]:
    [group] = json.loads(discovery.aggregated(core=True))["items"]
    resources: list[Json] = group["versions"][0]["resources"]
    return resources


def test_the_category_all_is_upstreams() -> None:
    assert {r.plural for r in RESOURCES if "all" in r.categories} == {
        "pods",
        "services",
        "deployments",
        "replicasets",
        "replicationcontrollers",
        "statefulsets",
    }


def test_openapi_documents() -> None:
    index = json.loads(openapi_response(["v3"], "").body)  # type: ignore[arg-type]
    for path in index["paths"]:
        assert openapi_response(["v3", *path.split("/")], "").status == 200
    for asked in ("v2@v1.0", "v2.v1.0"):
        answer = openapi_response(["v2"], f"application/com.github.proto-openapi.spec.{asked}+protobuf")
        assert answer.content_type == "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
        assert answer.body.startswith(b"\n\x032.0\x12")  # type: ignore[union-attr]
    for path in ([], ["v4"], ["v3", "api"], ["v3", "apis", "apps", "v9"]):
        with pytest.raises(StatusError):
            openapi_response(path, "")


# -- events --------------------------------------------------------------------------------------------------------


def test_an_event_has_two_views() -> None:
    stored: Json = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "e", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "involvedObject": {"name": "p"},
        "message": "m",
        "source": {"component": "kubelet"},
        "firstTimestamp": "2026-01-01T00:00:01Z",
        "lastTimestamp": "2026-01-01T00:00:02Z",
        "count": 2,
        "reportingComponent": "kubelet",
        "eventTime": None,
    }
    shown = to_events_v1(stored)
    assert (shown["apiVersion"], shown["regarding"], shown["note"]) == ("events.k8s.io/v1", {"name": "p"}, "m")
    assert (shown["deprecatedCount"], shown["reportingController"]) == (2, "kubelet")
    # Its clients require an eventTime.
    assert shown["eventTime"] == "2026-01-01T00:00:01.000000Z"
    assert from_events_v1(shown) == {**stored, "eventTime": "2026-01-01T00:00:01.000000Z"}
    exact = {**stored, "eventTime": "2026-01-01T00:00:03.000001Z"}
    assert to_events_v1(exact)["eventTime"] == "2026-01-01T00:00:03.000001Z"
