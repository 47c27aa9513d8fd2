"""How fast pods, sets and objects come and go on a running cluster, as somebody who watches sees it."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

from benchmarks.measurement import Measurement
from kitlib.client import Cluster, Unreachable
from kitlib.client.readiness import ready
from kitlib.errors import ClusterError

__all__ = ["cluster_dns", "object_rate", "pods_one_by_one", "stateful_sets", "watching"]

Json = dict[str, Any]

_NAMESPACE = "default"
_PATIENCE = 60.0
_SET = """
apiVersion: v1
kind: Service
metadata: {name: NAME}
spec: {clusterIP: None, selector: {app: NAME}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: NAME}
spec:
  serviceName: NAME
  replicas: 3
  selector: {matchLabels: {app: NAME}}
  template:
    metadata: {labels: {app: NAME}}
    spec:
      containers:
        - name: nginx
          image: nginx:1.27
          readinessProbe: {httpGet: {port: 80}, periodSeconds: 1}
          volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates:
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
"""


class _Watch:
    """The events of a kind with the time at which they arrived."""

    def __init__(self) -> None:
        self._events: queue.Queue[tuple[float, str, Json]] = queue.Queue()

    def put(self, event: str, obj: Json) -> None:
        self._events.put((time.perf_counter(), event, obj))

    def until(self, holds: Callable[[str, Json], bool]) -> float:
        """Return when the next event came for which `holds` is true."""
        while True:
            try:
                moment, event, obj = self._events.get(timeout=_PATIENCE)
            except queue.Empty:
                raise ClusterError(f"what was waited for did not happen within {_PATIENCE:g} s") from None
            if holds(event, obj):
                return moment


@contextmanager
def watching(cluster: Cluster, kind: str) -> Iterator[_Watch]:
    """Follow a kind from now on."""
    watch = _Watch()
    opened: queue.Queue[Callable[[], None]] = queue.Queue()
    since = cluster.listing(kind, namespace=_NAMESPACE)[1]

    def follow() -> None:
        with suppress(Unreachable):  # that is how hanging up ends it
            for event, obj in cluster.watch(kind, namespace=_NAMESPACE, since=since, opened=opened.put):
                if event != "BOOKMARK":
                    watch.put(event, obj)

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    hang_up = opened.get(timeout=_PATIENCE)
    try:
        yield watch
    finally:
        hang_up()
        thread.join()


def pods_one_by_one(cluster: Cluster, count: int) -> list[Measurement]:
    """Create and delete nginx pods one after another; nginx ends at SIGTERM."""
    running, gone = [], []
    with watching(cluster, "pods") as watch:
        for number in range(count):
            name = f"pod-{number}"
            start = time.perf_counter()
            cluster.create(_pod(name), namespace=_NAMESPACE)
            seen = watch.until(lambda _, pod, name=name: _is(pod, name) and pod["status"].get("phase") == "Running")
            running.append((seen - start) * 1000)
            # As PID 1 a program never gets a SIGTERM that comes before its handler is there.
            watch.until(lambda _, pod, name=name: _is(pod, name) and ready(pod))
            start = time.perf_counter()
            cluster.delete("pod", name, namespace=_NAMESPACE)
            seen = watch.until(lambda event, pod, name=name: _is(pod, name) and event == "DELETED")
            gone.append((seen - start) * 1000)
    return [
        Measurement.percentile("pod created to Running, seen by a watch", running, 50, "ms", aim=150),
        Measurement.percentile("pod created to Running, seen by a watch", running, 99, "ms", aim=1000),
        Measurement.percentile("pod that obeys SIGTERM deleted to gone", gone, 50, "ms", aim=300),
    ]


def stateful_sets(cluster: Cluster, count: int) -> list[Measurement]:
    """Apply sets of three nginx with a claim and a readiness probe each, in order."""
    taken, removed = [], []
    for number in range(count):
        name = f"set{number}"
        with watching(cluster, "statefulsets") as sets, watching(cluster, "pods") as pods:
            start = time.perf_counter()
            cluster.apply(_SET.replace("NAME", name), namespace=_NAMESPACE)
            taken.append(sets.until(lambda _, found, name=name: _is(found, name) and ready(found)) - start)
            start = time.perf_counter()
            cluster.delete("statefulset", name, namespace=_NAMESPACE)
            for _ in range(3):
                last = pods.until(lambda event, pod: event == "DELETED")
            removed.append(last - start)
    return [
        Measurement.median("OrderedReady set of three applied to ready", taken, "s", aim=2.0),
        Measurement.median("that set deleted to its last pod gone", removed, "s", aim=0.9),
    ]


def object_rate(cluster: Cluster, count: int, clients: int) -> Measurement:
    """Create ConfigMaps over HTTPS from several threads at once."""

    def work(client: int) -> None:
        for number in range(count // clients):
            cluster.create(_config_map(f"rate-{clients}-{client}-{number}"), namespace=_NAMESPACE)

    with ThreadPoolExecutor(clients) as pool:
        start = time.perf_counter()
        list(pool.map(work, range(clients)))
        rate = count // clients * clients / (time.perf_counter() - start)
    who = "one client" if clients == 1 else f"{clients} clients"
    return Measurement(f"objects created over HTTPS, {who}", rate, "objects/s", (rate,), 300, more_is_better=True)


def cluster_dns(cluster: Cluster) -> None:
    """Return when a program runs and cluster DNS has answered it."""
    cluster.create(_pod("app"), namespace=_NAMESPACE)
    cluster.wait("pod", "app", namespace=_NAMESPACE)
    done = cluster.exec("app", ["getent", "hosts", "kubernetes.default"], namespace=_NAMESPACE)
    if done.exit_code:
        raise RuntimeError(f"cluster DNS did not answer: {done.stderr}")


def _is(obj: Json, name: str) -> bool:
    return bool(obj["metadata"]["name"] == name)


def _pod(name: str) -> Json:
    probe = {"httpGet": {"port": 80}, "periodSeconds": 1}
    spec = {"containers": [{"name": "nginx", "image": "nginx:1.27", "readinessProbe": probe}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def _config_map(name: str) -> Json:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"key": "value"}}
