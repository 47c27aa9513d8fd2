"""A real node agent for the tests that need one."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kitlib.clock import SystemClock
from kitlib.embedded.kubelet.images.store import ImageStore
from kitlib.embedded.kubelet.logs import ContainerLog
from kitlib.embedded.kubelet.runtime import ContainerSpec, ExecStreams, Execution, SandboxSpec
from kitlib.embedded.kubelet.sandboxed import SandboxedRuntime
from tests.unit.kubelet.node import Node

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Workbench:
    """Runs containers of catalogue images without a kubelet."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.runtime = SandboxedRuntime(directory / "runtime")
        self.images = ImageStore(directory / "images")
        self._numbers = itertools.count()

    async def pod(self, hostname: str = "pod") -> tuple[str, str]:
        """Returns (sandbox id, IP)."""
        sandbox = f"sandbox-{next(self._numbers)}"
        return sandbox, await self.runtime.run_sandbox(SandboxSpec(id=sandbox, hostname=hostname))

    async def run(self, sandbox: str, image: str, *command: str, **more: object) -> tuple[Execution, ContainerLog]:
        pulled = await self.images.pull(image)
        name = f"container-{next(self._numbers)}"
        log = ContainerLog(self.directory / "logs" / f"{name}.log", SystemClock())
        spec = ContainerSpec(
            id=name,
            sandbox_id=sandbox,
            command=command or (*pulled.image.entrypoint, *pulled.image.command),
            env={"PATH": PATH} | pulled.image.env,
            cwd=pulled.image.working_dir,
            layers=pulled.layers,
            **({"mounts": pulled.mounts} | more),  # type: ignore[arg-type]
        )
        stdin = os.open(os.devnull, os.O_RDONLY)
        streams = ExecStreams(stdin=stdin, stdout=log.pipe("stdout"), stderr=log.pipe("stderr"))
        return await self.runtime.run_container(spec, streams), log

    async def stop(self, container: Execution, number: signal.Signals = signal.SIGTERM) -> int:
        await self.runtime.signal(container.id, number)
        return await container.exited


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Workbench]:
    bench = Workbench(tmp_path)
    await bench.runtime.start()
    yield bench
    await bench.runtime.stop()


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    node = Node(tmp_path)
    await node.runtime.start()
    await node.kubelet.start()
    yield node
    await node.kubelet.stop()
    await node.runtime.stop()
