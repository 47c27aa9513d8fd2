"""The directories behind dynamically provisioned volumes, on the nodes that may use them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kitlib.embedded.kubelet.volumes.manager import below
from kitlib.embedded.kubelet.volumes.removal import remove_tree

__all__ = ["NodeDirectories"]


class NodeDirectories:
    """Implements the provisioner's `VolumeDirectories`.

    Args:
        roots: what hostPath volumes see as `/`, for each node.
    """

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = roots

    def create(self, path: str) -> None:
        """Create the directory, open to whatever user a container runs as."""
        for root in self._roots:
            directory = below(root, path)
            directory.mkdir(parents=True, exist_ok=True)
            directory.chmod(0o777)

    def remove(self, path: str) -> None:
        """Remove the directory with everything in it."""
        for root in self._roots:
            remove_tree(below(root, path))
