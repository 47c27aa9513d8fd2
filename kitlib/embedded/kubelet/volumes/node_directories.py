"""The directories behind dynamically provisioned volumes, on the nodes that may use them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from kitlib.embedded.kubelet.agent.beneath import open_in_root
from kitlib.embedded.kubelet.volumes.host_paths import make_directory
from kitlib.embedded.kubelet.volumes.removal import remove_tree

__all__ = ["NodeDirectories"]


class NodeDirectories:
    """Implements the provisioner's `VolumeDirectories`.

    Args:
        roots: what hostPath volumes see as `/`, by the node's name.
    """

    def __init__(self, roots: Mapping[str, Path]) -> None:
        self._roots = roots

    def create(self, path: str, *, node: str) -> None:
        """Create the directory, open to whatever user a container runs as."""
        root = self._roots[node]
        root.mkdir(parents=True, exist_ok=True)
        make_directory(root, path)

    def remove(self, path: str, *, node: str) -> None:
        """Remove the directory with everything in it; what a node that is no more has left behind stays there."""
        name = PurePosixPath(path).name
        if node not in self._roots or name in ("", ".."):
            return
        try:
            parent = open_in_root(self._roots[node], str(PurePosixPath(path).parent))
        except OSError:
            return
        try:
            remove_tree(Path(name), parent=parent)
        finally:
            os.close(parent)
