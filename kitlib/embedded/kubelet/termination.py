"""How an instance of a container ended, as its status says it. Source: Kubernetes' "Pod Lifecycle"."""

from __future__ import annotations

import os
from collections import deque
from pathlib import Path

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.kubelet.pod_context import PodContext
from kitlib.embedded.kubelet.record import ContainerRecord
from kitlib.embedded.kubelet.runtime import Execution

__all__ = ["START_FAILED", "ended", "launcher_complaint", "message_file", "never_started"]

START_FAILED = 128
_MESSAGE_LIMIT = 4096
_LOG_LINES, _LOG_LIMIT = 80, 2048
_LAUNCHER = "bwrap: "


def message_file(context: PodContext, record: ContainerRecord) -> Path:
    """Return the file that the container sees at its `terminationMessagePath`."""
    return context.directory / "containers" / record.name / "termination-log"


def ended(context: PodContext, record: ContainerRecord, execution: Execution, code: int, started: str) -> Object:
    """Return the state of a container whose program has ended; its log must be complete."""
    reason = "Completed" if code == 0 else "Error"
    if execution.out_of_memory.is_set():
        reason = "OOMKilled"
    state = _state(context, record, code, reason, started)
    if message := _message(context, record, code):
        state["message"] = message
    return {"terminated": state}


def never_started(context: PodContext, record: ContainerRecord, message: str, started: str) -> Object:
    """Return the state of a container whose program could not be executed."""
    return {"terminated": _state(context, record, START_FAILED, "StartError", started) | {"message": message}}


def launcher_complaint(context: PodContext, record: ContainerRecord) -> str:
    """Return what the container's launcher said about a root it could not prepare, or ""."""
    last = "".join(_log_lines(context, record)[-1:]).strip()
    return last.removeprefix(_LAUNCHER) if last.startswith(_LAUNCHER) and "execvp" not in last else ""


def _state(context: PodContext, record: ContainerRecord, code: int, reason: str, started: str) -> Object:
    times = {"startedAt": started, "finishedAt": context.now()}
    return {"exitCode": code, "reason": reason, **times, "containerID": record.container_id}


def _message(context: PodContext, record: ContainerRecord, code: int) -> str:
    message = _end_of(message_file(context, record), _MESSAGE_LIMIT).decode(errors="replace")
    if message or code == 0 or record.spec.get("terminationMessagePolicy") != "FallbackToLogsOnError":
        return message
    return "".join(_log_lines(context, record))[-_LOG_LIMIT:]


def _end_of(path: Path, limit: int) -> bytes:
    """Return the last bytes of a file, however long its writer made it."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - limit))
            return file.read(limit)
    except OSError:
        return b""


def _log_lines(context: PodContext, record: ContainerRecord) -> list[str]:
    """Return the last lines of the instance's output, without their times and streams."""
    try:
        with context.log_path(record.name, record.restart_count).open(errors="replace") as log:
            return [_text(entry) for entry in deque(log, maxlen=_LOG_LINES)]
    except OSError:
        return []


def _text(entry: str) -> str:
    _, _, flag, text = entry.split(" ", 3)
    return text if flag == "F" else text.removesuffix("\n")
