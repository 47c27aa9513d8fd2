"""What containers' mounts bind: opened before it is bound, and file systems in memory that a pod's containers share."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path, PurePosixPath
from typing import Any

from kitlib.embedded.kubelet.agent.beneath import open_beneath, open_in_root, refuse_links
from kitlib.embedded.kubelet.agent.channel import close_all
from kitlib.embedded.kubelet.agent.syscalls import mount, unmount

__all__ = ["MountSources"]


class MountSources:
    """Opens the sources of mounts, and keeps the memory file systems of sandboxes."""

    def __init__(self) -> None:
        self._in_memory: dict[str, list[str]] = {}

    def opened(self, sandbox: str, mounts: list[dict[str, Any]]) -> list[int]:
        """Return a descriptor for each mount; the caller closes them.

        Raises:
            OSError: one is not there, or leads out of its volume, or is to be mounted where a link in another leads.
        """
        sources: list[int] = []
        try:
            for wanted in mounts:
                if wanted["memory"] is not None:
                    self._mount_memory(sandbox, wanted["source"], wanted["memory"])
                for earlier, source in zip(mounts, sources, strict=False):
                    _check_way(wanted["destination"], earlier["destination"], source)
                sources.append(_open(wanted))
        except BaseException:
            close_all(sources)
            raise
        return sources

    def forget(self, sandbox: str) -> None:
        """Let go of a sandbox's file systems in memory."""
        for path in self._in_memory.pop(sandbox, ()):
            with contextlib.suppress(OSError):
                unmount(path)

    def _mount_memory(self, sandbox: str, path: str, size: int) -> None:
        mounted = self._in_memory.setdefault(sandbox, [])
        if path not in mounted:
            mode = f"mode={stat.S_IMODE(os.stat(path).st_mode):o}"  # noqa: PTH116 -- as its directory is
            mount("tmpfs", path, "tmpfs", options=f"{mode},size={size}" if size else mode)
            mounted.append(path)


def _check_way(destination: str, above: str, source: int) -> None:
    """Refuse a link on the way to a destination within another mount: it would be followed outside the container."""
    way = PurePosixPath(destination)
    if way != PurePosixPath(above) and way.is_relative_to(above):
        try:
            refuse_links(source, str(way.relative_to(above)))
        except OSError as error:
            raise OSError(error.errno, f"error mounting to {destination}: there is a link in {above}") from error


def _open(wanted: dict[str, Any]) -> int:
    source = Path(wanted["source"])
    inside = wanted["inside"]
    found = open_in_root(source, inside) if inside else os.open(source, os.O_PATH | os.O_CLOEXEC)
    if not wanted["subPath"]:
        return found
    try:
        return open_beneath(found, wanted["subPath"])
    finally:
        os.close(found)
