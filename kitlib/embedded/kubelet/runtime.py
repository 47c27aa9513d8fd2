"""What the kubelet asks of whatever runs containers; the shape of Kubernetes' Container Runtime Interface, in small."""

from __future__ import annotations

import asyncio
import posixpath
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

__all__ = [
    "DEFAULT_CAPABILITIES",
    "EXIT_LOST",
    "ContainerSpec",
    "ExecStreams",
    "Execution",
    "Mount",
    "Runtime",
    "RuntimeLost",
    "SandboxSpec",
    "StartError",
]

EXIT_LOST = 255
"""The exit code shown for what went away with its node, as containerd has it."""

DEFAULT_CAPABILITIES = (
    "CAP_AUDIT_WRITE",
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_MKNOD",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_RAW",
    "CAP_SETFCAP",
    "CAP_SETGID",
    "CAP_SETPCAP",
    "CAP_SETUID",
    "CAP_SYS_CHROOT",
)
"""What container engines leave to a container's root."""


class StartError(OSError):
    """A container, or a command in it, could not be executed; the text is the OCI runtime's."""


class RuntimeLost(OSError):
    """The runtime went away, with everything that it ran."""


@dataclass(frozen=True, slots=True)
class Mount:
    """A directory or file of the node, seen inside a container.

    Args:
        source: its path; nobody but the kit may write to the directories on the way to it.
        destination: where the container sees it; `..` in it leads no further than the container's root.
        read_only: whether it can't be written to.
        inside: a path below `source`, resolved as if `source` were `/`; what pods can change must be named so.
        sub_path: a path below that, which may not lead out of it.
        memory: bytes of a file system in memory that `source` stands for, shared by the containers of a sandbox; 0 is
            as much as there is.
    """

    source: Path
    destination: str
    read_only: bool = False
    inside: str = ""
    sub_path: str = ""
    memory: int | None = None

    def __post_init__(self) -> None:
        """Take the `..` out of the destination, before anybody joins it to another path."""
        object.__setattr__(self, "destination", posixpath.normpath(f"/{self.destination.lstrip('/')}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSpec:
    """A pod's shared namespaces, with an address out of its node's `network`.

    With `host_network` it has the node's network instead of one of its own.
    """

    id: str
    hostname: str
    network: str = "10.244.0.0/16"
    host_network: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerSpec:
    """One container, with nothing left to resolve.

    `memory_limit` is in bytes, 0 is none; with `terminal` the standard streams are a terminal, which becomes the
    controlling one. `target` is a running container whose processes it sees, as one of them.
    """

    id: str
    sandbox_id: str
    command: tuple[str, ...]
    env: dict[str, str]
    cwd: str = "/"
    layers: tuple[Path, ...] = ()
    mounts: tuple[Mount, ...] = ()
    capabilities: tuple[str, ...] = DEFAULT_CAPABILITIES
    read_only_root: bool = False
    uid: int = 0
    gid: int = 0
    memory_limit: int = 0
    terminal: bool = False
    target: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecStreams:
    """Descriptors for a program's standard streams. The runtime takes them over and closes them."""

    stdin: int
    stdout: int
    stderr: int


@dataclass(frozen=True, slots=True)
class Execution:
    """A running program: a container's own, or a command in a container.

    Args:
        id: what `signal` and `kill_exec` take.
        exited: becomes the exit code (128 + n after signal n), or `RuntimeLost`.
        terminal: the master of its terminal, for a command with one; the caller closes it.
        out_of_memory: set before its end when it is killed for holding more memory than it may.
    """

    id: str
    exited: asyncio.Future[int] = field(repr=False)
    terminal: int | None = None
    out_of_memory: asyncio.Event = field(default_factory=asyncio.Event, repr=False)


class Runtime(Protocol):
    """Runs containers and hands out sockets of the pod network.

    Nobody but the runtime can reach a pod or service address: those do not belong to the machine.
    """

    async def start(self) -> None:
        """Start; afterwards there are no sandboxes, whatever was there before."""

    async def stop(self) -> None:
        """Stop everything that runs, and the runtime itself."""

    def on_restart(self, callback: Callable[[], None]) -> None:
        """Call back each time the runtime was lost and is there again, empty: sockets from `listen` are dead too."""

    async def add_address(self, address: str) -> None:
        """Make an address one of the nodes' own; it stays so when the runtime is lost and comes back."""

    async def run_sandbox(self, spec: SandboxSpec) -> str:
        """Create a sandbox; returns its IP, "" when it has the node's network."""

    async def remove_sandbox(self, sandbox_id: str) -> None:
        """Remove a sandbox; what still runs in it is killed first. Unknown ones are ignored."""

    async def run_container(self, spec: ContainerSpec, streams: ExecStreams) -> Execution:
        """Start a container; returns when its program runs.

        Raises:
            StartError: the program could not be executed.
            RuntimeLost: the runtime went away.
        """

    async def limit_memory(self, container_id: str, limit: int) -> None:
        """Let a running container hold so many bytes from now on, 0 is any number; one that has ended is ignored."""

    async def signal(self, container_id: str, number: signal.Signals) -> None:
        """Send a signal to a container's PID 1; one that has ended is ignored."""

    async def exec(self, container_id: str, command: list[str], streams: ExecStreams | None) -> Execution:
        """Start a command in a running container; without streams it gets a terminal.

        Raises:
            StartError: the command could not be executed.
        """

    async def kill_exec(self, execution_id: str) -> None:
        """Kill a command and its children."""

    async def dial(self, address: str, port: int, *, timeout: float = 3.0) -> socket.socket:
        """Return a TCP connection to an address of the pod or service network, non-blocking.

        Raises:
            OSError: as connect does.
        """

    async def dial_in_sandbox(self, sandbox_id: str, port: int, *, timeout: float = 3.0) -> socket.socket:
        """Return a TCP connection to 127.0.0.1 of a pod."""

    async def listen(self, address: str, port: int) -> socket.socket:
        """Return a TCP socket that listens on any service or node address."""

    async def datagrams(self, address: str, port: int) -> socket.socket:
        """Return a UDP socket bound to any service or node address."""
