from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitlib.embedded.apimachinery.status import StatusError
from kitlib.embedded.registry.listing import ListOptions, Page, list_page
from kitlib.embedded.storage.journal import MemoryJournal
from kitlib.embedded.storage.store import Store


def config_map(name: str, namespace: str = "d", **data: str) -> dict[str, Any]:
    return {"metadata": {"namespace": namespace, "name": name}, "data": data}


@pytest.fixture
def store() -> Store:
    store = Store(MemoryJournal(), history_limit=20)
    for name in ("e", "c", "a", "d", "b"):
        store.put("configmaps", config_map(name))
    store.put("configmaps", config_map("a", "other"))
    return store


def listed(store: Store, namespace: str = "", **options: Any) -> Page:
    return list_page(store, "configmaps", namespace, ListOptions(**options))


def names(page: Page) -> list[str]:
    return [f"{o['metadata']['namespace']}/{o['metadata']['name']}" for o in page.items]


def refusal(store: Store, **options: Any) -> StatusError:
    with pytest.raises(StatusError) as caught:
        listed(store, **options)
    return caught.value


def test_a_list_is_ordered_and_tells_its_revision(store: Store) -> None:
    page = listed(store)
    assert names(page) == ["d/a", "d/b", "d/c", "d/d", "d/e", "other/a"]
    assert page.metadata == {"resourceVersion": "6"}
    assert names(listed(store, "other")) == ["other/a"]
    assert listed(store, "othe").items == []


def test_all_pages_show_one_snapshot(store: Store) -> None:
    first = listed(store, "d", limit=2)
    assert (names(first), first.remaining) == (["d/a", "d/b"], 3)
    store.remove("configmaps", "d/c")
    store.put("configmaps", config_map("bb"))
    store.put("configmaps", config_map("d", x="new"))
    second = listed(store, "d", limit=2, continue_token=first.continue_token)
    assert (names(second), second.remaining, second.revision) == (["d/c", "d/d"], 1, first.revision)
    assert second.items[1]["data"] == {}
    last = listed(store, "d", limit=2, continue_token=second.continue_token)
    assert (names(last), last.continue_token, last.remaining) == (["d/e"], "", None)


def test_a_page_that_ends_the_list_has_no_continuation(store: Store) -> None:
    assert listed(store, "d", limit=5).continue_token == ""


def test_with_a_selector_nobody_counts_what_remains(store: Store) -> None:
    page = listed(store, limit=1, matches=lambda o: o["metadata"]["name"] == "a")
    assert names(page) == ["d/a"]
    assert "remainingItemCount" not in page.metadata
    rest = listed(store, limit=1, continue_token=page.continue_token, matches=lambda o: o["metadata"]["name"] == "a")
    assert names(rest) == ["other/a"]


def test_a_compacted_page_can_be_continued_inconsistently(store: Store) -> None:
    first = listed(store, "d", limit=2)
    for number in range(21):
        store.put("configmaps", config_map("z", x=str(number)))
    store.remove("configmaps", "d/d")
    error = refusal(store, limit=2, continue_token=first.continue_token)
    assert (error.code, error.reason) == (410, "Expired")
    assert error.message.startswith("The provided continue parameter is too old to display a consistent list result")
    rest = listed(store, "d", continue_token=error.details["continue"])
    assert names(rest) == ["d/c", "d/e", "d/z"]
    assert rest.revision == store.revision


def test_the_token_is_upstreams(store: Store) -> None:
    token = listed(store, "d", limit=2).continue_token
    decoded = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    assert decoded == {"v": "meta.k8s.io/v1", "rv": 6, "start": "d/b\0"}


@pytest.mark.parametrize("token", ["nonsense", "é", "e30", "bnVsbA", "W10"])
def test_a_forged_token_is_refused(store: Store, token: str) -> None:
    assert refusal(store, continue_token=token).code == 400


def test_an_exact_revision_is_the_past(store: Store) -> None:
    store.put("configmaps", config_map("a", x="new"))
    exact = listed(store, "d", resource_version="3", resource_version_match="Exact")
    assert (names(exact), exact.revision) == (["d/a", "d/c", "d/e"], 3)
    newer = listed(store, "d", resource_version="3", resource_version_match="NotOlderThan")
    assert (len(newer.items), newer.revision) == (5, 7)
    assert listed(store, resource_version="0").revision == 7


def test_an_exact_revision_that_is_compacted_is_gone(store: Store) -> None:
    for number in range(30):
        store.put("configmaps", config_map("z", x=str(number)))
    error = refusal(store, resource_version="3", resource_version_match="Exact")
    assert (error.code, error.reason) == (410, "Expired")


def test_the_future_is_not_waited_for(store: Store) -> None:
    error = refusal(store, resource_version="99")
    assert (error.code, error.reason) == (504, "Timeout")
    assert error.message == "Timeout: Too large resource version: 99, current: 6"
    assert error.details["retryAfterSeconds"] == 1
    assert error.details["causes"][0]["reason"] == "ResourceVersionTooLarge"


@pytest.mark.parametrize(
    "options",
    [
        {"resource_version_match": "Exact"},
        {"resource_version_match": "NotOlderThan"},
        {"resource_version_match": "Exact", "resource_version": "0"},
        {"resource_version_match": "Nearly", "resource_version": "3"},
        {"resource_version_match": "Exact", "resource_version": "3", "continue_token": "x"},
    ],
)
def test_rules_of_resource_version_match(store: Store, options: dict[str, str]) -> None:
    error = refusal(store, **options)
    assert (error.code, error.reason) == (422, "Invalid")
    assert error.details["kind"] == "ListOptions"


@pytest.mark.parametrize("text", ["abc", "-1", "1.0", "²", "9" * 5000])
def test_a_revision_is_a_decimal_number(store: Store, text: str) -> None:
    assert refusal(store, resource_version=text).code == 400


NAMES = st.tuples(st.sampled_from(["d", "other"]), st.text("abc-", min_size=1, max_size=3))
WRITES = st.lists(st.tuples(NAMES, st.booleans()), max_size=6)


def write(store: Store, changes: list[tuple[tuple[str, str], bool]]) -> None:
    for (namespace, name), keep in changes:
        if keep:
            store.put("configmaps", config_map(name, namespace, at=str(store.revision)))
        elif store.get("configmaps", f"{namespace}/{name}"):
            store.remove("configmaps", f"{namespace}/{name}")


@given(
    first=WRITES,
    between=st.lists(WRITES, max_size=8),
    limit=st.integers(1, 4),
    namespace=st.sampled_from(["", "d"]),
    letter=st.sampled_from(["", "a"]),
)
def test_pages_put_together_are_the_list_of_their_revision(
    first: list[Any], between: list[Any], limit: int, namespace: str, letter: str
) -> None:
    """Whatever is written between two pages, and with a selector or without."""
    store = Store(MemoryJournal())
    write(store, first)
    matches = (lambda obj: letter in obj["metadata"]["name"]) if letter else None
    whole = listed(store, namespace, matches=matches)
    found, changes = [], iter(between)
    page = listed(store, namespace, limit=limit, matches=matches)
    while True:
        found += page.items
        assert len(page.items) <= limit and page.revision == whole.revision
        if matches is None:
            assert (page.remaining or 0) == len(whole.items) - len(found)
        if not page.continue_token:
            break
        write(store, next(changes, []))
        page = listed(store, namespace, limit=limit, matches=matches, continue_token=page.continue_token)
    assert found == whole.items
