"""Other versions of the official client, and others' clients: each in a folder and a process of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from tests.support.kubectl import Kubectl

HERE = Path(__file__).with_name("clients")
EXPECTED = ["ready", "patched front", "log True", "exec 42"]


def installed(name: str) -> Path:
    """Return the folder with the packages of `clients/NAME.txt`; it is made once, beside the project's own packages."""
    requirements = HERE / f"{name}.txt"
    folder = Path(sys.prefix) / "clients" / f"{name}-{zlib.crc32(requirements.read_bytes()):08x}"
    if not folder.is_dir():
        unfinished = folder.with_name(f".{folder.name}.{os.getpid()}")
        uv = str(Path(sys.executable).with_name("uv"))
        command = [uv, "pip", "install", "--quiet", "--python", sys.executable, "--target", str(unfinished)]
        trusting = {**os.environ, "UV_NATIVE_TLS": "1", "UV_SYSTEM_CERTS": "1"}
        done = subprocess.run(
            [*command, "-r", str(requirements)], env=trusting, capture_output=True, text=True, timeout=100
        )
        assert done.returncode == 0, f"the packages of {requirements.name} can't be installed: {done.stderr}"
        try:
            unfinished.rename(folder)
        except OSError:  # another process was faster
            shutil.rmtree(unfinished)
    return folder


@pytest.mark.parametrize(
    ("packages", "script", "says"),
    [
        ("kubernetes-35", "official", EXPECTED),
        ("kubernetes-36", "official", EXPECTED),
        ("kubernetes-37", "official", EXPECTED),
        ("kubernetes_asyncio", "asyncio_client", EXPECTED),
        ("kr8s", "kr8s_client", EXPECTED),
        ("lightkube", "lightkube_client", EXPECTED[:3]),
    ],
)
def test_a_client_does_its_round(kubectl: Kubectl, packages: str, script: str, says: list[str]) -> None:
    environment = {**kubectl.environment, "PYTHONPATH": str(installed(packages)), "PYTHONSAFEPATH": "1"}
    command = [sys.executable, str(HERE / f"{script}.py"), str(kubectl.kubeconfig), kubectl.namespace]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stdout.splitlines()) == (0, says), done.stderr[-3000:]


def test_the_oldest_kubectl_does_its_round(kubectl: Kubectl) -> None:
    program = str(installed("kubectl-1.36") / "bin" / "kubectl")

    def old(*arguments: str) -> str:
        command = [program, f"--namespace={kubectl.namespace}", *arguments]
        done = subprocess.run(
            command, env=kubectl.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, (arguments, done.stderr)
        return done.stdout

    assert "v1.36." in old("version")
    old("run", "web", "--image=nginx:1.25", "--labels=app=web", "--port=80")
    old("wait", "pod/web", "--for=condition=Ready", "--timeout=20s")
    old("label", "pod", "web", "tier=front")
    assert old("get", "pod", "-l", "tier=front", "-o", "name") == "pod/web\n"
    assert old("exec", "web", "--", "sh", "-c", "echo $((40+2))") == "42\n"
    assert "start worker process" in old("logs", "web")
    old("delete", "pod", "web", "--now")
