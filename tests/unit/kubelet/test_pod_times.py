"""Waiting times of the kubelet, on a clock that tests move, over a runtime without processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from kitlib.embedded.apimachinery.times import parse_time
from kitlib.embedded.kubelet.backoff import Backoff, go_duration
from kitlib.embedded.kubelet.hollow import HollowRuntime
from tests.support.clock import ManualClock
from tests.unit.kubelet.node import Check, Node, main, phase, waits_for


class HollowNode(Node):
    """`comes_to` lets time pass, second by second, until the pod is as wanted."""

    def __init__(self, directory: Path) -> None:
        self.hollow, self.time = HollowRuntime(), ManualClock()
        super().__init__(directory, runtime=self.hollow, clock=self.time)

    async def comes_to(self, name: str, check: Check) -> dict[str, Any]:
        waiting = asyncio.ensure_future(self.until(name, check))
        while not waiting.done():
            self.time.advance(1)
            await asyncio.sleep(0.001)  # images are unpacked in a thread
        return waiting.result()

    def crash(self, status: dict[str, Any]) -> None:
        self.hollow.end(main(status)["containerID"].removeprefix("kit://"), 1)


@pytest.fixture
async def hollow(tmp_path: Path) -> AsyncIterator[HollowNode]:
    node = HollowNode(tmp_path)
    await node.kubelet.start()
    yield node
    await node.kubelet.stop()


def restarted(times: int) -> Check:
    return lambda status: main(status).get("restartCount") == times and "running" in main(status)["state"]


async def test_restarts_wait_longer_every_time(hollow: HollowNode) -> None:
    hollow.pod("p")
    hollow.crash(await hollow.comes_to("p", restarted(0)))
    hollow.crash(await hollow.until("p", restarted(1)))
    for number, wanted in enumerate((10, 20, 40), start=2):
        waiting = main(await hollow.until("p", waits_for("CrashLoopBackOff")))["state"]["waiting"]
        assert waiting["message"].startswith(f"back-off {wanted}s restarting failed container=c pod=p_default(")
        status = await hollow.comes_to("p", restarted(number))
        ended = main(status)["lastState"]["terminated"]["finishedAt"]
        waited = parse_time(main(status)["state"]["running"]["startedAt"]) - parse_time(ended)
        assert waited.total_seconds() >= wanted
        hollow.crash(status)


async def test_a_pod_fails_at_its_deadline(hollow: HollowNode) -> None:
    hollow.pod("p", spec={"activeDeadlineSeconds": 600, "terminationGracePeriodSeconds": 5})
    await hollow.comes_to("p", phase("Running"))
    status = await hollow.comes_to("p", phase("Failed"))
    assert status["reason"] == "DeadlineExceeded"
    assert status["message"] == "Pod was active on the node longer than the specified deadline"
    assert "terminated" in main(status)["state"]


def test_back_off_doubles_up_to_five_minutes_and_is_forgotten() -> None:
    backoff = Backoff(first_at_once=True)
    assert [backoff.failed() for _ in range(8)] == [0, 10, 20, 40, 80, 160, 300, 300]
    assert backoff.failed(ran_for=600) == 0


@pytest.mark.parametrize(("seconds", "text"), [(10, "10s"), (80, "1m20s"), (300, "5m0s")])
def test_durations_are_written_as_go_does(seconds: float, text: str) -> None:
    assert go_duration(seconds) == text


VAULT_TOKEN = {"path": "vault", "audience": "vault", "expirationSeconds": 1000}
VAULT = {"name": "t", "projected": {"sources": [{"serviceAccountToken": VAULT_TOKEN}]}}


async def passes(node: HollowNode, seconds: int) -> None:
    for _ in range(seconds // 10):
        node.time.advance(10)
        await asyncio.sleep(0)
        await asyncio.sleep(0)


async def test_tokens_are_renewed_at_four_fifths_of_their_life(hollow: HollowNode) -> None:
    hollow.pod("p", spec={"volumes": [VAULT], "automountServiceAccountToken": False})
    await hollow.comes_to("p", phase("Running"))
    (file,) = hollow.directory.glob("n1/pods/*/volumes/t/vault")
    await passes(hollow, 1000)
    first, second = hollow.issued
    assert 800 <= second - first <= 810
    assert file.read_text() == "a-token for vault, 1000 s, no. 2"


@pytest.mark.parametrize("back", [-5 * 3600, 5 * 3600])
async def test_tokens_are_renewed_when_the_clock_is_set(hollow: HollowNode, back: int) -> None:
    """Their validity is told in its time: they would be over, or not begin for hours."""
    hollow.pod("p", spec={"volumes": [VAULT], "automountServiceAccountToken": False})
    await hollow.comes_to("p", phase("Running"))
    await passes(hollow, 100)
    assert len(hollow.issued) == 1
    hollow.time.set_back(back)
    await passes(hollow, 20)
    (file,) = hollow.directory.glob("n1/pods/*/volumes/t/vault")
    assert file.read_text() == "a-token for vault, 1000 s, no. 2"
    await passes(hollow, 500)
    assert len(hollow.issued) == 2


@pytest.mark.parametrize("back", [-5 * 3600, 5 * 3600])
async def test_back_off_and_deadlines_take_their_time_when_the_clock_is_set(hollow: HollowNode, back: int) -> None:
    hollow.pod("p", spec={"activeDeadlineSeconds": 600})
    hollow.crash(await hollow.comes_to("p", restarted(0)))
    hollow.crash(await hollow.until("p", restarted(1)))
    await hollow.until("p", waits_for("CrashLoopBackOff"))
    hollow.time.set_back(back)
    began = hollow.time.monotonic()
    await hollow.comes_to("p", restarted(2))
    assert 10 <= hollow.time.monotonic() - began <= 12
    await hollow.kubelet.stop()
    hollow.kubelet = hollow.new_kubelet()
    await hollow.kubelet.start()
    began = hollow.time.monotonic()
    await hollow.comes_to("p", phase("Failed"))
    assert hollow.time.monotonic() - began <= 602


async def test_a_pod_that_overfills_its_volume_is_evicted(hollow: HollowNode) -> None:
    volumes = [{"name": "v", "emptyDir": {"sizeLimit": "1Mi"}}]
    hollow.pod("p", spec={"volumes": volumes, "terminationGracePeriodSeconds": 1})
    await hollow.comes_to("p", phase("Running"))
    (volume,) = hollow.directory.glob("n1/pods/*/volumes/v")
    (volume / "small").write_bytes(b"x" * 4096)
    await passes(hollow, 60)
    assert hollow.client.get("pods", "p", "default")["status"]["phase"] == "Running"
    (volume / "big").write_bytes(b"x" * (2 << 20))
    status = await hollow.comes_to("p", phase("Failed"))
    assert status["reason"] == "Evicted"
    assert status["message"] == 'Usage of EmptyDir volume "v" exceeds the limit "1Mi". '
