"""What a request says beside its object."""

from __future__ import annotations

from dataclasses import dataclass

from kitlib.embedded.registry.client import PropagationPolicy

__all__ = ["DeleteOptions", "WriteOptions"]


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """Options of create, update and patch.

    Args:
        user: who asks (for admission texts).
        manager: the field manager recorded in managedFields; empty records none.
        dry_run: run the whole pipeline, store nothing.
        force: take over fields of other managers (server-side apply only).
    """

    user: str = ""
    manager: str = ""
    dry_run: bool = False
    force: bool = False


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """Options of delete and deletecollection (`meta/v1 DeleteOptions`)."""

    grace_period_seconds: int | None = None
    propagation_policy: PropagationPolicy | None = None
    uid: str = ""
    resource_version: str = ""
    dry_run: bool = False
