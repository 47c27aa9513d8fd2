"""Entry point of the node agent: `python -m kitlib.embedded.kubelet.agent CONTROL_FD SCRATCH_DIRECTORY`."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import sys
from pathlib import Path

from kitlib.embedded.kubelet.agent.server import AgentServer


async def _serve(control_fd: int, scratch: Path) -> None:
    # A pod takes half a dozen descriptors, and the usual soft limit is 1024.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    os.set_inheritable(control_fd, False)  # it is the node's, and no container's
    server = AgentServer(socket.socket(fileno=control_fd), scratch)
    await server.finished.wait()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), Path(sys.argv[2])))
