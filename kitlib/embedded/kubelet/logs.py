"""Container logs: every line with its time and stream, in the CRI's file format.

Source of the format: the Kubernetes CRI logging design (`<time> <stream> <F|P> <text>`).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import deque
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

from kitlib.clock import Clock

__all__ = ["ContainerLog", "read_log"]

_LINE_LIMIT = 16384  # longer lines are split into partial entries, as containerd does
_FILE_LIMIT = 10 << 20
_CHUNK = 65536


class ContainerLog:
    """Collects the output of one container instance into a file.

    Args:
        path: the file; its directory is made.
        clock: stamps lines.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._clock = clock
        self._file = path.open("ab", buffering=0)
        self._partial: dict[str, bytes] = {"stdout": b"", "stderr": b""}
        self._open: set[int] = set()
        self._changed = asyncio.Event()
        self._listeners: list[asyncio.Queue[tuple[int, bytes] | None]] = []

    def pipe(self, stream: str) -> int:
        """Return the write end of a new pipe whose data is logged as `stream` (`stdout` or `stderr`)."""
        read_end, write_end = os.pipe2(os.O_CLOEXEC)
        self.read(read_end, stream)
        return write_end

    def read(self, fd: int, stream: str) -> None:
        """Log what comes from a pipe or a terminal until its end, then close it."""
        os.set_blocking(fd, False)
        self._open.add(fd)
        asyncio.get_running_loop().add_reader(fd, self._drain, fd, stream)

    @property
    def ended(self) -> bool:
        """Whether all writers have gone."""
        return not self._open

    async def changed(self) -> None:
        """Wait until there is more, or the end."""
        self._changed.clear()
        if not self.ended:
            await self._changed.wait()

    def listen(self) -> asyncio.Queue[tuple[int, bytes] | None]:
        """Return a queue of (1 or 2, bytes) of all further output; None is the end (what attach reads)."""
        queue: asyncio.Queue[tuple[int, bytes] | None] = asyncio.Queue()
        if self.ended:
            queue.put_nowait(None)
        else:
            self._listeners.append(queue)
        return queue

    def forget(self, queue: asyncio.Queue[tuple[int, bytes] | None]) -> None:
        """End what `listen` began."""
        if queue in self._listeners:
            self._listeners.remove(queue)
        queue.put_nowait(None)

    async def drained(self) -> None:
        """Wait until all writers have gone."""
        while not self.ended:
            await self.changed()

    def close(self) -> None:
        """Stop reading; whatever still holds a write end gets EPIPE."""
        for read_end in list(self._open):
            self._end(read_end)
        self._file.close()

    def _drain(self, read_end: int, stream: str) -> None:
        with contextlib.suppress(BlockingIOError):
            if data := _read(read_end):
                self._write(stream, data)
            else:
                self._end(read_end, stream)
        self._changed.set()

    def _write(self, stream: str, data: bytes) -> None:
        for queue in self._listeners:
            queue.put_nowait((1 if stream == "stdout" else 2, data))
        *lines, rest = (self._partial[stream] + data).split(b"\n")
        entries = [self._entry(stream, line, full=True) for line in lines]
        while len(rest) > _LINE_LIMIT:
            entries.append(self._entry(stream, rest[:_LINE_LIMIT], full=False))
            rest = rest[_LINE_LIMIT:]
        self._partial[stream] = rest
        self._save(b"".join(entries))

    def _entry(self, stream: str, line: bytes, *, full: bool) -> bytes:
        stamp = self._clock.now().strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
        return b"%s %s %s %s\n" % (stamp.encode(), stream.encode(), b"F" if full else b"P", line)

    def _save(self, entries: bytes) -> None:
        # A full disk must not stop the container: its output is lost, as with any logging driver.
        with contextlib.suppress(OSError):
            if entries and self._file.tell() > _FILE_LIMIT:
                self._rotate()
            self._file.write(entries)

    def _rotate(self) -> None:
        with contextlib.suppress(FileNotFoundError):  # an earlier try found no room for the new file
            self.path.rename(self.path.with_suffix(".log.1"))
        old, self._file = self._file, self.path.open("ab", buffering=0)
        old.close()

    def _end(self, read_end: int, stream: str = "") -> None:
        asyncio.get_running_loop().remove_reader(read_end)
        os.close(read_end)
        self._open.discard(read_end)
        if stream and self._partial[stream]:
            self._save(self._entry(stream, self._partial[stream], full=False))  # it had no newline
            self._partial[stream] = b""
        if self.ended:
            self._file.close()
            for queue in self._listeners:
                queue.put_nowait(None)
            self._changed.set()


def _read(fd: int) -> bytes:
    """Read; a terminal whose other side is closed has ended."""
    try:
        return os.read(fd, _CHUNK)
    except BlockingIOError:
        raise
    except OSError:
        return b""


def _show(entry: bytes, since: datetime | None, *, timestamps: bool) -> bytes | None:
    stamp, _, rest = entry.partition(b" ")
    _, _, rest = rest.partition(b" ")
    flag, _, text = rest.partition(b" ")
    if since is not None and datetime.fromisoformat(stamp.decode()[:26] + "+00:00") < since.astimezone(UTC):
        return None
    shown = text if flag == b"F" else text.rstrip(b"\n")
    return stamp + b" " + shown if timestamps else shown


def _select(lines: Iterator[bytes], tail: int | None) -> Iterator[bytes]:
    return iter(deque(lines, maxlen=tail)) if tail is not None else lines


async def read_log(
    path: Path,
    log: ContainerLog | None,
    *,
    follow: bool,
    tail_lines: int | None,
    since_time: datetime | None,
    timestamps: bool,
    limit_bytes: int | None,
) -> AsyncIterator[bytes]:
    """Yield a log's lines; with `follow`, go on until the container ends.

    Args:
        path: the log file.
        log: the collector while the container runs, else None.
        follow: wait for more.
        tail_lines: only the last lines.
        since_time: only lines from then on.
        timestamps: begin lines with their time.
        limit_bytes: stop after so many bytes.
    """
    left = limit_bytes if limit_bytes is not None else -1
    with path.open("rb") as file:
        lines = (shown for entry in file if (shown := _show(entry, since_time, timestamps=timestamps)) is not None)
        selected = _select(lines, tail_lines)
        while True:
            chunk = b"".join(selected)
            if left >= 0:
                chunk = chunk[:left]
                left -= len(chunk)
            if chunk:
                yield chunk
            if left == 0 or not follow or log is None:
                return
            done = log.ended
            if not done:
                await log.changed()
            selected = (s for e in file if (s := _show(e, since_time, timestamps=timestamps)) is not None)
            if done:
                return
