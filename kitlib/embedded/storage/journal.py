"""The store on disk: one SQLite table in WAL mode, written before a change is acknowledged.

`synchronous=NORMAL` in WAL mode leaves a committed write in the kernel's page cache: it survives SIGKILL of this
process at any moment (a power cut may lose the last moments, as on any laptop). Source: SQLite's documentation of WAL.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import orjson

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.storage.event import Event

__all__ = ["Journal", "JournalUnreadable", "MemoryJournal", "SqliteJournal"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    resource TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (resource, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""


# What SQLite keeps of the WAL after a checkpoint; it makes one about every four megabytes.
_WAL_BYTES = 4 << 20


class JournalUnreadable(OSError):
    """What is stored is not what was written: the file was damaged."""


class Journal(Protocol):
    """Where committed changes go."""

    def load(self) -> Iterator[tuple[str, str, Object]]:
        """Yield (resource, key, object) of everything stored."""

    def revision(self) -> int:
        """Return the last revision written."""

    def write(self, event: Event, key: str) -> int:
        """Make one change durable, with its revision; return its bytes; raises OSError when the disk can't take it."""

    def close(self) -> None:
        """Release the files."""


class MemoryJournal:
    """Keeps nothing: for tests and for clusters that need not outlive their process."""

    def load(self) -> Iterator[tuple[str, str, Object]]:
        """Yield nothing."""
        return iter(())

    def revision(self) -> int:
        """Return 0."""
        return 0

    def write(self, event: Event, key: str) -> int:
        """Do nothing."""
        return 0

    def close(self) -> None:
        """Do nothing."""


class SqliteJournal:
    """Keeps objects in one SQLite file.

    Args:
        path: the database file; its directory must exist.

    Raises:
        JournalUnreadable: the file is not a database.
        OSError: it can't be opened.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._db = sqlite3.connect(path, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.execute(f"PRAGMA journal_size_limit={_WAL_BYTES}")
            self._db.executescript(_SCHEMA)
        except sqlite3.OperationalError as error:
            raise OSError(f"{path}: {error}") from error
        except sqlite3.Error as error:
            raise JournalUnreadable(f"{path}: {error}") from error
        self._path = path

    def load(self) -> Iterator[tuple[str, str, Object]]:
        """Yield every stored object.

        Raises:
            JournalUnreadable: the file was damaged.
        """
        try:
            for resource, key, value in self._db.execute("SELECT resource, key, value FROM objects"):
                yield resource, key, orjson.loads(value)
        except (sqlite3.Error, ValueError) as error:
            raise JournalUnreadable(f"{self._path}: {error}") from error

    def revision(self) -> int:
        """Return the last revision written, 0 in a new file.

        Raises:
            JournalUnreadable: the file was damaged.
        """
        try:
            row = self._db.execute("SELECT value FROM state WHERE name = 'revision'").fetchone()
        except sqlite3.Error as error:
            raise JournalUnreadable(f"{self._path}: {error}") from error
        return int(row[0]) if row else 0

    def write(self, event: Event, key: str) -> int:
        """Write the change and its revision in one transaction; return the size of the object.

        Raises:
            OSError: the disk is full or fails; nothing is changed then.
        """
        db, size = self._db, 0
        try:
            db.execute("BEGIN IMMEDIATE")
            if event.type == "DELETED":
                db.execute("DELETE FROM objects WHERE resource = ? AND key = ?", (event.resource, key))
            else:
                value = orjson.dumps(event.object)
                size = len(value)
                db.execute("INSERT OR REPLACE INTO objects VALUES (?, ?, ?)", (event.resource, key, value))
            db.execute("INSERT OR REPLACE INTO state VALUES ('revision', ?)", (event.revision,))
            db.execute("COMMIT")
        except sqlite3.Error as error:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise OSError(f"the cluster's state can't be written: {error}") from error
        return size

    def close(self) -> None:
        """Close the database; the WAL is folded into the file."""
        self._db.close()
