"""What the API server asks of the kubelet that has a pod, to reach into it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Protocol

__all__ = ["ExecSession", "Node"]


class ExecSession(Protocol):
    """A command that runs in a container, or the container's own process when attached."""

    def output(self) -> AsyncIterator[tuple[int, bytes]]:
        """Yield (1 for stdout or 2 for stderr, bytes) until both are closed."""

    async def write(self, data: bytes) -> None:
        """Write to stdin."""

    async def close_stdin(self) -> None:
        """Close stdin."""

    async def resize(self, width: int, height: int) -> None:
        """Tell the terminal its size in characters."""

    async def wait(self) -> int:
        """Return the exit code once it has ended."""

    async def close(self) -> None:
        """End it if it still runs, and let go of its streams."""


class Node(Protocol):
    """The streaming side of a kubelet."""

    def logs(
        self,
        namespace: str,
        pod: str,
        container: str,
        *,
        follow: bool = False,
        previous: bool = False,
        tail_lines: int | None = None,
        since_time: datetime | None = None,
        timestamps: bool = False,
        limit_bytes: int | None = None,
    ) -> AsyncIterator[bytes]:
        """Yield the container's log; LookupError when there is none."""

    async def exec(
        self, namespace: str, pod: str, container: str, command: list[str], *, stdin: bool, tty: bool
    ) -> ExecSession:
        """Start a command in a container; LookupError when it does not run, OSError when it can't be started."""

    async def attach(self, namespace: str, pod: str, container: str, *, stdin: bool, tty: bool) -> ExecSession:
        """Join the container's own streams; LookupError when it does not run."""

    async def connect(self, namespace: str, pod: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to a port inside the pod's network; OSError when nobody listens."""

    async def dial(self, address: str, port: int) -> socket.socket:
        """Connect to an address of the pod network; OSError as connect does."""
