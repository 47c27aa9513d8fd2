"""`kit down`: pods get their grace, up to a bound, unless somebody is in a hurry; `kit up` starts them again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kitlib.environments.embedded import EmbeddedProvider
from tests.support.kubectl import Kubectl
from tests.support.patience import Patience

PATIENCE = Patience(30)
POD = """\
apiVersion: v1
kind: Pod
metadata: {name: NAME}
spec:
  containers:
  - name: c
    image: busybox:1.37
    command: [/bin/sh, -c]
    args: ["trap 'sleep SLOW; echo NAME >> /v/ended; exit' TERM; touch /v/NAME; while :; do sleep 0.05; done"]
    volumeMounts: [{name: v, mountPath: /v}]
    lifecycle: {preStop: {exec: {command: [/bin/sh, -c, "echo hook of NAME >> /v/ended"]}}}
  volumes: [{name: v, hostPath: {path: /shutdown}}]
"""


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    provider = EmbeddedProvider(tmp_path)
    provider.create("down")
    yield tmp_path
    provider.delete("down")


def kubectl(state: Path) -> Kubectl:
    found = EmbeddedProvider(state).create("down")
    return Kubectl(found.kubeconfig, state)


def begin(state: Path, name: str, *, slow: str) -> None:
    """Start a pod that takes a while to end, and wait until it would."""
    manifest = state / f"{name}.yaml"
    manifest.write_text(POD.replace("NAME", name).replace("SLOW", slow))
    known = kubectl(state)
    PATIENCE.until(lambda: known.run("get", "serviceaccount", "default").returncode == 0, "the default service account")
    known("apply", "-f", str(manifest))
    known("wait", f"pod/{name}", "--for=condition=Ready", "--timeout=30s")
    PATIENCE.until(lambda: known.run("exec", name, "--", "test", "-f", f"/v/{name}").returncode == 0, "its trap")


def left_behind(state: Path, name: str) -> str:
    """What the pod has written before the cluster went down; it runs again, one start later."""
    known = kubectl(state)
    known("wait", f"pod/{name}", "--for=condition=Ready", "--timeout=30s")
    count = known("get", "pod", name, "-o", "jsonpath={.status.containerStatuses[0].restartCount}")
    assert count == "1"
    return known("exec", name, "--", "/bin/sh", "-c", "cat /v/ended || true")


def test_pods_end_with_their_grace(state: Path) -> None:
    begin(state, "gentle", slow="1")
    assert EmbeddedProvider(state).stop("down")
    assert left_behind(state, "gentle") == "hook of gentle\ngentle\n"


def test_pods_that_take_too_long_are_killed(state: Path) -> None:
    begin(state, "endless", slow="1000")
    assert EmbeddedProvider(state).stop("down")
    assert left_behind(state, "endless") == "hook of endless\n"


def test_now(state: Path) -> None:
    begin(state, "hasty", slow="9")
    assert EmbeddedProvider(state).stop("down", now=True)
    assert left_behind(state, "hasty") in ("", "hook of hasty\n")


def test_an_interrupt_ends_the_waiting(state: Path) -> None:
    begin(state, "slow", slow="9")
    command = [str(Path(sys.executable).with_name("kit")), "down", "--name", "down"]
    environment = os.environ | {"KIT_STATE_DIR": str(state)}
    with subprocess.Popen(command, env=environment, text=True, stdout=-1, stderr=-1) as process:
        assert process.stderr is not None
        assert "Ctrl-C" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "cluster down is stopped; kit up brings it back\n")
    assert left_behind(state, "slow") == "hook of slow\n"
