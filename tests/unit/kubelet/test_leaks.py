"""Pods leave nothing behind: no descriptors, no processes, no mounts, no files."""

from __future__ import annotations

import asyncio

import psutil

from kitlib.embedded.kubelet.holder import Holder
from kitlib.embedded.kubelet.sandboxed import SandboxedRuntime
from tests.unit.kubelet.node import Node

ROUNDS, AT_ONCE = 6, 8


def agent(holder: Holder) -> psutil.Process:
    """The holder's one child, which is process 1 of the node's namespace."""
    launcher = psutil.Process(holder.pid)
    return next(iter(launcher.children()), launcher)


def footprint(process: psutil.Process) -> tuple[int, int]:
    with open(f"/proc/{process.pid}/mountinfo") as mounts:
        return process.num_fds(), len(mounts.readlines())


async def crowd(node: Node) -> None:
    names = [f"p{number}" for number in range(AT_ONCE)]
    await asyncio.gather(*(node.running(name, image="nginx") for name in names))
    await asyncio.gather(*(node.output(name, "true") for name in names))
    await asyncio.gather(*(node.removed(name, grace_period_seconds=1) for name in names))


async def test_fifty_pods_leave_nothing_behind(node: Node) -> None:
    assert isinstance(node.runtime, SandboxedRuntime)
    processes = psutil.Process(), agent(node.runtime.holder)
    await crowd(node)
    before = [footprint(process) for process in processes]
    for _ in range(ROUNDS):
        await crowd(node)
    after = [footprint(process) for process in processes]
    assert after == before
    assert processes[1].children() == []
    assert not list((node.directory / "n1" / "pods").iterdir())
    assert not list((node.directory / "n1" / "logs").iterdir())
