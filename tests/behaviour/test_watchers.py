"""[sig-api-machinery] Watchers."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import pytest

from tests.behaviour.rest import Json, Rest

LABEL = "watch-this-configmap"


@pytest.fixture
def path(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/configmaps"


def create(rest: Rest, path: str, name: str, label: str = "A") -> Json:
    return rest.made(path, {"metadata": {"name": name, "labels": {LABEL: label}}})


def mutate(rest: Rest, path: str, name: str, number: int) -> Json:
    return rest.patched(f"{path}/{name}", {"data": {"mutation": str(number)}})


def delete(rest: Rest, path: str, name: str) -> None:
    assert rest("DELETE", f"{path}/{name}").status == 200


def told(events: Iterator[Json], count: int) -> list[tuple[str, str, str]]:
    """The next events: type, name, mutation."""
    return [
        (event["type"], event["object"]["metadata"]["name"], event["object"].get("data", {}).get("mutation", ""))
        for event in islice(events, count)
    ]


def test_add_update_delete(rest: Rest, path: str) -> None:
    """should observe add, update, and delete watch notifications on configmaps"""
    start = rest.get(path)["metadata"]["resourceVersion"]
    watch = f"{path}?watch=true&resourceVersion={start}&labelSelector={LABEL}"
    with rest.watching(f"{watch}=A") as a, rest.watching(f"{watch}=B") as b, rest.watching(f"{watch}+in+(A,B)") as both:
        create(rest, path, "a")
        mutate(rest, path, "a", 1)
        mutate(rest, path, "a", 2)
        delete(rest, path, "a")
        create(rest, path, "b", "B")
        delete(rest, path, "b")
        of_a = [("ADDED", "a", ""), ("MODIFIED", "a", "1"), ("MODIFIED", "a", "2"), ("DELETED", "a", "2")]
        of_b = [("ADDED", "b", ""), ("DELETED", "b", "")]
        assert told(a, 4) == of_a
        assert told(b, 2) == of_b
        assert told(both, 6) == of_a + of_b


def test_from_a_resource_version(rest: Rest, path: str) -> None:
    """should be able to start watching from a specific resource version"""
    create(rest, path, "a")
    first = mutate(rest, path, "a", 1)
    mutate(rest, path, "a", 2)
    delete(rest, path, "a")
    with rest.watching(f"{path}?watch=1&resourceVersion={first['metadata']['resourceVersion']}") as events:
        assert told(events, 2) == [("MODIFIED", "a", "2"), ("DELETED", "a", "2")]


def test_restart_from_the_last_observed_version(rest: Rest, path: str) -> None:
    """should be able to restart watching from the last resource version observed by the previous watch"""
    start = rest.get(path)["metadata"]["resourceVersion"]
    with rest.watching(f"{path}?watch=1&resourceVersion={start}") as events:
        create(rest, path, "a")
        mutate(rest, path, "a", 1)
        seen = list(islice(events, 2))
    mutate(rest, path, "a", 2)
    delete(rest, path, "a")
    last = seen[-1]["object"]["metadata"]["resourceVersion"]
    with rest.watching(f"{path}?watch=1&resourceVersion={last}") as events:
        assert told(events, 2) == [("MODIFIED", "a", "2"), ("DELETED", "a", "2")]


def test_leaving_the_selector(rest: Rest, path: str) -> None:
    """should observe an object deletion if it stops meeting the requirements of the selector"""
    start = rest.get(path)["metadata"]["resourceVersion"]
    with rest.watching(f"{path}?watch=1&resourceVersion={start}&labelSelector={LABEL}=A") as events:
        create(rest, path, "a")
        mutate(rest, path, "a", 1)
        left = rest.patched(f"{path}/a", {"metadata": {"labels": {LABEL: "B"}}})
        mutate(rest, path, "a", 2)
        rest.patched(f"{path}/a", {"metadata": {"labels": {LABEL: "A"}}})
        mutate(rest, path, "a", 3)
        delete(rest, path, "a")
        found = list(islice(events, 6))
    assert told(iter(found), 6) == [
        ("ADDED", "a", ""),
        ("MODIFIED", "a", "1"),
        ("DELETED", "a", "1"),
        ("ADDED", "a", "2"),
        ("MODIFIED", "a", "3"),
        ("DELETED", "a", "3"),
    ]
    assert found[2]["object"]["metadata"]["resourceVersion"] == left["metadata"]["resourceVersion"]


def test_every_watcher_sees_one_order(rest: Rest, path: str) -> None:
    """should receive events on concurrent watches in same order"""
    start, count = rest.get(path)["metadata"]["resourceVersion"], 60

    def write(worker: int) -> None:
        for number in range(count // 6):
            create(rest, path, f"w{worker}-{number}")
            mutate(rest, path, f"w{worker}-{number}", number)
            delete(rest, path, f"w{worker}-{number}")

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, range(2)))
    versions = []
    with rest.watching(f"{path}?watch=1&resourceVersion={start}") as events:
        for event in islice(events, count):
            versions.append(event["object"]["metadata"]["resourceVersion"])
    assert versions == sorted(versions, key=int)
    for version in versions[:: count // 6]:
        with rest.watching(f"{path}?watch=1&resourceVersion={version}") as events:
            wanted = versions[versions.index(version) + 1 :]
            assert [e["object"]["metadata"]["resourceVersion"] for e in islice(events, len(wanted))] == wanted


def test_initial_events_and_tables(rest: Rest, path: str) -> None:
    """A streamed list ends with its bookmark; a watched Table tells its columns once."""
    create(rest, path, "a")
    query = "watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan"
    with rest.watching(f"{path}?{query}&labelSelector={LABEL}") as events:
        added, bookmark = islice(events, 2)
        assert (added["type"], bookmark["type"]) == ("ADDED", "BOOKMARK")
        assert bookmark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
        assert set(bookmark["object"]) == {"kind", "apiVersion", "metadata"}
    answer = rest("GET", f"{path}?watch=1&sendInitialEvents=true")
    assert answer.status == 422
    assert "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan" in answer.json["message"]


def test_a_watch_from_a_forgotten_version(rest: Rest) -> None:
    """It is accepted, says Expired, and ends."""
    with rest.watching("/api/v1/namespaces/default/services?watch=1&resourceVersion=1&timeoutSeconds=1") as events:
        for event in events:
            if event["type"] != "ERROR":
                continue
            assert (event["object"]["code"], event["object"]["reason"]) == (410, "Expired")
            assert event["object"]["message"].startswith("too old resource version: 1 (")
