"""Runs the controllers: one worker each in the event loop, or all of them until nothing is left to do.

Source of the shape: kube-controller-manager. It knows no controller by name.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from kitlib.embedded.controllers.controller import Controller

__all__ = ["ControllerManager"]


class ControllerManager:
    """Starts controllers and keeps them going.

    Args:
        controllers: what to run; the order is the order of registration.
    """

    def __init__(self, controllers: Sequence[Controller]) -> None:
        self.controllers = tuple(controllers)
        self._registered = False
        self._workers: list[asyncio.Task[None]] = []

    def register(self) -> None:
        """Subscribe every controller, once."""
        if not self._registered:
            self._registered = True
            for controller in self.controllers:
                controller.register()

    def start(self) -> None:
        """Register and start one worker per controller on the running loop."""
        self.register()
        self._workers = [
            asyncio.create_task(self._work(controller), name=controller.name) for controller in self.controllers
        ]

    async def stop(self) -> None:
        """End the workers and the subscriptions."""
        for worker in self._workers:
            worker.cancel()
        for worker in self._workers:
            with contextlib.suppress(asyncio.CancelledError):
                await worker
        self._workers = []
        for controller in self.controllers:
            controller.stop()

    def run_until_idle(self, *, limit: int = 100_000) -> int:
        """Reconcile until no key is ready, round-robin; delayed keys are left to the clock. Returns the count.

        Raises:
            RuntimeError: `limit` syncs did not suffice, so two controllers are probably undoing each other's work.
        """
        self.register()
        count = 0
        while done := sum(controller.process_next() for controller in self.controllers):
            count += done
            if count > limit:
                busy = [controller.name for controller in self.controllers if len(controller.queue)]
                raise RuntimeError(f"controllers never come to rest: {', '.join(busy)}")
        return count

    @staticmethod
    async def _work(controller: Controller) -> None:
        while True:
            await controller.queue.wait()
            controller.process_next()
            # One key at a time: API requests and other workers get the loop in between.
            await asyncio.sleep(0)
