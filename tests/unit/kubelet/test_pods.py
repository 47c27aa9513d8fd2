"""Pods from binding to removal: the kubelet on the registry in memory, with the real runtime below."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from kitlib.clock import SystemClock
from kitlib.embedded import bootstrap
from kitlib.embedded.kubelet.images.store import ImageStore
from kitlib.embedded.kubelet.kubelet import Kubelet
from kitlib.embedded.kubelet.sandboxed import SandboxedRuntime
from kitlib.embedded.registry.loopback import LoopbackClient
from kitlib.embedded.registry.registry import Registry
from kitlib.embedded.storage.journal import MemoryJournal
from kitlib.embedded.storage.store import Store

OBEYS = ["sh", "-c", "trap 'exit 0' TERM; sleep 1000 & wait"]
Check = Callable[[dict[str, Any]], Any]


class Node:
    """One node on a registry of its own; `until` waits for the watch, not for time."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.registry = Registry(Store(MemoryJournal()), SystemClock())
        bootstrap.ensure(self.registry)
        self.client = LoopbackClient(self.registry, "kubelet", host="n1")
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _meta("default")}
        self.client.create("serviceaccounts", account)
        self.config_map("kube-root-ca.crt", {"ca.crt": "a certificate"})
        self.runtime = SandboxedRuntime(directory / "runtime")
        self.kubelet = self.new_kubelet()

    def new_kubelet(self) -> Kubelet:
        return Kubelet(
            client=self.client,
            runtime=self.runtime,
            images=ImageStore(self.directory / "images"),
            node_name="n1",
            state_dir=self.directory / "n1",
            clock=SystemClock(),
            token_source=lambda pod: "a-token",
        )

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

    async def output(self, name: str, *command: str) -> tuple[int, str]:
        session = await self.kubelet.exec("default", name, "c", list(command), stdin=False, tty=False)
        text = b"".join([data async for _, data in session.output()]).decode()
        code = await session.wait()
        await session.close()
        return code, text

    def events(self, name: str) -> list[tuple[str, str]]:
        found = self.client.list("events", "default", field_selector=f"involvedObject.name={name}")
        return [(event["reason"], event["message"]) for event in found]


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


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    node = Node(tmp_path)
    await node.runtime.start()
    await node.kubelet.start()
    yield node
    await node.kubelet.stop()
    await node.runtime.stop()


async def test_a_pod_runs_and_goes(node: Node) -> None:
    node.pod("web-0", image="nginx:1.27", readinessProbe={"tcpSocket": {"port": 80}})
    status = await node.until("web-0", condition("Ready", "True"))
    container = main(status)
    assert status["phase"] == "Running"
    assert (container["ready"], container["started"], container["restartCount"]) == (True, True, 0)
    assert container["imageID"].endswith("#nginx")
    assert status["podIP"].startswith("10.244.")
    assert (await node.output("web-0", "hostname"))[1] == "web-0\n"
    reader, writer = await node.kubelet.connect("default", "web-0", 80)
    writer.write(b"GET / HTTP/1.0\r\n\r\n")
    assert b"Welcome to nginx!" in await reader.read()
    writer.close()
    node.client.delete("pods", "web-0", "default")
    await node.until("web-0", gone)
    assert ("Killing", "Stopping container c") in node.events("web-0")


async def test_the_events_of_a_start(node: Node) -> None:
    node.pod("p", *OBEYS)
    await node.until("p", phase("Running"))
    node.pod("q", *OBEYS)
    await node.until("q", phase("Running"))
    present = 'Container image "busybox" already present on machine and can be accessed by the pod'
    assert sorted(node.events("q")) == [
        ("Created", "Container created"),
        ("Pulled", present),
        ("Started", "Container started"),
    ]
    assert ("Pulling", 'Pulling image "busybox"') in node.events("p")


async def test_an_image_that_does_not_exist(node: Node) -> None:
    node.pod("p", image="nginx:broken")
    await node.until("p", waits_for("ErrImagePull"))
    status = await node.until("p", waits_for("ImagePullBackOff"))
    assert status["phase"] == "Pending"
    assert ("BackOff", 'Back-off pulling image "nginx:broken"') in node.events("p")
    assert ("Failed", "Error: ErrImagePull") in node.events("p")


async def test_a_crash_is_restarted_at_once_and_then_backs_off(node: Node) -> None:
    node.pod("p", "sh", "-c", "echo instance; exit 3")
    container = main(await node.until("p", waits_for("CrashLoopBackOff")))
    assert container["restartCount"] == 1
    assert container["lastState"]["terminated"]["exitCode"] == 3
    assert container["state"]["waiting"]["message"].startswith(
        "back-off 10s restarting failed container=c pod=p_default("
    )
    previous = [chunk async for chunk in node.kubelet.logs("default", "p", "c", previous=True)]
    assert previous == [b"instance\n"]


@pytest.mark.parametrize(("code", "wanted"), [(0, "Succeeded"), (4, "Failed")])
async def test_a_pod_that_is_not_restarted_ends(node: Node, code: int, wanted: str) -> None:
    node.pod("p", "sh", "-c", f"exit {code}", spec={"restartPolicy": "Never"})
    status = await node.until("p", phase(wanted))
    assert main(status)["state"]["terminated"]["exitCode"] == code


async def test_a_program_that_cannot_start(node: Node) -> None:
    node.pod("p", "no-such-program")
    container = main(await node.until("p", waits_for("CrashLoopBackOff")))
    ended = container["lastState"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (128, "StartError")
    assert 'exec: "no-such-program": executable file not found in $PATH' in ended["message"]


async def test_readiness_follows_the_probe(node: Node) -> None:
    probe = {"httpGet": {"path": "/index.html", "port": 80}, "periodSeconds": 1, "failureThreshold": 1}
    node.pod("p", image="nginx", readinessProbe=probe)
    await node.until("p", condition("Ready", "True"))
    page = "/usr/share/nginx/html/index.html"
    assert (await node.output("p", "mv", page, "/tmp/"))[0] == 0
    status = await node.until("p", condition("Ready", "False"))
    assert not main(status)["ready"]
    assert ("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 404") in node.events("p")
    assert (await node.output("p", "mv", "/tmp/index.html", page))[0] == 0
    await node.until("p", condition("Ready", "True"))


async def test_a_failed_liveness_probe_restarts_the_container(node: Node) -> None:
    probe = {"exec": {"command": ["test", "-f", "/tmp/alive"]}, "periodSeconds": 1, "failureThreshold": 1}
    node.pod("p", "sh", "-c", f"touch /tmp/alive; {OBEYS[2]}", livenessProbe=probe, readinessProbe=probe)
    await node.until("p", condition("Ready", "True"))
    assert (await node.output("p", "rm", "/tmp/alive"))[0] == 0
    await node.until("p", lambda status: main(status)["restartCount"] == 1 and main(status)["ready"])
    assert ("Killing", "Container c failed liveness probe, will be restarted") in node.events("p")


async def test_init_containers_and_volumes(node: Node) -> None:
    node.config_map("settings", {"color": "blue"})
    shared = {"name": "shared", "mountPath": "/shared"}
    node.pod(
        "p",
        *OBEYS,
        volumeMounts=[shared, {"name": "config", "mountPath": "/etc/config"}, {"name": "home", "mountPath": "/home"}],
        env=[
            {"name": "COLOR", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "color"}}},
            {"name": "GREETING", "value": "$(COLOR) sky"},
        ],
        spec={
            "initContainers": [
                {
                    "name": "first",
                    "image": "busybox",
                    "command": ["sh", "-c", "echo one > /shared/f"],
                    "volumeMounts": [shared],
                }
            ],
            "volumes": [
                {"name": "shared", "emptyDir": {}},
                {"name": "config", "configMap": {"name": "settings"}},
                {"name": "home", "hostPath": {"path": "/tmp/home"}},
            ],
        },
    )
    status = await node.until("p", condition("Ready", "True"))
    assert status["initContainerStatuses"][0]["state"]["terminated"]["reason"] == "Completed"
    script = (
        "cat /shared/f /etc/config/color; echo; echo $GREETING; cat /var/run/secrets/kubernetes.io/serviceaccount/token"
    )
    assert await node.output("p", "sh", "-c", f"{script}; touch /home/mark") == (0, "one\nblue\nblue sky\na-token")
    assert (node.directory / "n1/hostfs/tmp/home/mark").exists()


async def test_a_missing_volume_holds_the_pod_back(node: Node) -> None:
    volumes = [{"name": "v", "configMap": {"name": "later"}}]
    node.pod("p", *OBEYS, spec={"volumes": volumes}, volumeMounts=[{"name": "v", "mountPath": "/v"}])
    status = await node.until("p", waits_for("ContainerCreating"))
    assert status["phase"] == "Pending"
    node.config_map("later", {})
    await node.until("p", phase("Running"))
    assert ("FailedMount", 'MountVolume.SetUp failed for volume "v" : configmap "later" not found') in node.events("p")


async def test_what_ignores_the_stop_signal_is_killed(node: Node) -> None:
    node.pod("p", "sleep", "1000", spec={"terminationGracePeriodSeconds": 1})
    await node.until("p", phase("Running"))
    codes: list[int] = []
    cancel = node.client.subscribe("pods", lambda event: codes.extend(_exit_codes(event.object)), replay=False)
    node.client.delete("pods", "p", "default")
    await node.until("p", gone)
    cancel()
    assert 137 in codes


async def test_a_lost_agent_is_like_a_reboot(node: Node) -> None:
    node.pod("p", *OBEYS)
    before = await node.until("p", condition("Ready", "True"))
    os.kill(node.runtime.holder.pid, signal.SIGKILL)
    after = await node.until("p", lambda status: main(status)["restartCount"] == 1 and main(status)["ready"])
    assert main(after)["lastState"]["terminated"]["reason"] == "Unknown"
    assert after["podIP"] != before["podIP"]


async def test_a_new_kubelet_takes_its_pods_up_again(node: Node) -> None:
    node.pod("always", *OBEYS)
    node.pod("never", *OBEYS, spec={"restartPolicy": "Never"})
    for name in ("always", "never"):
        await node.until(name, condition("Ready", "True"))
    await node.kubelet.stop()
    await node.runtime.stop()
    await node.runtime.start()
    node.kubelet = node.new_kubelet()
    await node.kubelet.start()
    await node.until("always", lambda status: main(status)["restartCount"] == 1 and main(status)["ready"])
    ended = main(await node.until("never", phase("Failed")))
    assert ended["state"]["terminated"]["exitCode"] == 255


def _exit_codes(pod: dict[str, Any]) -> list[int]:
    statuses = pod.get("status", {}).get("containerStatuses") or []
    return [s["state"]["terminated"]["exitCode"] for s in statuses if "terminated" in s["state"]]
