"""The runtime without processes."""

from __future__ import annotations

import os
import signal

import pytest

from kitlib.embedded.kubelet.hollow import HollowRuntime
from kitlib.embedded.kubelet.runtime import ContainerSpec, ExecStreams, Runtime, RuntimeLost, SandboxSpec


def streams() -> ExecStreams:
    stdin, stdout, stderr = (os.open(os.devnull, os.O_RDWR) for _ in range(3))
    return ExecStreams(stdin=stdin, stdout=stdout, stderr=stderr)


def container(name: str, sandbox: str = "s") -> ContainerSpec:
    return ContainerSpec(id=name, sandbox_id=sandbox, command=("sleep", "1"), env={})


async def test_containers_run_until_they_are_told_to_end() -> None:
    runtime: Runtime = HollowRuntime()
    assert await runtime.run_sandbox(SandboxSpec(id="s", hostname="web-0")) == "10.244.0.2"
    obeys = await runtime.run_container(container("a"), streams())
    killed = await runtime.run_container(container("b"), streams())
    assert await (await runtime.exec("a", ["true"], streams())).exited == 0
    await runtime.signal("a", signal.SIGTERM)
    await runtime.signal("b", signal.SIGKILL)
    assert (await obeys.exited, await killed.exited) == (0, 137)
    with pytest.raises(ConnectionRefusedError):
        await runtime.dial("10.244.0.2", 80)


async def test_a_container_needs_its_sandbox() -> None:
    with pytest.raises(RuntimeLost):
        await HollowRuntime().run_container(container("a", "nowhere"), streams())
