"""fsGroup: a volume whose files its group may use, whoever made them.

The group itself is a matter of what the container's namespace shows. Source: `SetVolumeOwnership` in `pkg/volume` of
Kubernetes, and "Configure volume permission and ownership change policy for Pods".
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from kitlib.embedded.kubelet.agent.beneath import open_in_root

__all__ = ["GROUP_DIRECTORY", "open_to_group"]

GROUP_DIRECTORY = stat.S_ISGID | 0o770
_GROUP_FILE = 0o660


def open_to_group(root: Path, path: str, *, only_if_needed: bool) -> None:
    """Let the group read and write everything below a directory, and own what is made there from now on.

    Args:
        root: what `path` can't lead out of.
        path: the volume.
        only_if_needed: leave it as it is when the directory itself is so already (`OnRootMismatch`).

    Raises:
        OSError: the volume is not there.
    """
    top = open_in_root(root, path)
    try:
        if only_if_needed and os.fstat(top).st_mode & GROUP_DIRECTORY == GROUP_DIRECTORY:
            return
        # Pods write there meanwhile: names are looked up in opened directories only, and links are never followed.
        for _, folders, files, folder in os.fwalk(".", dir_fd=top, follow_symlinks=False):
            for name in (*folders, *files):
                _add(name, folder)
        _add(".", top)
    finally:
        os.close(top)


def _add(name: str, folder: int) -> None:
    with contextlib.suppress(OSError):  # it is gone, or a link
        found = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        try:
            mode = os.fstat(found).st_mode
            added = GROUP_DIRECTORY if stat.S_ISDIR(mode) else _GROUP_FILE
            if stat.S_ISDIR(mode) or stat.S_ISREG(mode):
                os.chmod(f"/proc/self/fd/{found}", stat.S_IMODE(mode) | added)  # noqa: PTH101 -- what was opened
        finally:
            os.close(found)
