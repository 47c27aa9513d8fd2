"""A whole control plane in memory, with a kubelet that only writes statuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.feature_gates import MAX_UNAVAILABLE_STATEFUL_SET
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.times import format_time
from kitlib.embedded.controllers import podstate
from kitlib.embedded.controllers.catalogue import build_controllers
from kitlib.embedded.controllers.controller import Controller
from kitlib.embedded.controllers.manager import ControllerManager
from kitlib.embedded.controllers.node_timings import NodeTimings
from kitlib.embedded.scheduler.scheduler import Scheduler
from tests.support.cluster import MemoryCluster

NODE = "kit-control-plane"
# Nobody sends heartbeats in this world.
ETERNAL = NodeTimings(lease=10, grace=1e9, toleration=300, quarantine=40)


class Directories:
    def __init__(self) -> None:
        self.present: set[str] = set()

    def create(self, path: str, *, node: str) -> None:
        self.present.add(path)

    def remove(self, path: str, *, node: str) -> None:
        self.present.discard(path)


class FakeKubelet(Controller):
    """Runs bound pods at once, except for the names in `unready`, and ends terminating ones but for `undying`.

    The pods of `silent` nodes it does not touch.
    """

    name = "kubelet"

    def __init__(self, client: Any, clock: Any) -> None:
        super().__init__(client, clock)
        self.unready: Callable[[Object], bool] = lambda pod: False
        self.forced: dict[str, bool] = {}
        self.undying: set[str] = set()
        self.silent: set[str] = set()
        self._addresses = 0

    def register(self) -> None:
        self.watch_own("pods")

    def reconcile(self, key: str) -> None:
        namespace, name = objects.split_key(key)
        pod = self.client.find("pods", name, namespace)
        if pod is None or pod["spec"].get("nodeName", "") in ("", *self.silent):
            return
        if objects.is_terminating(pod):
            if name not in self.undying:
                self.client.delete("pods", name, namespace, grace_period_seconds=0, uid=objects.uid(pod))
        elif not podstate.is_finished(pod):
            self.report(pod, ready=self.forced.get(name, not self.unready(pod)))

    def report(self, pod: Object, *, ready: bool, phase: str = "Running") -> None:
        status = objects.deep_copy(pod)["status"]
        old = podstate.condition(pod, "Ready")
        value = "True" if ready else "False"
        if old and old["status"] == value and status.get("phase") == phase:
            return
        now = format_time(self.clock.now())
        status["conditions"] = [c for c in status.get("conditions") or [] if c["type"] != "Ready"]
        status["conditions"].append({"type": "Ready", "status": value, "lastTransitionTime": now})
        status["phase"] = phase
        if not status.get("podIP"):
            self._addresses += 1
            status["podIP"] = f"10.244.0.{self._addresses}"
        self.client.update("pods", objects.deep_copy(pod) | {"status": status}, subresource="status")


class World:
    def __init__(
        self,
        *,
        max_unavailable: bool = False,
        with_node: bool = True,
        seed: int = 0,
        timings: NodeTimings = ETERNAL,
    ) -> None:
        gates = frozenset({MAX_UNAVAILABLE_STATEFUL_SET} if max_unavailable else ())
        self.cluster = MemoryCluster(seed=seed, gates=gates)
        self.clock = self.cluster.clock
        self.client = self.cluster.client("test")
        self.directories = Directories()
        self.kubelet = FakeKubelet(self.cluster.client("kubelet"), self.clock)
        controllers = build_controllers(
            self.cluster.client,
            self.clock,
            certificate="PEM",
            directories=self.directories,
            timings=timings,
            max_unavailable=max_unavailable,
        )
        scheduler = Scheduler(self.cluster.client("default-scheduler"), self.clock)
        self.manager = ControllerManager([*controllers, scheduler, self.kubelet])
        if with_node:
            self.add_node()
        self.settle()

    def add_node(self, name: str = NODE) -> None:
        node = self.client.create(
            "nodes", {"metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}}, "spec": {}}
        )
        now = format_time(self.clock.now())
        ready = {"type": "Ready", "status": "True", "lastHeartbeatTime": now, "lastTransitionTime": now}
        status = {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"}, "conditions": [ready]}
        self.client.update("nodes", objects.deep_copy(node) | {"status": status}, subresource="status")

    def settle(self) -> None:
        self.manager.run_until_idle(limit=20_000)

    def advance(self, seconds: float) -> None:
        """Move the clock second by second, so that whatever becomes due runs when it is due."""
        for _ in range(round(seconds)):
            self.clock.advance(1)
            self.settle()

    def pods(self, namespace: str = "default") -> list[str]:
        return [objects.name(pod) for pod in self.client.list("pods", namespace)]

    def pod(self, name: str) -> Object:
        return self.client.get("pods", name, "default")

    def make_ready(self, name: str, *, ready: bool = True) -> None:
        self.kubelet.forced[name] = ready
        self.kubelet.report(self.pod(name), ready=ready)
        self.settle()

    def edit(self, resource: str, name: str, patch: Object, namespace: str = "default") -> Object:
        edited = self.client.patch(resource, name, patch, namespace=namespace)
        self.settle()
        return edited

    def delete(self, resource: str, name: str, namespace: str = "default", **options: Any) -> None:
        self.client.delete(resource, name, namespace, **options)
        self.settle()

    def events(self, name: str, reason: str = "") -> list[str]:
        listed = self.client.list("events", "default")
        return [
            event["message"]
            for event in listed
            if event["involvedObject"]["name"] == name and reason in ("", event["reason"])
        ]


def template(image: str = "nginx:1.25", **spec: Any) -> Object:
    return {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": image}], **spec}}


def stateful_set(name: str = "web", *, replicas: int = 3, claims: bool = False, **spec: Any) -> Object:
    body: Object = {
        "replicas": replicas,
        "serviceName": "nginx",
        "selector": {"matchLabels": {"app": "web"}},
        "template": template(),
        **spec,
    }
    if claims:
        body["volumeClaimTemplates"] = [
            {
                "metadata": {"name": "www"},
                "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}},
            }
        ]
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": name, "namespace": "default"},
        "spec": body,
    }
