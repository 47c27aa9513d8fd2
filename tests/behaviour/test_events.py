"""[sig-instrumentation] Events, Events API."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.behaviour.rest import JSON_PATCH, STRATEGIC, Json, Rest


def micro_now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@pytest.fixture
def core(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/events"


@pytest.fixture
def group(namespace: str) -> str:
    return f"/apis/events.k8s.io/v1/namespaces/{namespace}/events"


def core_event(name: str, namespace: str, **more: object) -> Json:
    return {
        "metadata": {"name": name, "labels": {"testevent-constant": "true"}},
        "message": "This is a test event",
        "reason": "Test",
        "type": "Normal",
        "count": 1,
        "involvedObject": {"namespace": namespace},
    } | more


def new_event(name: str, namespace: str, **more: object) -> Json:
    return {
        "metadata": {"name": name, "labels": {"testevent-set": "true"}},
        "regarding": {"namespace": namespace},
        "note": "This is " + name,
        "reason": "Test",
        "action": "Do",
        "type": "Normal",
        "eventTime": micro_now(),
        "reportingController": "test-controller",
        "reportingInstance": "test-node",
    } | more


def test_core_lifecycle(rest: Rest, core: str, namespace: str) -> None:
    """Events should manage the lifecycle of an event"""
    rest.made(core, core_event("event-test", namespace))
    everywhere = rest.get("/api/v1/events?labelSelector=testevent-constant=true")["items"]
    assert [e for e in everywhere if e["metadata"]["namespace"] == namespace]
    rest.patched(f"{core}/event-test", {"message": "This is a test event - patched"}, STRATEGIC)
    found = rest.get(f"{core}/event-test")
    assert found["message"] == "This is a test event - patched"
    found["series"] = {"count": 100, "lastObservedTime": "2025-09-26T12:00:00.000000Z"}
    updated = rest.put(f"{core}/event-test", found)
    assert updated["series"] == {"count": 100, "lastObservedTime": "2025-09-26T12:00:00.000000Z"}
    assert rest("DELETE", f"{core}/event-test").json["status"] == "Success"
    assert rest.get(f"{core}?labelSelector=testevent-constant=true")["items"] == []


def test_core_collection(rest: Rest, core: str, namespace: str) -> None:
    """Events should delete a collection of events"""
    for number in range(3):
        rest.made(core, core_event(f"test-event-{number}", namespace))
    assert len(rest.get(f"{core}?labelSelector=testevent-constant=true")["items"]) == 3
    assert rest("DELETE", f"{core}?labelSelector=testevent-constant=true").status == 200
    assert rest.get(f"{core}?labelSelector=testevent-constant=true")["items"] == []


def test_lifecycle(rest: Rest, core: str, group: str, namespace: str) -> None:
    """Events API should ensure that an event can be fetched, patched, deleted, and listed"""
    rest.made(group, new_event("event-test", namespace))
    everywhere = rest.get("/apis/events.k8s.io/v1/events?labelSelector=testevent-set=true")["items"]
    assert [e for e in everywhere if e["metadata"]["namespace"] == namespace]
    listed = rest.get(f"{group}?fieldSelector=reportingController=test-controller")["items"]
    assert [e["metadata"]["name"] for e in listed] == ["event-test"]
    listed = rest.get(f"{core}?fieldSelector=reportingComponent=test-controller")["items"]
    assert [e["metadata"]["name"] for e in listed] == ["event-test"]
    found = rest.get(f"{group}/event-test")
    assert (found["apiVersion"], found["kind"], found["note"]) == ("events.k8s.io/v1", "Event", "This is event-test")
    series = {"count": 2, "lastObservedTime": "2025-09-26T12:00:00.000005Z"}
    changed = rest.patched(f"{group}/event-test", {"series": series}, STRATEGIC)
    assert changed["series"] == series
    assert rest.get(f"{core}/event-test")["series"] == series
    changed["series"] = series | {"count": 3}
    assert rest.put(f"{group}/event-test", changed)["series"]["count"] == 3
    patch = [{"op": "replace", "path": "/series/count", "value": 4}]
    assert rest.patched(f"{group}/event-test", patch, JSON_PATCH)["series"]["count"] == 4
    assert rest("DELETE", f"{group}/event-test").status == 200
    assert rest("GET", f"{group}/event-test").status == 404


def test_collection(rest: Rest, group: str, namespace: str) -> None:
    """Events API should delete a collection of events"""
    for number in range(3):
        rest.made(group, new_event(f"test-event-{number}", namespace))
    assert len(rest.get(f"{group}?labelSelector=testevent-set=true")["items"]) == 3
    assert rest("DELETE", f"{group}?labelSelector=testevent-set=true").status == 200
    assert rest.get(f"{group}?labelSelector=testevent-set=true")["items"] == []


@pytest.mark.parametrize("missing", ["eventTime", "reportingController", "reportingInstance", "action", "reason"])
def test_the_new_api_is_strict(rest: Rest, group: str, namespace: str, missing: str) -> None:
    """What the new group requires is required there, and not in the old one."""
    body = new_event("event-test", namespace)
    del body[missing]
    answer = rest("POST", group, body)
    assert (answer.status, answer.json["reason"]) == (422, "Invalid")
    assert answer.json["details"]["causes"][0]["field"] == missing
