"""The directories behind dynamically provisioned volumes, on the nodes that may use them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kitlib.embedded.kubelet.volumes.manager import below
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
        directory = below(self._roots[node], path)
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o777)

    def remove(self, path: str, *, node: str) -> None:
        """Remove the directory with everything in it; what a node that is no more has left behind stays there."""
        if root := self._roots.get(node):
            remove_tree(below(root, path))
