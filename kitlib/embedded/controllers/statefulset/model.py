"""What the decision core reads (`Snapshot`) and what it answers (`Plan`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.registry.explanations import Reason

__all__ = [
    "Action",
    "CreateClaim",
    "CreatePod",
    "DeletePod",
    "Phase",
    "Plan",
    "RefusePod",
    "Snapshot",
    "UpdateClaim",
    "UpdatePod",
]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything a decision depends on.

    Args:
        stateful_set: the set as stored, with its last status.
        pods: the pods it owns.
        claims: the claims of its namespace that are named for it, by name.
        current: the revision most pods are at.
        update: the revision of the present template.
        now: the time availability is judged by.
        max_unavailable: whether the gate `MaxUnavailableStatefulSet` is on.
    """

    stateful_set: Object
    pods: tuple[Object, ...]
    claims: Mapping[str, Object]
    current: Object
    update: Object
    now: datetime
    max_unavailable: bool = False


@dataclass(frozen=True, slots=True)
class CreateClaim:
    """Create a claim that `pod` needs."""

    claim: Object
    pod: str


@dataclass(frozen=True, slots=True)
class UpdateClaim:
    """Write a claim's owner references."""

    claim: Object
    pod: str


@dataclass(frozen=True, slots=True)
class CreatePod:
    """Create a pod."""

    pod: Object


@dataclass(frozen=True, slots=True)
class RefusePod:
    """Report that a pod cannot be created now, and try again later."""

    pod: str
    message: str


@dataclass(frozen=True, slots=True)
class UpdatePod:
    """Write a pod's repaired identity; `pod` is None when only its claims needed repair."""

    name: str
    pod: Object | None


@dataclass(frozen=True, slots=True)
class DeletePod:
    """Delete this very pod (by UID)."""

    pod: Object


Action: TypeAlias = CreateClaim | UpdateClaim | CreatePod | RefusePod | UpdatePod | DeletePod


@dataclass(frozen=True, slots=True)
class Phase:
    """Actions for one pod after another.

    Args:
        steps: per pod, what to do.
        burst: whether a failing pod only stops the batches after its own (Parallel), or everything (OrderedReady).
    """

    steps: tuple[tuple[Action, ...], ...]
    burst: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """One sync, decided.

    Args:
        phases: what to do, in order; an error in one keeps the later ones from running.
        status: the new `status`, without `conditions`.
        reasons: why, for a person.
        requeue_after: seconds until a pod becomes available by the mere passing of time; 0 when there was more to do
            than one sync should; or None.
    """

    phases: tuple[Phase, ...]
    status: Object
    reasons: tuple[Reason, ...]
    requeue_after: float | None = None

    @property
    def actions(self) -> tuple[Action, ...]:
        """All actions, in order."""
        return tuple(action for phase in self.phases for step in phase.steps for action in step)
