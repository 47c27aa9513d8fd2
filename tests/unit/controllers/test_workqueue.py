from __future__ import annotations

import asyncio

from kitlib.embedded.apimachinery.status import not_found
from kitlib.embedded.controllers.controller import Controller
from kitlib.embedded.controllers.manager import ControllerManager
from kitlib.embedded.controllers.workqueue import MAX_DELAY, WorkQueue
from tests.support.clock import ManualClock


def test_keys_wait_once_and_in_order() -> None:
    queue = WorkQueue(ManualClock())
    for key in ("a", "b", "a"):
        queue.add(key)
    assert [queue.get(), queue.get(), queue.get()] == ["a", "b", None]


def test_of_several_delays_the_earliest_counts() -> None:
    clock = ManualClock()
    queue = WorkQueue(clock)
    queue.add_after("a", 5)
    queue.add_after("a", 2)
    queue.add_after("a", 9)
    clock.advance(1)
    assert queue.get() is None
    clock.advance(1)
    assert queue.get() == "a"
    clock.advance(10)
    assert queue.get() is None
    assert queue.delayed == 0


def test_back_off_doubles_up_to_the_limit_and_is_forgotten() -> None:
    clock = ManualClock()
    queue = WorkQueue(clock)
    delays = []
    for _ in range(16):
        delays.append(queue.add_rate_limited("a"))
        clock.advance(delays[-1])
        assert queue.get() == "a"
    assert delays[:4] == [0.005, 0.01, 0.02, 0.04]
    assert delays[-1] == MAX_DELAY
    queue.forget("a")
    assert queue.add_rate_limited("a") == 0.005


async def test_wait_returns_when_a_key_comes() -> None:
    queue = WorkQueue(ManualClock())
    waiter = asyncio.create_task(queue.wait())
    await asyncio.sleep(0)
    assert not waiter.done()
    queue.add("a")
    await asyncio.wait_for(waiter, 1)


class _Flaky(Controller):
    name = "flaky"

    def __init__(self, clock: ManualClock, failures: list[Exception]) -> None:
        super().__init__(None, clock)  # type: ignore[arg-type]  # it asks the API nothing
        self.failures = failures
        self.seen: list[str] = []

    def register(self) -> None:
        self.queue.add("a")
        self.queue.add("b")

    def reconcile(self, key: str) -> float | None:
        self.seen.append(key)
        if key == "a" and self.failures:
            raise self.failures.pop()
        return 60.0 if key == "b" else None


def test_failures_are_retried_and_never_stop_the_others() -> None:
    clock = ManualClock()
    flaky = _Flaky(clock, [not_found("pods", "x"), RuntimeError("boom")])
    manager = ControllerManager([flaky])
    assert manager.run_until_idle() == 2
    clock.advance(1)
    manager.run_until_idle()
    clock.advance(1)
    manager.run_until_idle()
    assert flaky.seen == ["a", "b", "a", "a"]
    clock.advance(60)
    manager.run_until_idle()
    assert flaky.seen[-1] == "b"


async def test_the_worker_runs_in_the_loop() -> None:
    flaky = _Flaky(ManualClock(), [])
    manager = ControllerManager([flaky])
    manager.start()
    for _ in range(10):
        await asyncio.sleep(0)
    assert flaky.seen == ["a", "b"]
    await manager.stop()
