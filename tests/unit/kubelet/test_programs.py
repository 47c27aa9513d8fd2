"""The kit's own programs in containers: agnhost's commands, and tools that a machine may lack."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.unit.kubelet.conftest import Workbench

AGNHOST = "registry.k8s.io/e2e-test-images/agnhost:2.53"


async def said(bench: Workbench, sandbox: str, *command: str, image: str = AGNHOST, **more: object) -> tuple[int, str]:
    container, log = await bench.run(sandbox, image, *command, **more)
    code = await container.exited
    await log.drained()
    return code, "\n".join(line.split(" ", 3)[3] for line in log.path.read_text().splitlines())


async def answers(bench: Workbench, sandbox: str, url: str) -> str:
    """What a server says, as soon as it listens."""
    while True:
        code, text = await said(bench, sandbox, "/usr/lib/kit/run", "wget", "-O-", url)
        if code != 4:
            return text


async def test_the_entrypoint_tester_says_its_command_line(bench: Workbench) -> None:
    sandbox, _ = await bench.pod()
    assert await said(bench, sandbox, "/agnhost-2", "entrypoint-tester", "a", "b") == (
        0,
        "[/agnhost-2 entrypoint-tester a b]",
    )


async def test_an_unknown_command_fails(bench: Workbench) -> None:
    sandbox, _ = await bench.pod()
    assert await said(bench, sandbox, "/agnhost", "nonsense") == (1, 'Error: unknown command "nonsense" for "app"')


ASH = """
trap "exit 3" SIGTERM
source /dev/null
text=abc; let sum=1+1
[[ $text == a* ]] && echo -e "${text:1:1}\\t$sum"
sh -c "kill -TERM $$"; sleep 1
"""


@pytest.mark.parametrize("image", [AGNHOST, "busybox", "httpd:2.4"])
async def test_a_shell_of_busybox_knows_more_than_posix(bench: Workbench, image: str) -> None:
    if shutil.which("bash") is None:
        pytest.skip("needs bash, or a machine whose sh is BusyBox's")
    sandbox, _ = await bench.pod()
    assert await said(bench, sandbox, "/bin/sh", "-e", "-c", ASH, image=image) == (3, "b\t2")


async def test_pause_says_so(bench: Workbench) -> None:
    sandbox, _ = await bench.pod()
    container, log = await bench.run(sandbox, AGNHOST)
    while b"Paused" not in log.path.read_bytes():
        await log.changed()
    assert await bench.stop(container) == 0


async def test_netexec_does_what_it_is_asked(bench: Workbench) -> None:
    sandbox, address = await bench.pod("netty")
    server, _ = await bench.run(sandbox, AGNHOST, "/agnhost", "netexec", "--http-port=80")
    url = f"http://{address}"
    assert await answers(bench, sandbox, f"{url}/hostname") == "netty"
    assert await answers(bench, sandbox, f"{url}/echo?msg=hello%20you") == "hello you"
    assert await answers(bench, sandbox, f"{url}/shell?shellCommand=echo%20$((6*7))") == json.dumps({"output": "42\n"})
    assert (await answers(bench, sandbox, f"{url}/clientip")).startswith(f"{address}:")
    for protocol, port in (("http", 80), ("udp", 8081)):
        dialled = await answers(bench, sandbox, f"{url}/dial?host={address}&port={port}&protocol={protocol}&tries=2")
        assert json.loads(dialled) == {"responses": ["netty", "netty"]}
    await answers(bench, sandbox, f"{url}/exit?code=3")
    assert await server.exited == 3


async def test_mounttest_tells_types_and_modes(bench: Workbench) -> None:
    sandbox, _ = await bench.pod()
    code, text = await said(
        bench,
        sandbox,
        *("/agnhost", "mounttest", "--fs_type=/dev/shm", "--new_file_0666=/dev/shm/f", "--file_perm=/dev/shm/f"),
        *("--file_content=/dev/shm/f", "--file_mode=/dev/shm"),
    )
    assert code == 0
    assert 'mount type of "/dev/shm": tmpfs' in text
    assert 'perms of file "/dev/shm/f": -rw-rw-rw-' in text
    assert 'content of file "/dev/shm/f": mount-tester new file' in text
    assert 'mode of file "/dev/shm": dtrwxrwxrwx' in text
    code, text = await said(bench, sandbox, "/agnhost", "mounttest", "--file_content=/missing")
    assert code == 1
    assert "No such file" in text


@pytest.mark.parametrize(("tool", "arguments"), [("wget", ["-qO-"]), ("curl", ["-s", "-f"])])
async def test_tools_fetch(bench: Workbench, tool: str, arguments: list[str]) -> None:
    sandbox, address = await bench.pod("web")
    await bench.run(sandbox, AGNHOST, "/agnhost", "serve-hostname", "--port=81")
    await answers(bench, sandbox, f"http://{address}:81")
    run = ("/usr/lib/kit/run", tool)
    assert await said(bench, sandbox, *run, *arguments, f"{address}:81/x") == (0, "web")
    assert (await said(bench, sandbox, *run, f"http://{address}:82/"))[0] in (4, 7)


async def test_netcat_connects_and_tells(bench: Workbench) -> None:
    sandbox, address = await bench.pod("tcp")
    await bench.run(sandbox, AGNHOST, "/agnhost", "serve-hostname", "--tcp", "--port", "81")
    netcat = ("/usr/lib/kit/run", "nc")
    while (await said(bench, sandbox, *netcat, "-z", "-w", "1", address, "81"))[0]:
        pass
    assert await said(bench, sandbox, *netcat, "-w1", address, "81") == (0, "tcp")
    assert (await said(bench, sandbox, *netcat, "-vz", address, "82"))[0] == 1


async def test_a_user_that_is_not_root_can_run_them(bench: Workbench) -> None:
    sandbox, _ = await bench.pod()
    code, text = await said(bench, sandbox, "/agnhost", "mounttest", "--file_owner=/agnhost", uid=1001, gid=0)
    assert (code, text.splitlines()[0]) == (0, 'owner UID of "/agnhost": 1001')
