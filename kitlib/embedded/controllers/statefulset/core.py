"""What a StatefulSet needs next: one pass of the sync algorithm as a pure function.

Source: `updateStatefulSet` in `stateful_set_control.go`; the steps and their order are the documented behaviour, since
learners see exactly this order.
"""

from __future__ import annotations

from itertools import islice

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.controllers import podstate
from kitlib.embedded.controllers.statefulset import claims, identity, retention, revisions, rollout, status
from kitlib.embedded.controllers.statefulset.health import ailment, min_ready_seconds
from kitlib.embedded.controllers.statefulset.model import (
    Action,
    CreateClaim,
    CreatePod,
    DeletePod,
    Phase,
    Plan,
    RefusePod,
    Snapshot,
    UpdateClaim,
    UpdatePod,
)
from kitlib.embedded.controllers.statefulset.slots import LARGEST_BURST, Slot, by_ordinal, is_ordered, missing, slots
from kitlib.embedded.registry.explanations import Reason

__all__ = ["decide"]

Steps = list[tuple[Action, ...]]

# Of the pods that a halt keeps from being created, this many are named.
_NAMED = 100


def decide(snapshot: Snapshot) -> Plan:
    """Decide one sync.

    Example:
        >>> plan = decide(snapshot)                                   # doctest: +SKIP
        >>> [type(action).__name__ for action in plan.actions]        # doctest: +SKIP
        ['CreateClaim', 'CreatePod']
    """
    return _Decision(snapshot).plan()


class _Decision:
    """One pass; collects phases and reasons on its way."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.set = snapshot.stateful_set
        self.min_ready = min_ready_seconds(self.set)
        self.monotonic = is_ordered(self.set)
        self.present = by_ordinal(self.set, snapshot.pods)
        self.wanted = identity.ordinal_range(self.set)
        self.replicas = slots(self.set, self.present)
        self.condemned = [self.present[n] for n in sorted(self.present, reverse=True) if n not in self.wanted]
        self.more = sum(n in self.wanted for n in self.present) + LARGEST_BURST < len(self.wanted)
        self.phases: list[Phase] = []
        self.reasons: list[Reason] = []

    def plan(self) -> Plan:
        deleted = 0
        if objects.is_terminating(self.set):
            self._explain(objects.name(self.set), "is being deleted: nothing is created or deleted for it any more")
        elif not self._process_replicas() and self._fix_condemned_claims() and not self._process_condemned():
            deleted = self._process_update()
        return Plan(tuple(self.phases), self._status(deleted), tuple(self.reasons), self._requeue_after())

    def _process_replicas(self) -> bool:
        steps: Steps = []
        for slot in self.replicas:
            step, cause = self._replica(slot)
            steps.append(step)
            if cause and self.monotonic:
                self._phase(steps)
                self._explain_halt(slot.ordinal, cause)
                return True
        self._phase(steps)
        return False

    def _replica(self, slot: Slot) -> tuple[tuple[Action, ...], str]:
        """Return what to do for one ordinal, and what keeps an ordered set from going on."""
        pod = slot.pod
        if pod is None:
            return self._creation(slot)
        if podstate.is_finished(pod):
            if objects.is_terminating(pod):
                return (), f"{slot.name} is terminating"
            self._explain(slot.name, f"is deleted: its phase is {podstate.phase(pod)}; it will be re-created")
            return (DeletePod(pod),), f"{slot.name} is being replaced"
        actions: list[Action] = []
        if podstate.phase(pod) == "Pending":
            actions += self._missing_claims(slot)
        cause = self._ailment(pod)
        if cause and self.monotonic:
            return tuple(actions), cause
        return (*actions, *self._repair(slot, pod)), ""

    def _creation(self, slot: Slot) -> tuple[tuple[Action, ...], str]:
        present = self._present_claims(slot.ordinal)
        if retention.policy(self.set)[0] != "Retain":
            stale = next((claim for claim in present if retention.is_stale(claim, slot.name, "")), None)
            if stale is not None:
                cause = f"claim {objects.name(stale)} of its predecessor is not gone yet"
                self._explain(slot.name, f"is not created: {cause}")
                return (), f"{slot.name} waits: {cause}"
        actions = self._missing_claims(slot)
        if any(isinstance(action, RefusePod) for action in actions):
            return tuple(actions), f"{slot.name} cannot be created"
        revision = revisions.for_ordinal(self.set, slot.ordinal, self.snapshot.current, self.snapshot.update)
        name = objects.name(revision)
        pod = identity.new_pod(revisions.apply(self.set, revision), slot.ordinal, revision=name)
        self._explain(slot.name, f"is created at revision {name}")
        owned = [
            UpdateClaim(changed, slot.name)
            for claim in present
            if (changed := retention.with_owners(claim, self.set, pod, condemned=False)) is not None
        ]
        return (*actions, CreatePod(pod), *owned), f"{slot.name} is not Ready"

    def _missing_claims(self, slot: Slot) -> list[Action]:
        actions: list[Action] = []
        refusals: list[str] = []
        pod: Object = {"kind": "Pod", "metadata": {"name": slot.name}}
        for claim in claims.claims_for(self.set, slot.ordinal):
            existing = self.snapshot.claims.get(objects.name(claim))
            if existing is None:
                owned = retention.with_owners(claim, self.set, pod, condemned=False)
                actions.append(CreateClaim(owned or claim, slot.name))
            elif objects.is_terminating(existing):
                refusals.append(f"pvc {objects.name(claim)} is being deleted")
        if refusals:
            message = refusals[0] if len(refusals) == 1 else f"[{', '.join(refusals)}]"
            self._explain(slot.name, f"is not created: {message}")
            actions.append(RefusePod(slot.name, message))
        return actions

    def _repair(self, slot: Slot, pod: Object) -> list[Action]:
        updates: list[Action] = list(self._claim_updates(slot.ordinal, pod, condemned=False))
        storage_matches = claims.storage_matches(self.set, pod, slot.ordinal)
        if identity.identity_matches(self.set, pod) and storage_matches:
            if updates:
                updates.append(UpdatePod(slot.name, None))
            return updates
        if not storage_matches:
            updates = [*self._missing_claims(slot), *updates]
        self._explain(slot.name, "is updated: its identity labels or claims had drifted")
        return [*updates, UpdatePod(slot.name, identity.repaired(self.set, pod))]

    def _fix_condemned_claims(self) -> bool:
        """Plan it; tell whether all of it fits into this sync: no pod is deleted before its claims are looked after."""
        return self._phase(
            [tuple(self._claim_updates(self._ordinal(pod) or 0, pod, condemned=True)) for pod in self.condemned]
        )

    def _claim_updates(self, ordinal: int, pod: Object, *, condemned: bool) -> list[UpdateClaim]:
        return [
            UpdateClaim(changed, objects.name(pod))
            for claim in self._present_claims(ordinal)
            if (changed := retention.with_owners(claim, self.set, pod, condemned=condemned)) is not None
        ]

    def _process_condemned(self) -> bool:
        steps: Steps = []
        unhealthy = self._first_unhealthy()
        for position, pod in enumerate(self.condemned):
            cause = self._ailment(pod)
            if objects.is_terminating(pod):
                if not self.monotonic:
                    continue
            elif not cause or not self.monotonic or pod is unhealthy:
                steps.append((DeletePod(pod),))
                self._explain(objects.name(pod), "is deleted: its ordinal is outside the wanted range")
                cause = f"{objects.name(pod)} is terminating"
            if cause and self.monotonic:
                self._phase(steps)
                self._explain_scale_down(self.condemned[position:], cause)
                self._explain_outdated(cause)
                return True
        self._phase(steps)
        return False

    def _process_update(self) -> int:
        step = rollout.decide(self.snapshot, self._indexed(), self._ailment)
        self.reasons += step.reasons
        self.phases.append(Phase(tuple((DeletePod(pod),) for pod in step.delete), burst=False))
        return len(step.delete)

    def _first_unhealthy(self) -> Object | None:
        for slot in self.replicas:
            if self._ailment(slot.pod):
                return slot.pod
        return next((pod for pod in reversed(self.condemned) if self._ailment(pod)), None)

    def _explain_halt(self, ordinal: int, cause: str) -> None:
        """Tell for the pods after the halt what would have happened to them."""
        later = self.wanted[self.wanted.index(ordinal) + 1 :]
        for absent in islice(missing(later, self.present), _NAMED):
            self._explain(identity.pod_name(self.set, absent), f"is not created: {cause}, policy OrderedReady")
        others = len(later) - sum(n in later for n in self.present) - _NAMED
        if others > 0:
            self._explain(objects.name(self.set), f"has {others} more pods to create after these")
        self._explain_scale_down(self.condemned, cause)
        self._explain_outdated(cause)

    def _explain_scale_down(self, pods: list[Object], cause: str) -> None:
        for pod in pods:
            if not objects.is_terminating(pod) and cause != f"{objects.name(pod)} is terminating":
                self._explain(objects.name(pod), f"is not deleted: {cause}, policy OrderedReady")

    def _explain_outdated(self, cause: str) -> None:
        update = objects.name(self.snapshot.update)
        for pod in rollout.outdated(self.set, self._indexed(), update):
            self._explain(objects.name(pod), f"is not updated to {update}: {cause}, policy OrderedReady")

    def _status(self, deleted_for_update: int) -> Object:
        current, update = objects.name(self.snapshot.current), objects.name(self.snapshot.update)
        pods = [slot.pod for slot in self.replicas if slot.pod is not None] + self.condemned
        counts = status.count(pods, current=current, update=update, min_ready=self.min_ready, now=self.snapshot.now)
        return status.build(self.set, counts, current=current, update=update, deleted_for_update=deleted_for_update)

    def _requeue_after(self) -> float | None:
        if self.more and not self.monotonic and any(phase.steps for phase in self.phases):
            return 0.0
        waits = [podstate.available_in(pod, self.min_ready, self.snapshot.now) for pod in self.snapshot.pods]
        return min((wait for wait in waits if wait), default=None)

    def _present_claims(self, ordinal: int) -> list[Object]:
        names = claims.claim_names(self.set, ordinal)
        return [self.snapshot.claims[name] for name in names if name in self.snapshot.claims]

    def _ailment(self, pod: Object | None) -> str:
        name = objects.name(pod) if pod is not None else ""
        return ailment(pod, name, self.min_ready, self.snapshot.now)

    def _indexed(self) -> dict[int, Object]:
        """Return the wanted pods by index, lowest first."""
        return {slot.ordinal - self.wanted.start: slot.pod for slot in self.replicas if slot.pod is not None}

    def _ordinal(self, pod: Object) -> int | None:
        return identity.ordinal_of(self.set, pod)

    def _phase(self, steps: Steps) -> bool:
        """Plan a phase; tell whether all of it fits into this sync."""
        busy = [step for step in steps if step]
        fits = self.monotonic or len(busy) <= LARGEST_BURST
        self.more |= not fits
        self.phases.append(Phase(tuple(busy if fits else busy[:LARGEST_BURST]), burst=not self.monotonic))
        return fits

    def _explain(self, name: str, text: str) -> None:
        kind = "statefulset" if name == objects.name(self.set) else "pod"
        self.reasons.append(Reason(f"{kind}/{name}", f"{name} {text}"))
