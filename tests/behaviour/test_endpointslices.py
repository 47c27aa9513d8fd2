"""[sig-network] EndpointSlice, EndpointSliceMirroring, Endpoints."""

from __future__ import annotations

import pytest

from tests.behaviour.rest import Json, Rest
from tests.behaviour.serving import Serving
from tests.support.patience import Patience

MANAGED = "endpointslice.kubernetes.io/managed-by"
SERVICE = "kubernetes.io/service-name"


def addresses(document: Json) -> set[str]:
    return {address for endpoint in document["endpoints"] for address in endpoint["addresses"]}


def test_the_api_servers_own(rest: Rest) -> None:
    """EndpointSlice should have Endpoints and EndpointSlices pointing to API Server"""
    default = "/api/v1/namespaces/default"
    assert rest.get(f"{default}/services/kubernetes")["spec"]["ports"]
    endpoints = rest.get(f"{default}/endpoints/kubernetes")
    ips = {address["ip"] for subset in endpoints["subsets"] for address in subset["addresses"]}
    assert ips
    listed = rest.get(
        f"/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector={SERVICE}=kubernetes"
    )["items"]
    assert set().union(*(addresses(piece) for piece in listed)) == ips
    assert all(piece["ports"] and piece["addressType"] == "IPv4" for piece in listed)


def test_of_a_service_with_a_selector(rest: Rest, serving: Serving, patience: Patience) -> None:
    """EndpointSlice should create and delete Endpoints and EndpointSlices for a Service with a selector specified"""
    selector = {"does-not-match-anything": "endpoints-and-endpoint-slices-should-still-be-created"}
    service = serving.service("empty", [{"name": "example", "port": 80, "protocol": "TCP"}], selector=selector)
    endpoints, slices = f"{serving.path}/endpoints/empty", f"{serving.slices}?labelSelector={SERVICE}=empty"
    patience.until(lambda: rest("GET", endpoints).status == 200, "the Endpoints")
    patience.until(lambda: len(rest.get(slices)["items"]) == 1, "the EndpointSlice")
    piece = rest.get(slices)["items"][0]
    assert piece["metadata"]["labels"][MANAGED] == "endpointslice-controller.k8s.io"
    assert piece["metadata"]["ownerReferences"][0]["uid"] == service["metadata"]["uid"]
    assert piece["endpoints"] == []
    rest("DELETE", f"{serving.path}/services/empty")
    patience.until(lambda: rest("GET", endpoints).status == 404, "the end of the Endpoints")
    patience.until(lambda: not rest.get(slices)["items"], "the end of the EndpointSlice")


def test_of_pods(rest: Rest, serving: Serving, patience: Patience) -> None:
    """EndpointSlice should create Endpoints and EndpointSlices for Pods matching a Service"""
    ports = [{"name": "example-name", "containerPort": 3000}]
    one = serving.pod("one", labels={"foo": "bar", "a": "one"}, ports=ports)["status"]["podIP"]
    other = [{"name": "example-name", "containerPort": 3001}, {"name": "other-port", "containerPort": 3002}]
    two = serving.pod("two", labels={"foo": "bar", "a": "two"}, ports=other)["status"]["podIP"]
    wanted = [{"name": "example", "port": 80, "targetPort": "example-name"}]
    serving.service("first", wanted, selector={"a": "one"})
    serving.service("second", wanted, selector={"foo": "bar"})
    more = [*wanted, {"name": "other", "port": 90, "targetPort": "other-port"}]
    serving.service("third", more, selector={"foo": "bar"})

    def check() -> None:
        assert serving.endpoints("first") == {"example:3000/TCP": {one}}
        assert serving.endpoints("second") == {"example:3000/TCP": {one}, "example:3001/TCP": {two}}
        third = {"example:3000/TCP": {one}, "example:3001/TCP": {two}, "other:3002/TCP": {two}}
        assert serving.endpoints("third") == third
        subsets = rest.get(f"{serving.path}/endpoints/second")["subsets"]
        assert {s["addresses"][0]["ip"]: s["ports"][0]["port"] for s in subsets} == {one: 3000, two: 3001}

    patience.until(lambda: check() is None, "the endpoints of both pods")
    rest("DELETE", f"{serving.path}/pods/one?gracePeriodSeconds=0")
    patience.until(lambda: not serving.endpoints("first"), "the deleted pod to leave")


def test_api_operations(rest: Rest, serving: Serving) -> None:
    """EndpointSlice should support creating EndpointSlice API operations"""
    path, label = serving.slices, {"special-label": serving.kubectl.namespace}
    query = f"labelSelector=special-label={serving.kubectl.namespace}"
    body = {
        "metadata": {"generateName": "e2e-example-slice", "labels": label},
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["1.2.3.4", "5.6.7.8"]}],
    }
    made = [rest.made(path, body) for _ in range(3)]
    first = f"{path}/{made[0]['metadata']['name']}"
    assert rest.get(first)["endpoints"] == [{"addresses": ["1.2.3.4", "5.6.7.8"], "conditions": {}}]
    assert len(rest.get(f"{path}?{query}")["items"]) == 3
    assert len(rest.get(f"/apis/discovery.k8s.io/v1/endpointslices?{query}")["items"]) == 3
    with rest.watching(f"{path}?watch=1&resourceVersion={made[-1]['metadata']['resourceVersion']}") as events:
        assert rest.patched(first, {"metadata": {"annotations": {"patched": "true"}}})
        changed = rest.get(first)
        changed["metadata"]["annotations"]["updated"] = "true"
        rest.put(first, changed)
        seen = [next(events), next(events)]
    assert [event["type"] for event in seen] == ["MODIFIED", "MODIFIED"]
    assert seen[-1]["object"]["metadata"]["annotations"] == {"patched": "true", "updated": "true"}
    assert rest("DELETE", first).status == 200
    assert rest("GET", first).status == 404
    assert rest("DELETE", f"{path}?{query}").status == 200
    assert rest.get(f"{path}?{query}")["items"] == []
    wrong = rest("POST", path, body | {"addressType": "IPv5"})
    assert (wrong.status, wrong.json["details"]["causes"][0]["field"]) == (422, "addressType")


def written_slice(rest: Rest, serving: Serving, name: str, ips: list[str], port: int, port_name: str) -> None:
    rest.made(
        serving.slices,
        {
            "metadata": {"name": name, "labels": {SERVICE: "written", MANAGED: "e2e-test"}},
            "addressType": "IPv4",
            "endpoints": [{"addresses": [ip], "conditions": {"ready": True}} for ip in ips],
            "ports": [{"name": port_name, "port": port, "protocol": "TCP"}],
        },
    )


def test_several_ports_in_several_slices(rest: Rest, serving: Serving) -> None:
    """EndpointSlice should support a Service with multiple ports specified in multiple EndpointSlices"""
    ports = [{"name": "first", "port": 80}, {"name": "second", "port": 8080}]
    service = serving.service("written", ports, selector=None)
    ip = serving.pod("backend", args=["netexec", "--http-port=80"])["status"]["podIP"]
    serving.kubectl("exec", "backend", "--", "/bin/sh", "-c", "/agnhost netexec --http-port=8080 >/dev/null 2>&1 &")
    serving.pod("client")
    written_slice(rest, serving, "slice-one", [ip], 80, "first")
    written_slice(rest, serving, "slice-two", [ip], 8080, "second")
    address = service["spec"]["clusterIP"]
    for port in (80, 8080):
        serving.reaches("client", f"http://{address}:{port}/hostName", {"backend"})


def test_several_addresses_in_several_slices(rest: Rest, serving: Serving) -> None:
    """EndpointSlice should support a Service with multiple endpoint IPs specified in multiple EndpointSlices"""
    service = serving.service("written", [{"name": "http", "port": 80}], selector=None)
    ips = {name: serving.server(name)["status"]["podIP"] for name in ("one", "two")}
    serving.pod("client")
    for name, ip in ips.items():
        written_slice(rest, serving, f"slice-{name}", [ip], 80, "http")
    serving.reaches("client", f"http://{service['spec']['clusterIP']}/hostName", {"one", "two"})


def mirrored(rest: Rest, serving: Serving, name: str) -> list[Json]:
    query = f"{SERVICE}={name},{MANAGED}=endpointslicemirroring-controller.k8s.io"
    found: list[Json] = rest.get(f"{serving.slices}?labelSelector={query}")["items"]
    return found


def test_mirroring(rest: Rest, serving: Serving, patience: Patience) -> None:
    """EndpointSliceMirroring should mirror a custom Endpoints resource through create update and delete"""
    serving.service("mirrored", [{"name": "example", "port": 80}], selector=None)
    path = f"{serving.path}/endpoints"
    subsets = [{"ports": [{"port": 80}], "addresses": [{"ip": "10.1.2.3"}]}]
    made = rest.made(path, {"metadata": {"name": "mirrored", "annotations": {"note": "1"}}, "subsets": subsets})
    piece = patience.until(lambda: mirrored(rest, serving, "mirrored"), "the mirrored slice")[0]
    assert addresses(piece) == {"10.1.2.3"}
    assert piece["ports"] == [{"name": "", "port": 80, "protocol": "TCP"}]
    assert piece["endpoints"][0]["conditions"] == {"ready": True}
    assert piece["metadata"]["ownerReferences"][0]["uid"] == made["metadata"]["uid"]
    assert piece["metadata"]["annotations"] == {"note": "1"}
    made["subsets"][0]["addresses"] = [{"ip": "10.2.3.4"}]
    rest.put(f"{path}/mirrored", made)
    patience.until(lambda: [addresses(p) for p in mirrored(rest, serving, "mirrored")] == [{"10.2.3.4"}], "the update")
    rest("DELETE", f"{path}/mirrored")
    patience.until(lambda: not mirrored(rest, serving, "mirrored"), "the end of the slice")


def test_mirroring_of_subsets(rest: Rest, serving: Serving, patience: Patience) -> None:
    """EndpointSliceMirroring should mirror a custom Endpoint with multiple subsets and same IP address"""
    ports = [{"name": "port1", "port": 9090}, {"name": "port2", "port": 8090}]
    serving.service("mirrored", ports, selector=None)
    subsets = [
        {"ports": [{"name": "port1", "port": 9090}], "addresses": [{"ip": "10.1.2.3"}]},
        {"ports": [{"name": "port2", "port": 8090}], "addresses": [{"ip": "10.1.2.3"}]},
    ]
    rest.made(f"{serving.path}/endpoints", {"metadata": {"name": "mirrored"}, "subsets": subsets})
    found = patience.until(
        lambda: len(mirrored(rest, serving, "mirrored")) == 2 and mirrored(rest, serving, "mirrored"), "two slices"
    )
    assert {piece["ports"][0]["port"]: addresses(piece) for piece in found} == {9090: {"10.1.2.3"}, 8090: {"10.1.2.3"}}


@pytest.mark.parametrize("mark", ["labels", "annotations"])
def test_what_is_not_mirrored(rest: Rest, serving: Serving, patience: Patience, mark: str) -> None:
    """A label asks for that; a lock of leader election never was an address."""
    marks = {
        "labels": {"endpointslice.kubernetes.io/skip-mirror": "true"},
        "annotations": {"control-plane.alpha.kubernetes.io/leader": "{}"},
    }
    subsets = [{"ports": [{"port": 80}], "addresses": [{"ip": "10.1.2.3"}]}]
    for name, more in (("left-alone", {mark: marks[mark]}), ("mirrored", {})):
        serving.service(name, [{"port": 80}], selector=None)
        rest.made(f"{serving.path}/endpoints", {"metadata": {"name": name} | more, "subsets": subsets})
    patience.until(lambda: mirrored(rest, serving, "mirrored"), "the other one")
    assert mirrored(rest, serving, "left-alone") == []


def test_endpoints_lifecycle(rest: Rest, serving: Serving) -> None:
    """Services should test the lifecycle of an Endpoint"""
    path = f"{serving.path}/endpoints"
    body = {
        "metadata": {"name": "testservice", "labels": {"test-endpoint-static": "true"}},
        "subsets": [{"addresses": [{"ip": "10.0.0.24"}], "ports": [{"name": "http", "port": 80, "protocol": "TCP"}]}],
    }
    made = rest.made(path, body)
    everywhere = rest.get("/api/v1/endpoints?labelSelector=test-endpoint-static=true")["items"]
    assert made["metadata"]["uid"] in [item["metadata"]["uid"] for item in everywhere]
    made["metadata"]["labels"]["test-service"] = "updated"
    assert rest.put(f"{path}/testservice", made)["metadata"]["labels"]["test-service"] == "updated"
    subsets = [{"addresses": [{"ip": "10.0.0.25"}], "ports": [{"name": "http-test", "port": 8080}]}]
    patched = rest.patched(
        f"{path}/testservice", {"metadata": {"labels": {"test-service": "patched"}}, "subsets": subsets}
    )
    assert patched["subsets"][0]["addresses"] == [{"ip": "10.0.0.25"}]
    assert patched["subsets"][0]["ports"] == [{"name": "http-test", "port": 8080, "protocol": "TCP"}]
    answer = rest("GET", f"{path}/testservice")
    assert answer.headers["Warning"] == (
        '299 - "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"'
    )
    assert rest("DELETE", f"{path}?labelSelector=test-endpoint-static=true").status == 200
    assert rest("GET", f"{path}/testservice").status == 404
