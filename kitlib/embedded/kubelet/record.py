"""What the kubelet knows of one container of a pod; the container status in the API is a view of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.kubelet.runtime import EXIT_LOST, Execution

__all__ = ["ContainerKind", "ContainerRecord", "ephemeral_record", "find_container", "records_of"]


class ContainerKind(Enum):
    """When a container runs in its pod's life."""

    INIT = "init"
    SIDECAR = "sidecar"
    MAIN = "main"
    EPHEMERAL = "ephemeral"


_GROUPS = {ContainerKind.MAIN: "containers", ContainerKind.EPHEMERAL: "ephemeralContainers"}
_STATUSES = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")


@dataclass(slots=True)
class ContainerRecord:
    """One container and its present state.

    Args:
        spec: the container of the pod's spec.
        kind: when it runs.
        state: as in the API: one of `waiting`, `running`, `terminated`.
        last_state: the previous end, in the same form; empty at first.
        restart_count: how often it was started again.
        started: whether the startup probe has passed (or there is none and it runs).
        ready: whether it counts as ready.
        image_id: what really runs.
        container_id: `kit://...`, of the present or last instance.
        execution: the running instance, if any.
        changed: set when it must start anew: its image is another than what runs or is tried, or it is resized so.
        why_changed: what is told of that.
        allocated: the resources the node has given it; what its spec asks for may be pending.
        actual: the resources it runs with, or will start with.
    """

    spec: Object
    kind: ContainerKind
    state: Object = field(default_factory=lambda: {"waiting": {"reason": "PodInitializing"}})
    last_state: Object = field(default_factory=dict)
    restart_count: int = 0
    started: bool = False
    ready: bool = False
    image_id: str = ""
    container_id: str = ""
    execution: Execution | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    why_changed: str = ""
    allocated: Object = field(default_factory=dict)
    actual: Object = field(default_factory=dict)

    def __post_init__(self) -> None:
        """A new container gets what it asks for: the scheduler saw to it."""
        self.allocated = self.actual = self.spec.get("resources") or {}

    @property
    def name(self) -> str:
        """The container's name."""
        return str(self.spec["name"])

    @property
    def field_path(self) -> str:
        """How events name the container."""
        return f"spec.{_GROUPS.get(self.kind, 'initContainers')}{{{self.name}}}"

    @property
    def running(self) -> bool:
        """Whether it runs now."""
        return "running" in self.state

    @property
    def terminated(self) -> Object | None:
        """How it ended, if it has ended and was not started again."""
        found: Any = self.state.get("terminated")
        return found if isinstance(found, dict) else None

    def define(self, spec: Object) -> None:
        """Take over the container's newest definition."""
        if spec["image"] != self.spec["image"]:
            self.why_changed = f"Container {self.name} definition changed, will be restarted"
            self.changed.set()
        self.spec = spec

    def count_restart(self) -> None:
        """Take the present end for the previous one: the next start is a restart."""
        self.last_state = {"terminated": self.terminated} if self.terminated else {}
        self.restart_count += 1

    def status(self) -> Object:
        """Return the `ContainerStatus`."""
        status: Object = {
            "name": self.name,
            "state": self.state,
            "lastState": self.last_state,
            "ready": self.ready,
            "restartCount": self.restart_count,
            "image": self.spec["image"],
            "imageID": self.image_id,
        }
        if self.kind is ContainerKind.EPHEMERAL:
            status["ready"] = False  # nobody waits for it
        else:
            status["started"] = self.started
            status |= self._resources()
        if self.container_id:
            status["containerID"] = self.container_id
        return status

    def _resources(self) -> Object:
        """What it was given and what it runs with, as soon as it was made."""
        if not self.container_id:
            return {}
        requests = self.allocated.get("requests")
        given = {"allocatedResources": requests} if requests else {}
        return given | {"resources": self.actual if self.running else self.allocated}


def _restored(record: ContainerRecord, status: Object, *, policy: str, now: str) -> ContainerRecord:
    """Take over what an earlier kubelet wrote: a container that ran then has ended with its node."""
    record.restart_count = status.get("restartCount", 0)
    record.last_state = status.get("lastState") or {}
    record.image_id = status.get("imageID", "")
    record.allocated = record.actual = status.get("resources", record.allocated)
    state = status.get("state") or {}
    if running := state.get("running"):
        ended = {
            "exitCode": EXIT_LOST,
            "reason": "Unknown",
            "startedAt": running.get("startedAt"),
            "finishedAt": now,  # nobody saw the end; this is when it is noticed
            "containerID": status.get("containerID", ""),
        }
        once = policy == "Never" and record.kind is not ContainerKind.SIDECAR
        if once or record.kind is ContainerKind.EPHEMERAL:
            record.state = {"terminated": ended}
        else:
            record.last_state = {"terminated": ended}
            record.restart_count += 1
    elif "waiting" in state and record.last_state:
        record.restart_count += 1  # its back-off is over with the node it waited on
    elif "terminated" in state:
        record.state = state
        record.container_id = status.get("containerID", "")
    return record


def find_container(pod: Object, name: str) -> Object | None:
    """Return a container of a pod's spec, of whichever kind."""
    spec = pod["spec"]
    every = [*(spec.get("initContainers") or []), *spec["containers"], *(spec.get("ephemeralContainers") or [])]
    return next((container for container in every if container["name"] == name), None)


def ephemeral_record(container: Object) -> ContainerRecord:
    """Return the record of an ephemeral container that has not started yet."""
    return ContainerRecord(container, ContainerKind.EPHEMERAL, {"waiting": {"reason": "ContainerCreating"}})


def records_of(pod: Object, *, now: str) -> list[ContainerRecord]:
    """Return the records of a pod, init containers first, with what its status already says.

    Args:
        pod: the pod.
        now: RFC 3339; when containers that ran under an earlier kubelet are found to have ended.
    """
    spec, status = pod["spec"], pod.get("status", {})
    known = {s["name"]: s for key in _STATUSES for s in status.get(key) or []}
    records = []
    has_init = bool(spec.get("initContainers"))
    for container in spec.get("initContainers") or []:
        kind = ContainerKind.SIDECAR if container.get("restartPolicy") == "Always" else ContainerKind.INIT
        records.append(ContainerRecord(container, kind))
    for container in spec["containers"]:
        record = ContainerRecord(container, ContainerKind.MAIN)
        if not has_init:
            record.state = {"waiting": {"reason": "ContainerCreating"}}
        records.append(record)
    records += [ephemeral_record(container) for container in spec.get("ephemeralContainers") or []]
    policy = spec.get("restartPolicy", "Always")
    return [_restored(r, known[r.name], policy=policy, now=now) if r.name in known else r for r in records]
