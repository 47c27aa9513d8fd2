"""A runtime without processes, for tests of scale: containers "run" at once and end when they are told to."""

from __future__ import annotations

import asyncio
import itertools
import signal
import socket
from collections.abc import Callable

from kitlib.embedded.kubelet.addresses import AddressPools
from kitlib.embedded.kubelet.agent.channel import close_all
from kitlib.embedded.kubelet.runtime import ContainerSpec, ExecStreams, Execution, RuntimeLost, SandboxSpec, StartError

__all__ = ["HollowRuntime"]

_ENDING = (signal.SIGTERM, signal.SIGQUIT, signal.SIGINT, signal.SIGKILL)


class HollowRuntime:
    """Implements `Runtime`: every command succeeds without output, and nobody listens on any port."""

    def __init__(self) -> None:
        self._addresses = AddressPools()
        self._sandboxes: dict[str, tuple[str, str]] = {}
        self._running: dict[str, asyncio.Future[int]] = {}
        self._numbers = itertools.count(1)

    async def start(self) -> None:
        """Nothing to start."""

    async def stop(self) -> None:
        """End all containers."""
        for exited in list(self._running.values()):
            exited.set_result(128 + signal.SIGKILL)
        self._running.clear()
        self._sandboxes.clear()

    def on_restart(self, callback: Callable[[], None]) -> None:
        """Never call back: there is nothing that could be lost."""

    async def add_address(self, address: str) -> None:
        """Nobody reaches a hollow node."""

    async def run_sandbox(self, spec: SandboxSpec) -> str:
        """Give the pod an address."""
        address = self._addresses.take(spec.network)
        self._sandboxes[spec.id] = (spec.network, address)
        return address

    async def remove_sandbox(self, sandbox_id: str) -> None:
        """Take the pod's address back."""
        if given := self._sandboxes.pop(sandbox_id, None):
            self._addresses.release(*given)

    async def run_container(self, spec: ContainerSpec, streams: ExecStreams) -> Execution:
        """Pretend that the program runs."""
        close_all((streams.stdin, streams.stdout, streams.stderr))
        if spec.sandbox_id not in self._sandboxes:
            raise RuntimeLost(f"sandbox {spec.sandbox_id} is gone")
        exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._running[spec.id] = exited
        return Execution(spec.id, exited)

    async def limit_memory(self, container_id: str, limit: int) -> None:
        """Hollow containers hold nothing."""

    async def signal(self, container_id: str, number: signal.Signals) -> None:
        """End the container, with 0 where a well-behaved program would."""
        if number in _ENDING and (exited := self._running.pop(container_id, None)) is not None:
            exited.set_result(128 + number if number == signal.SIGKILL else 0)

    def end(self, container_id: str, code: int) -> None:
        """Let a container's program end by itself: for tests."""
        self._running.pop(container_id).set_result(code)

    async def exec(self, container_id: str, command: list[str], streams: ExecStreams | None) -> Execution:
        """Pretend that the command has succeeded."""
        if streams is not None:
            close_all((streams.stdin, streams.stdout, streams.stderr))
        if streams is None or container_id not in self._running:
            raise StartError("a hollow container has no terminal" if streams is None else "container not running")
        exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        exited.set_result(0)
        return Execution(f"exec-{next(self._numbers)}", exited)

    async def kill_exec(self, execution_id: str) -> None:
        """Commands end at once."""

    async def dial(self, address: str, port: int, *, timeout: float = 3.0) -> socket.socket:
        """Refuse."""
        raise ConnectionRefusedError(111, "Connection refused")

    async def dial_in_sandbox(self, sandbox_id: str, port: int, *, timeout: float = 3.0) -> socket.socket:
        """Refuse."""
        raise ConnectionRefusedError(111, "Connection refused")

    async def listen(self, address: str, port: int) -> socket.socket:
        """Listen on a loopback port nobody knows: there is no pod network."""
        return _silent(socket.socket())

    async def datagrams(self, address: str, port: int) -> socket.socket:
        """Bind a loopback port nobody knows."""
        return _silent(socket.socket(type=socket.SOCK_DGRAM))


def _silent(sock: socket.socket) -> socket.socket:
    sock.bind(("127.0.0.1", 0))
    if sock.type == socket.SOCK_STREAM:
        sock.listen()
    sock.setblocking(False)
    return sock
