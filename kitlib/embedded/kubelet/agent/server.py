"""The agent's operations: every request gets one reply; the end of a process is announced by itself."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
from pathlib import Path
from typing import Any, TypeAlias

from kitlib.embedded.kubelet.agent.census import container_of, end_everybody
from kitlib.embedded.kubelet.agent.channel import Channel, Message, close_all
from kitlib.embedded.kubelet.agent.container import (
    Container,
    StartStatus,
    bwrap_arguments,
    has_user_namespace,
    prepare_mount_points,
    shares_processes,
)
from kitlib.embedded.kubelet.agent.execution import Executor
from kitlib.embedded.kubelet.agent.memory import MemoryWatch
from kitlib.embedded.kubelet.agent.mounts import MountSources
from kitlib.embedded.kubelet.agent.network import NodeNetwork, connect, datagrams, listen
from kitlib.embedded.kubelet.agent.privileges import never_gain
from kitlib.embedded.kubelet.agent.processes import Processes
from kitlib.embedded.kubelet.agent.sandbox import SHARED, Sandbox
from kitlib.embedded.kubelet.agent.seccomp import supplementary_groups_filter
from kitlib.embedded.kubelet.agent.skeleton import build_skeleton
from kitlib.embedded.kubelet.agent.syscalls import OwnNamespaces, mount

__all__ = ["AgentServer"]

Reply: TypeAlias = tuple[dict[str, Any], list[int]]


class AgentServer:
    """Serves one control connection; when that closes, the agent ends and the kernel ends everything in it.

    Args:
        control: our end of the control connection.
        scratch: an empty directory; what is put there is seen by nobody else and vanishes with the agent.
    """

    def __init__(self, control: socket.socket, scratch: Path) -> None:
        self.finished = asyncio.Event()
        never_gain()
        self._scratch = scratch
        mount("scratch", str(scratch), "tmpfs", options="mode=755")
        self._skeleton = scratch / "skeleton"
        build_skeleton(self._skeleton)
        self._own = OwnNamespaces()
        self._network = NodeNetwork()
        self._processes = Processes()
        self._executor = Executor(self._processes, self._own)
        self._sandboxes: dict[str, Sandbox] = {}
        self._mounts = MountSources()
        self._containers: dict[str, Container] = {}
        self._commands: dict[str, int] = {}
        self._memory = MemoryWatch(self._out_of_memory)
        self._tasks: set[asyncio.Task[None]] = set()
        self._channel = Channel(control, on_message=self._receive, on_close=self.finished.set)
        self._channel.send({"ready": True}, [os.pidfd_open(os.getpid())])

    def _receive(self, request: Message, fds: list[int]) -> None:
        task = asyncio.get_running_loop().create_task(self._answer(request, fds))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, request: Message, fds: list[int]) -> None:
        sent: list[int] = []
        try:
            result, sent = await getattr(self, f"_do_{request['op']}")(request, fds)
            reply: Message = {"id": request["id"], "result": result}
        except TimeoutError:
            reply = {"id": request["id"], "error": {"errno": 110, "message": "i/o timeout"}}
        except OSError as error:
            reply = {"id": request["id"], "error": {"errno": error.errno or 5, "message": error.strerror or str(error)}}
        except KeyError as error:
            reply = {"id": request["id"], "error": {"errno": 3, "message": f"no such sandbox or process: {error}"}}
        except Exception as error:  # the requester must never wait for ever
            reply = {"id": request["id"], "error": {"errno": 5, "message": f"{type(error).__name__}: {error}"}}
        finally:
            close_all(fds)
        if not self._channel.closed:
            self._channel.send(reply, sent)

    async def _do_address(self, request: Message, _: list[int]) -> Reply:
        self._network.add_address(request["address"])
        return {}, []

    async def _do_sandbox(self, request: Message, _: list[int]) -> Reply:
        self._sandboxes[request["sandbox"]] = Sandbox.create(
            self._own, self._network, address=request["address"], hostname=request["hostname"]
        )
        return {}, []

    async def _do_remove_sandbox(self, request: Message, _: list[int]) -> Reply:
        self._sandboxes.pop(request["sandbox"]).close()
        self._mounts.forget(request["sandbox"])
        return {}, []

    async def _do_run(self, request: Message, fds: list[int]) -> Reply:
        name = request["container"]
        sandbox = self._sandboxes[request["sandbox"]]
        own_layer = self._scratch / "containers" / name
        joined = [self._containers[request["target"]].processes()] if shares_processes(request) else []
        sources = self._mounts.opened(request["sandbox"], request["mounts"])
        status = StartStatus()
        exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        filters = [] if has_user_namespace(request) else _readable(supplementary_groups_filter())
        keep = (status.write_end, *filters, *sources, *joined)
        try:
            prepare_mount_points(own_layer, request["mounts"], sources)
            own_layer.mkdir(parents=True, exist_ok=True)
            layers = [self._skeleton, *map(Path, request["layers"]), own_layer]
            argv = bwrap_arguments(
                request,
                layers=layers,
                sources=sources,
                status_fd=status.write_end,
                filter_fd=next(iter(filters), None),
                processes_fd=next(iter(joined), None),
            )
            with self._own.left_for(SHARED):
                sandbox.enter()
                self._processes.spawn(argv, env={}, fds=fds, keep=keep, on_exit=exited.set_result)
        finally:
            close_all(keep)
        container = await status.started(request["bwrap"], exited)
        if container is not None:
            self._containers[name] = container
            if joined:
                number = container_of(container.pid)
                exited.add_done_callback(lambda _: end_everybody(number))
            if request["memoryLimit"]:
                self._memory.add(name, container.pid, request["memoryLimit"])
        executed = container is not None or status.executed()
        exited.add_done_callback(lambda code: self._container_ended(name, code.result(), status))
        return {"executed": executed}, []

    async def _do_limit_memory(self, request: Message, _: list[int]) -> Reply:
        name, limit = request["container"], request["limit"]
        container = self._containers.get(name)
        if container is not None and limit:
            self._memory.add(name, container.pid, limit)
        else:
            self._memory.discard(name)
        return {}, []

    def _container_ended(self, name: str, code: int, status: StartStatus) -> None:
        status.close()
        self._memory.discard(name)
        container = self._containers.pop(name, None)
        if container is not None:
            container.close()
        shutil.rmtree(self._scratch / "containers" / name, ignore_errors=True)
        self._announce(name, code)

    def _out_of_memory(self, name: str) -> None:
        if not self._channel.closed:
            self._channel.send({"outOfMemory": name})
        self._containers[name].signal(signal.SIGKILL)

    def _announce(self, name: str, code: int) -> None:
        if not self._channel.closed:
            self._channel.send({"exited": name, "code": code})

    async def _do_signal(self, request: Message, _: list[int]) -> Reply:
        container = self._containers.get(request["container"])
        if container is not None:
            if request["signal"] != signal.SIGKILL:
                await container.settle(request["signal"])
            container.signal(request["signal"])
        return {}, []

    async def _do_exec(self, request: Message, fds: list[int]) -> Reply:
        name = request["command_id"]

        def ended(code: int) -> None:
            del self._commands[name]
            self._announce(name, code)

        container = self._containers[request["container"]]
        self._commands[name], master = self._executor.start(
            container.pidfd,
            request["command"],
            env=request["env"],
            cwd=request["cwd"],
            capabilities=request["capabilities"],
            fds=fds,
            on_exit=ended,
            tty=request["tty"],
            user_namespace=request["userNamespace"],
        )
        return {}, [master] if request["tty"] else []

    async def _do_kill_exec(self, request: Message, _: list[int]) -> Reply:
        pid = self._commands.get(request["command_id"])
        if pid is not None:
            # A command leads a session, hence a process group, of its own.
            os.killpg(pid, request["signal"])
        return {}, []

    async def _do_dial(self, request: Message, _: list[int]) -> Reply:
        sandbox = request.get("sandbox")
        sock = self._sandboxes[sandbox].tcp_socket(self._own) if sandbox else socket.socket()
        await connect(sock, request["address"], request["port"], request["timeout"])
        return {}, [sock.detach()]

    async def _do_listen(self, request: Message, _: list[int]) -> Reply:
        return {}, [listen(request["address"], request["port"]).detach()]

    async def _do_datagrams(self, request: Message, _: list[int]) -> Reply:
        return {}, [datagrams(request["address"], request["port"]).detach()]


def _readable(data: bytes) -> list[int]:
    """Return a descriptor from which `data` can be read, or none when there is no data."""
    if not data:
        return []
    read, write = os.pipe2(os.O_CLOEXEC)
    os.write(write, data)
    os.close(write)
    return [read]
