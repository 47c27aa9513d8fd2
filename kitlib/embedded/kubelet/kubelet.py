"""The kubelet of one node: a worker for every pod bound to it, the node's heartbeat, and streams into its pods."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path

from kitlib.clock import Clock
from kitlib.embedded.apimachinery.objects import Object, deep_copy, is_terminating
from kitlib.embedded.apimachinery.status import StatusError
from kitlib.embedded.apimachinery.times import format_time
from kitlib.embedded.kubelet.admission import rejection
from kitlib.embedded.kubelet.images.store import ImageStore
from kitlib.embedded.kubelet.logs import read_log
from kitlib.embedded.kubelet.node_files import NodeFiles
from kitlib.embedded.kubelet.node_status import NodeIdentity, NodeStatus
from kitlib.embedded.kubelet.pod_context import PodContext
from kitlib.embedded.kubelet.pod_worker import PodWorker
from kitlib.embedded.kubelet.record import records_of
from kitlib.embedded.kubelet.resizing import shortage
from kitlib.embedded.kubelet.runtime import Runtime, StartError
from kitlib.embedded.kubelet.streams import AttachSession, ExecSession, start_session
from kitlib.embedded.kubelet.volumes.manager import VolumeManager
from kitlib.embedded.kubelet.volumes.projection import TokenSource
from kitlib.embedded.registry.client import Client
from kitlib.embedded.storage.event import Event

__all__ = ["Kubelet"]

_PROJECTED_FROM = ("configmaps", "secrets")


class Kubelet:
    """Runs the pods of one node.

    Args:
        client: its client; events carry the node's name.
        runtime: runs containers; nodes of one cluster may share it.
        images: the images of the machine.
        node: which node.
        state_dir: its files: volumes, logs, what hostPath sees.
        clock: its clock.
        token_source: makes service-account tokens for pods.
        worker: what runs a pod; hollow nodes have another one.

    Example:
        kubelet = Kubelet(client=client, runtime=runtime, images=images, node=NodeIdentity("n1"), ...)
        await kubelet.start()
    """

    def __init__(
        self,
        *,
        client: Client,
        runtime: Runtime,
        images: ImageStore,
        node: NodeIdentity,
        state_dir: Path,
        clock: Clock,
        token_source: TokenSource,
        worker: type[PodWorker] = PodWorker,
    ) -> None:
        self._client, self._runtime, self._images = client, runtime, images
        self._name, self._files, self._clock, self._token = node.name, NodeFiles(state_dir), clock, token_source
        self._worker_type = worker
        self._identity, self._node = node, NodeStatus(client, node, clock)
        self._workers: dict[str, PodWorker] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._subscriptions: list[Callable[[], None]] = []
        self._beating: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()

    async def start(self) -> None:
        """Register the node and start its pods."""
        self._files.prepare(self._client.list("pods"))
        self._runtime.on_restart(self._on_runtime_restart)
        await self._runtime.add_address(self._identity.address)
        self._connect()

    async def stop(self) -> None:
        """Let go of the pods; the runtime's end ends their processes."""
        self.disconnect()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def shut_down(self, seconds: float) -> None:
        """End the pods with their grace, those that are being deleted too, in so many seconds at most."""
        leaving = [self._tasks[uid] for uid, worker in self._workers.items() if is_terminating(worker.context.pod)]
        ends = [asyncio.ensure_future(worker.shut_down(seconds)) for worker in self._workers.values()]
        if leaving or ends:
            await asyncio.wait([*leaving, *ends], timeout=seconds)
        for end in ends:
            end.cancel()
        await asyncio.gather(*ends, return_exceptions=True)

    # -- failing on purpose ------------------------------------------------------------------------------------------

    def disconnect(self) -> None:
        """Hear nothing of the API any more, and send no heartbeat; the pods go on."""
        for cancel in self._subscriptions:
            cancel()
        self._subscriptions.clear()
        if self._beating is not None:
            self._beating.cancel()
            self._beating = None

    def reconnect(self) -> None:
        """Catch up with what has happened, and say how the pods are."""
        if self._beating is None:
            self._connect()
            present = {pod["metadata"]["uid"] for pod in self._client.list("pods")}
            for uid, worker in list(self._workers.items()):
                if uid in present:
                    worker.report()
                else:
                    worker.removed()
        else:
            self._node.register()

    async def power_off(self) -> None:
        """End the pods' processes without a word to anybody."""
        workers = list(self._workers.values())
        await self.stop()
        for worker in workers:
            await worker.kill()

    def _connect(self) -> None:
        self._node.register()
        self._beating = asyncio.ensure_future(self._beat())
        self._subscriptions.append(self._client.subscribe("pods", self._on_pod))
        for resource in _PROJECTED_FROM:
            self._subscriptions.append(self._client.subscribe(resource, self._on_source, replay=False))

    # -- pods --------------------------------------------------------------------------------------------------------

    def _on_pod(self, event: Event) -> None:
        pod = event.object
        if pod["spec"].get("nodeName") != self._name:
            return
        worker = self._workers.get(pod["metadata"]["uid"])
        if event.type == "DELETED":
            self._client.explain(f"{pod['metadata']['namespace']}/{pod['metadata']['name']}", ())
            if worker is not None:
                worker.removed()
        elif worker is not None:
            worker.update(pod)
        else:
            # A handler must not write, and admission may: the worker begins in the loop's next round.
            self._loop.call_soon(self._admit, pod)

    def _admit(self, pod: Object) -> None:
        uid, meta = pod["metadata"]["uid"], pod["metadata"]
        current = self._client.find("pods", meta["name"], meta["namespace"])
        if current is None or current["metadata"]["uid"] != uid or uid in self._workers:
            return
        node = self._client.find("nodes", self._name) or {}
        others = (worker.context.pod for worker in self._workers.values())
        reason = rejection(current, others, node.get("status", {}).get("allocatable") or {})
        if reason and current.get("status", {}).get("phase") == "Pending":
            self._reject(current, *reason)
            current = self._client.get("pods", meta["name"], meta["namespace"])
        worker = self._worker_type(self._context(current), node=self._identity)
        self._workers[uid] = worker
        self._tasks[uid] = asyncio.ensure_future(self._run(uid, worker))

    def _reject(self, pod: Object, reason: str, message: str) -> None:
        rejected = deep_copy(pod)
        generation = pod["metadata"].get("generation", 1)
        status = {"phase": "Failed", "reason": reason, "message": message, "observedGeneration": generation}
        rejected["status"] |= status
        with contextlib.suppress(StatusError):
            self._client.update("pods", rejected, subresource="status")
        self._client.event(pod, "Warning", reason, message)

    async def _run(self, uid: str, worker: PodWorker) -> None:
        try:
            await worker.run()
        finally:
            self._workers.pop(uid, None)
            self._tasks.pop(uid, None)
            for left in self._workers.values():
                left.resize()

    def _context(self, pod: Object) -> PodContext:
        directory = self._files.pod(pod)
        context: PodContext = PodContext(
            pod=pod,
            client=self._client,
            runtime=self._runtime,
            images=self._images,
            clock=self._clock,
            volumes=VolumeManager(
                directory / "volumes",
                host_files=self._files.host,
                lookup=lambda resource, name: context.lookup(resource, name),
                token=self._token,
                clock=self._clock,
            ),
            directory=directory,
            log_directory=self._files.logs(pod),
            report=lambda: None,
            records=records_of(pod, now=format_time(self._clock.now())),
            shortage=lambda: self._shortage(context),
        )
        return context

    def _shortage(self, context: PodContext) -> tuple[str, str] | None:
        """Compare what a pod asks for with what the node's other pods leave."""
        others = [
            worker.context.records
            for worker in self._workers.values()
            if worker.context is not context and not worker.finished
        ]
        node = self._client.find("nodes", self._name) or {}
        return shortage(context.records, others, (node.get("status") or {}).get("allocatable") or {})

    def _on_source(self, event: Event) -> None:
        """A ConfigMap or Secret has changed: volumes made from it follow."""
        namespace = event.object["metadata"]["namespace"]
        for worker in self._workers.values():
            if worker.context.namespace == namespace:
                self._loop.call_soon(worker.context.volumes.refresh, worker.context.pod)

    def _on_runtime_restart(self) -> None:
        for worker in list(self._workers.values()):
            worker.restart()

    async def _beat(self) -> None:
        while True:
            await self._clock.sleep(self._identity.lease_seconds)
            with contextlib.suppress(StatusError):
                self._node.renew()
            for worker in list(self._workers.values()):
                worker.look_after()

    # -- streams (apiserver.streams.Node) ----------------------------------------------------------------------------

    async def logs(
        self,
        namespace: str,
        pod: str,
        container: str,
        *,
        follow: bool = False,
        previous: bool = False,
        tail_lines: int | None = None,
        since_time: datetime | None = None,
        timestamps: bool = False,
        limit_bytes: int | None = None,
    ) -> AsyncIterator[bytes]:
        """Yield a container's log; LookupError when there is none."""
        found = self._client.get("pods", pod, namespace)
        worker = self._workers.get(found["metadata"]["uid"])
        path = self._files.log(found, container, previous=previous)
        io = worker.context.streams.get(container) if worker else None
        lines = read_log(
            path,
            io.log if io and io.log.path == path else None,
            follow=follow,
            tail_lines=tail_lines,
            since_time=since_time,
            timestamps=timestamps,
            limit_bytes=limit_bytes,
        )
        async for chunk in lines:
            yield chunk

    async def exec(
        self, namespace: str, pod: str, container: str, command: list[str], *, stdin: bool, tty: bool
    ) -> ExecSession:
        """Start a command in a running container; LookupError when it does not run, OSError when it can't start."""
        try:
            return await start_session(
                self._runtime, self._running(namespace, pod, container), command, stdin=stdin, tty=tty
            )
        except StartError as error:
            raise OSError(str(error)) from error

    async def attach(self, namespace: str, pod: str, container: str, *, stdin: bool, tty: bool) -> AttachSession:
        """Join a running container's own streams; LookupError when it does not run."""
        self._running(namespace, pod, container)
        worker = self._worker(namespace, pod)
        record = next(r for r in worker.context.records if r.name == container)
        if record.execution is None:
            raise LookupError(f"container {container} does not run")
        return AttachSession(worker.context.streams[container], record.execution, stdin=stdin)

    async def connect(self, namespace: str, pod: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to a port of a pod's own localhost; OSError when nobody listens."""
        worker = self._worker(namespace, pod)
        connection = await self._runtime.dial_in_sandbox(worker.sandbox_id, port)
        return await asyncio.open_connection(sock=connection)

    async def dial(self, address: str, port: int) -> socket.socket:
        """Connect to an address of the pod network; OSError as connect does."""
        return await self._runtime.dial(address, port)

    def _worker(self, namespace: str, pod: str) -> PodWorker:
        found = self._client.get("pods", pod, namespace)
        worker = self._workers.get(found["metadata"]["uid"])
        if worker is None:
            raise LookupError(f"pod {pod} does not run on node {self._name}")
        return worker

    def _running(self, namespace: str, pod: str, container: str) -> str:
        for record in self._worker(namespace, pod).context.records:
            if record.name == container and record.execution is not None:
                return record.execution.id
        raise LookupError(f'container not found ("{container}"): it does not run in pod "{pod}"')
