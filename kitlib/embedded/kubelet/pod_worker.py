"""One pod on this node, from binding to removal: volumes, sandbox, init containers, containers, termination.

Source: the kubelet's pod worker.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any, Literal

import orjson

from kitlib.embedded.apimachinery.objects import Object, is_terminating
from kitlib.embedded.apimachinery.status import StatusError
from kitlib.embedded.kubelet.container_runner import ContainerRunner
from kitlib.embedded.kubelet.container_spec import kernel_hostname, memory_limit, write_network_files
from kitlib.embedded.kubelet.deadline import ActiveDeadline
from kitlib.embedded.kubelet.environment import ConfigError
from kitlib.embedded.kubelet.node_status import NodeIdentity
from kitlib.embedded.kubelet.pause import hold_processes
from kitlib.embedded.kubelet.pod_context import PodContext
from kitlib.embedded.kubelet.reasons import pod_reasons
from kitlib.embedded.kubelet.record import ContainerKind, ContainerRecord, ephemeral_record, find_container, records_of
from kitlib.embedded.kubelet.resizing import needs_restart, to_resize
from kitlib.embedded.kubelet.runtime import RuntimeLost, SandboxSpec
from kitlib.embedded.kubelet.status import PodFacts, pod_status
from kitlib.embedded.kubelet.volumes.manager import MountError
from kitlib.embedded.kubelet.volumes.removal import remove_tree

__all__ = ["PodWorker"]

_MOUNT_RETRY_SECONDS = 1.0
_SANDBOX_RETRY_SECONDS = 10.0
_FORCED_GRACE_SECONDS = 2.0
_DELETE_RETRY_SECONDS = 1.0
_SERVERS_FAULT = 500
_DEADLINE_EXCEEDED = "Pod was active on the node longer than the specified deadline"
_log = logging.getLogger(__name__)


class PodWorker:
    """Runs one pod.

    Args:
        context: the pod; its `report` is replaced by this worker's.
        node: where it runs.
    """

    def __init__(self, context: PodContext, *, node: NodeIdentity) -> None:
        self.context = context
        self._node = node
        self._runners: dict[str, ContainerRunner] = {}
        self._terminate = asyncio.Event()
        self._forced = False
        self._finished = context.pod.get("status", {}).get("phase") in ("Succeeded", "Failed")
        self._sandboxes = 0
        self._life: asyncio.Task[None] | None = None
        self._deadline = ActiveDeadline(context.clock, self._deadline_passed)
        self._failing: asyncio.Task[None] | None = None
        self._failure: tuple[str, str] | None = None
        self._sidecars: list[asyncio.Task[None]] = []
        self._ephemeral: list[asyncio.Task[None]] = []
        self._unsaid = False
        self._resizing: set[asyncio.Task[None]] = set()
        self._resize_pending: tuple[str, str] | None = None
        context.report = self.report
        self.update(context.pod)

    @property
    def sandbox_id(self) -> str:
        """The pod's present sandbox; a pod gets a new one when the runtime was lost."""
        return f"{self.context.uid}.{self._sandboxes}"

    def update(self, pod: Object) -> None:
        """Take the pod's newest state; never writes."""
        old_grace, told = self.context.pod["metadata"].get("deletionGracePeriodSeconds"), _told(self.context.pod)
        if pod["metadata"].get("generation") != self.context.pod["metadata"].get("generation"):
            # A handler must not write: the status says in the loop's next round that this generation was seen.
            asyncio.get_running_loop().call_soon(self.report)
        self.context.pod = pod
        if _told(pod) != told:
            self.context.volumes.refresh(pod)
        for record in self.context.records:
            record.define(find_container(pod, record.name) or record.spec)
        self._deadline.follow(pod)
        if not is_terminating(pod):
            self._add_ephemeral()
            if to_resize(self.context.records) or self._resize_pending:
                asyncio.get_running_loop().call_soon(self.resize)
            return
        grace = pod["metadata"].get("deletionGracePeriodSeconds") or 0
        if self._terminate.is_set() and old_grace is not None and grace < old_grace:
            self.context.clock.call_later(grace, self._hurry)
        self._terminate.set()

    def removed(self) -> None:
        """The object was removed by force: end the containers without telling anybody."""
        self._forced = True
        self._terminate.set()
        self.context.clock.call_later(_FORCED_GRACE_SECONDS, self._hurry)

    async def kill(self) -> None:
        """End the processes and forget the pod without a word to anybody: its node has lost power."""
        self._forced = True
        self._deadline.cancel()
        tasks = [task for task in (self._life, self._failing, *self._sidecars, *self._ephemeral) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with contextlib.suppress(RuntimeLost, OSError):
            await self.context.runtime.remove_sandbox(self.sandbox_id)
        for streams in self.context.streams.values():
            streams.log.close()

    async def shut_down(self, seconds: float) -> None:
        """End the containers with their grace because the node goes down; the pod begins again when it is back.

        Args:
            seconds: no container gets more.
        """
        if self._finished or self._terminate.is_set():
            return
        self._forced = True  # nothing of this is the pod's status
        self._deadline.cancel()
        grace = float(self.context.pod["spec"].get("terminationGracePeriodSeconds", 30))
        await self._stop_everything(min(grace, seconds))

    def restart(self) -> None:
        """The runtime is new and empty: begin again, as after a reboot of the node."""
        ending = self._terminate.is_set() or self._failing is not None or self._finished
        if self._life is not None and not ending:
            self._life.cancel()
            self._begin_again()

    def look_after(self) -> None:
        """Do what is due by and by: what was not said, tokens, resizes that had no room, volumes that are too full."""
        if self._unsaid:
            self.report()
        if self._finished or self._terminate.is_set() or self._failing is not None:
            return
        self.context.volumes.renew_tokens(self.context.pod)
        self.resize()
        if self.context.ip and (why := self.context.volumes.overfull(self.context.pod)):
            self._failing = asyncio.ensure_future(self._fail("Evicted", why, kind="Warning"))

    async def run(self) -> None:
        """Run the pod until it is gone from this node."""
        # After a restart of the node a pod may be on its way out already: it is not started again to be ended.
        if not self._finished and not self._terminate.is_set():
            self._life = asyncio.ensure_future(self._live())
        try:
            await self._terminate.wait()
        finally:
            self._deadline.cancel()
        if self._failing is not None:
            await self._failing
        await self._end()

    def report(self) -> None:
        """Write the pod's status if it has changed."""
        if self._forced:
            return
        context = self.context
        facts = PodFacts(
            context.now(),
            self._node.address,
            context.ip,
            bool(context.ip),
            self._finished,
            self._failure,
            self._resize_pending,
        )
        status = pod_status(context.pod, context.records, facts)
        if status == context.pod.get("status"):
            return
        meta = {k: v for k, v in context.pod["metadata"].items() if k != "resourceVersion"}
        try:
            context.client.update("pods", {**context.pod, "metadata": meta, "status": status}, subresource="status")
        except StatusError as error:
            self._unsaid = error.code >= _SERVERS_FAULT  # else the pod is gone, or is another one by now
            return
        self._unsaid = False
        context.client.explain(f"{context.namespace}/{context.name}", pod_reasons(context.pod, status))

    # -- living ------------------------------------------------------------------------------------------------------

    async def _live(self) -> None:
        while True:
            try:
                await self._live_in_sandbox()
                return
            except RuntimeLost:
                return  # `restart` begins again as soon as there is a runtime
            except Exception as error:
                where, known = f"{self.context.namespace}/{self.context.name}", isinstance(error, OSError)
                _log.warning("pod %s: %s", where, error, exc_info=not known)
                why = f"Failed to create pod sandbox: {error}"
                self.context.event("Warning", "FailedCreatePodSandBox", why)
            with contextlib.suppress(RuntimeLost, OSError):
                await self.context.runtime.remove_sandbox(self.sandbox_id)
            self._forget_instances()
            await self.context.clock.sleep(_SANDBOX_RETRY_SECONDS)

    async def _live_in_sandbox(self) -> None:
        context = self.context
        self.report()
        await self._set_up_volumes()
        self._sandboxes += 1
        host_network = bool(context.pod["spec"].get("hostNetwork"))
        hostname = context.pod["spec"]["nodeName"] if host_network else await self._hostname()
        sandbox = SandboxSpec(
            id=self.sandbox_id, hostname=hostname, network=self._node.pod_network, host_network=host_network
        )
        context.ip = await context.runtime.run_sandbox(sandbox) or self._node.address
        write_network_files(context.directory / "etc", context.pod, context.ip)
        if context.pod["spec"].get("shareProcessNamespace"):
            context.processes = await hold_processes(context, self.sandbox_id)
        self._runners = {r.name: ContainerRunner(context, r, self.sandbox_id) for r in context.records}
        for record in context.records:
            self._start_ephemeral(record)
        self.report()
        if not await self._initialize():
            self._finish()
            return
        mains = [r for r in context.records if r.kind is ContainerKind.MAIN]
        for record in mains:
            if record.state.get("waiting", {}).get("reason") == "PodInitializing":
                record.state = {"waiting": {"reason": "ContainerCreating"}}
        async with asyncio.TaskGroup() as running:
            for record in mains:
                running.create_task(self._runners[record.name].run())
        await self._stop_sidecars(float(context.pod["spec"].get("terminationGracePeriodSeconds", 30)))
        await self._stop_ephemeral()
        self._finish()

    async def _set_up_volumes(self) -> None:
        """Prepare the volumes; whatever is missing is waited for, with one event for each new reason."""
        while True:
            try:
                self.context.volumes.set_up(self.context.pod)
                return
            except MountError as error:
                self.context.event("Warning", "FailedMount", str(error))
            await self.context.clock.sleep(_MOUNT_RETRY_SECONDS)

    async def _hostname(self) -> str:
        """Return the pod's hostname; one that can't be keeps the pod from starting."""
        while True:
            try:
                return kernel_hostname(self.context.pod)
            except ConfigError as error:
                self.context.event("Warning", "FailedCreatePodSandBox", f"Failed to create pod sandbox: {error}")
            await self.context.clock.sleep(_SANDBOX_RETRY_SECONDS)

    async def _initialize(self) -> bool:
        """Run init containers one after the other, start sidecars in between; False if one has failed for good."""
        for record in self.context.records:
            if record.kind is ContainerKind.INIT:
                if record.terminated and record.terminated["exitCode"] == 0:
                    record.count_restart()
                    record.state = {"waiting": {"reason": "PodInitializing"}}  # a new sandbox initializes anew
                await self._runners[record.name].run()
                if record.terminated is None or record.terminated["exitCode"] != 0:
                    return False
                record.ready = True
                self.report()
            elif record.kind is ContainerKind.SIDECAR:
                self._sidecars.append(asyncio.ensure_future(self._runners[record.name].run()))
                await self._wait_started(record)
        return True

    async def _wait_started(self, record: ContainerRecord) -> None:
        while not record.started:
            await self.context.clock.sleep(0.05)

    async def _stop_sidecars(self, grace: float) -> None:
        for record in reversed(self.context.records):
            if record.kind is ContainerKind.SIDECAR:
                await self._runners[record.name].stop(grace)

    @property
    def finished(self) -> bool:
        """Whether nothing of the pod will run any more."""
        return self._finished

    def resize(self) -> None:
        """Give the containers what the spec asks for now, if the node has room; else say why it has none."""
        wanted = to_resize(self.context.records)
        if self._finished or self._terminate.is_set() or not (wanted or self._resize_pending):
            return
        pending = self.context.shortage() if wanted else None
        if pending and pending != self._resize_pending:
            reason, message = pending
            self._tell_resize("Warning", f"Resize{reason}", f"Pod resize {reason}", wanted, error=message)
        self._resize_pending = pending
        if wanted and not pending:
            self._tell_resize("Normal", "ResizeStarted", "Pod resize started", wanted)
            for record in wanted:
                record.allocated = record.spec.get("resources") or {}
            task = asyncio.ensure_future(self._apply_resize(wanted))
            self._resizing.add(task)
            task.add_done_callback(self._resizing.discard)
        self.report()

    async def _apply_resize(self, wanted: list[ContainerRecord]) -> None:
        restarting = [record for record in wanted if record.running and needs_restart(record)]
        for record in wanted:
            if record in restarting:
                record.why_changed = f"Container {record.name} resize requires restart"
                record.changed.set()
            elif record.execution is not None:
                record.actual = record.allocated
                with contextlib.suppress(RuntimeLost):
                    await self.context.runtime.limit_memory(record.execution.id, memory_limit(record))
        if not restarting:
            self._tell_resize("Normal", "ResizeCompleted", "Pod resize completed", wanted)
        self.report()

    def _tell_resize(
        self, kind: Literal["Normal", "Warning"], reason: str, text: str, wanted: list[ContainerRecord], **more: str
    ) -> None:
        containers = [{"name": r.name, "resources": r.spec.get("resources") or {}} for r in wanted]
        generation = self.context.pod["metadata"].get("generation", 1)
        details = orjson.dumps({"containers": containers, "generation": generation, **more}).decode()
        self.context.event(kind, reason, f"{text}: {details}")

    def _add_ephemeral(self) -> None:
        """Start what was added to the running pod for a look; before it runs, it starts with the pod."""
        known = {record.name for record in self.context.records}
        for container in self.context.pod["spec"].get("ephemeralContainers") or ():
            if container["name"] not in known:
                record = ephemeral_record(container)
                self.context.records.append(record)
                if self._runners and not self._finished and not self._terminate.is_set():
                    self._runners[record.name] = ContainerRunner(self.context, record, self.sandbox_id)
                    self._start_ephemeral(record)

    def _start_ephemeral(self, record: ContainerRecord) -> None:
        """Start an ephemeral container beside all others; none is ever started twice."""
        if record.kind is ContainerKind.EPHEMERAL and not record.terminated:
            self._ephemeral.append(asyncio.ensure_future(self._runners[record.name].run()))

    async def _stop_ephemeral(self) -> None:
        """End them with the pod's own containers: their sandbox goes."""
        ephemeral = [self._runners[r.name] for r in self.context.records if r.kind is ContainerKind.EPHEMERAL]
        await asyncio.gather(*(runner.stop(_FORCED_GRACE_SECONDS) for runner in ephemeral))

    def _finish(self) -> None:
        self._finished = True
        self.report()

    def _begin_again(self) -> None:
        self._forget_instances()
        self._life = asyncio.ensure_future(self._live())

    def _forget_instances(self) -> None:
        """Take everything that ran for ended, as it is after a reboot of the node."""
        for beside in (*self._sidecars, *self._ephemeral):
            beside.cancel()
        self._sidecars, self._ephemeral = [], []
        self._runners = {}
        self.context.ip = ""
        status = {k: v for k, v in self.context.pod.get("status", {}).items() if k not in ("podIP", "podIPs")}
        self.context.pod = {**self.context.pod, "status": status}
        self.context.records[:] = records_of(self.context.pod, now=self.context.now())

    # -- ending ------------------------------------------------------------------------------------------------------

    def _hurry(self) -> None:
        for runner in self._runners.values():
            runner.hurry()

    async def _end(self) -> None:
        context = self.context
        grace = float(context.pod["metadata"].get("deletionGracePeriodSeconds") or 0)
        await self._stop_everything(_FORCED_GRACE_SECONDS if self._forced else grace)
        self._finish()
        with contextlib.suppress(RuntimeLost, OSError):
            await context.runtime.remove_sandbox(self.sandbox_id)
        for streams in context.streams.values():
            streams.log.close()
        context.volumes.tear_down()
        remove_tree(context.directory)
        await self._remove_object()
        remove_tree(context.log_directory)

    async def _remove_object(self) -> None:
        """Tell the API that nothing of the pod is left; nobody else will."""
        context = self.context
        while not self._forced:
            try:
                context.client.delete("pods", context.name, context.namespace, grace_period_seconds=0, uid=context.uid)
                return
            except StatusError as error:
                if error.code < _SERVERS_FAULT:
                    return  # it is gone, or is another one by now
            await context.clock.sleep(_DELETE_RETRY_SECONDS)

    async def _stop_everything(self, grace: float) -> None:
        """Stop main and init containers together, then sidecars, last first, in what is left of the time."""
        context = self.context
        began = context.clock.monotonic()
        others = [
            self._runners[r.name] for r in context.records if r.kind is not ContainerKind.SIDECAR and self._runners
        ]
        await asyncio.gather(*(runner.stop(grace) for runner in others))
        if self._runners:
            await self._stop_sidecars(max(0.0, grace - (context.clock.monotonic() - began)))
        await self._cancel_life()

    def _deadline_passed(self) -> None:
        if not self._finished and not self._terminate.is_set():
            self._failing = asyncio.ensure_future(self._fail("DeadlineExceeded", _DEADLINE_EXCEEDED))

    async def _fail(self, reason: str, message: str, *, kind: Literal["Normal", "Warning"] = "Normal") -> None:
        """End the containers for good and leave a failed pod behind."""
        self.context.event(kind, reason, message)
        await self._stop_everything(float(self.context.pod["spec"].get("terminationGracePeriodSeconds", 30)))
        self._failure = (reason, message)
        self._finish()

    async def _cancel_life(self) -> None:
        tasks = [task for task in (self._life, *self._sidecars, *self._ephemeral) if task is not None]
        # Let runners note how their containers ended before they are cut off.
        if tasks:
            await asyncio.wait(tasks, timeout=0.05)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _told(pod: Object) -> tuple[Any, Any]:
    """What volumes of the downward API show and users change."""
    return pod["metadata"].get("labels"), pod["metadata"].get("annotations")
