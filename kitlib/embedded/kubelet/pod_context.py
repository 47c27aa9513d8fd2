"""What the parts of one pod's worker share: the pod, its records, and the services of the node."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from kitlib.clock import Clock
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.times import format_time
from kitlib.embedded.kubelet.container_io import ContainerIO
from kitlib.embedded.kubelet.images.store import ImageStore
from kitlib.embedded.kubelet.record import ContainerRecord
from kitlib.embedded.kubelet.runtime import Runtime
from kitlib.embedded.kubelet.volumes.manager import VolumeManager
from kitlib.embedded.registry.client import Client

__all__ = ["PodContext"]


@dataclass(slots=True)
class PodContext:
    """One pod on this node.

    Args:
        pod: its newest state; the worker replaces it.
        client: the kubelet's client.
        runtime: runs its containers.
        images: the node's images.
        clock: the node's clock.
        volumes: its volumes.
        directory: files of its own on the node.
        log_directory: where its containers' logs go.
        report: writes the status if it has changed.
        records: its containers.
        shortage: why the node has no room for what the pod asks for now, as reason and message; None when it has.
        ip: "" before the sandbox exists.
        processes: the container whose processes all others join; "" when each has its own.
        streams: of the present or last instances of its containers, by name.
    """

    pod: Object
    client: Client
    runtime: Runtime
    images: ImageStore
    clock: Clock
    volumes: VolumeManager
    directory: Path
    log_directory: Path
    report: Callable[[], None]
    records: list[ContainerRecord]
    shortage: Callable[[], tuple[str, str] | None] = lambda: None
    ip: str = ""
    processes: str = ""
    streams: dict[str, ContainerIO] = field(default_factory=dict)

    @property
    def uid(self) -> str:
        """The pod's UID, which also names its sandbox."""
        return str(self.pod["metadata"]["uid"])

    @property
    def name(self) -> str:
        """The pod's name."""
        return str(self.pod["metadata"]["name"])

    @property
    def namespace(self) -> str:
        """The pod's namespace."""
        return str(self.pod["metadata"]["namespace"])

    def now(self) -> str:
        """The time as statuses show it."""
        return format_time(self.clock.now())

    def lookup(self, resource: str, name: str) -> Object | None:
        """Find an object the pod refers to."""
        namespace = "" if resource in ("nodes", "persistentvolumes") else self.namespace
        return self.client.find(resource, name, namespace) if name else None

    def event(
        self, kind: Literal["Normal", "Warning"], reason: str, message: str, record: ContainerRecord | None = None
    ) -> None:
        """Record an event about the pod, or about one of its containers."""
        self.client.event(self.pod, kind, reason, message, field_path=record.field_path if record else "")

    async def pause(self, record: ContainerRecord, seconds: float) -> None:
        """Wait, but no longer than until the container is defined anew."""
        waits = {asyncio.ensure_future(self.clock.sleep(seconds)), asyncio.ensure_future(record.changed.wait())}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def log_path(self, container: str, instance: int) -> Path:
        """Return the log file of one instance of a container."""
        return self.log_directory / container / f"{instance}.log"
