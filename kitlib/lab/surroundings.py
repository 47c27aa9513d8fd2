"""The environment of a kernel that the kit starts itself, for a grade or for the outputs of a solved notebook."""

from __future__ import annotations

from pathlib import Path

from kitlib.settings import search_path

__all__ = ["kernel_environment"]


def kernel_environment(
    kubeconfig: Path, *, namespace: str, course: Path, home: Path, strict: bool = False, seed: str = ""
) -> dict[str, str]:
    """Return a kernel's whole environment: nothing of this process leaks into it, and all its files go to `home`."""
    return {
        "PATH": ":".join(search_path()),
        "HOME": str(home),
        "IPYTHONDIR": str(home / "ipython"),
        "LANG": "C.UTF-8",
        "KIT_KUBECONFIG": str(kubeconfig),
        "KIT_NAMESPACE": namespace,
        "KIT_STATE_DIR": str(home / "state"),
        "KIT_COURSE_DIR": str(course),
        "KIT_STRICT": "1" if strict else "",
        "KIT_SEED": seed,
    }
