"""How long it takes until there is a cluster, and until a program has its first answer."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.measurement import Measurement
from kitlib.client import Cluster, connect
from kitlib.environments import ClusterInfo
from kitlib.environments.embedded import EmbeddedProvider

__all__ = ["cluster_starts", "command_times", "fresh_process"]

_KIT = str(Path(sys.executable).parent / "kit")
_FIRST_ANSWER = """
import time; start = time.perf_counter()
import kitlib; imported = time.perf_counter() - start
from kitlib.client import connect; connect({kubeconfig!r}).list("namespaces")
print(imported, time.perf_counter() - start)
"""


def cluster_starts(provider: EmbeddedProvider, times: int) -> list[Measurement]:
    """Make and remove a cluster several times."""
    answers, ready = [], []
    for number in range(times):
        name = f"start{number}"
        start = time.perf_counter()
        answered: list[float] = []

        def step(text: str, name: str = name, start: float = start, answered: list[float] = answered) -> None:
            if text.startswith("API on"):
                connect(provider.directory(name) / "kubeconfig").version()
                answered.append(time.perf_counter() - start)

        info = provider.create(name, progress=step)
        ready.append(time.perf_counter() - start)
        _check_complete(connect(info.kubeconfig, info.context))
        answers += answered
        provider.delete(name)
    return [
        Measurement.median("new cluster: first answer of the API", answers, "s", aim=1.0),
        Measurement.median("new cluster: node Ready, DNS, storage class", ready, "s", aim=2.0),
    ]


def command_times(state_dir: Path, times: int) -> list[Measurement]:
    """Run the commands of a learner: up, status, down."""
    taken: dict[str, list[float]] = {"up": [], "status": [], "down": []}
    for _ in range(times):
        for verb, samples in taken.items():
            start = time.perf_counter()
            environment = {**os.environ, "KIT_STATE_DIR": str(state_dir), "KIT_CLUSTER": "commands"}
            subprocess.run([_KIT, verb], check=True, capture_output=True, env=environment)
            samples.append(time.perf_counter() - start)
    EmbeddedProvider(state_dir).delete("commands")
    return [
        Measurement.median("kit up, start to end", taken["up"], "s", aim=2.0),
        Measurement.median("kit status", taken["status"], "s", aim=0.3),
        Measurement.median("kit down", taken["down"], "s", aim=1.0),
    ]


def fresh_process(info: ClusterInfo, times: int) -> list[Measurement]:
    """Import the kit and ask the API once, each time in a new interpreter."""
    code = _FIRST_ANSWER.format(kubeconfig=str(info.kubeconfig))
    imports, answers = [], []
    for _ in range(times):
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        imported, answered = map(float, done.stdout.split())
        imports.append(imported * 1000)
        answers.append(answered * 1000)
    return [
        Measurement.median("fresh process: import kitlib", imports, "ms", aim=300),
        Measurement.median("fresh process: first answer of the API", answers, "ms", aim=500),
    ]


def _check_complete(cluster: Cluster) -> None:
    nodes = cluster.list("nodes")
    conditions = {one["type"]: one["status"] for node in nodes for one in node["status"]["conditions"]}
    if conditions.get("Ready") != "True" or not cluster.list("storageclasses"):
        raise RuntimeError("the cluster was reported ready too early")
