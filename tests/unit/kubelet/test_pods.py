"""Pods from binding to removal: the kubelet on the registry in memory, with the real runtime below."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from tests.unit.kubelet.node import OBEYS, Node, condition, gone, main, phase, waits_for


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
    assert await node.output("p", "sh", "-c", f"{script}; touch /home/mark") == (
        0,
        "one\nblue\nblue sky\na-token for the API, 3607 s, no. 1",
    )
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
