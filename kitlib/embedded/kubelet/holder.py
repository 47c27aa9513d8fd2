"""The node holder: the process that owns the node's namespaces, and the control connection to the agent in it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from kitlib.embedded.kubelet.agent.channel import Channel, Message, close_all
from kitlib.embedded.kubelet.descriptors import wait_readable
from kitlib.embedded.kubelet.runtime import RuntimeLost
from kitlib.errors import EnvironmentProblem

__all__ = ["Holder", "holder_command"]

_NAMESPACES = ["--net", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child", "--mount-proc"]
_START_TIMEOUT = 15.0


def holder_command(*, user_namespace: bool) -> list[str]:
    """Return the command that starts a program in namespaces of its own, which end with it and with us."""
    # The agent ends at the end of its control connection; the signal at our death is for an agent that hangs.
    guard = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
    user = ["--user", "--map-root-user"] if user_namespace else []
    return [*guard, "unshare", *user, *_NAMESPACES]


class Holder:
    """A started agent and the requests that wait for it.

    Args:
        on_lost: called when the agent has gone without having been stopped.
        on_out_of_memory: called with the name of a container that is about to be killed for its memory.
    """

    def __init__(self, *, on_lost: Callable[[], None], on_out_of_memory: Callable[[str], None]) -> None:
        self._on_lost, self._on_out_of_memory = on_lost, on_out_of_memory
        self.user_namespace = True
        self._numbers = itertools.count(1)
        self._replies: dict[int, asyncio.Future[tuple[dict[str, Any], list[int]]]] = {}
        self._exits: dict[str, asyncio.Future[int]] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._channel: Channel | None = None
        self._agent: int | None = None
        self._following: asyncio.Task[None] | None = None
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def start(self, directory: Path, *, like: Holder | None = None) -> None:
        """Start the agent.

        Args:
            directory: for its scratch mount and its log.
            like: an earlier one on this machine: what was not refused then is not given up now.

        Raises:
            EnvironmentProblem: the machine does not allow it.
        """
        self.user_namespace = like is None or like.user_namespace
        try:
            await self._launch(directory)
        except EnvironmentProblem:
            if os.geteuid() != 0 or like is not None:
                raise
            self.user_namespace = False
            self._ready = asyncio.get_running_loop().create_future()
            await self._launch(directory)

    async def stop(self) -> None:
        """End the agent, and with it everything that it holds; when this returns, the kernel has taken it all down."""
        if self._channel is not None:
            self._channel.close()
        if self._agent is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._agent, signal.SIGKILL)
            await wait_readable(self._agent)  # its PID namespace is empty by then
            os.close(self._agent)
            self._agent = None
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        self._fail_everything()

    @property
    def pid(self) -> int:
        """The holder's process on this machine."""
        if self._process is None:
            raise RuntimeLost("the node agent is not running")
        return self._process.pid

    def expect_exit(self, process: str) -> asyncio.Future[int]:
        """Return the future exit code of a process about to be started under this name."""
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        # Nobody needs to be waiting when the agent is lost.
        future.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._exits[process] = future
        return future

    def forget_exit(self, process: str) -> None:
        """Take `expect_exit` back: the process did not start."""
        self._exits.pop(process, None)

    async def call(
        self, operation: str, *, fds: Iterable[int] = (), **arguments: Any
    ) -> tuple[dict[str, Any], list[int]]:
        """Ask the agent; returns its answer and descriptors. The given ones are closed in any case.

        Raises:
            OSError: the operation failed; the errno is the agent's.
            RuntimeLost: the agent is gone.
        """
        if self._channel is None or self._channel.closed:
            close_all(fds)
            raise RuntimeLost("the node agent is not running")
        number = next(self._numbers)
        reply: asyncio.Future[tuple[dict[str, Any], list[int]]] = asyncio.get_running_loop().create_future()
        self._replies[number] = reply
        try:
            try:
                self._channel.send({"id": number, "op": operation, **arguments}, fds)
            except ConnectionError as error:  # it has ended, and the end of its connection was not seen yet
                raise RuntimeLost("the node agent ended") from error
            return await reply
        finally:
            del self._replies[number]

    async def _launch(self, directory: Path) -> None:
        scratch = directory / "scratch"
        scratch.mkdir(parents=True, exist_ok=True)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        log = directory / "agent.log"
        argv = holder_command(user_namespace=self.user_namespace)
        # -S: the agent needs the standard library and this package only; it starts in half the time.
        argv += [sys.executable, "-S", "-m", "kitlib.embedded.kubelet.agent", str(theirs.fileno()), str(scratch)]
        with theirs, log.open("wb") as stderr:
            self._process = await asyncio.create_subprocess_exec(
                *argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=stderr,
                stderr=stderr,
                env={"PATH": os.defpath, "PYTHONPATH": str(Path(__file__).parents[3]), "LC_ALL": "C.UTF-8"},
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        self._channel = Channel(ours, on_message=self._receive, on_close=self._lost)
        try:
            async with asyncio.timeout(_START_TIMEOUT):
                await self._ready
            self._following = asyncio.ensure_future(self._follow(self._process))
        except (RuntimeLost, TimeoutError) as error:
            await self.stop()
            reason = log.read_text(errors="replace").strip().splitlines()
            raise EnvironmentProblem(
                f"the node agent did not start: {reason[-1] if reason else 'no answer'}",
                fix="run `kit doctor`, which says what this machine does not allow",
            ) from error

    async def _follow(self, process: asyncio.subprocess.Process) -> None:
        """Notice the end of the process that holds the agent: killed early enough, it does not take the agent along."""
        await process.wait()
        if self._channel is not None and not self._channel.closed:
            self._channel.close()
            self._lost()

    def _receive(self, message: Message, fds: list[int]) -> None:
        if "ready" in message:
            (self._agent,) = fds
            self._ready.set_result(None)
        elif "outOfMemory" in message:
            self._on_out_of_memory(message["outOfMemory"])
        elif "exited" in message:
            future = self._exits.pop(message["exited"], None)
            if future is not None and not future.done():
                future.set_result(message["code"])
        else:
            self._answer(message, fds)

    def _answer(self, message: Message, fds: list[int]) -> None:
        reply = self._replies.get(message["id"])
        if reply is None or reply.done():
            close_all(fds)
        elif "error" in message:
            reply.set_exception(OSError(message["error"]["errno"], message["error"]["message"]))
        else:
            reply.set_result((message["result"], fds))

    def _lost(self) -> None:
        if not self._ready.done():
            self._ready.set_exception(RuntimeLost("the node agent ended"))
            return
        self._fail_everything()
        self._on_lost()

    def _fail_everything(self) -> None:
        for reply in self._replies.values():
            if not reply.done():
                reply.set_exception(RuntimeLost("the node agent ended"))
        for exited in self._exits.values():
            if not exited.done():
                exited.set_exception(RuntimeLost("the node agent ended"))
        self._exits.clear()
