"""What typed clients of Go send and insist on: apply configurations, times, locks that are given up, log options."""

from __future__ import annotations

from typing import Any

import pytest

from tests.behaviour.pods import Pods, shell
from tests.behaviour.rest import APPLY, Json, Rest


@pytest.fixture
def sets(namespace: str) -> str:
    return f"/apis/apps/v1/namespaces/{namespace}/statefulsets"


def applied(rest: Rest, path: str, manager: str, **parts: Any) -> Json:
    body = {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"}, **parts}
    return rest.patched(f"{path}?fieldManager={manager}", body, APPLY)


def owned(obj: Json, manager: str) -> Json:
    found = [entry for entry in obj["metadata"]["managedFields"] if entry["manager"] == manager]
    assert [entry["operation"] for entry in found] == ["Apply"]
    fields: Json = found[0]["fieldsV1"]
    return fields


def full_spec() -> Json:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
    return {"replicas": 0, "serviceName": "web", "selector": {"matchLabels": {"a": "b"}}, "template": template}


def test_an_apply_owns_what_it_says_and_no_default(rest: Rest, sets: str) -> None:
    made = applied(rest, f"{sets}/web", "first", spec=full_spec())
    container = {".": {}, "f:name": {}, "f:image": {}}
    assert owned(made, "first") == {
        "f:spec": {
            "f:replicas": {},
            "f:serviceName": {},
            "f:selector": {},
            "f:template": {
                "f:metadata": {"f:labels": {"f:a": {}}},
                "f:spec": {"f:containers": {'k:{"name":"c"}': container}},
            },
        }
    }
    assert made["spec"]["updateStrategy"] == {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}
    assert made["spec"]["template"]["spec"]["containers"][0]["resources"] == {}


def test_a_second_applier_says_only_its_part(rest: Rest, sets: str) -> None:
    applied(rest, f"{sets}/web", "first", spec=full_spec())
    both = applied(rest, f"{sets}/web", "second", spec={"minReadySeconds": 3})
    assert (both["spec"]["serviceName"], both["spec"]["minReadySeconds"]) == ("web", 3)
    assert owned(both, "second") == {"f:spec": {"f:minReadySeconds": {}}}
    other = {"apiVersion": "apps/v1", "kind": "StatefulSet", "spec": {"replicas": 2}}
    answer = rest("PATCH", f"{sets}/web?fieldManager=third", other, content_type=APPLY)
    assert answer.status == 409
    assert [cause["field"] for cause in answer.json["details"]["causes"]] == [".spec.replicas"]


def test_equal_values_have_two_owners(rest: Rest, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps/c"
    body = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"k": "v"}}
    for manager in ("first", "second"):
        both = rest.patched(f"{path}?fieldManager={manager}", body, APPLY)
    assert owned(both, "first") == owned(both, "second") == {"f:data": {"f:k": {}}}
    left = rest.patched(f"{path}?fieldManager=first", {"apiVersion": "v1", "kind": "ConfigMap"}, APPLY)
    assert left["data"] == {"k": "v"}


def test_components_manage_what_they_write(rest: Rest, pods: Pods, sets: str, namespace: str) -> None:
    rest.made(f"{sets}?fieldManager=me", {"metadata": {"name": "web"}, "spec": full_spec() | {"replicas": 1}})
    pods.ready("web-0")
    pods.patience.until(lambda: rest.get(f"{sets}/web")["status"].get("readyReplicas") == 1, "the set to be ready")

    def managers(obj: Json) -> set[tuple[str, str, str]]:
        entries = obj["metadata"]["managedFields"]
        return {(entry["manager"], entry["operation"], entry.get("subresource", "")) for entry in entries}

    controllers, kubelet = "kube-controller-manager", ("kubelet", "Update", "status")
    assert managers(rest.get(f"{sets}/web")) == {("me", "Update", ""), (controllers, "Update", "status")}
    pod = pods.get("web-0")
    assert {(controllers, "Update", ""), kubelet} == managers(pod)
    status = next(entry["fieldsV1"]["f:status"] for entry in pod["metadata"]["managedFields"] if "subresource" in entry)
    assert {"f:phase", "f:containerStatuses", "f:podIP", "f:conditions"} <= set(status)


def test_an_applied_status_is_no_more_than_was_said(rest: Rest, sets: str) -> None:
    applied(rest, f"{sets}/web", "first", spec=full_spec())
    condition = {"type": "X", "status": "True"}
    told = applied(rest, f"{sets}/web/status", "teller", status={"conditions": [condition]})
    assert owned(told, "teller") == {
        "f:status": {"f:conditions": {'k:{"type":"X"}': {".": {}, "f:type": {}, "f:status": {}}}}
    }


def test_an_apply_makes_nothing_that_is_said_to_exist(rest: Rest, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps/c?fieldManager=m"
    answer = rest(
        "PATCH", path, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"uid": "1"}}, content_type=APPLY
    )
    assert (answer.status, answer.json["reason"]) == (409, "Conflict")
    assert "uid mismatch: the provided object specified uid 1, and no existing object was found" in answer.text


def test_a_field_manager_is_short_and_printable(rest: Rest, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    answer = rest("POST", f"{path}?fieldManager={'x' * 129}", {"metadata": {"name": "c"}})
    assert answer.status == 422
    assert answer.json["message"] == (
        'CreateOptions.meta.k8s.io "" is invalid: fieldManager: Too long: may not be more than 128 bytes'
    )
    answer = rest("POST", f"{path}?fieldManager=a%07b", {"metadata": {"name": "c"}})
    assert "invalid character U+0007 (at position 1)" in answer.json["message"]
    rest.made(f"{path}?fieldManager={'x' * 128}", {"metadata": {"name": "c"}})


def test_a_lock_is_given_up(rest: Rest, namespace: str) -> None:
    path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
    made = rest.made(path, {"metadata": {"name": "lock"}, "spec": {"holderIdentity": "me", "leaseDurationSeconds": 15}})
    given_up = made | {"spec": {"holderIdentity": "", "leaseDurationSeconds": 1, "leaseTransitions": 0}}
    assert rest.put(f"{path}/lock", given_up)["spec"]["holderIdentity"] == ""


def test_times_are_written_as_go_writes_them(rest: Rest, namespace: str) -> None:
    path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
    made = rest.made(path, {"metadata": {"name": "l"}, "spec": {"renewTime": "2026-01-02T03:04:05.000006+01:00"}})
    assert made["spec"]["renewTime"] == "2026-01-02T02:04:05.000006Z"
    answer = rest("POST", path, {"metadata": {"name": "m"}, "spec": {"renewTime": "2026-01-02T03:04:05Z"}})
    assert answer.status == 400
    assert answer.json["message"] == (
        'Lease in version "v1" cannot be handled as a Lease: parsing time "2026-01-02T03:04:05Z" as '
        '"2006-01-02T15:04:05.000000Z07:00": cannot parse "Z" as ".000000"'
    )


def test_events_of_both_groups_have_times_that_go_reads(rest: Rest, namespace: str) -> None:
    old = {
        "metadata": {"name": "e"},
        "involvedObject": {"namespace": namespace},
        "firstTimestamp": "2026-01-02T03:04:05Z",
    }
    rest.made(f"/api/v1/namespaces/{namespace}/events", old)
    assert rest.get(f"/apis/events.k8s.io/v1/namespaces/{namespace}/events/e")["eventTime"] in (
        None,  # where nobody invents one
        "2026-01-02T03:04:05.000000Z",
    )


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("tailLines=-1", "tailLines: Invalid value: -1: must be greater than or equal to 0"),
        ("limitBytes=0", "limitBytes: Invalid value: 0: must be greater than 0"),
        ("sinceSeconds=0", "sinceSeconds: Invalid value: 0: must be greater than 0"),
        (
            "sinceSeconds=1&sinceTime=2026-01-02T03:04:05Z",
            "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified",
        ),
    ],
)
def test_log_options_are_checked(rest: Rest, pods: Pods, namespace: str, query: str, problem: str) -> None:
    name = pods.create(shell("true"), restartPolicy="Never")
    answer = rest("GET", f"/api/v1/namespaces/{namespace}/pods/{name}/log?{query}")
    assert answer.status == 422
    assert answer.json["message"].startswith(f'PodLogOptions "{name}" is invalid: ')
    assert problem in answer.json["message"]


def test_a_refused_eviction_is_not_for_the_client_to_repeat(rest: Rest, pods: Pods, namespace: str) -> None:
    name = pods.create(shell("sleep 100"), meta={"labels": {"a": "b"}})
    pods.ready(name)
    budgets = f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets"
    rest.made(
        budgets, {"metadata": {"name": "b"}, "spec": {"minAvailable": 1, "selector": {"matchLabels": {"a": "b"}}}}
    )
    pods.patience.until(
        lambda: rest.get(f"{budgets}/b")["status"].get("currentHealthy") == 1, "the budget to be counted"
    )
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
    answer = rest("POST", f"/api/v1/namespaces/{namespace}/pods/{name}/eviction", eviction)
    assert (answer.status, answer.headers.get("Retry-After")) == (429, None)
