"""The StatefulSet control loop: gathers a snapshot, asks the core, carries the plan out, writes the status.

Source: `stateful_set.go`.
"""

from __future__ import annotations

from kitlib.clock import Clock
from kitlib.embedded.apimachinery import objects, selectors
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import StatusError
from kitlib.embedded.controllers.controller import Controller
from kitlib.embedded.controllers.ownership import Claimer
from kitlib.embedded.controllers.selection import dependent_keys, matcher
from kitlib.embedded.controllers.statefulset import claims, core, identity, revisions
from kitlib.embedded.controllers.statefulset.control import StatefulPodControl
from kitlib.embedded.controllers.statefulset.model import Plan, Snapshot
from kitlib.embedded.controllers.statefulset.slots import by_ordinal, slots
from kitlib.embedded.registry.client import Client
from kitlib.embedded.storage.event import Event

__all__ = ["StatefulSetController"]

_RESOURCE = "statefulsets.apps"
_REVISIONS = "controllerrevisions.apps"


class StatefulSetController(Controller):
    """Keeps the pods, claims and revisions of every StatefulSet as they should be.

    Args:
        client: events are recorded with its component, `statefulset-controller`.
        clock: time for `minReadySeconds`.
        max_unavailable: the feature gate `MaxUnavailableStatefulSet`; off in the emulated version 1.36.
    """

    name = "statefulset-controller"

    def __init__(self, client: Client, clock: Clock, *, max_unavailable: bool = False) -> None:
        super().__init__(client, clock)
        self._max_unavailable = max_unavailable

    def register(self) -> None:
        """Watch sets, their pods, and claims that go away under a pending pod."""
        self.watch_own(_RESOURCE)
        self.watch("pods", dependent_keys(self.client, _RESOURCE, "StatefulSet"))
        self.watch("persistentvolumeclaims", self._sets_of_claim)

    def reconcile(self, key: str) -> float | None:
        """Sync one set; see `core` for what that means."""
        namespace, name = objects.split_key(key)
        stateful_set = self.client.find(_RESOURCE, name, namespace)
        if stateful_set is None:
            self.client.explain(key, ())
            return None
        stored = self._claim_revisions(stateful_set)
        pods = self._claim_pods(stateful_set)
        current, update, stateful_set = self._revisions(stateful_set, stored)
        snapshot = Snapshot(
            stateful_set=stateful_set,
            pods=tuple(pods),
            claims=self._claims(stateful_set, pods),
            current=current,
            update=update,
            now=self.clock.now(),
            max_unavailable=self._max_unavailable,
        )
        plan = core.decide(snapshot)
        self.client.explain(key, plan.reasons)
        try:
            StatefulPodControl(self.client, stateful_set).execute(plan)
        finally:
            # As upstream: the status is written even when an action failed.
            self._write_status(stateful_set, plan)
        self._truncate(stateful_set, pods, (objects.name(current), objects.name(update)))
        return plan.requeue_after

    def _claim_pods(self, stateful_set: Object) -> list[Object]:
        selected = matcher(stateful_set)
        claimer = Claimer(
            self.client,
            "pods",
            stateful_set,
            lambda pod: selected(pod) and identity.is_member(stateful_set, pod),
        )
        return claimer.claim(self.client.list("pods", objects.namespace(stateful_set)))

    def _claim_revisions(self, stateful_set: Object) -> list[Object]:
        selector = selectors.format_label_selector(stateful_set["spec"].get("selector"))
        listed = self.client.list(_REVISIONS, objects.namespace(stateful_set), label_selector=selector)
        return Claimer(self.client, _REVISIONS, stateful_set, lambda _: True).claim(listed)

    def _claims(self, stateful_set: Object, pods: list[Object]) -> dict[str, Object]:
        namespace = objects.namespace(stateful_set)
        present = by_ordinal(stateful_set, pods)
        ordinals = {*present, *(slot.ordinal for slot in slots(stateful_set, present))}
        names = [name for ordinal in ordinals for name in claims.claim_names(stateful_set, ordinal)]
        found = ((name, self.client.find("persistentvolumeclaims", name, namespace)) for name in names)
        return {name: claim for name, claim in found if claim is not None}

    def _revisions(self, stateful_set: Object, stored: list[Object]) -> tuple[Object, Object, Object]:
        """Return current and update revision, and the set with its collision count brought up to date."""
        history = revisions.history(stateful_set, stored)
        update = history.update
        if update is None:
            update, stateful_set = self._create_revision(stateful_set, history.number)
        elif update["revision"] != history.number:
            update = self.client.update(_REVISIONS, objects.deep_copy(update) | {"revision": history.number})
        return history.current or update, update, stateful_set

    def _create_revision(self, stateful_set: Object, number: int) -> tuple[Object, Object]:
        status = stateful_set.get("status") or {}
        collisions = int(status.get("collisionCount") or 0)
        while True:
            wanted = revisions.build(stateful_set, number, collisions)
            try:
                created = self.client.create(_REVISIONS, wanted)
            except StatusError as error:
                if error.reason != "AlreadyExists":
                    raise
                created = self.client.get(_REVISIONS, objects.name(wanted), objects.namespace(wanted))
                if created.get("data") != wanted["data"]:
                    collisions += 1
                    continue
            return created, stateful_set | {"status": status | {"collisionCount": collisions}}

    def _write_status(self, stateful_set: Object, plan: Plan) -> None:
        stored = self.client.find(_RESOURCE, objects.name(stateful_set), objects.namespace(stateful_set))
        if stored is None or objects.uid(stored) != objects.uid(stateful_set) or stored.get("status") == plan.status:
            return
        self.client.update(_RESOURCE, objects.deep_copy(stored) | {"status": plan.status}, subresource="status")

    def _truncate(self, stateful_set: Object, pods: list[Object], live: tuple[str, str]) -> None:
        if objects.is_terminating(stateful_set):
            return
        stored = self.client.dependents(_REVISIONS, objects.uid(stateful_set))
        for revision in revisions.surplus(stateful_set, stored, pods, live):
            self.client.delete(_REVISIONS, objects.name(revision), objects.namespace(revision))

    def _sets_of_claim(self, event: Event) -> list[str]:
        if event.type != "DELETED":
            return []
        claim = event.object
        return [
            objects.key(stateful_set)
            for stateful_set in self.client.list(_RESOURCE, objects.namespace(claim))
            if any(
                objects.name(claim).startswith(f"{objects.name(template)}-{objects.name(stateful_set)}-")
                for template in claims.templates(stateful_set)
            )
        ]
