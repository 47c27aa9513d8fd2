"""Requests that are wrong, by the thousand: each made from a good one by a generator with a seed.

None of them can do harm when it happens to be right: workloads are only tried (`dryRun=All`), and what is deleted lies
in a namespace of the test.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any

import yaml

from tests.faults.wire import request

NAMESPACE = "fuzz"
_SPACE = f"/api/v1/namespaces/{NAMESPACE}"
_APPS = f"/apis/apps/v1/namespaces/{NAMESPACE}"
_CONTAINER = {"name": "c", "image": "nginx", "ports": [{"containerPort": 80}], "env": [{"name": "A", "value": "b"}]}
_TEMPLATE = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [_CONTAINER]}}
_CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
GOOD: dict[str, tuple[str, dict[str, Any]]] = {
    "ConfigMap": (f"{_SPACE}/configmaps", {"data": {"k": "v"}, "binaryData": {"b": "AAEC"}}),
    "Secret": (f"{_SPACE}/secrets", {"type": "Opaque", "data": {"k": "dg=="}}),
    "Service": (f"{_SPACE}/services", {"spec": {"selector": {"a": "b"}, "ports": [{"port": 80, "targetPort": "web"}]}}),
    "Pod": (
        f"{_SPACE}/pods",
        {"spec": _TEMPLATE["spec"] | {"volumes": [{"name": "v", "emptyDir": {"sizeLimit": "1Mi"}}]}},
    ),
    "PersistentVolumeClaim": (f"{_SPACE}/persistentvolumeclaims", {"spec": _CLAIM}),
    "PersistentVolume": (
        "/api/v1/persistentvolumes",
        {"spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/x"}}},
    ),
    "Event": (f"{_SPACE}/events", {"involvedObject": {"kind": "Pod", "name": "p", "namespace": NAMESPACE}}),
    "StatefulSet": (
        f"{_APPS}/statefulsets",
        {
            "spec": {
                "serviceName": "s",
                "selector": {"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "a", "operator": "Exists"}]},
                "template": _TEMPLATE,
                "updateStrategy": {"rollingUpdate": {"partition": 1}},
                "volumeClaimTemplates": [{"metadata": {"name": "d"}, "spec": _CLAIM}],
            }
        },
    ),
    "Deployment": (
        f"{_APPS}/deployments",
        {"spec": {"selector": {"matchLabels": {"a": "b"}}, "template": _TEMPLATE, "strategy": {"type": "Recreate"}}},
    ),
    "PodDisruptionBudget": (
        f"/apis/policy/v1/namespaces/{NAMESPACE}/poddisruptionbudgets",
        {"spec": {"minAvailable": "50%", "selector": {"matchLabels": {"a": "b"}}}},
    ),
    "Role": (
        f"/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACE}/roles",
        {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]},
    ),
    "RoleBinding": (
        f"/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACE}/rolebindings",
        {"roleRef": {"kind": "ClusterRole", "name": "view"}, "subjects": [{"kind": "User", "name": "u"}]},
    ),
    "Lease": (
        f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases",
        {"spec": {"leaseDurationSeconds": 1, "renewTime": "2026-01-01T00:00:00.000000Z"}},
    ),
    "EndpointSlice": (
        f"/apis/discovery.k8s.io/v1/namespaces/{NAMESPACE}/endpointslices",
        {"addressType": "IPv4", "endpoints": [{"addresses": ["10.244.0.9"]}], "ports": [{"port": 80}]},
    ),
    "SelfSubjectAccessReview": (
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        {"spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}},
    ),
}
_ODD: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 2**31, 2**63, 2**64, -(2**63) - 1, 1e308, "", "x", "\u0000", "a" * 300, "../../etc/passwd",
    "\U0001f600", "\ud800", "1Ei", "1e99999", "9" * 400, "-1", "%", [], {}, [[]], [None], [{}], {"": None}, {"\n": 1},
    {"a": {"b": {"c": []}}}, "2026-13-45T99:99:99Z", "0x10", "NaN", "*", "/", ".", "..", "$(A)", "101%", [1, "1", None],
)  # fmt: skip
_SNIPPETS = (b"\x00", b"\xff\xfe", b"{", b"}", b"]", b'"', b"\\u", b"\\ud800", b"NaN", b"1e999", b"//", b"&a", b"*a",
             b"!!python/object:os.system", b"\t", b"<<: ", b"\r\n\r\n", b"\xed\xa0\x80", b"- " * 50)  # fmt: skip


def _manifest(rng: random.Random) -> tuple[str, dict[str, Any]]:
    kind = rng.choice(list(GOOD))
    path, body = GOOD[kind]
    parts = path.split("/")
    version = "v1" if parts[1] == "api" else f"{parts[2]}/{parts[3]}"
    metadata = {"name": f"n{rng.randrange(50)}", "labels": {"a": "b"}, "annotations": {"x/y": "z"}}
    return path, {"apiVersion": version, "kind": kind, "metadata": metadata} | copy.deepcopy(body)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) inside a document."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    return [place for key in keys for place in ((value, key), *_places(value[key]))]


def _mutated(rng: random.Random, document: Any) -> Any:
    for _ in range(rng.randint(1, 3)):
        container, key = rng.choice(_places(document) or [(document, "x")])
        match rng.randrange(4):
            case 0 if isinstance(container, dict):
                container[rng.choice(("unknown", "", "$patch", "$retainKeys", "metadata", "\u0000"))] = copy.deepcopy(
                    rng.choice(_ODD)
                )
            case 1:
                del container[key]
            case _:
                container[key] = copy.deepcopy(rng.choice(_ODD))
    return document


def _scrambled(rng: random.Random, body: bytes) -> bytes:
    broken = bytearray(body)
    for _ in range(rng.randint(1, 4)):
        position = rng.randrange(len(broken) + 1)
        match rng.randrange(4):
            case 0:
                del broken[position:]
            case 1 if position < len(broken):
                broken[position] = rng.randrange(256)
            case _:
                broken[position:position] = rng.choice(_SNIPPETS)
    return bytes(broken)


def json_body(rng: random.Random) -> bytes:
    """A manifest with wrong values."""
    path, document = _manifest(rng)
    strict = rng.choice(("", "&fieldValidation=Strict", "&fieldValidation=Ignore", "&fieldValidation=x"))
    body = json.dumps(_mutated(rng, document)).encode()
    return request("POST", f"{path}?dryRun=All{strict}", body, Content_Type="application/json")


def broken_json(rng: random.Random) -> bytes:
    """A manifest that is hardly JSON any more."""
    path, document = _manifest(rng)
    kind = rng.choice(("application/json", "application/json;charset=latin-1", "", "text/plain", "*/*", ";", "\x7f/x"))
    return request("POST", f"{path}?dryRun=All", _scrambled(rng, json.dumps(document).encode()), Content_Type=kind)


def yaml_body(rng: random.Random) -> bytes:
    """The same in YAML."""
    path, document = _manifest(rng)
    body = yaml.safe_dump(document).encode()
    body = _scrambled(rng, body) if rng.random() < 0.6 else yaml.safe_dump(_mutated(rng, document)).encode()
    return request("POST", f"{path}?dryRun=All", body, Content_Type="application/yaml")


def protobuf_body(rng: random.Random) -> bytes:
    """Messages of protobuf that are cut, changed, or never were."""
    path, document = _manifest(rng)
    version, kind, name = document["apiVersion"].encode(), document["kind"].encode(), b"n1"

    def field(number: int, value: bytes) -> bytes:
        return bytes((number << 3 | 2, len(value) & 0x7F)) + value

    inner = field(1, field(1, name)) + field(2, rng.randbytes(rng.randrange(40)))
    body = b"k8s\0" + field(1, field(1, version) + field(2, kind)) + field(2, inner)
    body = rng.choice((body, _scrambled(rng, body), b"k8s\0" + rng.randbytes(60), rng.randbytes(30)))
    return request("POST", f"{path}?dryRun=All", body, Content_Type="application/vnd.kubernetes.protobuf")


def patch(rng: random.Random) -> bytes:
    """Patches of every type, wrong in every way, to an object that exists."""
    kind = rng.choice(("json-patch+json", "merge-patch+json", "strategic-merge-patch+json", "apply-patch+yaml", "x"))
    path, document = f"{_SPACE}/configmaps/there", {"apiVersion": "v1", "kind": "ConfigMap", "data": {"k": "w"}}
    if rng.random() < 0.5:
        path, document = f"{_APPS}/statefulsets/there", _manifest_of("StatefulSet")
    operations = [
        {"op": rng.choice(("add", "remove", "replace", "move", "copy", "test", "x")), "path": p, "from": q, "value": v}
        for p, q, v in zip(rng.sample(_POINTERS, 3), rng.sample(_POINTERS, 3), rng.sample(_ODD, 3), strict=True)
    ]
    body: Any = operations if kind.startswith("json-patch") else document
    body = _mutated(rng, body) if rng.random() < 0.8 else rng.choice(_ODD)
    content = json.dumps(body).encode()
    if rng.random() < 0.3:
        content = _scrambled(rng, content)
    query = rng.choice(("", "&fieldManager=m", "&fieldManager=m&force=true", "&fieldManager=" + "m" * 200))
    subresource = rng.choice(("", "", "/status", "/scale", "/x"))
    return request("PATCH", f"{path}{subresource}?dryRun=All{query}", content, Content_Type=f"application/{kind}")


_POINTERS = ("", "/", "/data/k", "/metadata/labels", "/data/~2", "/spec/replicas",
             "/spec/template/spec/containers/-",
             "/spec/template/spec/containers/99", "/metadata/name", "data", "/kind", "/spec/~01",
             "/data/-1")  # fmt: skip


def _manifest_of(kind: str) -> dict[str, Any]:
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "there"}} | copy.deepcopy(GOOD[kind][1])


_NAMES = ("there", "..", ".", "%2e%2e", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "%00", "%ff", "%", "%zz", "é",
          "a%0d%0aX:%20y",           "A" * 2000, "a%2Fb", "+", "%F0%9F%98%80", ";a=b", "namespaces", "watch",
          "-", "*", "$(id)",
          "a'b", "a%22b")  # fmt: skip
_PLURALS = ("pods", "configmaps", "nothing", "watch", "namespaces", "bindings", "pods%2Flog", "", "events", "services")
_SUBS = ("status", "scale", "log", "exec", "attach", "portforward", "eviction", "binding", "token", "proxy", "x/y/z")


def path(rng: random.Random) -> bytes:
    """Paths that lead nowhere, or try to lead out."""
    start = rng.choice(
        ("/api/v1", "/apis/apps/v1", "/apis", "/api", "//api//v1", "/api/v9", "/openapi/v3", "", "/version")
    )
    parts = ["namespaces", rng.choice((NAMESPACE, *_NAMES)), rng.choice(_PLURALS), rng.choice(_NAMES)]
    parts += rng.sample(_SUBS, rng.randrange(3))
    cut = rng.randrange(len(parts) + 1)
    method = rng.choice(("GET", "GET", "HEAD", "PUT", "PATCH", "POST", "OPTIONS", "TRACE", "BREW", "get"))
    headers = {"Content_Type": "application/json"} | ({"Upgrade": "websocket"} if rng.random() < 0.1 else {})
    return request(method, "/".join([start, *parts[:cut]]) or "/", b"{}", **headers)


_QUERY_VALUES = ("", "x", "-1", "0", "1", "99999999999999999999", "1.5", "true", "a=b,c!=d", "a in (b", "a in ()", "!",
                 "metadata.name", "status.phase=x", "spec.nope=1", "a=%00", "%ff%fe", "=", ",", "()", "eyJhIjoxfQ==",
                 "!!!", "All", "None", "NotOlderThan", "Exact", "a" * 3000, "a notin (b,c)", "%F0%9F%98%80", "null",
                 "metadata.name%3D%5C", "٣", "1_000", "%20", "a==b", "a" + ",a" * 500)  # fmt: skip
_QUERY_NAMES = ("labelSelector", "fieldSelector", "limit", "continue", "resourceVersion", "resourceVersionMatch",
                "watch", "allowWatchBookmarks", "sendInitialEvents", "timeoutSeconds", "dryRun", "fieldValidation",
                "includeObject", "pretty", "gracePeriodSeconds", "propagationPolicy", "orphanDependents", "tailLines",
                "sinceTime", "sinceSeconds", "limitBytes", "container", "ports", "command", "fieldManager", "force",
                "stdin", "nothing")  # fmt: skip


def query(rng: random.Random) -> bytes:
    """Options that are no numbers, no selectors, no tokens."""
    target = rng.choice(("/configmaps", "/pods", "/configmaps/there", "/pods/there/log", "/pods/there/exec", "/events"))
    pairs = "&".join(f"{rng.choice(_QUERY_NAMES)}={rng.choice(_QUERY_VALUES)}" for _ in range(rng.randint(1, 4)))
    accept = rng.choice(
        ("", "application/json", "application/json;as=Table;v=v1;g=meta.k8s.io", "text/html", ";;;", "*/*")
    )
    method = rng.choice(("GET", "GET", "GET", "DELETE"))
    return request(method, f"{_SPACE}{target}?{pairs}", Accept=accept)


def header(rng: random.Random) -> bytes:
    """Who asks, and in what form: tokens, impersonation, Accept, lengths."""
    odd = rng.choice(("", "x", "\x7f", "é", "a" * 5000, "Bearer", "Bearer a.b.c",
                      "Bearer eyJhbGciOiJub25lIn0.e30.", "Basic eA==",
                      "system:masters", "-1", "1e3", "gzip", "chunked", "100-continue",
                      "bytes=0-1", "h2c"))  # fmt: skip
    name = rng.choice(("Authorization", "Impersonate-User", "Impersonate-Group", "Impersonate-Extra-x",
                       "Accept", "Range",
                       "Accept-Encoding", "Content-Encoding", "Expect", "Upgrade", "Cookie", "If-None-Match",
                       "User-Agent", "X-Forwarded-For", "Impersonate-Uid"))  # fmt: skip
    target = rng.choice(("/api", "/apis", f"{_SPACE}/configmaps", "/openapi/v3", "/openapi/v2", "/version"))
    return request("GET", target, **{name: odd})


def deletion(rng: random.Random) -> bytes:
    """DeleteOptions that are none."""
    options = {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0, "propagationPolicy": "Background",
               "preconditions": {"uid": "x", "resourceVersion": "1"}, "dryRun": ["All"]}  # fmt: skip
    content = json.dumps(_mutated(rng, options)).encode()
    if rng.random() < 0.3:
        content = _scrambled(rng, content)
    target = rng.choice(("/configmaps/there", "/configmaps", "/pods/there"))
    return request("DELETE", f"{_SPACE}{target}?dryRun=All", content, Content_Type="application/json")


FAMILIES: tuple[Callable[[random.Random], bytes], ...] = (
    json_body, json_body, broken_json, yaml_body, protobuf_body, patch, patch, path, query, header, deletion,
)  # fmt: skip
