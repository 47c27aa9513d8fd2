"""What a starting daemon says over its pipe: steps, then how to reach it, or what is wrong."""

from __future__ import annotations

import json
import os
import select
import time
from pathlib import Path
from typing import Any

from kitlib.environments.provider import Progress
from kitlib.errors import EnvironmentProblem

__all__ = ["await_ready"]

_DOCTOR = "`kit doctor` says what this machine lacks"


def await_ready(reader: int, log: Path, progress: Progress | None, *, timeout: float) -> dict[str, Any]:
    """Follow the report until the daemon is ready; return how to reach it.

    Args:
        reader: the pipe's end to read from.
        log: where the daemon's last words are, should it end without a report.
        progress: told of every step.
        timeout: seconds.

    Raises:
        EnvironmentProblem: it said what is wrong, or ended, or took too long.
    """
    deadline, buffer = time.monotonic() + timeout, b""
    while (left := deadline - time.monotonic()) > 0:
        if not select.select([reader], [], [], left)[0]:
            break
        chunk = os.read(reader, 65536)
        if not chunk:
            raise EnvironmentProblem(f"the cluster ended while starting: {_last_words(log)}", fix=_DOCTOR)
        buffer += chunk
        *lines, buffer = buffer.split(b"\n")
        for line in lines:
            message = json.loads(line)
            if "error" in message:
                raise EnvironmentProblem(message["error"], fix=message.get("fix", ""))
            if "ready" in message:
                return dict(message["ready"])
            if progress is not None:
                progress(message["progress"])
    raise EnvironmentProblem(f"the cluster was not ready after {timeout:.0f} s", fix=_DOCTOR)


def _last_words(log: Path) -> str:
    try:
        lines = log.read_text(errors="replace").strip().splitlines()
    except OSError:
        lines = []
    return lines[-1] if lines else "it said nothing"
