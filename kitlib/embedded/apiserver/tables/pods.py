"""The pod row: STATUS, READY and RESTARTS as the API server computes them."""

from __future__ import annotations

from datetime import datetime, timedelta

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.times import parse_time
from kitlib.embedded.apiserver.tables.columns import AGE, NAME, NONE, Column, Printer, Row, age, human_duration

__all__ = ["POD", "pod_status"]

_TERMINAL = ("Succeeded", "Failed")
_COLUMNS = (
    NAME,
    Column("Ready", description="The aggregate readiness state of this pod for accepting traffic."),
    Column("Status", description="The aggregate status of the containers in this pod."),
    Column("Restarts", description="The number of times the containers in this pod have been restarted."),
    AGE,
    Column("IP", description="IP address allocated to the pod.", wide=True),
    Column("Node", description="The node the pod is bound to.", wide=True),
    Column("Nominated Node", description="The node freed for this pod by preemption.", wide=True),
    Column("Readiness Gates", description="Conditions that the pod must have beside its containers.", wide=True),
)


class _Summary:
    """What one pass over a pod's container statuses finds."""

    def __init__(self, pod: Object) -> None:
        self.spec: Object = pod.get("spec") or {}
        self.status: Object = pod.get("status") or {}
        self.reason = str(self.status.get("reason") or self.status.get("phase", ""))
        self.total = len(self.spec.get("containers") or ())
        self.ready = 0
        self.restarts = 0
        self.last_restart: datetime | None = None
        self._sidecar_restarts = 0
        self._sidecar_last: datetime | None = None
        scheduled = self.condition("PodScheduled")
        if scheduled.get("reason") == "SchedulingGated":
            self.reason = "SchedulingGated"
        if not self._scan_init_containers() or self.condition("Initialized").get("status") == "True":
            self._scan_containers()
        self._apply_deletion(pod)

    def condition(self, kind: str) -> Object:
        found: Object = next((c for c in self.status.get("conditions") or () if c.get("type") == kind), {})
        return found

    def _scan_init_containers(self) -> bool:
        """Read init containers in order; the first unfinished one decides. Return whether there is one."""
        declared = {c["name"]: c for c in self.spec.get("initContainers") or ()}
        sidecars = {name for name, c in declared.items() if c.get("restartPolicy") == "Always"}
        self.total += len(sidecars)
        for index, status in enumerate(self.status.get("initContainerStatuses") or ()):
            self._count_restarts(status)
            sidecar = status.get("name") in sidecars
            if sidecar:
                self._sidecar_restarts += status.get("restartCount", 0)
                self._sidecar_last = _later(self._sidecar_last, _finished(status))
            state = status.get("state") or {}
            terminated, waiting = state.get("terminated"), state.get("waiting")
            if terminated is not None and terminated.get("exitCode", 0) == 0:
                continue
            if sidecar and status.get("started"):
                self.ready += bool(status.get("ready"))
                continue
            if terminated is not None:
                self.reason = f"Init:{_terminated_reason(terminated)}"
            elif waiting and waiting.get("reason") not in (None, "", "PodInitializing"):
                self.reason = f"Init:{waiting['reason']}"
            else:
                self.reason = f"Init:{index}/{len(declared)}"
            return True
        return False

    def _scan_containers(self) -> None:
        """Read main containers from last to first, so that the first one's reason wins."""
        self.restarts, self.last_restart = self._sidecar_restarts, self._sidecar_last
        running = False
        for status in reversed(self.status.get("containerStatuses") or []):
            self._count_restarts(status)
            state = status.get("state") or {}
            waiting, terminated = state.get("waiting"), state.get("terminated")
            if waiting and waiting.get("reason"):
                self.reason = waiting["reason"]
            elif terminated is not None:
                self.reason = _terminated_reason(terminated)
            elif status.get("ready") and state.get("running") is not None:
                running = True
                self.ready += 1
        if self.reason == "Completed" and running:
            self.reason = "Running" if self.condition("Ready").get("status") == "True" else "NotReady"

    def _count_restarts(self, status: Object) -> None:
        self.restarts += status.get("restartCount", 0)
        self.last_restart = _later(self.last_restart, _finished(status))

    def _apply_deletion(self, pod: Object) -> None:
        if not pod["metadata"].get("deletionTimestamp"):
            return
        if self.status.get("reason") == "NodeLost":
            self.reason = "Unknown"
        elif self.status.get("phase") not in _TERMINAL:
            self.reason = "Terminating"


def pod_status(pod: Object) -> str:
    """Return what `kubectl get pods` shows as STATUS.

    Example:
        >>> waiting = {"name": "c", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
        >>> pod_status({"metadata": {}, "status": {"phase": "Running", "containerStatuses": [waiting]}})
        'CrashLoopBackOff'
    """
    return _Summary(pod).reason


def _row(pod: Object, now: datetime) -> Row:
    summary = _Summary(pod)
    spec, status = summary.spec, summary.status
    restarts = str(summary.restarts)
    if summary.restarts and summary.last_restart is not None:
        ago = max(now - summary.last_restart, timedelta(0))
        restarts += f" ({human_duration(ago.total_seconds())} ago)"
    addresses = [entry["ip"] for entry in status.get("podIPs") or () if entry.get("ip")]
    return [
        pod["metadata"].get("name", ""),
        f"{summary.ready}/{summary.total}",
        summary.reason,
        restarts,
        age(pod, now),
        addresses[0] if addresses else status.get("podIP") or NONE,
        spec.get("nodeName") or NONE,
        status.get("nominatedNodeName") or NONE,
        _gates(summary),
    ]


def _gates(summary: _Summary) -> str:
    gates = summary.spec.get("readinessGates") or []
    if not gates:
        return NONE
    true = sum(summary.condition(gate["conditionType"]).get("status") == "True" for gate in gates)
    return f"{true}/{len(gates)}"


def _terminated_reason(terminated: Object) -> str:
    if terminated.get("reason"):
        return str(terminated["reason"])
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode', 0)}"


def _finished(status: Object) -> datetime | None:
    finished = ((status.get("lastState") or {}).get("terminated") or {}).get("finishedAt")
    return parse_time(finished) if finished else None


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return one or other
    return max(one, other)


def _conditions(pod: Object) -> list[Object]:
    phase = (pod.get("status") or {}).get("phase")
    if phase not in _TERMINAL:
        return []
    message = "The pod has completed successfully." if phase == "Succeeded" else "The pod failed."
    return [{"type": "Completed", "status": "True", "reason": phase, "message": message}]


POD = Printer(_COLUMNS, _row, _conditions)
