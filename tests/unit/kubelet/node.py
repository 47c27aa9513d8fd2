"""A node on a registry in memory, with the real runtime below it, and what tests ask of its pods."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kitlib.clock import Clock, SystemClock
from kitlib.embedded import bootstrap
from kitlib.embedded.kubelet.images.store import ImageStore
from kitlib.embedded.kubelet.kubelet import Kubelet
from kitlib.embedded.kubelet.node_status import NodeIdentity
from kitlib.embedded.kubelet.runtime import Runtime
from kitlib.embedded.kubelet.sandboxed import SandboxedRuntime
from kitlib.embedded.registry.loopback import LoopbackClient
from kitlib.embedded.registry.registry import Registry
from kitlib.embedded.storage.journal import MemoryJournal
from kitlib.embedded.storage.store import Store

OBEYS = ["sh", "-c", "trap 'exit 0' TERM; sleep 1000 & wait"]
Check = Callable[[dict[str, Any]], Any]


class Node:
    """One node on a registry of its own; `until` waits for the watch, not for time."""

    def __init__(self, directory: Path, *, runtime: Runtime | None = None, clock: Clock | None = None) -> None:
        self.directory, self.clock = directory, clock or SystemClock()
        self.issued: list[float] = []
        self.registry = Registry(Store(MemoryJournal()), self.clock)
        bootstrap.ensure(self.registry)
        self.client = LoopbackClient(self.registry, "kubelet", host="n1")
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _meta("default")}
        self.client.create("serviceaccounts", account)
        self.config_map("kube-root-ca.crt", {"ca.crt": "a certificate"})
        self.runtime = runtime or SandboxedRuntime(directory / "runtime")
        self.kubelet = self.new_kubelet()

    def new_kubelet(self) -> Kubelet:
        return Kubelet(
            client=self.client,
            runtime=self.runtime,
            images=ImageStore(self.directory / "images"),
            node=NodeIdentity("n1"),
            state_dir=self.directory / "n1",
            clock=self.clock,
            token_source=self.token,
        )

    def token(self, pod: dict[str, Any], audience: str, seconds: int) -> str:
        self.issued.append(self.clock.monotonic())
        return f"a-token for {audience or 'the API'}, {seconds} s, no. {len(self.issued)}"

    def pod(self, name: str, *command: str, image: str = "busybox", spec: Any = None, **container: Any) -> None:
        main = {"name": "c", "image": image, "imagePullPolicy": "IfNotPresent"} | container
        if command:
            main["command"] = list(command)
        body = {"containers": [main], "nodeName": "n1"} | (spec or {})
        self.client.create("pods", {"apiVersion": "v1", "kind": "Pod", "metadata": _meta(name), "spec": body})

    def config_map(self, name: str, data: dict[str, str]) -> None:
        self.client.create(
            "configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _meta(name), "data": data}
        )

    async def until(self, name: str, check: Check) -> dict[str, Any]:
        """Returns the pod's first status for which `check` holds; {} stands for a pod that is gone."""
        changed = asyncio.Event()
        cancel = self.client.subscribe("pods", lambda _: changed.set(), replay=False)
        try:
            while True:
                changed.clear()
                status = (self.client.find("pods", name, "default") or {}).get("status", {})
                if check(status):
                    return status
                await changed.wait()
        finally:
            cancel()

    async def output(self, name: str, *command: str, container: str = "c") -> tuple[int, str]:
        session = await self.kubelet.exec("default", name, container, list(command), stdin=False, tty=False)
        text = b"".join([data async for _, data in session.output()]).decode()
        code = await session.wait()
        await session.close()
        return code, text

    async def running(self, name: str, *command: str, **more: Any) -> dict[str, Any]:
        """Create a pod and wait until it is ready."""
        self.pod(name, *(command or OBEYS), **more)
        return await self.until(name, condition("Ready", "True"))

    async def removed(self, name: str, **options: Any) -> None:
        self.client.delete("pods", name, "default", **options)
        await self.until(name, gone)

    def host_file(self, path: str) -> Path:
        """Returns where a hostPath's file is on this machine."""
        return self.directory / "n1" / "hostfs" / path.lstrip("/")

    async def told(self, name: str, reason: str, message: str) -> None:
        """Wait for an event about a pod."""
        changed = asyncio.Event()
        cancel = self.client.subscribe("events", lambda _: changed.set(), replay=False)
        try:
            while (reason, message) not in self.events(name):
                await changed.wait()
                changed.clear()
        finally:
            cancel()

    def events(self, name: str) -> list[tuple[str, str]]:
        found = self.client.list("events", "default", field_selector=f"involvedObject.name={name}")
        return [(event["reason"], event["message"]) for event in found]


def host_volume(path: str) -> dict[str, Any]:
    return {"name": "host", "hostPath": {"path": path}}


def mounted(path: str, name: str = "host", **more: Any) -> dict[str, Any]:
    return {"name": name, "mountPath": path, **more}


def _meta(name: str) -> dict[str, str]:
    return {"name": name, "namespace": "default"}


def phase(wanted: str) -> Check:
    return lambda status: status.get("phase") == wanted


def condition(kind: str, wanted: str) -> Check:
    return lambda status: any(c["type"] == kind and c["status"] == wanted for c in status.get("conditions") or [])


def waits_for(reason: str) -> Check:
    return lambda status: main(status).get("state", {}).get("waiting", {}).get("reason") == reason


def gone(status: dict[str, Any]) -> bool:
    return not status


def main(status: dict[str, Any]) -> dict[str, Any]:
    return (status.get("containerStatuses") or [{}])[0]
