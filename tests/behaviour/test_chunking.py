"""[sig-api-machinery] Servers with support for API chunking; lists and their resource versions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.behaviour.rest import Json, Rest

COUNT, CHUNK = 40, 17


@pytest.fixture
def path(rest: Rest, namespace: str) -> str:
    """A collection of forty pod templates."""
    path = f"/api/v1/namespaces/{namespace}/podtemplates"
    template = {"template": {"spec": {"containers": [{"name": "test", "image": "test2"}]}}}
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: rest.made(path, {"metadata": {"name": f"t-{n:04}"}} | template), range(COUNT)))
    return path


def names(page: Json) -> list[str]:
    return [item["metadata"]["name"] for item in page["items"]]


def test_chunks(rest: Rest, path: str) -> None:
    """should return chunks of results for list calls"""
    seen, token, version = [], "", ""
    while True:
        page = rest.get(f"{path}?limit={CHUNK}&continue={token}")
        meta = page["metadata"]
        version = version or meta["resourceVersion"]
        assert meta["resourceVersion"] == version
        seen += names(page)
        if token := meta.get("continue", ""):
            assert meta["remainingItemCount"] == COUNT - len(seen)
            continue
        assert "remainingItemCount" not in meta
        break
    assert seen == [f"t-{n:04}" for n in range(COUNT)]
    whole = rest.get(f"{path}?limit=0")
    assert (len(whole["items"]), "continue" in whole["metadata"]) == (COUNT, False)


def test_pages_show_one_snapshot(rest: Rest, path: str) -> None:
    """What comes and goes between two pages is in none of them; remainingItemCount is not told with a selector."""
    first = rest.get(f"{path}?limit={CHUNK}")
    rest("DELETE", f"{path}/t-0030")
    rest.made(
        path, {"metadata": {"name": "t-0035a"}, "template": {"spec": {"containers": [{"name": "c", "image": "i"}]}}}
    )
    rest_of_it = rest.get(f"{path}?continue={first['metadata']['continue']}")
    assert names(first) + names(rest_of_it) == [f"t-{n:04}" for n in range(COUNT)]
    chosen = rest.get(f"{path}?limit=2&labelSelector=!absent")
    assert chosen["metadata"]["continue"]
    assert "remainingItemCount" not in chosen["metadata"]


def test_resource_versions_of_lists(rest: Rest, path: str) -> None:
    """Exact, NotOlderThan, any; what is forbidden together; what lies in the future."""
    before = rest.get(path)["metadata"]["resourceVersion"]
    rest("DELETE", f"{path}/t-0000")
    assert len(rest.get(f"{path}?resourceVersion={before}&resourceVersionMatch=Exact")["items"]) == COUNT
    assert len(rest.get(f"{path}?resourceVersion={before}&resourceVersionMatch=NotOlderThan")["items"]) == COUNT - 1
    assert len(rest.get(f"{path}?resourceVersion=0")["items"]) == COUNT - 1
    for query, text in (
        ("resourceVersionMatch=Exact", "resourceVersionMatch is forbidden unless resourceVersion is provided"),
        (
            "resourceVersion=0&resourceVersionMatch=Exact",
            'resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
        ),
        (
            "resourceVersion=1&resourceVersionMatch=Sure",
            'resourceVersionMatch: Unsupported value: "Sure": supported values: "Exact", "NotOlderThan", ""',
        ),
        ("sendInitialEvents=true", "sendInitialEvents is forbidden for list"),
    ):
        answer = rest("GET", f"{path}?{query}")
        assert (answer.status, answer.json["reason"]) == (422, "Invalid"), query
        assert text in answer.json["message"]
    future = rest("GET", f"{path}?resourceVersion=999999999")
    assert (future.status, future.json["reason"]) == (504, "Timeout")
    assert future.json["message"].startswith("Timeout: Too large resource version: 999999999, current: ")
    assert future.json["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge"
    assert future.json["details"]["retryAfterSeconds"] == 1
    assert rest("GET", f"{path}?continue=nonsense").status == 400


def test_pod_template_lifecycle(rest: Rest, namespace: str) -> None:
    """PodTemplates should run the lifecycle of PodTemplates / should delete a collection of pod templates /
    should replace a pod template
    """
    path = f"/api/v1/namespaces/{namespace}/podtemplates"
    template = {"spec": {"containers": [{"name": "nginx", "image": "nginx:1.27"}]}}
    for number in range(3):
        labels = {"podtemplate-set": "true"}
        rest.made(path, {"metadata": {"name": f"set-{number}", "labels": labels}, "template": template})
    made = rest.get(f"{path}/set-0")
    assert made["template"]["spec"]["restartPolicy"] == "Always"
    assert rest.patched(f"{path}/set-0", {"metadata": {"labels": {"podtemplate": "patched"}}})
    made = rest.get(f"{path}/set-0")
    assert made["metadata"]["labels"] == {"podtemplate-set": "true", "podtemplate": "patched"}
    made["metadata"]["annotations"] = {"updated": "true"}
    assert rest.put(f"{path}/set-0", made)["metadata"]["annotations"] == {"updated": "true"}
    everywhere = rest.get("/api/v1/podtemplates?labelSelector=podtemplate-set=true")["items"]
    assert len([item for item in everywhere if item["metadata"]["namespace"] == namespace]) == 3
    assert rest("DELETE", f"{path}?labelSelector=podtemplate-set=true").status == 200
    assert rest.get(f"{path}?labelSelector=podtemplate-set=true")["items"] == []
