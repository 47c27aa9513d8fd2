"""What a cluster consists of, remembered in its directory: `kit up` without options brings back the same."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

__all__ = ["MACHINE", "MOST_HOLLOW_NODES", "MOST_NODES", "ClusterShape", "read_shape", "write_shape"]

MACHINE = "kit.embedded/machine"
"""The annotation of a Node that lets its machine fail."""

MOST_NODES = 20
MOST_HOLLOW_NODES = 200

_FILE = "shape.json"
_FIRST = "kit-control-plane"


@dataclass(frozen=True, slots=True)
class ClusterShape:
    """The options of `kit up` that last.

    Args:
        nodes: how many nodes run pods as processes; the first is the control plane.
        hollow_nodes: how many only pretend to.
        node_timeouts: `real`, `fast` or `GRACE,TOLERATION`, as `parse_timings` reads it.
    """

    nodes: int = 1
    hollow_nodes: int = 0
    node_timeouts: str = "real"

    @property
    def real_names(self) -> list[str]:
        """The names that kind would give them."""
        return [_FIRST, *(f"kit-worker{number if number > 1 else ''}" for number in range(1, self.nodes))]

    @property
    def hollow_names(self) -> list[str]:
        """The hollow nodes' names."""
        return [f"hollow-node-{number}" for number in range(1, self.hollow_nodes + 1)]

    @property
    def names(self) -> list[str]:
        """All nodes, in the order of their pod networks."""
        return [*self.real_names, *self.hollow_names]

    def __str__(self) -> str:
        """How `kit up` is asked for it.

        Example:
            >>> str(ClusterShape(3))
            '--nodes 3 --hollow-nodes 0 --node-timeouts real'
        """
        return f"--nodes {self.nodes} --hollow-nodes {self.hollow_nodes} --node-timeouts {self.node_timeouts}"


def read_shape(directory: Path) -> ClusterShape:
    """Return what was written last; the plainest cluster when there is nothing readable."""
    try:
        return ClusterShape(**json.loads((directory / _FILE).read_text()))
    except (OSError, ValueError, TypeError):
        return ClusterShape()


def write_shape(directory: Path, shape: ClusterShape) -> None:
    """Write it at once or not at all.

    Raises:
        OSError: the disk can't take it.
    """
    if read_shape(directory) != shape or not (directory / _FILE).exists():
        temporary = directory / f"{_FILE}.new"
        temporary.write_text(json.dumps(asdict(shape)))
        temporary.rename(directory / _FILE)
