from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from kitlib.embedded.apimachinery.resources import by_name
from kitlib.embedded.apimachinery.status import StatusError
from kitlib.embedded.apiserver import watch as watching
from kitlib.embedded.apiserver.watch import WatchOptions
from kitlib.embedded.storage.journal import MemoryJournal
from kitlib.embedded.storage.store import Store
from tests.support.clock import ManualClock

Json = dict[str, Any]
SECRETS = by_name("secrets")


def secret(name: str = "a", namespace: str = "d", **labels: str) -> Json:
    return {"metadata": {"namespace": namespace, "name": name, "labels": labels}}


class Watched:
    """A store and the watches on it."""

    def __init__(self, *, history_limit: int = 100) -> None:
        self.store = Store(MemoryJournal(), history_limit=history_limit)
        self.clock = ManualClock()

    def put(self, obj: Json) -> None:
        self.store.put("secrets", obj)

    def watch(self, **options: Any) -> AsyncIterator[list[tuple[str, Json]]]:
        wanted = WatchOptions(**options)
        watching.check(wanted)
        return watching.watch(self.store, SECRETS, wanted, self.clock)


@pytest.fixture
def watched() -> Watched:
    return Watched()


def told(batch: list[tuple[str, Json]]) -> list[tuple[str, str]]:
    return [(kind, obj["metadata"].get("name", "")) for kind, obj in batch]


async def next_after(changes: AsyncIterator[list[tuple[str, Json]]], do: Callable[[], object]) -> Any:
    """Return the next batch of a watch that waits already when `do` is done."""
    waiting = asyncio.ensure_future(anext(changes))
    await asyncio.sleep(0)
    do()
    return await waiting


async def test_without_a_revision_it_begins_with_what_is_there(watched: Watched) -> None:
    watched.put(secret("b"))
    watched.put(secret("a"))
    changes = watched.watch()
    assert told(await anext(changes)) == [("ADDED", "a"), ("ADDED", "b")]
    assert told(await next_after(changes, lambda: watched.put(secret("a", x="1")))) == [("MODIFIED", "a")]


async def test_from_a_revision_it_tells_what_came_after(watched: Watched) -> None:
    watched.put(secret("a"))
    watched.put(secret("b"))
    watched.store.remove("secrets", "d/a")
    changes = watched.watch(resource_version="1")
    first = await anext(changes)
    assert told(first) == [("ADDED", "b"), ("DELETED", "a")]
    assert first[1][1]["metadata"]["resourceVersion"] == "3"


async def test_leaving_the_selection_is_deleted_and_entering_it_added(watched: Watched) -> None:
    changes = watched.watch(matches=lambda o: o["metadata"]["labels"].get("app") == "web", resource_version="0")
    assert await anext(changes) == []
    watched.put(secret("a", app="db"))
    assert told(await next_after(changes, lambda: watched.put(secret("a", app="web")))) == [("ADDED", "a")]
    watched.put(secret("a", app="web", x="1"))
    watched.put(secret("a", app="db", x="2"))
    watched.put(secret("a", app="db", x="3"))
    batch = await anext(changes)
    assert told(batch) == [("MODIFIED", "a"), ("DELETED", "a")]
    # Deleted with its new state and the revision of that change.
    assert batch[1][1]["metadata"]["labels"]["x"] == "2"
    assert batch[1][1]["metadata"]["resourceVersion"] == "4"


async def test_one_namespace_only(watched: Watched) -> None:
    changes = watched.watch(namespace="d")
    await anext(changes)
    watched.put(secret("a", "other"))
    watched.put(secret("a", "d"))
    batch = await anext(changes)
    assert [obj["metadata"]["namespace"] for _, obj in batch] == ["d"]


async def test_the_past_that_is_gone_is_one_error_event() -> None:
    watched = Watched(history_limit=2)
    for number in range(5):
        watched.put(secret("a", x=str(number)))
    changes = watched.watch(resource_version="1")
    [(kind, status)] = await anext(changes)
    assert kind == "ERROR"
    assert (status["code"], status["reason"]) == (410, "Expired")
    assert status["message"] == "too old resource version: 1 (3)"
    assert [batch async for batch in changes] == []


async def test_a_revision_in_the_future_is_waited_for(watched: Watched) -> None:
    changes = watched.watch(resource_version="2")
    assert await anext(changes) == []
    watched.put(secret("a"))
    watched.put(secret("b"))
    watched.put(secret("c"))
    assert told(await anext(changes)) == [("ADDED", "c")]


async def test_initial_events_end_with_a_bookmark(watched: Watched) -> None:
    watched.put(secret("a"))
    changes = watched.watch(send_initial_events=True, resource_version_match="NotOlderThan", bookmarks=True)
    added, bookmark = await anext(changes)
    assert told([added]) == [("ADDED", "a")]
    assert bookmark[0] == "BOOKMARK"
    assert bookmark[1]["kind"] == "Secret"
    assert bookmark[1]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert bookmark[1]["metadata"]["resourceVersion"] == "1"
    assert told(await next_after(changes, lambda: watched.put(secret("b")))) == [("ADDED", "b")]


@pytest.mark.parametrize(
    "options",
    [
        {"send_initial_events": True},
        {"send_initial_events": True, "resource_version_match": "Exact"},
        {"resource_version_match": "NotOlderThan"},
    ],
)
def test_forbidden_combinations(watched: Watched, options: Json) -> None:
    with pytest.raises(StatusError) as caught:
        watched.watch(**options)
    assert caught.value.code == 422


async def test_a_bookmark_comes_every_minute_even_when_nothing_is_of_interest(watched: Watched) -> None:
    changes = watched.watch(bookmarks=True, namespace="d", timeout_seconds=600)
    await anext(changes)
    waiting = asyncio.ensure_future(anext(changes))
    for _ in range(6):
        await asyncio.sleep(0)
        watched.put(secret("a", "other"))
        watched.clock.advance(10)
    [(kind, obj)] = await waiting
    assert kind == "BOOKMARK"
    assert obj["metadata"]["resourceVersion"] == "6"
    # The next one is a minute away again.
    assert told(await next_after(changes, lambda: watched.put(secret("b")))) == [("ADDED", "b")]


async def test_without_asking_there_is_no_bookmark(watched: Watched) -> None:
    changes = watched.watch(timeout_seconds=100)
    await anext(changes)
    waiting = asyncio.ensure_future(anext(changes))
    for _ in range(11):
        await asyncio.sleep(0)
        watched.clock.advance(10)
    with pytest.raises(StopAsyncIteration):
        await waiting


async def test_the_time_out_ends_it_after_a_last_bookmark(watched: Watched) -> None:
    changes = watched.watch(timeout_seconds=5, bookmarks=True)
    await anext(changes)
    batch = await next_after(changes, lambda: watched.clock.advance(5))
    assert [kind for kind, _ in batch] == ["BOOKMARK"]
    assert [more async for more in changes] == []


async def test_a_slow_client_loses_its_watch() -> None:
    watched = Watched(history_limit=10)
    changes = watched.watch()
    await anext(changes)
    for number in range(11):
        watched.put(secret("a", x=str(number)))
    [(kind, status)] = await anext(changes)
    assert (kind, status["code"]) == ("ERROR", 410)
    assert [more async for more in changes] == []


async def test_all_watchers_see_one_order(watched: Watched) -> None:
    watches = [watched.watch(resource_version="0") for _ in range(3)]
    for changes in watches:
        await anext(changes)
    for number in range(50):
        watched.put(secret(f"s{number % 7}", x=str(number)))
    orders = [[obj["metadata"]["resourceVersion"] for _, obj in await anext(changes)] for changes in watches]
    assert orders == [[str(n) for n in range(1, 51)]] * 3


async def test_a_watch_that_ends_leaves_nothing_behind(watched: Watched) -> None:
    changes = watched.watch()
    await anext(changes)
    await changes.aclose()  # type: ignore[attr-defined]
    assert watched.store._handlers["secrets"] == []
