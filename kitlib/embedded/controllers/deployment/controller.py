"""The Deployment control loop. Source: `deployment_controller.go`, `sync.go`, `rolling.go`, `recreate.go`."""

from __future__ import annotations

from dataclasses import replace

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import StatusError
from kitlib.embedded.controllers import podstate
from kitlib.embedded.controllers.controller import Controller
from kitlib.embedded.controllers.deployment import conditions, replicasets, sizing, status
from kitlib.embedded.controllers.deployment.family import Family, family_of
from kitlib.embedded.controllers.deployment.strategy import (
    is_rolling,
    max_surge,
    max_unavailable,
    min_ready,
    progress_deadline,
    replicas,
)
from kitlib.embedded.controllers.ownership import Claimer, controller_key
from kitlib.embedded.controllers.selection import dependent_keys, matcher
from kitlib.embedded.registry.explanations import Reason
from kitlib.embedded.storage.event import Event

__all__ = ["DeploymentController"]

_RESOURCE = "deployments.apps"
_REPLICA_SETS = "replicasets.apps"


class DeploymentController(Controller):
    """Moves pods from old ReplicaSets to the one with the present template."""

    name = "deployment-controller"

    def register(self) -> None:
        """Watch Deployments, their ReplicaSets, and pods that vanish (Recreate waits for those)."""
        self.watch_own(_RESOURCE)
        self.watch(_REPLICA_SETS, dependent_keys(self.client, _RESOURCE, "Deployment"))
        self.watch("pods", self._deployment_of_deleted_pod)

    def reconcile(self, key: str) -> float | None:
        """Sync one Deployment: one step of its rollout, then the status."""
        namespace, name = objects.split_key(key)
        deployment = self.client.find(_RESOURCE, name, namespace)
        if deployment is None:
            self.client.explain(key, ())
            return None
        listed = self.client.list(_REPLICA_SETS, namespace)
        owned = Claimer(self.client, _REPLICA_SETS, deployment, matcher(deployment)).claim(listed)
        family = family_of(deployment, owned)
        if objects.is_terminating(deployment):
            return self._write_status(family, progress=False)
        family = self._note_pause(family)
        if family.deployment["spec"].get("paused"):
            family = self._scale(self._sync_new(family, create=False))
            self._clean_up(family)
            return self._write_status(family, progress=False)
        if any(replicasets.desired(rs) not in (None, replicas(deployment)) for rs in family.active):
            return self._write_status(self._scale(self._sync_new(family, create=False)), progress=False)
        family = self._roll(family) if is_rolling(deployment) else self._recreate(family)
        self._explain(family)
        if status.is_complete(family.deployment, family.deployment.get("status") or {}):
            self._clean_up(family)
        return self._write_status(family, progress=True)

    def _explain(self, family: Family) -> None:
        """Say how far a rollout is, and which bounds it keeps."""
        new, old = family.new, [rs for rs in family.old if replicas(rs)]
        if new is None or not old:
            self.client.explain(objects.key(family.deployment), ())
            return
        deployment, name = family.deployment, objects.name(family.deployment)
        most, least = replicas(deployment) + max_surge(deployment), replicas(deployment) - max_unavailable(deployment)
        available = sum(map(sizing.available, family.every))
        text = (
            f"{name} replaces {', '.join(map(objects.name, old))} by {objects.name(new)}: at most {most} pods in all, "
            f"at least {least} available; {available} are available now"
        )
        self.client.explain(objects.key(deployment), [Reason(f"deployment/{name}", text)])

    def _roll(self, family: Family) -> Family:
        family = self._sync_new(family, create=True)
        new = family.new
        if new is None:
            return family
        size = sizing.new_size(family.deployment, family.every, replicas(new))
        if size != replicas(new):
            return self._resize(family, {objects.name(new): size})
        return self._resize(family, sizing.old_sizes(family.deployment, new, family.old))

    def _recreate(self, family: Family) -> Family:
        family = self._sync_new(family, create=False)
        zero = {objects.name(rs): 0 for rs in family.old if replicas(rs) > 0}
        if zero:
            return self._resize(family, zero)
        old_pods = (pod for rs in family.old for pod in self.client.dependents("pods", objects.uid(rs)))
        if any(not podstate.is_finished(pod) for pod in old_pods):
            return family
        family = self._sync_new(family, create=True)
        return self._resize(family, {objects.name(rs): replicas(family.deployment) for rs in [family.new] if rs})

    def _scale(self, family: Family) -> Family:
        """Follow a changed `replicas` without going on with the rollout."""
        deployment, active = family.deployment, family.active
        if len(active) <= 1:
            latest = active or [rs for rs in [family.new] if rs] or sizing.by_age(family.old)[-1:]
            return self._resize(family, {objects.name(rs): replicas(deployment) for rs in latest})
        if family.is_saturated:
            return self._resize(family, {objects.name(rs): 0 for rs in family.old if replicas(rs) > 0})
        if is_rolling(deployment):
            return self._resize(family, sizing.proportional_sizes(deployment, active))
        return family

    def _sync_new(self, family: Family, *, create: bool) -> Family:
        """Bring annotations and revision of the new ReplicaSet up to date; create it if there is none and `create`."""
        number = replicasets.max_revision(family.old) + 1
        new = family.new
        if new is None:
            if not create:
                return family
            return self._note_revision(self._create_new(family, number))
        wanted = replicasets.annotated(family.deployment, new, number, resized=False)
        if min_ready(family.deployment) != int(new["spec"].get("minReadySeconds") or 0):
            wanted["spec"]["minReadySeconds"] = min_ready(family.deployment)
        if wanted != new:
            new = self.client.update(_REPLICA_SETS, wanted)
        return self._note_revision(replace(family, new=new))

    def _create_new(self, family: Family, number: int) -> Family:
        deployment = family.deployment
        collisions = int((deployment.get("status") or {}).get("collisionCount") or 0)
        size = sizing.new_size(deployment, family.old, 0)
        wanted = replicasets.build(deployment, size, collisions)
        try:
            new = self.client.create(_REPLICA_SETS, replicasets.annotated(deployment, wanted, number))
        except StatusError as error:
            self._on_create_failure(deployment, wanted, collisions, error)
            raise
        if size:
            self._announce(deployment, new, 0, size)
        if progress_deadline(deployment) is not None:
            text = f'Created new replica set "{objects.name(new)}"'
            deployment = self._put_condition(deployment, "True", "NewReplicaSetCreated", text)
        return replace(family, deployment=deployment, new=new)

    def _on_create_failure(self, deployment: Object, wanted: Object, collisions: int, error: StatusError) -> None:
        if error.reason == "AlreadyExists":
            # The hash of another template is the same: count it, and the next sync hashes differently.
            changed = {"collisionCount": collisions + 1}
            self._patch_status(deployment, changed)
            return
        text = f'Failed to create new replica set "{objects.name(wanted)}": {error.message}'
        self.client.event(deployment, "Warning", "ReplicaSetCreateError", text)
        if progress_deadline(deployment) is not None:
            self._put_condition(deployment, "False", "ReplicaSetCreateError", text)

    def _note_revision(self, family: Family) -> Family:
        """Copy the new ReplicaSet's revision to the Deployment."""
        number = str(replicasets.revision(family.new)) if family.new is not None else ""
        deployment = family.deployment
        if not number or objects.annotations(deployment).get(replicasets.REVISION) == number:
            return family
        patch = {"metadata": {"annotations": {replicasets.REVISION: number}}}
        namespace = objects.namespace(deployment)
        patched = self.client.patch(_RESOURCE, objects.name(deployment), patch, namespace=namespace)
        return replace(family, deployment=patched)

    def _note_pause(self, family: Family) -> Family:
        deployment = family.deployment
        if progress_deadline(deployment) is None:
            return family
        present = conditions.find((deployment.get("status") or {}).get("conditions") or [], "Progressing")
        paused, reason = bool(deployment["spec"].get("paused")), (present or {}).get("reason")
        if reason == "ProgressDeadlineExceeded":
            return family
        if paused and reason != "DeploymentPaused":
            return replace(
                family,
                deployment=self._put_condition(deployment, "Unknown", "DeploymentPaused", "Deployment is paused"),
            )
        if not paused and reason == "DeploymentPaused":
            return replace(
                family,
                deployment=self._put_condition(deployment, "Unknown", "DeploymentResumed", "Deployment is resumed"),
            )
        return family

    def _put_condition(self, deployment: Object, value: str, reason: str, text: str) -> Object:
        made = conditions.make("Progressing", value, reason, text, self.clock.now())
        present = (deployment.get("status") or {}).get("conditions") or []
        return self._patch_status(deployment, {"conditions": conditions.put(present, made)})

    def _patch_status(self, deployment: Object, changed: Object) -> Object:
        name, namespace = objects.name(deployment), objects.namespace(deployment)
        return self.client.patch(_RESOURCE, name, {"status": changed}, namespace=namespace, subresource="status")

    def _resize(self, family: Family, sizes: dict[str, int]) -> Family:
        """Write sizes and size annotations; both count, since a resize of the Deployment is seen by the annotation."""
        resized = {
            rs_name: self._resize_one(family.deployment, rs, sizes[rs_name])
            for rs in family.every
            if (rs_name := objects.name(rs)) in sizes
        }
        new = resized.get(objects.name(family.new), family.new) if family.new is not None else None
        return replace(family, new=new, old=tuple(resized.get(objects.name(rs), rs) for rs in family.old))

    def _resize_one(self, deployment: Object, replica_set: Object, size: int) -> Object:
        before = replicas(replica_set)
        wanted = replicasets.annotated(deployment, replica_set, None)
        wanted["spec"]["replicas"] = size
        if wanted == replica_set:
            return replica_set
        updated = self.client.update(_REPLICA_SETS, wanted)
        if size != before:
            self._announce(deployment, replica_set, before, size)
        return updated

    def _announce(self, deployment: Object, replica_set: Object, before: int, after: int) -> None:
        direction = "up" if after > before else "down"
        text = f"Scaled {direction} replica set {objects.name(replica_set)} from {before} to {after}"
        self.client.event(deployment, "Normal", "ScalingReplicaSet", text)

    def _clean_up(self, family: Family) -> None:
        """Delete the oldest empty ReplicaSets beyond `revisionHistoryLimit`."""
        limit = family.deployment["spec"].get("revisionHistoryLimit")
        alive = sorted((rs for rs in family.old if not objects.is_terminating(rs)), key=replicasets.revision)
        for rs in alive[: max(0, len(alive) - (10 if limit is None else int(limit)))]:
            seen = (rs.get("status") or {}).get("observedGeneration") or 0
            busy = replicas(rs) or (rs.get("status") or {}).get("replicas")
            if not busy and seen >= int(rs["metadata"].get("generation") or 0):
                self.client.delete(_REPLICA_SETS, objects.name(rs), objects.namespace(rs))

    def _write_status(self, family: Family, *, progress: bool) -> float | None:
        now, deployment = self.clock.now(), family.deployment
        wanted = status.calculate(deployment, family.new, family.every, now)
        if progress:
            wanted = status.with_progress(deployment, wanted, family.new, now)
        if wanted != deployment.get("status"):
            self.client.update(_RESOURCE, objects.deep_copy(deployment) | {"status": wanted}, subresource="status")
        return status.deadline_in(deployment, wanted, now) if progress else None

    def _deployment_of_deleted_pod(self, event: Event) -> list[str]:
        rs_key = controller_key(event.object, "ReplicaSet") if event.type == "DELETED" else None
        if rs_key is None:
            return []
        namespace, name = objects.split_key(rs_key)
        rs = self.client.find(_REPLICA_SETS, name, namespace)
        key = controller_key(rs, "Deployment") if rs is not None else None
        return [key] if key is not None else []
