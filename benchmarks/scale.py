"""How much one machine holds: hollow pods by the thousand, real ones by the hundred, watchers by the hundred."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import aiohttp
import orjson
import psutil

from benchmarks.measurement import Measurement
from benchmarks.workloads import watching
from kitlib.client import Cluster, connect
from kitlib.client.readiness import ready
from kitlib.embedded.daemon_record import read_record
from kitlib.environments import ClusterInfo
from kitlib.environments.embedded import EmbeddedProvider

__all__ = ["fan_out", "hollow_pods", "readiness_flips", "real_pods"]

Json = dict[str, Any]

_NAMESPACE = "default"
_CLIENTS = 4
_PODS_PER_NODE = 100
_READS = 200


def hollow_pods(provider: EmbeddedProvider, count: int) -> list[Measurement]:
    """Create pods on hollow nodes, see all of them run, and ask what the cluster then costs and how fast it is."""
    info = provider.create("hollow", hollow_nodes=count // _PODS_PER_NODE)
    try:
        cluster, what = (
            connect(info.kubeconfig, info.context),
            f"{count} hollow pods on {count // _PODS_PER_NODE} nodes",
        )
        with watching(cluster, "pods") as watch:
            start = time.perf_counter()
            with ThreadPoolExecutor(_CLIENTS) as pool:
                made = list(pool.map(lambda n: _timed(cluster, _hollow(n)), range(count)))
            rate = count / (time.perf_counter() - start)
            running: set[str] = set()
            while len(running) < count:
                last = watch.until(lambda _, pod: _is_running(pod, running))
            all_run = last - start
        daemon = psutil.Process(read_record(provider.directory("hollow"))["pid"])
        reads = [_reading(cluster, f"hollow-{n * count // _READS}") for n in range(_READS)]
        memory = daemon.memory_info().rss / 1e6
        return [
            Measurement(
                "hollow pods created over HTTPS, 4 clients", rate, "objects/s", (rate,), 300, more_is_better=True
            ),
            Measurement.percentile("  one creation meanwhile", made, 99, "ms", aim=1000),
            Measurement(f"{what}: all Running", all_run, "s", (all_run,)),
            Measurement("  memory of the control plane then", memory, "MB", (memory,)),
            Measurement.percentile("  one pod read then", reads, 99, "ms", aim=1000),
        ]
    finally:
        provider.delete("hollow")


def real_pods(provider: EmbeddedProvider, name: str, cluster: Cluster, count: int) -> list[Measurement]:
    """Run as many pods on one node as a kubelet takes, and delete them; none of their processes may be left."""
    daemon = psutil.Process(read_record(provider.directory(name))["pid"])
    before = len(daemon.children(recursive=True))
    with watching(cluster, "pods") as watch:
        start = time.perf_counter()
        for number in range(count):
            cluster.create(_pod(f"real-{number}", "pause"), namespace=_NAMESPACE)
        running: set[str] = set()
        while len(running) < count:
            last = watch.until(lambda _, pod: _is_running(pod, running))
        all_run, start = last - start, time.perf_counter()
        for number in range(count):
            cluster.delete("pod", f"real-{number}", namespace=_NAMESPACE)
        for _ in range(count):
            last = watch.until(lambda event, pod: event == "DELETED" and pod["metadata"]["name"].startswith("real-"))
    left = len(daemon.children(recursive=True)) - before
    return [
        Measurement(f"{count} real pods on one node: all Running", all_run, "s", (all_run,)),
        Measurement("  all deleted", last - start, "s", (last - start,)),
        Measurement("  processes left of them", left, "", (left,), 0),
    ]


def readiness_flips(cluster: Cluster, count: int) -> Measurement:
    """Turn a pod's readiness off and on; its probe looks every second."""
    pod = _pod("flips", "busybox", command=["sleep", "1000"])
    probe = {"exec": {"command": ["test", "-e", "/tmp/ready"]}, "periodSeconds": 1, "failureThreshold": 1}
    pod["spec"]["containers"][0]["readinessProbe"] = probe
    cluster.create(pod, namespace=_NAMESPACE)
    samples = []
    cluster.wait("pod", "flips", namespace=_NAMESPACE, until=lambda found: bool(found and _phase(found) == "Running"))
    with watching(cluster, "pods") as watch:
        for number in range(count):
            wanted = number % 2 == 0
            command = ["touch", "/tmp/ready"] if wanted else ["rm", "/tmp/ready"]
            start = time.perf_counter()
            cluster.exec("flips", command, namespace=_NAMESPACE)
            seen = watch.until(lambda _, found, wanted=wanted: _named(found, "flips") and ready(found) == wanted)
            samples.append((seen - start) * 1000)
    cluster.delete("pod", "flips", namespace=_NAMESPACE)
    cluster.wait("pod", "flips", namespace=_NAMESPACE, until="deleted")
    # A period, 200 ms, and the command that flips it.
    return Measurement.percentile("readiness flip seen, probe every 1000 ms", samples, 99, "ms", aim=1200)


def fan_out(info: ClusterInfo, watchers: int, writes: int) -> Measurement:
    """Write an object that many watch; the time until the last of them has its event."""
    samples = asyncio.run(_fan_out(connect(info.kubeconfig, info.context), watchers, writes))
    return Measurement.median(f"write to the last of {watchers} watchers", samples, "ms", aim=50)


async def _fan_out(cluster: Cluster, watchers: int, writes: int) -> list[float]:
    since = cluster.listing("configmaps", namespace=_NAMESPACE)[1]
    url = f"{cluster.access.server}/api/v1/namespaces/{_NAMESPACE}/configmaps?watch=1&resourceVersion={since}"
    arrivals: asyncio.Queue[tuple[str, float]] = asyncio.Queue()

    async def follow(session: aiohttp.ClientSession) -> None:
        async with session.get(url) as response:
            arrivals.put_nowait(("opened", 0.0))
            async for line in response.content:
                moment = time.perf_counter()
                arrivals.put_nowait((orjson.loads(line)["object"]["metadata"]["name"], moment))

    connector = aiohttp.TCPConnector(ssl=cluster.transport.tls, limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=None)) as session:
        tasks = [asyncio.ensure_future(follow(session)) for _ in range(watchers)]
        for _ in tasks:
            await arrivals.get()
        samples = []
        for number in range(writes):
            start = time.perf_counter()
            body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"fan-{number}"}}
            await asyncio.to_thread(cluster.create, body, namespace=_NAMESPACE)
            moments = [(await arrivals.get())[1] for _ in tasks]
            samples.append((max(moments) - start) * 1000)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return samples


def _timed(cluster: Cluster, manifest: Json) -> float:
    start = time.perf_counter()
    cluster.create(manifest, namespace=_NAMESPACE)
    return (time.perf_counter() - start) * 1000


def _reading(cluster: Cluster, name: str) -> float:
    start = time.perf_counter()
    cluster.get("pod", name, namespace=_NAMESPACE)
    return (time.perf_counter() - start) * 1000


def _hollow(number: int) -> Json:
    pod = _pod(f"hollow-{number}", "nginx:1.27")
    pod["spec"] |= {
        "automountServiceAccountToken": False,
        "nodeSelector": {"kit.embedded/hollow": "true"},
        "tolerations": [{"key": "kit.embedded/hollow", "operator": "Exists"}],
    }
    return pod


def _pod(name: str, image: str, **container: Any) -> Json:
    spec = {"terminationGracePeriodSeconds": 1, "containers": [{"name": "c", "image": image, **container}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def _is_running(pod: Json, running: set[str]) -> bool:
    name = pod["metadata"]["name"]
    if _phase(pod) != "Running" or name in running:
        return False
    running.add(name)
    return True


def _phase(pod: Json) -> str:
    return str(pod.get("status", {}).get("phase", ""))


def _named(obj: Json, name: str) -> bool:
    return bool(obj["metadata"]["name"] == name)
