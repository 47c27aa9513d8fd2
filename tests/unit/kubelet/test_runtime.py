"""The real runtime, with a real agent in namespaces of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from kitlib.embedded.kubelet import holder
from kitlib.embedded.kubelet.holder import Holder
from kitlib.embedded.kubelet.logs import ContainerLog, read_log
from kitlib.embedded.kubelet.runtime import Mount, RuntimeLost, StartError
from kitlib.embedded.kubelet.streams import run_command, start_session
from tests.faults.machine import alive
from tests.unit.kubelet.conftest import Workbench


async def exchange(sock: socket.socket, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(sock=sock)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    return answer


async def listening(connect: Callable[[], Awaitable[socket.socket]]) -> socket.socket:
    """Connect until the program listens: it has been executed, but that is all that is known."""
    while True:
        try:
            return await connect()
        except ConnectionRefusedError:
            await asyncio.sleep(0)


async def dial(bench: Workbench, address: str, port: int) -> socket.socket:
    return await listening(lambda: bench.runtime.dial(address, port))


async def read(log: ContainerLog, *, follow: bool) -> AsyncIterator[bytes]:
    async for chunk in read_log(
        log.path, log, follow=follow, tail_lines=None, since_time=None, timestamps=False, limit_bytes=None
    ):
        yield chunk


async def text(log: ContainerLog) -> str:
    return b"".join([chunk async for chunk in read(log, follow=True)]).decode()


async def test_nginx_serves_on_its_own_address(bench: Workbench) -> None:
    for name in ("web-0", "web-1"):
        sandbox, address = await bench.pod(name)
        await bench.run(sandbox, "nginx:1.27")
        answer = await exchange(await dial(bench, address, 80), b"GET / HTTP/1.0\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200")
        assert b"Welcome to nginx!" in answer


async def test_redis_answers(bench: Workbench) -> None:
    sandbox, address = await bench.pod()
    await bench.run(sandbox, "redis:7")
    assert await exchange(await dial(bench, address, 6379), b"PING\r\nQUIT\r\n") == b"+PONG\r\n+OK\r\n"
    inside = await exchange(await bench.runtime.dial_in_sandbox(sandbox, 6379), b"PING\r\nQUIT\r\n")
    assert inside.startswith(b"+PONG")


async def test_exec_runs_in_the_container(bench: Workbench) -> None:
    sandbox, _ = await bench.pod("web-7")
    container, _ = await bench.run(sandbox, "busybox", "sh", "-c", "echo mine > /only-here; exec sleep 1000")
    code, output = await run_command(
        bench.runtime, container.id, ["sh", "-c", "cat /only-here; hostname; echo oops >&2; exit 3"], timeout=10
    )
    assert code == 3
    assert sorted(output.decode().split()) == ["mine", "oops", "web-7"]
    with pytest.raises(StartError, match='exec: "nope": executable file not found in \\$PATH'):
        await run_command(bench.runtime, container.id, ["nope"], timeout=10)


async def test_a_command_has_the_capabilities_of_its_container(bench: Workbench) -> None:
    show = ["sh", "-c", "grep -E 'Cap(Inh|Prm|Eff)' /proc/self/status"]
    sandbox, _ = await bench.pod()
    container, log = await bench.run(sandbox, "busybox", "sh", "-c", f"{show[2]}; exec sleep 1000")
    lines = read(log, follow=True)
    own = b""
    while own.count(b"\n") < 3:
        own += await anext(lines)
    _, output = await run_command(bench.runtime, container.id, show, timeout=10)
    assert output.count(b"00000000a80425fb") == 3
    assert own == output
    code, _ = await run_command(bench.runtime, container.id, ["mount", "-t", "tmpfs", "none", "/mnt"], timeout=10)
    assert code != 0


async def test_exec_reads_stdin_to_its_end(bench: Workbench) -> None:
    sandbox, _ = await bench.pod()
    container, _ = await bench.run(sandbox, "busybox", "sleep", "1000")
    session = await start_session(bench.runtime, container.id, ["wc", "-c"], stdin=True, tty=False)
    await session.write(b"x" * 300_000)
    await session.close_stdin()
    assert [(channel, int(data)) async for channel, data in session.output()] == [(1, 300_000)]
    assert await session.wait() == 0
    await session.close()


async def test_exec_with_a_terminal(bench: Workbench) -> None:
    sandbox, _ = await bench.pod()
    container, _ = await bench.run(sandbox, "busybox", "sleep", "1000")
    session = await start_session(bench.runtime, container.id, ["sh"], stdin=True, tty=True)
    await session.resize(100, 40)
    await session.write(b"tty; stty size; exit 4\n")
    output = b"".join([data async for _, data in session.output()])
    assert b"/dev/pts/" in output
    assert b"40 100" in output
    assert await session.wait() == 4
    await session.close()


async def test_signals_reach_pid_1_as_on_a_real_node(bench: Workbench) -> None:
    sandbox, _ = await bench.pod()
    obeys, log = await bench.run(
        sandbox, "busybox", "sh", "-c", "trap 'echo bye; exit 5' TERM; echo up; sleep 1000 & wait"
    )
    assert await anext(read(log, follow=True)) == b"up\n"
    assert await bench.stop(obeys) == 5
    assert await text(log) == "up\nbye\n"
    ignores, _ = await bench.run(sandbox, "busybox", "sleep", "1000")
    await bench.runtime.signal(ignores.id, signal.SIGTERM)
    assert not ignores.exited.done()
    assert await bench.stop(ignores, signal.SIGKILL) == 137
    paused, _ = await bench.run(sandbox, "registry.k8s.io/pause:3.10")
    assert await bench.stop(paused, signal.SIGKILL) == 137


async def test_a_program_that_does_not_exist(bench: Workbench) -> None:
    sandbox, _ = await bench.pod()
    with pytest.raises(StartError, match='exec: "no-such": executable file not found'):
        await bench.run(sandbox, "busybox", "no-such", "argument")


async def test_a_program_that_ends_at_once_has_run(bench: Workbench) -> None:
    sandbox, _ = await bench.pod()
    container, log = await bench.run(sandbox, "busybox", "sh", "-c", "echo out; echo err >&2; exit 9")
    assert await container.exited == 9
    assert sorted((await text(log)).split()) == ["err", "out"]


async def test_two_containers_share_a_pod(bench: Workbench, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    sandbox, _ = await bench.pod()
    mounts = (Mount(shared, "/usr/share/nginx/html"),)
    await bench.run(sandbox, "nginx", mounts=mounts)
    writer, _ = await bench.run(
        sandbox, "busybox", "sh", "-c", "echo shared > /data/index.html", mounts=(Mount(shared, "/data"),)
    )
    assert await writer.exited == 0
    sock = await listening(lambda: bench.runtime.dial_in_sandbox(sandbox, 80))
    assert (await exchange(sock, b"GET / HTTP/1.0\r\n\r\n")).endswith(b"shared\n")


async def test_pods_reach_each_other(bench: Workbench) -> None:
    _, address = web = await bench.pod("web-0")
    await bench.run(web[0], "nginx")
    (await dial(bench, address, 80)).close()
    sandbox, _ = await bench.pod("client")
    container, log = await bench.run(sandbox, "busybox", "sh", "-c", f"curl -s http://{address}")
    assert await container.exited == 0
    assert "Welcome to nginx!" in await text(log)


async def test_any_service_address_can_be_served(bench: Workbench) -> None:
    listener = await bench.runtime.listen("10.96.77.88", 80)
    served = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.0 200 OK\r\n\r\nfrom the control plane")
        writer.close()
        served.set()

    server = await asyncio.start_server(answer, sock=listener)
    sandbox, _ = await bench.pod()
    container, log = await bench.run(sandbox, "busybox", "curl", "-s", "http://10.96.77.88")
    assert await container.exited == 0
    assert (await text(log)).strip() == "from the control plane"
    assert served.is_set()
    server.close()


async def test_a_lost_agent_is_started_again(bench: Workbench) -> None:
    back = asyncio.Event()
    bench.runtime.on_restart(back.set)
    sandbox, first = await bench.pod()
    container, _ = await bench.run(sandbox, "busybox", "sleep", "1000")
    os.kill(bench.runtime.holder.pid, signal.SIGKILL)
    with pytest.raises(RuntimeLost):
        await container.exited
    await back.wait()
    _, second = await bench.pod()
    assert second != first


async def test_an_agent_lost_while_it_is_started_is_replaced_once(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    back, call, doomed = asyncio.Event(), Holder.call, [signal.SIGKILL]
    await bench.runtime.add_address("172.18.0.2")

    async def killed_first(its: Holder, operation: str, **more: Any) -> tuple[dict[str, Any], list[int]]:
        if operation == "address" and doomed:
            psutil.Process(its.pid).children()[0].suspend()  # it does not answer any more
            os.kill(its.pid, doomed.pop())
        return await call(its, operation, **more)

    monkeypatch.setattr(Holder, "call", killed_first)
    bench.runtime.on_restart(back.set)
    os.kill(bench.runtime.holder.pid, signal.SIGKILL)
    await back.wait()
    await asyncio.sleep(0)
    assert [task for task in asyncio.all_tasks() if "_start_again" in repr(task.get_coro())] == []
    await bench.pod()


async def test_an_agent_that_outlives_its_holder_ends_before_another_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the holder is killed before its child has asked to die with it."""
    monkeypatch.setattr(holder, "_NAMESPACES", [option for option in holder._NAMESPACES if option != "--kill-child"])
    bench, back = Workbench(tmp_path), asyncio.Event()
    bench.runtime.on_restart(back.set)
    await bench.runtime.start()
    sandbox, _ = await bench.pod()
    container, _ = await bench.run(sandbox, "busybox", "sleep", "1000")
    first = psutil.Process(bench.runtime.holder.pid)
    below = first.children(recursive=True)
    first.kill()
    with pytest.raises(RuntimeLost):
        await container.exited
    await back.wait()
    assert [process for process in below if alive(process)] == []
    await bench.pod()
    await bench.runtime.stop()


async def test_nothing_outlives_the_runtime(bench: Workbench) -> None:
    sandbox, _ = await bench.pod()
    _, log = await bench.run(sandbox, "busybox", "sh", "-c", "sleep 1000 & echo forked; sleep 1000")
    assert await anext(read(log, follow=True)) == b"forked\n"
    started = psutil.Process(bench.runtime.holder.pid).children(recursive=True)
    assert len(started) >= 4
    await bench.runtime.stop()
    _, alive = psutil.wait_procs(started, timeout=10)
    assert alive == []


_CONTROL_PLANE = """
import asyncio, sys
from pathlib import Path
from tests.unit.kubelet.conftest import Workbench

async def main():
    bench = Workbench(Path(sys.argv[1]))
    await bench.runtime.start()
    sandbox, _ = await bench.pod()
    await bench.run(sandbox, "busybox", "sleep", "1000")
    print(bench.runtime.holder.pid, flush=True)
    await asyncio.sleep(1000)

asyncio.run(main())
"""


async def test_nothing_outlives_a_killed_control_plane(tmp_path: Path) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _CONTROL_PLANE,
        str(tmp_path),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    assert parent.stdout is not None
    holder = psutil.Process(int(await parent.stdout.readline()))
    started = [holder, *holder.children(recursive=True)]
    assert len(started) >= 4
    parent.kill()
    await parent.wait()
    _, alive = psutil.wait_procs(started, timeout=10)
    assert alive == []


async def test_programs_inherit_nothing_but_their_streams(bench: Workbench) -> None:
    sandbox, _ = await bench.pod()
    containers = [bench.run(sandbox, "busybox", "sh", "-c", "ls /proc/self/fd | tr '\\n' ' '") for _ in range(8)]
    logs = [log for _, log in await asyncio.gather(*containers)]
    # ls itself opens the directory.
    assert [await text(log) for log in logs] == ["0 1 2 3 "] * 8
    container, _ = await bench.run(sandbox, "busybox", "sleep", "1000")
    command = ["sh", "-c", "ls /proc/self/fd | tr '\\n' ' '"]
    assert await run_command(bench.runtime, container.id, command, timeout=30) == (0, b"0 1 2 3 ")
