"""Order in a pod's life: init containers, sidecars, hooks, probes, the end."""

from __future__ import annotations

import asyncio
from typing import Any

import psutil
import pytest

from kitlib.embedded.apimachinery.status import generic
from kitlib.embedded.kubelet import pod_worker
from kitlib.embedded.kubelet.runtime import SandboxSpec
from tests.unit.kubelet.node import OBEYS, Node, condition, host_volume, main, mounted, phase, waits_for

NOTES = [mounted("/notes")]


def notes(node: Node) -> list[str]:
    return node.host_file("/notes/order").read_text().split()


def noting(word: str) -> str:
    return f"echo {word} >> /notes/order"


def until_told(word: str) -> list[str]:
    """A program that notes its start and, when it is told to stop, its end."""
    return ["sh", "-c", f"trap '{noting(word + '-ends')}; exit 0' TERM; {noting(word)}; sleep 1000 & wait"]


async def test_sidecars_start_first_and_stop_last(node: Node) -> None:
    sidecar = {"name": "side", "image": "busybox", "restartPolicy": "Always", "command": until_told("side")}
    sidecar |= {"startupProbe": {"exec": {"command": ["test", "-s", "/notes/order"]}, "periodSeconds": 1}}
    init = {"name": "init", "image": "busybox", "command": ["sh", "-c", noting("init")]}
    first = [container | {"volumeMounts": NOTES} for container in (sidecar, init)]
    spec = {"initContainers": first, "volumes": [host_volume("/notes")], "terminationGracePeriodSeconds": 20}
    probe = {"exec": {"command": ["grep", "main", "/notes/order"]}, "periodSeconds": 1}
    status = await node.running("p", *until_told("main"), volumeMounts=NOTES, readinessProbe=probe, spec=spec)
    assert [s["ready"] for s in status["initContainerStatuses"]] == [True, True]
    assert notes(node) == ["side", "init", "main"]
    await node.removed("p")
    assert notes(node) == ["side", "init", "main", "main-ends", "side-ends"]


async def test_a_program_that_is_stopped_while_it_starts_still_hears_of_it(node: Node) -> None:
    script = f"sleep 0.2; trap '{noting('told')}; exit 0' TERM; sleep 1000 & wait"
    spec = {"volumes": [host_volume("/notes")], "terminationGracePeriodSeconds": 20}
    await node.running("p", "sh", "-c", script, volumeMounts=NOTES, spec=spec)
    await node.removed("p")
    assert notes(node) == ["told"]


async def test_a_failed_init_container_is_run_again_before_anything_else(node: Node) -> None:
    script = f"{noting('try')}; test $(wc -l < /notes/order) -eq 2"
    init = {"name": "init", "image": "busybox", "command": ["sh", "-c", script], "volumeMounts": NOTES}
    status = await node.running("p", spec={"initContainers": [init], "volumes": [host_volume("/notes")]})
    assert notes(node) == ["try", "try"]
    assert status["initContainerStatuses"][0]["restartCount"] == 1


async def test_hooks_run_after_the_start_and_before_the_end(node: Node) -> None:
    hooks = {name: {"exec": {"command": ["sh", "-c", noting(name)]}} for name in ("postStart", "preStop")}
    await node.running("p", lifecycle=hooks, volumeMounts=NOTES, spec={"volumes": [host_volume("/notes")]})
    assert notes(node) == ["postStart"]
    await node.removed("p")
    assert notes(node) == ["postStart", "preStop"]


async def test_a_hook_may_be_a_request_or_a_pause(node: Node) -> None:
    node.config_map("conf", {"default.conf": "server { listen 80; access_log /notes/order; }"})
    volumes = [host_volume("/notes"), {"name": "conf", "configMap": {"name": "conf"}}]
    mounts = [*NOTES, mounted("/etc/nginx/conf.d", "conf")]
    hooks = {"postStart": {"sleep": {"seconds": 1}}, "preStop": {"httpGet": {"port": 80, "path": "/farewell"}}}
    node.pod("p", image="nginx", lifecycle=hooks, volumeMounts=mounts, spec={"volumes": volumes})
    await node.until("p", condition("Ready", "True"))
    await node.removed("p")
    assert "/farewell" in notes(node)


async def test_a_container_whose_first_hook_fails_is_restarted(node: Node) -> None:
    hook = {"exec": {"command": ["sh", "-c", "echo no luck; exit 1"]}}
    node.pod("p", *OBEYS, lifecycle={"postStart": hook})
    await node.until("p", lambda status: main(status).get("restartCount"))
    assert ("FailedPostStartHook", "PostStartHook failed: no luck") in node.events("p")


async def test_a_startup_probe_holds_the_others_back(node: Node) -> None:
    probe = {"exec": {"command": ["test", "-f", "/tmp/up"]}, "periodSeconds": 1, "failureThreshold": 1000}
    never = {"exec": {"command": ["false"]}, "periodSeconds": 1, "failureThreshold": 1}
    alive = {"exec": {"command": ["test", "-f", "/tmp/up"]}, "periodSeconds": 1, "failureThreshold": 1}
    node.pod("p", *OBEYS, startupProbe=probe, livenessProbe=alive, readinessProbe=never)
    status = await node.until("p", phase("Running"))
    assert (main(status)["started"], main(status)["ready"]) == (False, False)
    assert (await node.output("p", "touch", "/tmp/up"))[0] == 0
    status = await node.until("p", lambda status: main(status)["started"])
    assert (main(status)["ready"], main(status)["restartCount"]) == (False, 0)


async def test_a_pod_removed_by_force_ends_all_the_same(node: Node) -> None:
    await node.running("p", "sleep", "424242.1", spec={"terminationGracePeriodSeconds": 1000})
    ends = [process for process in psutil.process_iter(["cmdline"]) if "424242.1" in (process.info["cmdline"] or ())]
    assert ends
    await node.removed("p", grace_period_seconds=0)
    _, alive = await asyncio.to_thread(psutil.wait_procs, ends, timeout=60)
    assert alive == []


async def test_a_shorter_grace_period_cuts_a_longer_one_short(node: Node) -> None:
    await node.running("p", "sleep", "1000", spec={"terminationGracePeriodSeconds": 100000})
    node.client.delete("pods", "p", "default")
    await node.removed("p", grace_period_seconds=1)


async def test_a_pod_that_could_not_be_removed_is_removed_later(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    await node.running("p")
    delete, refusals = node.client.delete, [generic(500, "InternalError", "no room")]

    def at_the_second_try(*which: Any, **options: Any) -> None:
        if options.get("uid") and refusals:
            raise refusals.pop()
        delete(*which, **options)

    monkeypatch.setattr(node.client, "delete", at_the_second_try)
    await node.removed("p")
    assert refusals == []


async def test_a_container_without_room_for_its_log_starts_when_there_is(node: Node) -> None:
    await node.running("other")
    logs = node.directory / "n1" / "logs"
    kept = logs.rename(logs.with_name("kept"))
    logs.write_text("where a directory should be")
    node.pod("p", *OBEYS)
    await node.until("p", waits_for("CreateContainerError"))
    logs.unlink()
    kept.rename(logs)
    await node.until("p", condition("Ready", "True"))


async def test_a_pod_whose_start_fails_is_started_again(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pod_worker, "_SANDBOX_RETRY_SECONDS", 0.1)
    run_sandbox, refusals = node.runtime.run_sandbox, [OSError(28, "No space left on device")]

    async def at_the_second_try(spec: SandboxSpec) -> str:
        address = await run_sandbox(spec)
        if refusals:
            raise refusals.pop()
        return address

    monkeypatch.setattr(node.runtime, "run_sandbox", at_the_second_try)
    await node.running("p")
    await node.told("p", "FailedCreatePodSandBox", "Failed to create pod sandbox: [Errno 28] No space left on device")
    assert main(node.client.get("pods", "p", "default")["status"])["restartCount"] == 0
