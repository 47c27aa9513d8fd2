"""What a container's definition asks for, and what happens when it changes."""

from __future__ import annotations

from typing import Any

from kitlib.embedded.kubelet.streams import AttachSession
from tests.unit.kubelet.node import OBEYS, Node, gone, main, phase, waits_for


def set_image(node: Node, name: str, image: str) -> None:
    change = [{"op": "replace", "path": "/spec/containers/0/image", "value": image}]
    node.client.patch("pods", name, change, namespace="default", patch_type="json")


async def logs(node: Node, name: str, *, previous: bool = False) -> bytes:
    return b"".join([chunk async for chunk in node.kubelet.logs("default", name, "c", previous=previous)])


async def attached(node: Node, name: str, *, tty: bool = False) -> AttachSession:
    return await node.kubelet.attach("default", name, "c", stdin=True, tty=tty)


async def printed(session: AttachSession, until: bytes) -> bytes:
    output = b""
    async for _, chunk in session.output():
        output += chunk
        if until in output:
            break
    return output


async def test_a_corrected_image_is_tried_at_once(node: Node) -> None:
    node.pod("p", image="nginx:broken")
    await node.until("p", waits_for("ImagePullBackOff"))
    set_image(node, "p", "nginx:1.27")
    status = await node.until("p", phase("Running"))
    assert (main(status)["image"], main(status)["restartCount"]) == ("nginx:1.27", 0)


async def test_another_image_restarts_the_container_alone(node: Node) -> None:
    before = await node.running("p", image="busybox:1.36", spec={"restartPolicy": "Never"})
    set_image(node, "p", "busybox:1.37")
    after = await node.until("p", lambda status: main(status)["restartCount"] == 1 and main(status)["ready"])
    assert (main(after)["image"], after["podIP"]) == ("busybox:1.37", before["podIP"])
    assert ("Killing", "Container c definition changed, will be restarted") in node.events("p")


async def test_another_image_ends_the_back_off(node: Node) -> None:
    node.pod("p", "sh", "-c", "exit 1", image="busybox:1.36")
    await node.until("p", waits_for("CrashLoopBackOff"))
    set_image(node, "p", "busybox:1.37")
    status = await node.until("p", lambda s: main(s)["restartCount"] == 2 and waits_for("CrashLoopBackOff")(s))
    assert main(status)["state"]["waiting"]["message"].startswith("back-off 10s ")


async def test_the_logs_of_two_instances_are_kept_while_the_pod_is(node: Node) -> None:
    volume = {"volumes": [{"name": "n", "emptyDir": {}}]}
    script = "echo $(($(cat /n/n 2>/dev/null || echo 0) + 1)) > /n/n; cat /n/n; exit 1"
    node.pod("p", "sh", "-c", script, spec=volume, image="busybox:1", volumeMounts=[{"name": "n", "mountPath": "/n"}])
    await node.until("p", waits_for("CrashLoopBackOff"))
    assert (await logs(node, "p", previous=True), await logs(node, "p")) == (b"2\n", b"2\n")
    set_image(node, "p", "busybox:2")
    await node.until("p", lambda s: main(s)["restartCount"] == 2 and waits_for("CrashLoopBackOff")(s))
    assert await logs(node, "p", previous=True) == b"3\n"
    folder = node.directory / "n1" / "logs"
    assert sorted(path.name for path in folder.glob("*/c/*.log")) == ["1.log", "2.log"]
    await node.removed("p")
    assert not list(folder.iterdir())
    assert not list((node.directory / "n1" / "pods").iterdir())


async def test_the_end_of_the_log_explains_a_failure(node: Node) -> None:
    policy = {"terminationMessagePolicy": "FallbackToLogsOnError"}
    node.pod("p", "sh", "-c", "echo no such table; exit 1", spec={"restartPolicy": "Never"}, **policy)
    status = await node.until("p", phase("Failed"))
    assert main(status)["state"]["terminated"]["message"] == "no such table\n"


async def test_too_much_memory_ends_a_container(node: Node) -> None:
    limit = {"limits": {"memory": "48Mi"}}
    hungry = "x = bytearray(100 << 20)\nimport time\ntime.sleep(1000)"
    node.pod("p", "/usr/bin/python3", "-Sc", hungry, spec={"restartPolicy": "Never"}, resources=limit)
    await node.running("modest", resources=limit)
    ended = main(await node.until("p", phase("Failed")))["state"]["terminated"]
    assert (ended["reason"], ended["exitCode"]) == ("OOMKilled", 137)
    assert node.client.get("pods", "modest", "default")["status"]["phase"] == "Running"


async def test_a_container_runs_as_the_user_it_names(node: Node) -> None:
    context = {"runAsUser": 1234, "runAsGroup": 2345, "runAsNonRoot": True}
    await node.running("p", securityContext=context)
    script = "stat -c %u /proc/1; id -u; id -g; grep CapEff /proc/self/status; touch /tmp/mine && stat -c %u /tmp/mine"
    assert await node.output("p", "sh", "-c", script) == (0, "1234\n1234\n2345\nCapEff:\t0000000000000000\n1234\n")
    assert (await node.output("p", "sh", "-c", "mount -t tmpfs none /mnt"))[0] != 0


async def test_root_is_refused_to_a_pod_that_does_not_want_it(node: Node) -> None:
    node.pod("p", *OBEYS, spec={"securityContext": {"runAsNonRoot": True}})
    status = await node.until("p", waits_for("CreateContainerConfigError"))
    message = main(status)["state"]["waiting"]["message"]
    assert message.startswith('container has runAsNonRoot and image will run as root (pod: "p_default(')


async def test_input_reaches_an_attached_program_until_it_ends(node: Node) -> None:
    node.pod("p", "cat", stdin=True, stdinOnce=True, spec={"restartPolicy": "Never"})
    await node.until("p", phase("Running"))
    session = await attached(node, "p")
    await session.write(b"over and out\n")
    await session.close_stdin()
    assert b"".join([chunk async for _, chunk in session.output()]) == b"over and out\n"
    assert await session.wait() == 0
    await session.close()
    await node.until("p", phase("Succeeded"))


async def test_a_shell_on_a_terminal(node: Node) -> None:
    node.pod("p", "sh", stdin=True, tty=True, spec={"restartPolicy": "Never"})
    await node.until("p", phase("Running"))
    session = await attached(node, "p", tty=True)
    await session.resize(91, 37)
    await session.write(b"stty size; sh -c 'echo slee''ping; exec sleep 1000'\n")
    assert b"37 91" in await printed(session, b"sleeping")
    await session.write(b"\x03")
    await session.write(b"echo a''wake\n")
    await printed(session, b"awake")
    await session.write(b"exit 3\n")
    assert await session.wait() == 3
    await session.close()
    ended: dict[str, Any] = main(await node.until("p", phase("Failed")))
    assert ended["state"]["terminated"]["exitCode"] == 3
    await node.removed("p")
    await node.until("p", gone)
