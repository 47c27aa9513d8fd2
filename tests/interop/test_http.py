"""The API over HTTPS as any client may use or abuse it: every failure is a Status, and the server lives on."""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import urllib3
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kitlib.embedded.apiserver.pki import Pki
from kitlib.environments import ClusterInfo
from tests.support.kubectl import Kubectl

PODS = "/api/v1/namespaces/default/pods"
MAPS = "/api/v1/namespaces/default/configmaps"
SETS = "/apis/apps/v1/namespaces/default/statefulsets"
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Answer:
    code: int
    headers: Any
    content: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.content)


@dataclass(frozen=True)
class Api:
    """The server, with the administrator's certificate unless `pool` says otherwise."""

    server: str
    pool: urllib3.PoolManager

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        content = body if isinstance(body, (bytes, str)) or body is None else json.dumps(body)
        if content is not None:
            sent.setdefault("Content-Type", "application/json")
        response = self.pool.request(method, self.server + path, body=content, headers=sent, retries=False, timeout=20)
        return Answer(response.status, response.headers, response.data)


@pytest.fixture(scope="module")
def config(cluster: ClusterInfo) -> dict[str, Any]:
    return yaml.safe_load(cluster.kubeconfig.read_text())  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def authority(config: dict[str, Any]) -> str:
    return base64.b64decode(config["clusters"][0]["cluster"]["certificate-authority-data"]).decode()


@pytest.fixture(scope="module")
def api(cluster: ClusterInfo, config: dict[str, Any], authority: str, tmp_path_factory: Any) -> Iterator[Api]:
    folder = tmp_path_factory.mktemp("certificate")
    for name in ("client-certificate-data", "client-key-data"):
        (folder / name).write_bytes(base64.b64decode(config["users"][0]["user"][name]))
    with urllib3.PoolManager(
        ca_cert_data=authority,
        cert_file=str(folder / "client-certificate-data"),
        key_file=str(folder / "client-key-data"),
    ) as pool:
        yield Api(cluster.server, pool)


@pytest.fixture(scope="module")
def stranger(cluster: ClusterInfo, authority: str) -> Iterator[Api]:
    with urllib3.PoolManager(ca_cert_data=authority) as pool:
        yield Api(cluster.server, pool)


def failure(answer: Answer, code: int, reason: str, message: str = "") -> dict[str, Any]:
    """Check that an answer is the Status of a failure; return it."""
    status: dict[str, Any] = answer.body
    assert (answer.code, status["kind"], status["apiVersion"]) == (code, "Status", "v1"), status
    assert (status["status"], status["code"], status["reason"]) == ("Failure", code, reason), status
    assert message in status["message"], status
    return status


def config_map(name: str, **fields: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, **fields}


def test_the_certificate_is_of_the_clusters_own_authority(cluster: ClusterInfo) -> None:
    with urllib3.PoolManager() as pool, pytest.raises(urllib3.exceptions.SSLError):
        pool.request("GET", cluster.server + "/version", retries=False)


def test_a_certificate_of_another_authority_is_refused(cluster: ClusterInfo, authority: str, tmp_path: Any) -> None:
    other = Pki(tmp_path / "pki", datetime.now(UTC))
    own = {"cert_file": str(other.path("admin.crt")), "key_file": str(other.path("admin.key"))}
    refused = pytest.raises((urllib3.exceptions.HTTPError, ssl.SSLError))
    with urllib3.PoolManager(ca_cert_data=authority, **own) as pool, refused:
        pool.request("GET", cluster.server + PODS, retries=False)


def test_strangers_see_the_version_and_the_health_only(stranger: Api) -> None:
    for path in ("/healthz", "/livez", "/readyz"):
        assert stranger("GET", path).content == b"ok"
    version = stranger("GET", "/version").body
    assert (int(version["major"]), int(version["minor"])) == (1, 36)
    assert len(version) >= 9
    for path in ("/api", "/apis", "/openapi/v3", "/", "/nowhere"):
        failure(stranger("GET", path), 403, "Forbidden", f'forbidden: User "system:anonymous" cannot get path "{path}"')
    nobody = 'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" in the namespace'
    failure(stranger("GET", PODS), 403, "Forbidden", nobody)
    failure(stranger("GET", PODS, Authorization="Basic YTpi"), 403, "Forbidden", nobody)
    failure(stranger("GET", PODS, Authorization="Bearer forged"), 401, "Unauthorized")
    failure(stranger("GET", "/version", Authorization="Bearer forged"), 401, "Unauthorized")


def test_a_namespaced_token_is_forbidden_elsewhere(stranger: Api, kubectl: Kubectl) -> None:
    kubectl("create", "serviceaccount", "learner")
    kubectl("create", "rolebinding", "l", "--clusterrole=edit", f"--serviceaccount={kubectl.namespace}:learner")
    bearer = f"Bearer {kubectl('create', 'token', 'learner').strip()}"
    assert stranger("GET", PODS.replace("default", kubectl.namespace), Authorization=bearer).code == 200
    status = failure(stranger("GET", PODS, Authorization=bearer), 403, "Forbidden")
    user = f"system:serviceaccount:{kubectl.namespace}:learner"
    assert status["message"] == (
        f'pods is forbidden: User "{user}" cannot list resource "pods" in API group "" in the namespace "default"'
    )
    failure(stranger("GET", "/api/v1/nodes", Authorization=bearer), 403, "Forbidden", "at the cluster scope")
    failure(stranger("GET", "/metrics", Authorization=bearer), 403, "Forbidden", 'cannot get path "/metrics"')
    failure(stranger("GET", PODS, Authorization=bearer, Impersonate_User="kubernetes-admin"), 403, "Forbidden")
    failure(stranger("GET", PODS, Authorization=bearer, Impersonate_Group="system:masters"), 400, "BadRequest")


def test_bad_requests(api: Api) -> None:
    failure(api("POST", MAPS, "{"), 400, "BadRequest")
    failure(api("POST", MAPS, "[]"), 400, "BadRequest")
    failure(api("POST", MAPS, b"\xff\xfe"), 400, "BadRequest")
    failure(api("POST", MAPS, "a: [", Content_Type="application/yaml"), 400, "BadRequest", "YAML")
    failure(api("POST", MAPS, b"k8s\0\xff\xff", Content_Type="application/vnd.kubernetes.protobuf"), 400, "BadRequest")
    failure(api("POST", MAPS, config_map("c") | {"kind": "Secret"}), 400, "BadRequest")
    failure(api("POST", MAPS, config_map("c", data="text")), 400, "BadRequest", "cannot unmarshal string")
    failure(api("POST", "/api/v1/configmaps", config_map("c")), 400, "BadRequest")
    failure(
        api("POST", MAPS, {**config_map("c"), "metadata": {"name": "c", "namespace": "other"}}),
        400,
        "BadRequest",
        "the namespace of the provided object does not match the namespace sent on the request",
    )
    failure(api("GET", f"{PODS}?labelSelector=a%20in%20b"), 400, "BadRequest", "unable to parse requirement")
    failure(api("GET", f"{PODS}?fieldSelector=spec.x%3D1"), 400, "BadRequest", "field label not supported: spec.x")
    failure(api("GET", f"{PODS}?limit=many"), 400, "BadRequest")
    failure(api("GET", f"{PODS}?resourceVersion={'9' * 5000}"), 400, "BadRequest")
    failure(api("GET", f"{PODS}?watch=1&resourceVersion=%C2%B2"), 400, "BadRequest")
    failure(api("POST", f"{MAPS}?fieldValidation=Strict", config_map("c", x=1)), 400, "BadRequest", 'unknown field "x"')
    failure(api("POST", f"{MAPS}?dryRun=Some", config_map("c")), 422, "Invalid", "dryRun")


def test_what_is_not_there(api: Api) -> None:
    status = failure(api("GET", f"{SETS}/web-x"), 404, "NotFound", 'statefulsets.apps "web-x" not found')
    assert status["details"] == {"name": "web-x", "group": "apps", "kind": "statefulsets"}
    for path in ("/api/v2/pods", "/apis/none/v1", "/api/v1/gadgets", f"{PODS}/x/gadget", "/nowhere", "/apis/apps/v9"):
        failure(api("GET", path), 404, "NotFound", "the server could not find the requested resource")
    other = MAPS.replace("default", "nowhere")
    failure(api("POST", other, config_map("c")), 404, "NotFound", 'namespaces "nowhere" not found')


def test_methods_and_media_types(api: Api) -> None:
    failure(api("PUT", MAPS, config_map("c")), 405, "MethodNotAllowed")
    failure(api("POST", f"{MAPS}/c", config_map("c")), 405, "MethodNotAllowed")
    failure(api("DELETE", "/version"), 405, "MethodNotAllowed")
    failure(api("DELETE", f"{SETS}/web/scale"), 405, "MethodNotAllowed")
    failure(api("GET", PODS, Accept="text/html"), 406, "NotAcceptable")
    review = {"spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}}
    reviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    table = "application/json;as=Table;v=v1;g=meta.k8s.io"
    failure(api("POST", reviews, review, Accept=table), 406, "NotAcceptable")
    assert api("POST", reviews, review).body["status"]["allowed"] is True
    failure(api("POST", MAPS, "x", Content_Type="text/plain"), 415, "UnsupportedMediaType")
    failure(api("PATCH", f"{MAPS}/c", "{}", Content_Type="application/json"), 415, "UnsupportedMediaType")


def test_conflicts(api: Api) -> None:
    api("DELETE", f"{MAPS}/taken")
    made = api("POST", MAPS, config_map("taken"))
    assert made.code == 201
    failure(api("POST", MAPS, config_map("taken")), 409, "AlreadyExists", 'configmaps "taken" already exists')
    stale = made.body
    api("PUT", f"{MAPS}/taken", {**stale, "data": {"a": "b"}})
    modified = "the object has been modified; please apply your changes to the latest version and try again"
    told = f'Operation cannot be fulfilled on configmaps "taken": {modified}'
    failure(api("PUT", f"{MAPS}/taken", stale), 409, "Conflict", told)
    preconditions = {"kind": "DeleteOptions", "preconditions": {"uid": "another"}}
    failure(api("DELETE", f"{MAPS}/taken", preconditions), 409, "Conflict", "Precondition failed: UID in precondition")
    deleted = api("DELETE", f"{MAPS}/taken")
    assert (deleted.code, deleted.body["status"]) == (200, "Success")
    assert deleted.body["details"] == {"name": "taken", "kind": "configmaps", "uid": stale["metadata"]["uid"]}


def test_apply_conflicts_name_the_field_and_its_owner(api: Api) -> None:
    api("DELETE", f"{MAPS}/owned")
    apply = {"Content_Type": "application/apply-patch+yaml"}
    body = config_map("owned", data={"a": "1"})
    assert api("PATCH", f"{MAPS}/owned?fieldManager=one", body, **apply).code == 201
    assert api("PATCH", f"{MAPS}/owned?fieldManager=one", body, **apply).code == 200
    other = config_map("owned", data={"a": "2"})
    status = failure(api("PATCH", f"{MAPS}/owned?fieldManager=two", other, **apply), 409, "Conflict", "Apply failed")
    cause = {"reason": "FieldManagerConflict", "message": 'conflict with "one"', "field": ".data.a"}
    assert status["details"]["causes"] == [cause]
    assert api("PATCH", f"{MAPS}/owned?fieldManager=two&force=true", other, **apply).code == 200
    failure(api("PATCH", f"{MAPS}/owned", other, **apply), 422, "Invalid", "fieldManager")


def test_what_is_gone_in_time(api: Api) -> None:
    old = f"{PODS}?limit=1&continue=" + base64.urlsafe_b64encode(
        json.dumps({"v": "meta.k8s.io/v1", "rv": 1, "start": "a\0"}).encode()
    ).decode().rstrip("=")
    status = failure(api("GET", old), 410, "Expired", "The provided continue parameter is too old")
    assert status["details"]["continue"]
    assert api("GET", f"{PODS}?continue={status['details']['continue']}").code == 200
    future = failure(api("GET", f"{PODS}?resourceVersion=99999999"), 504, "Timeout", "Too large resource version")
    assert future["details"]["retryAfterSeconds"] == 1


def test_too_large_bodies(api: Api) -> None:
    failure(api("POST", MAPS, config_map("c", data={"a": "x" * (4 << 20)})), 413, "RequestEntityTooLarge")
    failure(api("DELETE", f"{MAPS}/c", "x" * (4 << 20)), 413, "RequestEntityTooLarge")


def test_invalid_objects(api: Api) -> None:
    status = failure(api("POST", MAPS, config_map("Not_A_Name")), 422, "Invalid", 'ConfigMap "Not_A_Name" is invalid')
    assert status["details"]["kind"] == "ConfigMap"
    assert {c["field"] for c in status["details"]["causes"]} == {"metadata.name"}
    stateful_set = {"metadata": {"name": "x"}, "spec": {}}
    status = failure(api("POST", SETS, stateful_set), 422, "Invalid", 'StatefulSet.apps "x" is invalid: [spec.selector')
    assert status["details"]["group"] == "apps"
    assert [c["field"] for c in status["details"]["causes"]] == ["spec.selector", "spec.template.spec.containers"]
    api("POST", MAPS, config_map("patched"))
    patch = [{"op": "test", "path": "/data/a", "value": "b"}]
    failure(api("PATCH", f"{MAPS}/patched", patch, Content_Type="application/json-patch+json"), 422, "Invalid")
    failure(api("GET", f"{PODS}?resourceVersionMatch=Exact"), 422, "Invalid", "resourceVersionMatch is forbidden")
    failure(api("GET", f"{PODS}?sendInitialEvents=true"), 422, "Invalid", "sendInitialEvents is forbidden for list")


def test_an_eviction_against_the_budget_is_refused(api: Api, kubectl: Kubectl) -> None:
    kubectl("run", "one", "--image=nginx:1.25", "--labels=app=one")
    kubectl("create", "poddisruptionbudget", "one", "--selector=app=one", "--min-available=1")
    kubectl("wait", "pod/one", "--for=condition=Ready", "--timeout=20s")
    kubectl("wait", "pdb/one", "--for=jsonpath={.status.currentHealthy}=1", "--timeout=20s")
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "one"}}
    path = f"/api/v1/namespaces/{kubectl.namespace}/pods/one/eviction"
    answer = api("POST", path, eviction)
    status = failure(
        answer, 429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget."
    )
    assert status["details"]["causes"][0]["reason"] == "DisruptionBudget"
    assert "Retry-After" not in answer.headers  # else client-go would ask again by itself, ten times
    kubectl("delete", "pdb", "one")
    assert api("POST", path, eviction).code == 201


def test_warnings_are_headers(api: Api) -> None:
    api("DELETE", f"{MAPS}/warned")
    answer = api("POST", MAPS, '{"metadata":{"name":"warned"},"datum":1,"data":{"a":"1"},"data":{"a":"2"}}')
    assert answer.code == 201
    assert answer.headers.getlist("Warning") == [
        '299 - "duplicate field \\"data\\""',
        '299 - "unknown field \\"datum\\""',
    ]


def test_warnings_are_headers_whatever_the_fields_are_called(api: Api) -> None:
    strange = {"a\x1f\r\nb": 1, "é": 1, "long" * 200: 1}
    warned = api("PATCH", f"{MAPS}/kube-root-ca.crt?dryRun=All", strange, Content_Type="application/merge-patch+json")
    assert (warned.code, len(warned.headers.getlist("Warning"))) == (200, 3)
    many = {f"field-{number}": 1 for number in range(5000)}
    warned = api("PATCH", f"{MAPS}/kube-root-ca.crt?dryRun=All", many, Content_Type="application/merge-patch+json")
    assert warned.code == 200
    # More headers than 100 are refused by Python's own client.
    assert 0 < len(warned.headers.getlist("Warning")) < 100


def test_a_watch_is_a_stream_of_lines(api: Api) -> None:
    answer = api("GET", f"{MAPS}?watch=True&timeoutSeconds=1&fieldSelector=metadata.name=kube-root-ca.crt")
    assert answer.headers["Content-Type"].startswith("application/json")
    [event] = [json.loads(line) for line in answer.content.splitlines()]
    assert (event["type"], event["object"]["kind"]) == ("ADDED", "ConfigMap")
    expired = api("GET", f"{MAPS}?watch=true&resourceVersion=1&timeoutSeconds=1")
    assert expired.code == 200
    [event] = [json.loads(line) for line in expired.content.splitlines()]
    assert (event["type"], event["object"]["code"]) == ("ERROR", 410)


def test_lists_are_never_null(api: Api) -> None:
    answer = api("GET", f"{SETS}?labelSelector=none=such").body
    assert answer["items"] == []
    assert int(answer["metadata"]["resourceVersion"]) > 0


# -- whatever comes ------------------------------------------------------------------------------------------------

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
field_names = st.sampled_from(
    ["metadata", "name", "labels", "spec", "data", "replicas", "template", "containers", "status", "kind", "apiVersion"]
)
object_like = st.recursive(
    json_values,
    lambda inner: st.dictionaries(field_names, inner, max_size=4) | st.lists(inner, max_size=2),
    max_leaves=12,
)
patch_like = st.lists(
    st.fixed_dictionaries(
        {
            "op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test", "nope"]),
            "path": st.sampled_from(["", "/", "/metadata", "/metadata/name", "/data", "/data/-", "/kind", "/a~2", "x"]),
        },
        optional={"value": json_values, "from": st.sampled_from(["/metadata", "/none", ""])},
    ),
    max_size=3,
)
segments = st.sampled_from(
    ["api", "apis", "v1", "apps", "namespaces", "default", "pods", "statefulsets", "scale", "log", "exec", "watch"]
) | st.text(min_size=1, max_size=6)
queries = st.dictionaries(
    st.sampled_from(
        (
            *("limit", "continue", "resourceVersion", "labelSelector", "fieldSelector", "dryRun", "force", "container"),
            *("fieldManager", "timeoutSeconds", "tailLines", "command", "ports", "propagationPolicy"),
        )
    ),
    st.text(max_size=6),
    max_size=3,
)
fuzz = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))


def well_answered(api: Api, answer: Answer) -> None:
    """An answer may be anything but a server's failure, and a failure is a Status without a traceback."""
    assert answer.code < 500 or answer.code == 504, answer.content
    if answer.code >= 400:
        status = answer.body
        assert (status["kind"], status["status"], status["code"]) == ("Status", "Failure", answer.code)
        assert "Traceback" not in status["message"]


@fuzz
@given(
    method=st.sampled_from(["GET", "PUT", "POST", "DELETE", "PATCH"]),
    path=st.lists(segments, max_size=7),
    query=queries,
)
def test_any_path_is_answered(api: Api, method: str, path: list[str], query: dict[str, str]) -> None:
    where = "/" + "/".join(quote(part, safe="") for part in path)
    well_answered(api, api(method, f"{where}?{urlencode({**query, 'dryRun': query.get('dryRun', 'All')})}"))


@fuzz
@given(
    path=st.sampled_from([MAPS, PODS, SETS, "/api/v1/namespaces", "/api/v1/nodes", f"{PODS}/none/eviction"]),
    body=object_like,
    media=st.sampled_from(["application/json", "application/yaml"]),
)
def test_any_object_is_answered(api: Api, path: str, body: Any, media: str) -> None:
    well_answered(api, api("POST", f"{path}?dryRun=All", json.dumps(body), Content_Type=media))


@fuzz
@given(
    patch=object_like | patch_like,
    media=st.sampled_from(["json-patch+json", "merge-patch+json", "strategic-merge-patch+json", "apply-patch+yaml"]),
    path=st.sampled_from([f"{MAPS}/kube-root-ca.crt", "/api/v1/namespaces/default", "/api/v1/nodes/kit-control-plane"]),
    query=st.sampled_from(["", "&fieldManager=fuzz", "&fieldManager=fuzz&force=true"]),
)
def test_any_patch_is_answered(api: Api, patch: Any, media: str, path: str, query: str) -> None:
    answer = api("PATCH", f"{path}?dryRun=All{query}", json.dumps(patch), Content_Type=f"application/{media}")
    well_answered(api, answer)


@fuzz
@given(content=st.binary(max_size=60))
def test_any_bytes_are_answered(api: Api, content: bytes) -> None:
    for media in ("application/json", "application/yaml", "application/vnd.kubernetes.protobuf"):
        well_answered(api, api("POST", f"{MAPS}?dryRun=All", content, Content_Type=media))
        magic = b"k8s\0\n\x0f\n\x02v1\x12\tConfigMap\x12" + bytes((len(content),)) + content
    well_answered(api, api("POST", f"{MAPS}?dryRun=All", magic, Content_Type="application/vnd.kubernetes.protobuf"))
