"""A pod's status from its containers' records: phase, conditions, container statuses. Pure.

Source: Kubernetes' pod lifecycle documentation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.kubelet.record import ContainerKind, ContainerRecord

__all__ = ["PodFacts", "pod_status"]

_PENDING, _IN_PROGRESS = "PodResizePending", "PodResizeInProgress"


@dataclass(frozen=True, slots=True)
class PodFacts:
    """What the status needs beside the containers.

    Args:
        now: RFC 3339.
        host_ip: the node's address.
        pod_ip: "" before the sandbox exists.
        sandbox_ready: whether the pod's network exists.
        finished: whether nothing will be started any more.
        failure: (reason, message) when the node has ended the pod.
        resize_pending: (reason, message) when the node has no room for what the pod asks for now.
    """

    now: str
    host_ip: str
    pod_ip: str
    sandbox_ready: bool
    finished: bool
    failure: tuple[str, str] | None = None
    resize_pending: tuple[str, str] | None = None


def pod_status(pod: Object, records: Sequence[ContainerRecord], facts: PodFacts) -> Object:
    """Return the whole status of a pod; fields other components write are kept."""
    old = pod.get("status", {})
    status: Object = dict(old)
    added = [r.status() for r in records if r.kind is ContainerKind.EPHEMERAL]
    if added:
        status["ephemeralContainerStatuses"] = added
    records = [r for r in records if r.kind is not ContainerKind.EPHEMERAL]  # they decide nothing
    status["phase"] = _phase(pod, records, facts, old.get("phase", "Pending"))
    if facts.failure:
        status["phase"] = "Failed"
        status["reason"], status["message"] = facts.failure
    status["conditions"] = _conditions(pod, records, facts, status["phase"])
    status["hostIP"] = facts.host_ip
    status["hostIPs"] = [{"ip": facts.host_ip}]
    if facts.pod_ip:
        status["podIP"] = facts.pod_ip
        status["podIPs"] = [{"ip": facts.pod_ip}]
    status.setdefault("startTime", facts.now)
    status["observedGeneration"] = pod["metadata"].get("generation", 1)
    mains = [r.status() for r in records if r.kind is ContainerKind.MAIN]
    inits = [r.status() for r in records if r.kind is not ContainerKind.MAIN]
    status["containerStatuses"] = mains
    if inits:
        status["initContainerStatuses"] = inits
    return status


def _phase(pod: Object, records: Sequence[ContainerRecord], facts: PodFacts, old: str) -> str:
    mains = [r for r in records if r.kind is ContainerKind.MAIN]
    if facts.finished:
        return _final_phase(records)
    begun = any(r.running or r.terminated or r.last_state for r in mains)
    if not begun:
        return "Running" if old == "Running" else "Pending"
    if pod["spec"].get("restartPolicy", "Always") == "Always" or any(not r.terminated for r in mains):
        return "Running"
    return "Running" if any(r.running for r in records) else _final_phase(records)


def _final_phase(records: Sequence[ContainerRecord]) -> str:
    decisive = [r for r in records if r.kind is not ContainerKind.SIDECAR]
    ok = all(r.terminated is not None and r.terminated["exitCode"] == 0 for r in decisive)
    return "Succeeded" if ok else "Failed"


def _conditions(pod: Object, records: Sequence[ContainerRecord], facts: PodFacts, phase: str) -> list[Object]:
    initialized = all(
        (r.terminated is not None and r.terminated["exitCode"] == 0) if r.kind is ContainerKind.INIT else r.started
        for r in records
        if r.kind is not ContainerKind.MAIN
    )
    begun = any(r.kind is ContainerKind.MAIN and (r.running or r.terminated or r.last_state) for r in records)
    containers = _containers_ready(records, phase)
    wanted = [
        _condition("PodReadyToStartContainers", facts.sandbox_ready),
        _initialized(records, done=initialized or begun),
        _ready(pod, containers),
        containers,
        _condition("PodScheduled", True),
    ]
    wanted += _resize_conditions(records, facts)
    names = {c["type"] for c in wanted} | {_PENDING, _IN_PROGRESS}
    previous = {c["type"]: c for c in pod.get("status", {}).get("conditions") or []}
    generation = pod["metadata"].get("generation", 1)
    result = [_stamped(c, previous.get(c["type"]), facts.now, generation) for c in wanted]
    return [*result, *(c for name, c in previous.items() if name not in names)]


def _resize_conditions(records: Sequence[ContainerRecord], facts: PodFacts) -> list[Object]:
    """What is not so is not told: these two are there only while they are true."""
    found = [_condition(_PENDING, True, *facts.resize_pending)] if facts.resize_pending else []
    if any(record.running and record.actual != record.allocated for record in records):
        found.append(_condition(_IN_PROGRESS, True))
    return found


def _condition(kind: str, value: bool, reason: str = "", message: str = "") -> Object:
    condition: Object = {"type": kind, "status": "True" if value else "False"}
    if reason:
        condition["reason"] = reason
    if message:
        condition["message"] = message
    return condition


def _initialized(records: Sequence[ContainerRecord], *, done: bool) -> Object:
    if done:
        return _condition("Initialized", True)
    waiting = [r.name for r in records if r.kind is not ContainerKind.MAIN and not r.terminated and not r.started]
    message = f"containers with incomplete status: [{' '.join(waiting)}]"
    return _condition("Initialized", False, "ContainersNotInitialized", message)


def _containers_ready(records: Sequence[ContainerRecord], phase: str) -> Object:
    if phase == "Succeeded":
        return _condition("ContainersReady", False, "PodCompleted")
    if phase == "Failed":
        return _condition("ContainersReady", False, "PodFailed")
    unready = [r.name for r in records if r.kind is not ContainerKind.INIT and not r.ready]
    if unready:
        message = f"containers with unready status: [{' '.join(unready)}]"
        return _condition("ContainersReady", False, "ContainersNotReady", message)
    return _condition("ContainersReady", True)


def _ready(pod: Object, containers: Object) -> Object:
    if containers["status"] != "True":
        return {**containers, "type": "Ready"}
    conditions = {c["type"]: c["status"] for c in pod.get("status", {}).get("conditions") or []}
    gates = [g["conditionType"] for g in pod["spec"].get("readinessGates") or []]
    missing = [gate for gate in gates if conditions.get(gate) != "True"]
    if missing:
        message = ", ".join(f'the status of pod readiness gate "{gate}" is not "True"' for gate in missing)
        return _condition("Ready", False, "ReadinessGatesNotReady", message)
    return _condition("Ready", True)


def _stamped(condition: Object, previous: Object | None, now: str, generation: int) -> Object:
    """A condition's transition time moves only when its status does."""
    same = previous is not None and previous["status"] == condition["status"]
    changed = previous["lastTransitionTime"] if same and previous else now
    stamped = {"type": condition["type"], "status": condition["status"], "lastProbeTime": None}
    stamped |= {"lastTransitionTime": changed, "observedGeneration": generation}
    return stamped | {key: condition[key] for key in ("reason", "message") if key in condition}
