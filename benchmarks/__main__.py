"""`python -m benchmarks`: measure the embedded cluster on this machine and print a table."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.footprint import idle_cost
from benchmarks.measurement import Measurement
from benchmarks.report import as_json, as_text
from benchmarks.scale import fan_out, hollow_pods, readiness_flips, real_pods
from benchmarks.starts import cluster_starts, command_times, fresh_process
from benchmarks.workloads import cluster_dns, object_rate, pods_one_by_one, stateful_sets
from kitlib.client import connect
from kitlib.environments.embedded import EmbeddedProvider
from kitlib.errors import KitError


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repetitions: a few seconds, rougher numbers")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every sample to FILE too")
    arguments = parser.parse_args()
    results = []
    try:
        with tempfile.TemporaryDirectory(prefix="kit-bench-") as folder:
            for result in _measure(Path(folder), quick=arguments.quick):
                results.append(result)
                print(f"measured: {result.name}, {result.statistic}", file=sys.stderr)
    except KitError as error:
        sys.exit(f"benchmarks: {error}")
    print(as_text(results))
    if arguments.json:
        arguments.json.write_text(json.dumps(as_json(results), indent=1) + "\n")


def _measure(folder: Path, *, quick: bool) -> Iterator[Measurement]:
    times = 1 if quick else 5
    provider = EmbeddedProvider(folder)
    yield from cluster_starts(provider, times)
    yield from command_times(folder, times)
    start = time.perf_counter()
    info = provider.create("bench")
    try:
        cluster = connect(info.kubeconfig, info.context)
        cluster_dns(cluster)
        total = time.perf_counter() - start
        yield Measurement("from nothing to an app that DNS answers", total, "s", (total,))
        yield from idle_cost(provider, "bench", 1.0 if quick else 5.0)
        yield from fresh_process(info, times)
        yield from pods_one_by_one(cluster, 10 if quick else 30)
        yield from stateful_sets(cluster, times)
        for clients in (1, 4):
            yield object_rate(cluster, 200 if quick else 1000, clients)
        yield readiness_flips(cluster, 2 if quick else 10)
        cluster.delete("pod", "app", namespace="default")
        cluster.wait("pod", "app", namespace="default", until="deleted")
        yield from real_pods(provider, "bench", cluster, 20 if quick else 110)
        yield fan_out(info, 50 if quick else 500, times)
    finally:
        provider.delete("bench")
    yield from hollow_pods(provider, 200 if quick else 5000)


if __name__ == "__main__":
    main()
