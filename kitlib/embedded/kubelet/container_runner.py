"""One container of a pod from its first start to its last end: start, probe, restart with back-off, stop.

Source: Kubernetes' "Pod Lifecycle" documentation (container states, restart policy, termination).
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import Any
from uuid import uuid4

from kitlib.embedded.kubelet.actions import ActionFailed, perform
from kitlib.embedded.kubelet.backoff import Backoff, go_duration
from kitlib.embedded.kubelet.container_io import ContainerIO
from kitlib.embedded.kubelet.container_spec import container_spec
from kitlib.embedded.kubelet.environment import ConfigError
from kitlib.embedded.kubelet.image_puller import pull
from kitlib.embedded.kubelet.images.store import PulledImage
from kitlib.embedded.kubelet.logs import ContainerLog
from kitlib.embedded.kubelet.node_files import forget_old_instances
from kitlib.embedded.kubelet.pod_context import PodContext
from kitlib.embedded.kubelet.prober import Prober
from kitlib.embedded.kubelet.record import ContainerKind, ContainerRecord
from kitlib.embedded.kubelet.runtime import ContainerSpec, Execution, RuntimeLost
from kitlib.embedded.kubelet.termination import START_FAILED, ended, launcher_complaint, never_started

__all__ = ["ContainerRunner"]

_CONFIG_RETRY_SECONDS = 2.0
_MINIMUM_KILL_SECONDS = 2.0
_NOTE_SECONDS = 1.0


class ContainerRunner:
    """Runs one container.

    Args:
        context: the pod.
        record: the container; kept up to date.
        sandbox_id: where it runs.
    """

    def __init__(self, context: PodContext, record: ContainerRecord, sandbox_id: str) -> None:
        self._context, self._record, self._sandbox_id = context, record, sandbox_id
        self._stopping = False
        self._stop_signal = signal.SIGTERM
        self._prober: Prober | None = None
        self._hurry = asyncio.Event()
        self._noted = asyncio.Event()
        self._stops: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Run the container until it will not be started again."""
        record, backoff = self._record, Backoff(first_at_once=True)
        if record.terminated:
            if not self._restarts(record.terminated["exitCode"]):
                return
            record.count_restart()
        while not self._stopping:
            image = await pull(self._context, record)
            if self._stopping:
                return
            began = self._context.clock.monotonic()
            try:
                code = await self._instance(image)
            except RuntimeLost:
                # The node is going down under us: the pod's worker starts everything anew, or ends us.
                await asyncio.Event().wait()
                return
            changed = record.changed.is_set()
            if self._stopping or not (changed or self._restarts(code)):
                return
            ran_for = self._context.clock.monotonic() - began
            await self._back_off(0.0 if changed else backoff.failed(ran_for=ran_for))
            if record.changed.is_set():
                backoff = Backoff(first_at_once=False)  # a new container's failures begin with this start

    async def stop(self, grace: float) -> None:
        """End the container: preStop hook, stop signal, and SIGKILL when the grace period is over."""
        self._stopping = True
        if self._prober is not None:
            self._prober.spare()
        if not self._record.running:
            return
        self._context.event("Normal", "Killing", f"Stopping container {self._record.name}", self._record)
        await self._end_instance(grace)
        # A pod's last status tells how each container ended; a lost runtime tells nothing.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_NOTE_SECONDS):
                await self._noted.wait()

    def hurry(self) -> None:
        """Kill at once what is being stopped: its grace period was cut short."""
        self._hurry.set()

    def _restarts(self, code: int) -> bool:
        if self._record.kind in (ContainerKind.SIDECAR, ContainerKind.EPHEMERAL):
            return self._record.kind is ContainerKind.SIDECAR
        policy = self._context.pod["spec"].get("restartPolicy", "Always")
        if self._record.kind is ContainerKind.INIT:
            return code != 0 and policy != "Never"
        return policy == "Always" or (policy == "OnFailure" and code != 0)

    async def _back_off(self, delay: float) -> None:
        record, context = self._record, self._context
        ended = record.state.get("terminated")
        if delay:
            where = f"pod={context.name}_{context.namespace}({context.uid})"
            message = f"back-off {go_duration(delay)} restarting failed container={record.name} {where}"
            record.last_state = {"terminated": ended} if ended else {}
            record.state = {"waiting": {"reason": "CrashLoopBackOff", "message": message}}
            context.event(
                "Warning",
                "BackOff",
                f"Back-off restarting failed container {record.name} in pod {where.removeprefix('pod=')}",
                record,
            )
            context.report()
            await context.pause(record, delay)
        elif ended:
            record.last_state = {"terminated": ended}
        record.restart_count += 1

    async def _instance(self, image: PulledImage) -> int:
        """Start the container once; return its exit code after its end."""
        record, context = self._record, self._context
        wanted = (record.spec.get("lifecycle") or {}).get("stopSignal") or image.image.stop_signal
        self._stop_signal = signal.Signals[wanted]
        record.actual = record.allocated
        spec, io = await self._prepared(image)
        record.image_id, record.container_id = image.id, f"kit://{spec.id}"
        context.event("Normal", "Created", "Container created", record)
        started = context.now()
        try:
            execution = await context.runtime.run_container(spec, io.open())
        except (RuntimeLost, asyncio.CancelledError):
            io.close()
            raise
        except OSError as error:
            io.close()
            await io.log.drained()
            return self._start_failed(str(error), started)
        self._noted.clear()
        record.execution, record.state = execution, {"running": {"startedAt": started}}
        context.event("Normal", "Started", "Container started", record)
        beside = [asyncio.ensure_future(self._after_start()), asyncio.ensure_future(self._follow_definition())]
        try:
            code = await asyncio.shield(execution.exited)
        finally:
            io.close()
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
        await io.log.drained()
        self._ended(execution, code, started)
        return code

    def _open_streams(self) -> ContainerIO:
        record, context = self._record, self._context
        path = context.log_path(record.name, record.restart_count)
        log = ContainerLog(path, context.clock)
        forget_old_instances(path.parent, record.restart_count)
        context.streams[record.name] = ContainerIO(record.spec, log)
        return context.streams[record.name]

    async def _follow_definition(self) -> None:
        """End the instance when the container is defined anew; an init container's next run is soon enough."""
        if self._record.kind is not ContainerKind.INIT:
            await self._record.changed.wait()
            self._kill(self._record.why_changed)

    async def _prepared(self, image: PulledImage) -> tuple[ContainerSpec, ContainerIO]:
        """Return the runtime's spec, as soon as everything it refers to is there, and the instance's streams."""
        record, context = self._record, self._context
        name = f"{context.uid}-{record.name}-{uuid4().hex[:8]}"
        while True:
            try:
                spec = container_spec(context, record, image, container_id=name, sandbox_id=self._sandbox_id)
                return spec, self._open_streams()
            except ConfigError as error:
                reason, message = "CreateContainerConfigError", str(error)
            except OSError as error:  # no room for its files
                reason, message = "CreateContainerError", str(error)
            record.state = {"waiting": {"reason": reason, "message": message}}
            context.event("Warning", "Failed", f"Error: {message}", record)
            context.report()
            await context.clock.sleep(_CONFIG_RETRY_SECONDS)

    async def _after_start(self) -> None:
        """PostStart first, then the probes; the container is not ready before."""
        record, context = self._record, self._context
        hook = (record.spec.get("lifecycle") or {}).get("postStart")
        if hook:
            context.report()
            try:
                await perform(hook, context, record, timeout=600.0)
            except ActionFailed as error:
                context.event("Warning", "FailedPostStartHook", f"PostStartHook failed: {error}", record)
                self._kill("FailedPostStartHook")
                return
        if "startupProbe" not in record.spec:
            record.started = True
            record.ready = "readinessProbe" not in record.spec
        context.report()
        self._prober = Prober(context, record, self._kill)
        await self._prober.run()

    def _kill(self, why: str, seconds: int | None = None) -> None:
        """End this instance because a probe or a hook failed; it is restarted as after a crash."""
        if self._stopping:
            return  # the pod is going: what fails now fails because of that
        self._context.event("Normal", "Killing", why, self._record)
        pods = self._context.pod["spec"].get("terminationGracePeriodSeconds", 30)
        grace = float(pods if seconds is None else seconds)
        task = asyncio.ensure_future(self._end_instance(grace))
        self._stops.add(task)
        task.add_done_callback(self._stops.discard)

    async def _end_instance(self, grace: float) -> None:
        record, context, execution = self._record, self._context, self._record.execution
        if execution is None:
            return
        began = context.clock.monotonic()
        hook = (record.spec.get("lifecycle") or {}).get("preStop")
        if hook and grace > 0:
            try:
                await perform(hook, context, record, timeout=grace)
            except ActionFailed as error:
                context.event("Warning", "FailedPreStopHook", f"PreStopHook failed: {error}", record)
            grace = max(_MINIMUM_KILL_SECONDS, grace - (context.clock.monotonic() - began))
        try:
            if grace > 0:
                await context.runtime.signal(execution.id, self._stop_signal)
                await self._wait_or_hurry(execution, grace)
            if not execution.exited.done():
                await context.runtime.signal(execution.id, signal.SIGKILL)
                await asyncio.shield(execution.exited)
        except RuntimeLost:
            return

    async def _wait_or_hurry(self, execution: Execution, grace: float) -> None:
        patience = asyncio.ensure_future(self._context.clock.sleep(grace))
        hurry = asyncio.ensure_future(self._hurry.wait())
        ends: set[asyncio.Future[Any]] = {execution.exited, patience, hurry}
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            patience.cancel()
            hurry.cancel()

    def _ended(self, execution: Execution, code: int, started: str) -> None:
        record, context = self._record, self._context
        record.execution, record.ready, record.started = None, False, False
        record.state = ended(context, record, execution, code, started)
        self._noted.set()
        context.report()

    def _start_failed(self, message: str, started: str) -> int:
        record, context = self._record, self._context
        why = launcher_complaint(context, record) or message
        text = f"failed to create containerd task: failed to create shim task: {why}"
        context.event("Warning", "Failed", f"Error: {text}", record)
        record.state = never_started(context, record, text, started)
        context.report()
        return START_FAILED
