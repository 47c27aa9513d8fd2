"""The only reader of environment variables and of the user's directories.

Every part of the kit asks `settings()`; tests and the grader set the variables of a child process, never a global.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Settings", "search_path", "settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user's surroundings say.

    Args:
        state_dir: where clusters, progress and timelines are kept (`KIT_STATE_DIR`).
        kubeconfig: the cluster to use instead of the embedded one (`KIT_KUBECONFIG`), or None.
        context: a context of that kubeconfig (`KIT_CONTEXT`), or None for its current one.
        cluster: name of the embedded cluster (`KIT_CLUSTER`).
        namespace: the namespace labs work in instead of their own (`KIT_NAMESPACE`), or "".
        strict: raise on a failed checkpoint, for CI (`KIT_STRICT=1`).
        seed: of the student's variant of a lab (`KIT_SEED`), or "".
        exam: no hints and no solutions (`KIT_EXAM=1`).
        course_dir: the folder that holds `labs/` and `solutions/` (`KIT_COURSE_DIR`).
    """

    state_dir: Path
    kubeconfig: Path | None
    context: str | None
    cluster: str
    namespace: str
    strict: bool
    seed: str
    exam: bool
    course_dir: Path

    def cluster_dir(self, name: str) -> Path:
        """Return the directory of an embedded cluster's state."""
        return self.state_dir / "clusters" / name


def _state_dir() -> Path:
    if value := os.environ.get("KIT_STATE_DIR"):
        return Path(value).absolute()
    import platformdirs  # noqa: PLC0415 -- only needed without the variable; keeps `import kitlib` light

    return Path(platformdirs.user_state_dir("statefulset-lab-kit", appauthor=False))


def _course_dir() -> Path:
    """The nearest folder above the working directory with labs and solutions, else this checkout."""
    if value := os.environ.get("KIT_COURSE_DIR"):
        return Path(value).absolute()
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "labs").is_dir() and (folder / "solutions").is_dir():
            return folder
    return Path(__file__).resolve().parent.parent


def _path(variable: str) -> Path | None:
    value = os.environ.get(variable)
    return Path(value).expanduser().absolute() if value else None


def _switch(variable: str) -> bool:
    return os.environ.get(variable, "") not in ("", "0", "false")


def settings() -> Settings:
    """Read the environment now.

    Example:
        >>> settings().cluster
        'default'
    """
    return Settings(
        state_dir=_state_dir(),
        kubeconfig=_path("KIT_KUBECONFIG"),
        context=os.environ.get("KIT_CONTEXT") or None,
        cluster=os.environ.get("KIT_CLUSTER") or "default",
        namespace=os.environ.get("KIT_NAMESPACE", ""),
        strict=_switch("KIT_STRICT"),
        seed=os.environ.get("KIT_SEED", ""),
        exam=_switch("KIT_EXAM"),
        course_dir=_course_dir(),
    )


def search_path() -> list[str]:
    """Return the directories to look for programs in: this interpreter's own first, then `PATH`, then sbin."""
    own = str(Path(sys.executable).parent)
    return [own, *os.environ.get("PATH", "").split(os.pathsep), "/usr/sbin", "/sbin", "/usr/bin", "/bin"]
