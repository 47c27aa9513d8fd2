"""The file in a cluster's directory that says which process runs it and how to reach it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

__all__ = ["FILE", "process_identity", "read_record", "write_record"]

FILE = "daemon.json"


def process_identity(pid: int) -> str:
    """Return what tells a process from every other that has or had its PID, or "" when there is none.

    The start is counted in ticks since the boot, so that setting the clock changes nothing.

    Example:
        >>> process_identity(0)
        ''
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
    return f"{boot}/{pid}/{fields[19]}"


def write_record(directory: Path, pid: int, **reach: str) -> None:
    """Write the record at once or not at all.

    Raises:
        OSError: the disk can't take it.
    """
    temporary = directory / f"{FILE}.new"
    temporary.write_text(json.dumps({"pid": pid, "process": process_identity(pid), **reach}))
    temporary.rename(directory / FILE)


def read_record(directory: Path) -> dict[str, Any]:
    """Return what was written last; empty when there is nothing readable."""
    try:
        content = json.loads((directory / FILE).read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
