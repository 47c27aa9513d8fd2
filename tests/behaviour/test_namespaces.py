"""[sig-api-machinery] Namespaces, OrderedNamespaceDeletion."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pytest

from tests.behaviour.rest import STRATEGIC, Json, Rest
from tests.support.patience import Patience

NAMESPACES = "/api/v1/namespaces"
Make = Callable[..., str]


@pytest.fixture
def make(rest: Rest) -> Iterator[Make]:
    """Make namespaces that are gone after the test."""
    made = []

    def create(**metadata: object) -> str:
        name = f"behaviour-{uuid.uuid4().hex[:8]}"
        rest.made(NAMESPACES, {"metadata": {"name": name} | metadata})
        made.append(name)
        return name

    yield create
    for name in made:
        rest("DELETE", f"{NAMESPACES}/{name}")


def is_gone(rest: Rest, path: str) -> bool:
    return rest("GET", path).status == 404


def born(rest: Rest, name: str) -> bool:
    return rest("GET", f"{NAMESPACES}/{name}/serviceaccounts/default").status == 200


def pod(**metadata: object) -> Json:
    container = {"name": "pause", "image": "registry.k8s.io/pause:3.10"}
    return {"metadata": {"name": "pod"} | metadata, "spec": {"containers": [container]}}


def test_all_pods_are_removed(rest: Rest, make: Make, patience: Patience) -> None:
    """should ensure that all pods are removed when a namespace is deleted"""
    name = make()
    patience.until(lambda: born(rest, name), "its service account")
    rest.made(f"{NAMESPACES}/{name}/pods", pod())
    patience.until(lambda: rest.get(f"{NAMESPACES}/{name}/pods/pod")["status"]["phase"] == "Running", "the pod to run")
    assert rest("DELETE", f"{NAMESPACES}/{name}").status == 200
    patience.until(lambda: is_gone(rest, f"{NAMESPACES}/{name}"), "the end of the namespace")
    rest.made(NAMESPACES, {"metadata": {"name": name}})
    patience.until(lambda: born(rest, name), "its service account")
    assert rest.get(f"{NAMESPACES}/{name}/pods")["items"] == []


def test_all_services_are_removed(rest: Rest, make: Make, patience: Patience) -> None:
    """should ensure that all services are removed when a namespace is deleted"""
    name = make()
    spec = {"selector": {"foo": "bar"}, "ports": [{"port": 80, "targetPort": 80}]}
    rest.made(f"{NAMESPACES}/{name}/services", {"metadata": {"name": "svc"}, "spec": spec})
    rest("DELETE", f"{NAMESPACES}/{name}")
    patience.until(lambda: is_gone(rest, f"{NAMESPACES}/{name}"), "the end of the namespace")
    rest.made(NAMESPACES, {"metadata": {"name": name}})
    assert rest.get(f"{NAMESPACES}/{name}/services")["items"] == []


def test_patch(rest: Rest, make: Make) -> None:
    """should patch a Namespace"""
    name = make()
    patch = {"metadata": {"labels": {"testLabel": "testValue"}}}
    assert rest.patched(f"{NAMESPACES}/{name}", patch, STRATEGIC)["metadata"]["labels"]["testLabel"] == "testValue"
    assert rest.get(f"{NAMESPACES}/{name}")["metadata"]["labels"]["kubernetes.io/metadata.name"] == name


def test_status(rest: Rest, make: Make) -> None:
    """should apply changes to a namespace status"""
    name = make()
    path = f"{NAMESPACES}/{name}/status"
    assert rest.get(path)["status"] == {"phase": "Active"}
    condition = {"type": "StatusPatch", "status": "True", "reason": "E2E", "message": "Patched by a test"}
    patched = rest.patched(path, {"metadata": {"annotations": {"a": "1"}}, "status": {"conditions": [condition]}})
    assert patched["status"]["conditions"] == [condition | {"lastTransitionTime": None}] or patched["status"][
        "conditions"
    ] == [condition]
    assert patched["metadata"]["annotations"] == {"a": "1"}
    patched["status"]["conditions"].append(condition | {"type": "StatusUpdate"})
    assert len(rest.put(path, patched)["status"]["conditions"]) == 2


def test_update(rest: Rest, make: Make) -> None:
    """should apply an update to a Namespace"""
    name = make()
    found = rest.get(f"{NAMESPACES}/{name}")
    found["metadata"]["labels"][name] = "updated"
    assert rest.put(f"{NAMESPACES}/{name}", found)["metadata"]["labels"][name] == "updated"


def test_finalizer(rest: Rest, make: Make, patience: Patience) -> None:
    """should apply a finalizer to a Namespace"""
    name = make()
    found = rest.get(f"{NAMESPACES}/{name}")
    assert found["spec"]["finalizers"] == ["kubernetes"]
    found["spec"]["finalizers"].append("e2e.example.com/fakeFinalizer")
    rest.put(f"{NAMESPACES}/{name}/finalize", found)
    found = rest.get(f"{NAMESPACES}/{name}")
    assert found["spec"]["finalizers"] == ["kubernetes", "e2e.example.com/fakeFinalizer"]
    found["spec"]["finalizers"] = ["kubernetes"]
    assert rest.put(f"{NAMESPACES}/{name}/finalize", found)["spec"]["finalizers"] == ["kubernetes"]


def test_pods_are_deleted_first(rest: Rest, make: Make, patience: Patience) -> None:
    """OrderedNamespaceDeletion namespace deletion should delete pod first"""
    name = make()
    patience.until(lambda: born(rest, name), "its service account")
    rest.made(f"{NAMESPACES}/{name}/pods", pod(finalizers=["e2e.example.com/finalizer"]))
    rest.made(f"{NAMESPACES}/{name}/configmaps", {"metadata": {"name": "kept"}})
    rest("DELETE", f"{NAMESPACES}/{name}")

    def conditions() -> dict[str, Json]:
        status = rest.get(f"{NAMESPACES}/{name}")["status"]
        assert status["phase"] == "Terminating"
        found = {condition["type"]: condition for condition in status.get("conditions") or []}
        assert found["NamespaceContentRemaining"]["status"] == "True" if found else False
        return found

    def pod_waits() -> bool:
        found = rest.get(f"{NAMESPACES}/{name}/pods/pod")
        return bool(found["metadata"].get("deletionTimestamp"))

    patience.until(pod_waits, "the pod's deletion")
    told = patience.until(conditions, "the conditions")
    assert {kind: condition["status"] for kind, condition in told.items()} == {
        "NamespaceDeletionDiscoveryFailure": "False",
        "NamespaceDeletionGroupVersionParsingFailure": "False",
        "NamespaceDeletionContentFailure": "False",
        "NamespaceContentRemaining": "True",
        "NamespaceFinalizersRemaining": "True",
    }
    assert told["NamespaceContentRemaining"]["message"] == (
        "Some resources are remaining: pods. has 1 resource instances"
    )
    assert told["NamespaceFinalizersRemaining"]["message"] == (
        "Some content in the namespace has finalizers remaining: e2e.example.com/finalizer in 1 resource instances"
    )
    assert "deletionTimestamp" not in rest.get(f"{NAMESPACES}/{name}/configmaps/kept")["metadata"]
    rest.patched(f"{NAMESPACES}/{name}/pods/pod", {"metadata": {"finalizers": None}})
    patience.until(lambda: is_gone(rest, f"{NAMESPACES}/{name}"), "the end of the namespace")


def test_nothing_new_in_a_terminating_namespace(rest: Rest, make: Make, patience: Patience) -> None:
    """It says so in the cause; what is gone is not found, and what the cluster needs can't be deleted."""
    name = make(finalizers=["e2e.example.com/finalizer"])
    rest("DELETE", f"{NAMESPACES}/{name}")
    answer = rest("POST", f"{NAMESPACES}/{name}/configmaps", {"metadata": {"name": "new"}})
    assert (answer.status, answer.json["details"]["causes"][0]["reason"]) == (403, "NamespaceTerminating")
    why = f"unable to create new content in namespace {name} because it is being terminated"
    assert answer.json["message"] == f'configmaps "new" is forbidden: {why}'
    rest.patched(f"{NAMESPACES}/{name}", {"metadata": {"finalizers": None}})
    patience.until(lambda: is_gone(rest, f"{NAMESPACES}/{name}"), "the end of the namespace")
    answer = rest("POST", f"{NAMESPACES}/{name}/configmaps", {"metadata": {"name": "new"}})
    assert (answer.status, answer.json["message"]) == (404, f'namespaces "{name}" not found')
    answer = rest("DELETE", f"{NAMESPACES}/kube-system")
    assert answer.json["message"] == 'namespaces "kube-system" is forbidden: this namespace may not be deleted'
