"""Probes: startup first, then readiness and liveness side by side, for as long as one container instance runs.

Source: Kubernetes' probe documentation.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.kubelet.actions import ActionFailed, perform
from kitlib.embedded.kubelet.pod_context import PodContext
from kitlib.embedded.kubelet.record import ContainerRecord

__all__ = ["Prober"]

_SETTLE_SECONDS = 1.0
_SETTLE_POLL_SECONDS = 0.05


class Prober:
    """Probes one instance of a container.

    Args:
        context: the pod.
        record: the container; its `started` and `ready` are kept up to date.
        kill: called with the event's text, and the grace the probe wants, when liveness or startup failed for good.
    """

    def __init__(self, context: PodContext, record: ContainerRecord, kill: Callable[[str, int | None], None]) -> None:
        self._context, self._record, self._kill = context, record, kill
        self._vital: asyncio.Task[None] | None = None

    def spare(self) -> None:
        """Judge its life no more, as it is being ended; whether it is ready is still asked."""
        if self._vital is not None:
            self._vital.cancel()

    async def run(self) -> None:
        """Probe until cancelled."""
        spec = self._record.spec
        if startup := spec.get("startupProbe"):
            await self._until_decided(startup)
        self._set(started=True, ready=self._record.ready or "readinessProbe" not in spec)
        async with asyncio.TaskGroup() as probes:
            if readiness := spec.get("readinessProbe"):
                probes.create_task(self._watch(readiness, "Readiness", self._on_readiness))
            if liveness := spec.get("livenessProbe"):
                self._vital = probes.create_task(self._watch(liveness, "Liveness", self._on_liveness))

    async def _until_decided(self, probe: Object) -> None:
        """Run the startup probe until it passes; its failure for good kills the container, and this with it."""
        passed = asyncio.Event()

        def decide(ok: bool) -> None:
            if ok:
                passed.set()
            else:
                why = f"Container {self._record.name} failed startup probe, will be restarted"
                self._kill(why, probe.get("terminationGracePeriodSeconds"))

        self._vital = probing = asyncio.ensure_future(self._watch(probe, "Startup", decide))
        try:
            await passed.wait()
        finally:
            probing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await probing

    async def _watch(self, probe: Object, kind: str, decide: Callable[[bool], None]) -> None:
        """Probe periodically; call `decide` when enough results in a row agree."""
        clock = self._context.clock
        if delay := probe.get("initialDelaySeconds"):
            await clock.sleep(delay)
        else:
            await self._settle(probe)
        period, last, run = probe.get("periodSeconds") or 10, None, 0
        while True:
            ok = await self._attempt(probe, kind)
            run = run + 1 if ok is last else 1
            last = ok
            needed = probe.get("successThreshold") if ok else probe.get("failureThreshold") or 3
            if run >= (needed or 1):
                decide(ok)
            await clock.sleep(period)

    async def _settle(self, probe: Object) -> None:
        """Give the program a moment to listen, and not a whole period more when it was only that.

        A container runs here within milliseconds; a real kubelet looks at it up to a second after its start.
        """
        clock = self._context.clock
        end = clock.monotonic() + _SETTLE_SECONDS
        while clock.monotonic() < end:
            try:
                await perform(probe, self._context, self._record, timeout=probe.get("timeoutSeconds") or 1)
                return
            except ActionFailed:
                await clock.sleep(_SETTLE_POLL_SECONDS)

    async def _attempt(self, probe: Object, kind: str) -> bool:
        try:
            doubt = await perform(probe, self._context, self._record, timeout=probe.get("timeoutSeconds") or 1)
        except ActionFailed as error:
            self._context.event("Warning", "Unhealthy", f"{kind} probe failed: {error}", self._record)
            return False
        if doubt:
            self._context.event("Warning", "ProbeWarning", f"{kind} probe warning: {doubt}", self._record)
        return True

    def _on_readiness(self, ok: bool) -> None:
        self._set(started=True, ready=ok)

    def _on_liveness(self, ok: bool) -> None:
        if not ok:
            probe = self._record.spec["livenessProbe"]
            why = f"Container {self._record.name} failed liveness probe, will be restarted"
            self._kill(why, probe.get("terminationGracePeriodSeconds"))

    def _set(self, *, started: bool, ready: bool) -> None:
        if (self._record.started, self._record.ready) != (started, ready):
            self._record.started, self._record.ready = started, ready
            self._context.report()
