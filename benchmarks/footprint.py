"""What a cluster costs while nothing happens."""

from __future__ import annotations

import time

import psutil

from benchmarks.measurement import Measurement
from kitlib.embedded.daemon_record import read_record
from kitlib.environments.embedded import EmbeddedProvider

__all__ = ["idle_cost"]


def idle_cost(provider: EmbeddedProvider, name: str, seconds: float) -> list[Measurement]:
    """Measure memory and processor time of the control plane and the node agent."""
    daemon = psutil.Process(read_record(provider.directory(name))["pid"])
    processes = [daemon, *daemon.children(recursive=True)]
    memory = sum(process.memory_info().rss for process in processes) / 1e6
    before = _cpu_seconds(processes)
    time.sleep(seconds)
    used = (_cpu_seconds(processes) - before) / seconds * 100
    return [
        Measurement("idle: memory of control plane and node agent", memory, "MB", (memory,), 150),
        Measurement("idle: processor", used, "%", (used,), 2),
    ]


def _cpu_seconds(processes: list[psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes)
