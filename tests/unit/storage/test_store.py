from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kitlib.embedded.storage.event import Event
from kitlib.embedded.storage.journal import MemoryJournal, SqliteJournal
from kitlib.embedded.storage.store import Store

Json = dict[str, Any]


def obj(name: str, *, owners: tuple[str, ...] = (), **data: str) -> Json:
    metadata: Json = {"namespace": "d", "name": name}
    if owners:
        metadata["ownerReferences"] = [{"uid": uid} for uid in owners]
    return {"metadata": metadata, "data": data}


class FullDisk(MemoryJournal):
    """Takes nothing."""

    def write(self, event: Event, key: str) -> int:
        raise OSError("database or disk is full")


class Recording(MemoryJournal):
    """Tells what the store showed at the moment of each write."""

    def __init__(self) -> None:
        self.store: Store | None = None
        self.shown: list[tuple[Json | None, int]] = []

    def write(self, event: Event, key: str) -> int:
        assert self.store is not None
        self.shown.append((self.store.get(event.resource, key), self.store.revision))
        return 0


@pytest.fixture
def store() -> Store:
    return Store(MemoryJournal())


@pytest.fixture
def reopened(tmp_path: Path) -> Iterator[Any]:
    """Open the same file again and again."""
    opened: list[Store] = []

    def reopen() -> Store:
        opened.append(Store(SqliteJournal(tmp_path / "cluster.db")))
        return opened[-1]

    yield reopen
    for each in opened:
        each.close()


def test_every_write_gets_the_next_revision(store: Store) -> None:
    assert store.put("configmaps", obj("a"))["metadata"]["resourceVersion"] == "1"
    assert store.put("pods", obj("a"))["metadata"]["resourceVersion"] == "2"
    assert store.put("configmaps", obj("a", x="1"))["metadata"]["resourceVersion"] == "3"
    last = store.remove("configmaps", "d/a")
    assert (last["metadata"]["resourceVersion"], store.revision) == ("4", 4)
    assert store.get("configmaps", "d/a") is None
    with pytest.raises(KeyError):
        store.remove("configmaps", "d/a")


def test_a_change_is_on_disk_before_anybody_sees_it() -> None:
    journal = Recording()
    journal.store = store = Store(journal)
    store.put("configmaps", obj("a", x="1"))
    store.put("configmaps", obj("a", x="2"))
    store.remove("configmaps", "d/a")
    seen = [(found["data"] if found else None, revision) for found, revision in journal.shown]
    assert seen == [(None, 0), ({"x": "1"}, 1), ({"x": "2"}, 2)]


def test_a_full_disk_changes_nothing() -> None:
    store = Store(FullDisk())
    told: list[Event] = []
    store.subscribe("configmaps", told.append)
    with pytest.raises(OSError, match="full"):
        store.put("configmaps", obj("a"))
    assert (store.get("configmaps", "d/a"), store.revision, told) == (None, 0, [])
    assert store.history("configmaps").since(0) == []


def test_subscribers_are_told_in_order_until_they_stop(store: Store) -> None:
    told: list[tuple[str, str, int]] = []
    cancel = store.subscribe("pods", lambda e: told.append((e.type, e.object["metadata"]["name"], e.revision)))
    store.put("pods", obj("a"))
    store.put("configmaps", obj("other"))
    store.put("pods", obj("a", x="1"))
    store.remove("pods", "d/a")
    cancel()
    cancel()
    store.put("pods", obj("b"))
    assert told == [("ADDED", "a", 1), ("MODIFIED", "a", 3), ("DELETED", "a", 4)]


def test_a_subscriber_that_fails_harms_nobody_else(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    told: list[int] = []

    def broken(event: Event) -> None:
        raise ValueError("a fault of this subscriber")

    store.subscribe("pods", broken)
    store.subscribe("pods", lambda event: told.append(event.revision))
    assert store.put("pods", obj("a"))["metadata"]["resourceVersion"] == "1"
    store.remove("pods", "d/a")
    assert told == [1, 2]
    assert "a fault of this subscriber" in caplog.text


def test_dependents_are_found_by_owner(store: Store) -> None:
    def owned(uid: str) -> list[str]:
        return [o["metadata"]["name"] for o in store.dependents("pods", uid)]

    store.put("pods", obj("a", owners=("u1", "u2")))
    store.put("pods", obj("b", owners=("u1",)))
    store.put("configmaps", obj("c", owners=("u1",)))
    assert (owned("u1"), owned("u2"), owned("u3")) == (["a", "b"], ["a"], [])
    store.put("pods", obj("a", owners=("u2",)))
    assert (owned("u1"), owned("u2")) == (["b"], ["a"])
    store.remove("pods", "d/b")
    assert owned("u1") == []


def test_history_gives_what_came_after(store: Store) -> None:
    for number in range(5):
        store.put("pods", obj("a", x=str(number)))
        store.put("configmaps", obj("a"))
    later = store.history("pods").since(5)
    assert later is not None
    assert [event.revision for event in later] == [7, 9]
    assert store.history("pods").since(store.revision) == []


def test_the_past_can_be_seen_again(store: Store) -> None:
    store.put("pods", obj("a", x="1"))
    store.put("pods", obj("b"))
    then = store.revision
    store.put("pods", obj("a", x="2"))
    store.remove("pods", "d/b")
    store.put("pods", obj("c"))
    past = store.history("pods").rewind(store.all("pods"), then)
    assert past is not None
    assert {key: value["data"] for key, value in past.items()} == {"d/a": {"x": "1"}, "d/b": {}}
    assert sorted(store.all("pods")) == ["d/a", "d/c"]


def test_old_history_is_compacted() -> None:
    store = Store(MemoryJournal(), history_limit=3)
    for number in range(5):
        store.put("pods", obj("a", x=str(number)))
    history = store.history("pods")
    assert history.floor == 2
    assert history.since(1) is None
    assert history.rewind(store.all("pods"), 1) is None
    kept = history.since(2)
    assert kept is not None
    assert [event.revision for event in kept] == [3, 4, 5]


def test_history_is_bounded_by_bytes_too(tmp_path: Path) -> None:
    store = Store(SqliteJournal(tmp_path / "db"))
    for number in range(40):
        store.put("configmaps", obj("a", x="x" * (1 << 20) + str(number)))
    history = store.history("configmaps")
    kept = history.since(history.floor)
    assert kept is not None and len(kept) == 15  # of 16 MiB, each a little more than one
    assert [event.revision for event in kept] == list(range(26, 41))


def test_everything_is_there_after_reopening(reopened: Any) -> None:
    store = reopened()
    store.put("pods", obj("a", owners=("u",), x="é\0€"))
    store.put("pods", obj("b"))
    store.put("configmaps", obj("a", x="1"))
    store.put("configmaps", obj("a", x="2"))
    store.remove("pods", "d/b")
    again = reopened()
    assert again.revision == 5
    assert again.all("pods") == store.all("pods")
    assert again.get("configmaps", "d/a")["data"] == {"x": "2"}
    assert [o["metadata"]["name"] for o in again.dependents("pods", "u")] == ["a"]
    # What happened before this start is not known: a watch from there must start over.
    assert again.history("pods").since(4) is None
    assert again.history("pods").since(5) == []
    assert again.put("pods", obj("c"))["metadata"]["resourceVersion"] == "6"


_WRITER = """
import sys
from pathlib import Path
from kitlib.embedded.storage.journal import SqliteJournal
from kitlib.embedded.storage.store import Store

store = Store(SqliteJournal(Path(sys.argv[1])))
for number in range(1_000_000):
    store.put("pods", {"metadata": {"name": f"p{number}"}})
    print(number, flush=True)
"""


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "cluster.db"
    command = [sys.executable, "-c", _WRITER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        acknowledged = [int(writer.stdout.readline()) for _ in range(50)]
        writer.kill()
        acknowledged += [int(line) for line in writer.stdout if line.endswith("\n")]
    store = Store(SqliteJournal(path))
    try:
        assert {f"p{number}" for number in acknowledged} <= store.all("pods").keys()
        assert len(store.all("pods")) <= len(acknowledged) + 1
        assert store.revision == len(store.all("pods"))
    finally:
        store.close()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cluster.db"
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(OSError, match="not a database"):
        SqliteJournal(path)


def test_files_do_not_grow_with_the_number_of_writes(tmp_path: Path) -> None:
    """What is written over or deleted makes room for what comes."""
    store, sizes = Store(SqliteJournal(tmp_path / "cluster.db")), list[int]()
    try:
        for number in range(600):
            store.put("configmaps", obj("counter", text=f"{number}" * 10_000))
            store.put("configmaps", obj(f"c{number}", text="x" * 20_000))
            if number >= 5:
                store.remove("configmaps", f"d/c{number - 5}")
            sizes.append(sum(path.stat().st_size for path in tmp_path.iterdir()))
    finally:
        store.close()
    assert sizes[-1] <= max(sizes[:300]) < 8 << 20  # of some thirty written


def test_the_journal_shrinks_after_a_large_write(tmp_path: Path) -> None:
    store = Store(SqliteJournal(tmp_path / "cluster.db"))
    try:
        store.put("configmaps", obj("huge", text="x" * (24 << 20)))
        for _ in range(3):
            store.put("configmaps", obj("small"))
        assert (tmp_path / "cluster.db-wal").stat().st_size <= 4 << 20
    finally:
        store.close()
