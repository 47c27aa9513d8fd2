"""No process runs that nobody knows: starts that are given up, sandboxes that are removed, pods on their way out."""

from __future__ import annotations

import asyncio
import contextlib

import psutil

from kitlib.embedded.kubelet.runtime import StartError
from tests.unit.kubelet.conftest import Workbench
from tests.unit.kubelet.node import Node, gone


def programs(bench: Workbench) -> list[str]:
    """What runs in containers: the processes under bubblewrap."""
    tree = psutil.Process(bench.runtime.holder.pid).children(recursive=True)
    return [process.name() for process in tree if process.name() not in ("python", "python3", "bwrap")]


async def test_a_start_that_is_given_up_leaves_no_process(bench: Workbench) -> None:
    sandbox, _ = await bench.pod()
    await bench.images.pull("busybox")
    for rounds in range(12):  # given up at every stage of the start
        start = asyncio.ensure_future(bench.run(sandbox, "busybox", "sleep", "1000"))
        for _ in range(rounds):
            await asyncio.sleep(0.002)
        start.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            container, _ = await start
            await bench.stop(container, 9)
    assert programs(bench) == []


async def test_removing_a_sandbox_ends_what_runs_in_it_and_nothing_else(bench: Workbench) -> None:
    doomed, _ = await bench.pod()
    other, _ = await bench.pod()
    first, _ = await bench.run(doomed, "busybox", "sleep", "1000")
    second, _ = await bench.run(other, "busybox", "sleep", "1000")
    await bench.runtime.remove_sandbox(doomed)
    assert first.exited.result() == 137 and not second.exited.done()
    assert programs(bench) == ["sleep"]


async def test_a_pod_on_its_way_out_is_not_started_again_after_a_restart(node: Node) -> None:
    await node.running("leaving", "sleep", "1000")
    await node.kubelet.stop()
    node.client.delete("pods", "leaving", "default", grace_period_seconds=30)
    await node.runtime.stop()
    await node.runtime.start()
    node.kubelet = node.new_kubelet()
    await node.kubelet.start()
    await node.until("leaving", gone)
    (started,) = node.client.list("events", "default", field_selector="involvedObject.name=leaving,reason=Started")
    assert started.get("count", 1) == 1


async def test_what_a_killed_launcher_leaves_ends_with_it(bench: Workbench) -> None:
    sandbox, _ = await bench.pod()
    await bench.images.pull("busybox")
    agent = agent_of(bench)
    for _ in range(5):
        start = asyncio.ensure_future(bench.run(sandbox, "busybox", "sleep", "1000"))
        launcher, child = await half_made(agent)
        child.suspend()  # so early, it has not yet asked to die with its launcher
        launcher.kill()
        with contextlib.suppress(psutil.NoSuchProcess):  # it had asked, on a machine where much else runs
            child.resume()
        with contextlib.suppress(StartError):  # unless its program was executed before the launcher was missed
            container, _ = await start
            assert await container.exited == 137
        assert agent.children() == []


async def test_an_end_is_told_when_everything_has_ended(bench: Workbench) -> None:
    sandbox, _ = await bench.pod()
    for _ in range(5):
        container, _ = await bench.run(sandbox, "busybox", "sleep", "1000")
        agent_of(bench).children()[0].kill()
        assert await container.exited == 137
        assert agent_of(bench).children() == []


def agent_of(bench: Workbench) -> psutil.Process:
    return psutil.Process(bench.runtime.holder.pid).children()[0]


async def half_made(agent: psutil.Process) -> list[psutil.Process]:
    """A container's launcher, and its child that becomes the container's PID 1."""
    while len(found := agent.children(recursive=True)) < 2:  # noqa: ASYNC110 -- nothing tells
        await asyncio.sleep(0)
    return found
