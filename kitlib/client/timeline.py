"""The recorder: background watches write every change of a namespace into a file that outlives the process.

The file belongs to one namespace *object* (its UID is in the first line). A recorder that finds such a file goes on
from the last resourceVersion in it, so a kernel restart loses nothing: the server replays what happened meanwhile.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from kitlib.client.changes import RECORDED, Change, belongs
from kitlib.client.failures import ApiError
from kitlib.errors import KitError

if TYPE_CHECKING:
    from kitlib.client.cluster import Cluster

__all__ = ["Timeline", "read_changes"]

_RETRY_SECONDS = 0.5


def read_changes(file: Path) -> tuple[Change, ...]:
    """Read a timeline file; a last line that was cut off by a crash is left out."""
    if not file.exists():
        return ()
    found = []
    for line in file.read_text().splitlines()[1:]:
        try:
            found.append(Change.parse(line))
        except (ValueError, TypeError):
            continue
    return tuple(found)


class Timeline:
    """Records one namespace; use as a context manager, or `start` and `stop`.

    Args:
        cluster: where.
        namespace: which.
        folder: where the file is kept; it is named after the namespace's UID.
        kinds: what is followed.
        volumes: names of PersistentVolumes that are followed although no claim of the namespace is bound to them.

    Example:
        >>> with Timeline(cluster, "lab", folder=Path("/tmp")) as timeline:  # doctest: +SKIP
        ...     print(len(timeline.changes()))
    """

    def __init__(
        self,
        cluster: Cluster,
        namespace: str,
        *,
        folder: Path,
        kinds: Iterable[str] = RECORDED,
        volumes: Iterable[str] = (),
        now: Callable[[], float] = time.time,
    ) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.kinds = tuple(kinds)
        self._volumes = frozenset(volumes)
        self.problem = ""
        self._folder = folder
        self._now = now
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._primed = {kind: threading.Event() for kind in self.kinds}
        self._changes: list[Change] = []
        self._live: dict[tuple[str, str], Change] = {}
        self._watches: dict[str, Callable[[], None]] = {}
        self._threads: list[threading.Thread] = []
        self._log: TextIO | None = None
        self.file = folder / f"{namespace}.jsonl"

    def __enter__(self) -> Timeline:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, *, wait: float = 10.0) -> None:
        """Begin or resume recording; returns when the present state of every kind is in the record."""
        uid = self.cluster.get("namespace", self.namespace)["metadata"]["uid"]
        self.file = self._folder / f"{self.namespace}-{uid[:8]}.jsonl"
        self._folder.mkdir(parents=True, exist_ok=True)
        fresh = not self.file.exists()
        for change in read_changes(self.file):
            self._remember(change)
        self._log = self.file.open("a", buffering=1)
        if fresh:
            self._log.write(json.dumps({"namespace": self.namespace, "uid": uid, "started": self._now()}) + "\n")
        for kind in self.kinds:
            thread = threading.Thread(target=self._follow, args=(kind,), name=f"timeline-{kind}", daemon=True)
            thread.start()
            self._threads.append(thread)
        deadline = time.monotonic() + wait
        for primed in self._primed.values():
            primed.wait(max(0.0, deadline - time.monotonic()))

    def stop(self) -> None:
        """Stop recording and end the watches."""
        self._stopped.set()
        for hang_up in list(self._watches.values()):
            hang_up()
        with self._lock:
            if self._log is not None:
                self._log.close()
                self._log = None

    def changes(self) -> tuple[Change, ...]:
        """Return everything recorded so far, in the order of the API server."""
        with self._lock:
            return tuple(sorted(self._changes, key=lambda change: change.revision))

    def caught_up(self, kind: str, objects: Iterable[dict[str, Any]], version: str) -> bool:
        """Tell whether the record is as new as this list of a kind, which was taken at `version`."""
        if kind not in self.kinds:
            return True
        listed = {obj["metadata"]["uid"]: int(obj["metadata"]["resourceVersion"]) for obj in objects}
        with self._lock:
            known = {uid: change.revision for (of, uid), change in self._live.items() if of == kind}
        if any(known.get(uid, -1) < revision for uid, revision in listed.items()):
            return False
        # What the record holds to exist, and has not changed since the list, must have been deleted before it.
        return not any(uid not in listed and revision <= int(version or 0) for uid, revision in known.items())

    def _remember(self, change: Change) -> None:
        self._changes.append(change)
        if change.type == "DELETED":
            self._live.pop((change.kind, change.uid), None)
        else:
            self._live[(change.kind, change.uid)] = change

    def _record(self, change: Change) -> None:
        with self._lock:
            if self._log is not None:
                self._remember(change)
                self._log.write(change.line() + "\n")

    def _follow(self, kind: str) -> None:
        with self._lock:
            since = max((change.revision for change in self._changes if change.kind == kind), default=0)
        version = str(since) if since else ""
        while not self._stopped.is_set():
            try:
                # Also on resume: the list shows that the server is there, and what a lost watch has missed.
                version = version or self._relist(kind)
                self._primed[kind].set()
                version = self._watch(kind, version)
                self.problem = ""
            except ApiError as error:
                if error.code == 403:  # Restricted credentials see less; the rest of the record is still worth having.
                    self._primed[kind].set()
                    return
                version = "" if error.code == 410 else version
                self.problem = "" if error.code == 410 else str(error)
                self._stopped.wait(0.0 if error.code == 410 else _RETRY_SECONDS)
            except KitError as error:
                self.problem = str(error)
                self._stopped.wait(_RETRY_SECONDS)

    def _relist(self, kind: str) -> str:
        """Record how the present state differs from the record; what vanished unseen is DELETED."""
        objects, version = self.cluster.listing(kind, namespace=self.namespace)
        objects = [obj for obj in objects if self._ours(obj)]
        with self._lock:
            before = {uid: change for (of, uid), change in self._live.items() if of == kind}
        for obj in objects:
            known = before.pop(obj["metadata"]["uid"], None)
            if known is None or known.revision < int(obj["metadata"]["resourceVersion"]):
                event = "ADDED" if known is None else "MODIFIED"
                self._record(Change.of(event, obj, time=self._now(), initial=known is None))
        for gone in before.values():
            self._record(
                Change(
                    self._now(),
                    "DELETED",
                    kind,
                    gone.name,
                    gone.uid,
                    int(version),
                    state=dict(gone.state),
                    initial=True,
                )
            )
        return version

    def _watch(self, kind: str, version: str) -> str:
        for event, obj in self.cluster.watch(
            kind, namespace=self.namespace, since=version, opened=partial(self._opened, kind)
        ):
            version = str(obj["metadata"]["resourceVersion"])
            if event != "BOOKMARK" and self._ours(obj):
                self._record(Change.of(event, obj, time=self._now()))
            if self._stopped.is_set():
                break
        return version

    def _opened(self, kind: str, hang_up: Callable[[], None]) -> None:
        self._watches[kind] = hang_up
        if self._stopped.is_set():  # `stop` may have come while the connection was being made.
            hang_up()

    def _ours(self, obj: dict[str, Any]) -> bool:
        return belongs(obj, self.namespace, volumes=self._volumes)
