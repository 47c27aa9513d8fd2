"""The Python that the kit's own programs run on inside containers: the one that the kit itself runs on.

A system's Python is in every container's /usr already; any other is mounted there, read-only.
"""

from __future__ import annotations

import compileall
import hashlib
import py_compile
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kitlib.embedded.kubelet.runtime import Mount

__all__ = ["Interpreter", "install"]

_SOURCES = Path(__file__).with_name("programs")
_HOME = "/usr/lib/kit"
_MOUNTED = f"{_HOME}/python"
# No site packages, no user's settings: the same Python on every machine.
_RUN = """\
#!/bin/sh
PYTHONPATH={home} PYTHONDONTWRITEBYTECODE=1 {libraries}exec {program} -S -s -m programs "$@"
"""
_APPLET = """\
#!/bin/sh
exec {home}/run {name} "$@"
"""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python as containers see it.

    Args:
        program: its path in a container.
        mounts: what has to be mounted for it.
    """

    program: str
    mounts: tuple[Mount, ...]

    @classmethod
    def own(cls) -> Interpreter:
        """Return the one that the kit runs on, without its virtual environment."""
        prefix, name = Path(sys.base_prefix), f"python{sys.version_info.major}.{sys.version_info.minor}"
        if prefix.is_relative_to("/usr"):
            return cls(str(prefix / "bin" / name), ())
        return cls(f"{_MOUNTED}/bin/{name}", (Mount(prefix, _MOUNTED, True),))

    def fingerprint(self) -> bytes:
        """Return what changes when the programs or their Python do."""
        digest = hashlib.sha256(f"{self} {sys.version}".encode())
        for path in sorted(_SOURCES.glob("*.py")):
            digest.update(path.read_bytes())
        return digest.digest()


def install(layer: Path, interpreter: Interpreter, applets: Iterable[str]) -> None:
    """Put the kit's programs into a layer, compiled, and a command for each of `applets`."""
    home = layer / _HOME.lstrip("/")
    shutil.copytree(_SOURCES, home / "programs", ignore=shutil.ignore_patterns("__pycache__"))
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(home / "programs", quiet=2, invalidation_mode=unchecked)
    libraries = f"LD_LIBRARY_PATH={_MOUNTED}/lib " if interpreter.mounts else ""
    run = _RUN.format(home=_HOME, libraries=libraries, program=interpreter.program)
    _executable(home / "run", run)
    for name in applets:
        _executable(layer / "usr/bin" / name, _APPLET.format(home=_HOME, name=name))


def _executable(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
