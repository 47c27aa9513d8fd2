"""What every kind of cluster can do for the kit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

__all__ = ["ClusterInfo", "ClusterStatus", "Finding", "Progress", "Provider"]

Progress = Callable[[str], None]
"""Called with a short line for every step of something that takes longer than a moment."""


@dataclass(frozen=True, slots=True)
class ClusterInfo:
    """How to reach a cluster.

    Args:
        name: the cluster's name among those of its provider.
        kubeconfig: a file that kubectl takes.
        context: the context to use in it.
        server: the API's address.
        created: whether this call started it (False: it ran already).
    """

    name: str
    kubeconfig: Path
    context: str
    server: str
    created: bool = False


@dataclass(frozen=True, slots=True)
class ClusterStatus:
    """What is known of a cluster without changing it.

    Args:
        name: the cluster's name.
        state: `running`, `stopped` (its data is kept) or `absent`.
        info: how to reach it, when running.
        detail: one line for people.
    """

    name: str
    state: str
    info: ClusterInfo | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a doctor looked at."""

    check: str
    ok: bool
    detail: str = ""
    fix: str = ""


class Provider(Protocol):
    """Creates and ends clusters of one kind."""

    def create(self, name: str = "default", *, progress: Progress | None = None) -> ClusterInfo:
        """Start the cluster, or find it running; on failure nothing is left half-made."""

    def delete(self, name: str = "default") -> bool:
        """Stop the cluster and remove what belongs to it; False when there is none."""

    def status(self, name: str = "default") -> ClusterStatus:
        """Tell how the cluster is."""

    def doctor(self) -> list[Finding]:
        """Check what this machine offers for such clusters."""
