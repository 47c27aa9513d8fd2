"""A pod sandbox: the network, UTS and IPC namespaces that a pod's containers share, kept alive by open files."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path

from kitlib.embedded.kubelet.agent.channel import close_all
from kitlib.embedded.kubelet.agent.network import NodeNetwork
from kitlib.embedded.kubelet.agent.syscalls import (
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWUTS,
    OwnNamespaces,
    setns,
    unshare,
)

__all__ = ["SHARED", "Sandbox"]

SHARED = CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC
# Container engines let every user of a pod listen on any port.
_UNPRIVILEGED_PORTS = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
_FLAGS = {"net": CLONE_NEWNET, "uts": CLONE_NEWUTS, "ipc": CLONE_NEWIPC}


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The namespace files of one pod. There is no pause process."""

    address: str
    files: dict[int, int]

    @classmethod
    def create(cls, own: OwnNamespaces, network: NodeNetwork, *, address: str, hostname: str) -> Sandbox:
        """Create the namespaces, with a host name and a device on the pod network; no address: the node's network."""
        files: dict[int, int] = {}
        try:
            with own.left_for(SHARED):
                unshare(SHARED if address else SHARED & ~CLONE_NEWNET)
                socket.sethostname(hostname)
                _UNPRIVILEGED_PORTS.write_text("0")
                for name, flag in _FLAGS.items():
                    files[flag] = os.open(f"/proc/thread-self/ns/{name}", os.O_RDONLY | os.O_CLOEXEC)
                if address:
                    network.connect_pod(files[CLONE_NEWNET], address)
        except BaseException:
            close_all(files.values())
            raise
        return cls(address, files)

    def enter(self) -> None:
        """Move this process into the sandbox; only within `OwnNamespaces.left_for(SHARED)`."""
        for flag, fd in self.files.items():
            setns(fd, flag)

    def tcp_socket(self, own: OwnNamespaces) -> socket.socket:
        """Return a socket that belongs to the pod's network, so that it reaches the pod's own localhost."""
        with own.left_for(CLONE_NEWNET):
            setns(self.files[CLONE_NEWNET], CLONE_NEWNET)
            return socket.socket()

    def close(self) -> None:
        """Let go: the kernel takes the namespaces and the device down when the last process has left."""
        close_all(self.files.values())
