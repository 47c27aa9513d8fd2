"""[sig-api-machinery] Discovery, AggregatedDiscovery, server version, Table transformation."""

from __future__ import annotations

from tests.behaviour.rest import Rest
from tests.support.kubectl import Kubectl

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
PROTOBUF = "application/vnd.kubernetes.protobuf"
SERVED = ("apps", "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io", "policy", "storage.k8s.io")


def test_preferred_versions(rest: Rest) -> None:
    """Discovery should validate PreferredVersion for each APIGroup"""
    groups = rest.get("/apis")["groups"]
    assert groups
    for group in groups:
        alone = rest.get(f"/apis/{group['name']}")
        assert alone["preferredVersion"] == group["preferredVersion"]
        assert alone["preferredVersion"] in alone["versions"]
        for version in group["versions"]:
            assert version["groupVersion"] == f"{group['name']}/{version['version']}"


def test_a_resource_of_each_group(rest: Rest) -> None:
    """Discovery should locate the groupVersion and a resource within each APIGroup"""
    names = {group["name"]: group for group in rest.get("/apis")["groups"]}
    wanted = {
        "apps/v1": "deployments",
        "authentication.k8s.io/v1": "tokenreviews",
        "authorization.k8s.io/v1": "selfsubjectaccessreviews",
        "coordination.k8s.io/v1": "leases",
        "discovery.k8s.io/v1": "endpointslices",
        "events.k8s.io/v1": "events",
        "policy/v1": "poddisruptionbudgets",
        "rbac.authorization.k8s.io/v1": "clusterrolebindings",
        "scheduling.k8s.io/v1": "priorityclasses",
        "storage.k8s.io/v1": "storageclasses",
    }
    for group_version, resource in wanted.items():
        group = names[group_version.partition("/")[0]]
        assert group_version in [version["groupVersion"] for version in group["versions"]]
        listed = rest.get(f"/apis/{group_version}")
        assert listed["groupVersion"] == group_version
        assert resource in [row["name"] for row in listed["resources"]]


def test_aggregated_interface(rest: Rest) -> None:
    """AggregatedDiscovery should support aggregated discovery interface"""
    found = {}
    for path in ("/api", "/apis"):
        answer = rest("GET", path, accept=AGGREGATED)
        assert answer.headers["Content-Type"] == AGGREGATED
        document = answer.json
        assert (document["kind"], document["apiVersion"]) == ("APIGroupDiscoveryList", "apidiscovery.k8s.io/v2")
        found |= {item["metadata"].get("name", ""): item for item in document["items"]}
    assert {"", *SERVED} <= set(found)
    for group in found.values():
        for version in group["versions"]:
            assert version["freshness"] == "Current"
            assert all(resource["verbs"] and resource["scope"] for resource in version["resources"])
    pods = next(r for r in found[""]["versions"][0]["resources"] if r["resource"] == "pods")
    assert pods["responseKind"] == {"group": "", "version": "v1", "kind": "Pod"}
    assert {"status", "log", "exec"} <= {sub["subresource"] for sub in pods["subresources"]}


def test_aggregated_accept_headers(rest: Rest) -> None:
    """AggregatedDiscovery should support raw aggregated discovery endpoint Accept headers"""
    for path, legacy in (("/api", "APIVersions"), ("/apis", "APIGroupList")):
        assert rest.get(path, accept=AGGREGATED)["kind"] == "APIGroupDiscoveryList"
        unordered = "application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io"
        assert rest.get(path, accept=unordered)["kind"] == "APIGroupDiscoveryList"
        assert rest.get(path, accept=f"{AGGREGATED},application/json")["kind"] == "APIGroupDiscoveryList"
        assert rest.get(path, accept="application/json")["kind"] == legacy
        unknown = "application/json;g=apidiscovery.k8s.io;v=v9;as=APIGroupDiscoveryList"
        assert rest.get(path, accept=f"{unknown},application/json")["kind"] == legacy
        assert rest("GET", path, accept=unknown).status == 406


def test_aggregated_is_cached_by_its_etag(rest: Rest) -> None:
    """What has not changed since is not sent again, in either form of discovery and for OpenAPI."""
    for path, accept in (("/api", AGGREGATED), ("/apis", AGGREGATED), ("/openapi/v3/apis/apps/v1", "application/json")):
        first = rest("GET", path, accept=accept)
        assert first.headers["ETag"], path
        assert "Accept" in first.headers["Vary"]
        again = rest("GET", path, accept=accept, if_none_match=first.headers["ETag"])
        assert (again.status, again.text) == (304, "")
        assert rest("GET", path, accept=accept, if_none_match='"another"').status == 200


def test_openapi_by_its_hash_never_changes(rest: Rest) -> None:
    """A document asked for by its hash may be kept; a stale hash leads to the current one."""
    where = rest.get("/openapi/v3")["paths"]["apis/apps/v1"]["serverRelativeURL"]
    answer = rest("GET", where)
    assert answer.status == 200
    assert "immutable" in answer.headers["Cache-Control"]
    stale = rest("GET", where.partition("hash=")[0] + "hash=0000", redirect="")
    assert stale.status == 200  # after the redirect


def test_server_version(rest: Rest, kubectl: Kubectl) -> None:
    """server version should find the server version"""
    version = rest.get("/version")
    assert version["major"].isdigit()
    assert version["minor"].rstrip("+").isdigit()
    assert all(
        version[field] for field in ("gitVersion", "gitCommit", "buildDate", "platform", "goVersion", "compiler")
    )
    assert f"Server Version: {version['gitVersion']}" in kubectl("version")


def test_no_table_of_a_review(rest: Rest) -> None:
    """Servers with support for Table transformation should return a 406 for a backend which does not implement
    metadata
    """
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {"namespace": "default", "verb": "get", "resource": "pods"}},
    }
    table = "application/json;as=Table;v=v1;g=meta.k8s.io"
    answer = rest("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review, accept=table)
    assert answer.status == 406
    assert answer.json["reason"] == "NotAcceptable"


def test_forms_of_an_answer(rest: Rest) -> None:
    """YAML is served as JSON is; what is not known is a 406 that names what is."""
    answer = rest("GET", "/api/v1/namespaces/default", accept="application/yaml")
    assert answer.headers["Content-Type"] == "application/yaml"
    assert answer.text.startswith("apiVersion: v1\nkind: Namespace\nmetadata:\n")
    answer = rest("GET", "/api/v1/namespaces/default", accept="text/html")
    assert answer.status == 406
    assert answer.json["message"].startswith("only the following media types are accepted: application/json, ")
    answer = rest("POST", "/api/v1/namespaces", "<x/>", content_type="text/xml")
    assert (answer.status, answer.json["reason"]) == (415, "UnsupportedMediaType")
    answer = rest("POST", "/version", {})
    assert answer.status == 405


def test_what_is_not_served(rest: Rest, kubectl: Kubectl) -> None:
    """Kinds left out are no kinds: a 404 from the API, and kubectl's own words."""
    for path in ("/apis/batch/v1/jobs", "/api/v1/nonsense", "/apis/nonsense.example.org", "/nonsense"):
        answer = rest("GET", path)
        assert answer.status == 404, path
    assert "the server doesn't have a resource type" in kubectl.fails("get", "nonsenses")


def test_health(rest: Rest) -> None:
    """Every health path says ok, and tells its checks when asked."""
    for path in ("/healthz", "/livez", "/readyz", "/livez/ping", "/readyz/ping"):
        assert rest("GET", path).text == "ok", path
    told = rest("GET", "/readyz?verbose").text
    assert "[+]ping ok\n" in told
    assert told.endswith("readyz check passed\n")
    assert rest("GET", "/livez/nonsense").status == 404
