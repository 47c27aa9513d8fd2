"""Binds claims to volumes, and follows both to the end of their lives.

Source: `pkg/controller/volume/persistentvolume/pv_controller.go` of Kubernetes. Keys are claims (`namespace/name`) and
volumes (`name`).
"""

from __future__ import annotations

from kitlib.clock import Clock
from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.controllers import podstate
from kitlib.embedded.controllers import volume_matching as matching
from kitlib.embedded.controllers.claim_phases import ClaimPhases
from kitlib.embedded.controllers.controller import Controller
from kitlib.embedded.controllers.storageclasses import WAIT, binding_mode, class_of, default_class, is_in_tree
from kitlib.embedded.controllers.volume_matching import BOUND_BY_CONTROLLER
from kitlib.embedded.controllers.volume_phases import PROVISIONED_BY, VolumePhases
from kitlib.embedded.registry.client import Client
from kitlib.embedded.storage.event import Event

__all__ = ["BIND_COMPLETED", "SELECTED_NODE", "PersistentVolumeBinder"]

BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
SELECTED_NODE = "volume.kubernetes.io/selected-node"
_PROVISIONER_NOTES = ("volume.beta.kubernetes.io/storage-provisioner", "volume.kubernetes.io/storage-provisioner")
_TOLD = 8  # volumes of which it is said why they don't fit
_CLAIMS, _VOLUMES, _CLASSES = "persistentvolumeclaims", "persistentvolumes", "storageclasses.storage.k8s.io"


class PersistentVolumeBinder(Controller):
    """The persistentvolume-controller: phases, binding, waiting, and asking the provisioner."""

    name = "persistentvolume-controller"

    def __init__(self, client: Client, clock: Clock) -> None:
        super().__init__(client, clock)
        self._claims, self._volumes = ClaimPhases(client), VolumePhases(client)

    def register(self) -> None:
        """Watch claims, volumes and classes; pods too, since a claim may wait for its first consumer."""
        self.watch(_CLAIMS, self._keys_of_claim)
        self.watch(_VOLUMES, self._keys_of_volume)
        self.watch(_CLASSES, lambda _: self._unbound_claims())
        self.watch("pods", _waiting_claims_of_pod)

    def reconcile(self, key: str) -> None:
        """Sync one claim or one volume."""
        namespace, name = objects.split_key(key)
        if namespace:
            claim = self.client.find(_CLAIMS, name, namespace)
            if claim is None:
                self.client.explain(key, ())
            else:
                self._sync_claim(claim)
            return
        volume = self.client.find(_VOLUMES, name)
        if volume is not None:
            self._sync_volume(volume)

    # -- claims ------------------------------------------------------------------------------------------------------

    def _sync_claim(self, claim: Object) -> None:
        if BIND_COMPLETED in objects.annotations(claim):
            self._sync_bound_claim(claim)
            return
        if objects.is_terminating(claim):
            return
        if claim["spec"].get("volumeName"):
            self._sync_named_claim(claim)
        else:
            self._sync_unbound_claim(claim)

    def _sync_bound_claim(self, claim: Object) -> None:
        name = claim["spec"].get("volumeName", "")
        volume = self.client.find(_VOLUMES, name) if name else None
        if not name:
            text = "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!"
            self._claims.lost(claim, "ClaimLost", text)
        elif volume is None:
            text = "Bound claim has lost its PersistentVolume. Data on the volume is lost!"
            self._claims.lost(claim, "ClaimLost", text)
        elif not volume["spec"].get("claimRef") or matching.is_claimed_by(volume, claim):
            self._bind(claim, volume)
        else:
            self._claims.lost(
                claim, "ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly"
            )

    def _sync_named_claim(self, claim: Object) -> None:
        """Bind to the volume that `spec.volumeName` names; nothing else will do."""
        name = claim["spec"]["volumeName"]
        volume = self.client.find(_VOLUMES, name)
        if volume is None:
            self._claims.pending(claim, [f"waits for volume {name}, which does not exist"])
        elif matching.is_reserved_for(volume, claim):
            self._bind(claim, volume)
        elif not volume["spec"].get("claimRef"):
            problem = matching.mismatch(volume, claim)
            if problem:
                text = f'Cannot bind to requested volume "{name}": {problem}'
                self.client.event(claim, "Warning", "VolumeMismatch", text)
                self._claims.pending(claim, [f"is not bound: {text}"])
            else:
                self._bind(claim, volume)
        else:
            text = f'volume "{name}" already bound to a different claim.'
            self.client.event(claim, "Warning", "FailedBinding", text)
            self._claims.pending(claim, [f"is not bound: {text}"])

    def _sync_unbound_claim(self, claim: Object) -> None:
        storage_class = self._class(claim)
        delayed = storage_class is not None and binding_mode(storage_class) == WAIT
        candidates = self.client.list(_VOLUMES)
        if delayed:
            # Which of the others it gets, the scheduler decides together with the node, and reserves it.
            candidates = [volume for volume in candidates if matching.is_reserved_for(volume, claim)]
        volume = matching.best(candidates, claim)
        if volume is not None:
            self._bind(claim, volume)
        elif not self._assign_default_class(claim):
            waits = delayed and SELECTED_NODE not in objects.annotations(claim)
            why = self._say_what_it_waits_for(claim, storage_class, waits=waits)
            unfit = [] if delayed else [(one, matching.why_not(one, claim)) for one in candidates]
            refused = [f"can't have volume {objects.name(one)}: {reason}" for one, reason in unfit[:_TOLD]]
            self._claims.pending(claim, [f"is not bound: {why}", *refused])

    def _assign_default_class(self, claim: Object) -> bool:
        """Give a claim that says nothing of a class the default one; the write brings it back here."""
        default = default_class(self.client.list(_CLASSES)) if class_of(claim) is None else None
        if default is None:
            return False
        patch: Object = {"spec": {"storageClassName": objects.name(default)}}
        self.client.patch(_CLAIMS, objects.name(claim), patch, namespace=objects.namespace(claim))
        return True

    def _say_what_it_waits_for(self, claim: Object, storage_class: Object | None, *, waits: bool) -> str:
        name = class_of(claim) or ""
        if waits:
            reason, text = self._first_consumer(claim)
            self.client.event(claim, "Normal", reason, text)
        elif not name:
            text = "no persistent volumes available for this claim and no storage class is set"
            self.client.event(claim, "Normal", "FailedBinding", text)
        elif storage_class is None:
            text = f'storageclass.storage.k8s.io "{name}" not found'
            self.client.event(claim, "Warning", "ProvisioningFailed", text)
        elif is_in_tree(storage_class):
            text = f"no volume plugin matched name: {storage_class['provisioner']}"
            self.client.event(claim, "Warning", "ProvisioningFailed", text)
        else:
            text = f"provisioner {storage_class['provisioner']} is asked for a volume"
            self._ask_provisioner(claim, storage_class["provisioner"])
        return text

    def _first_consumer(self, claim: Object) -> tuple[str, str]:
        pods = self.client.list("pods", objects.namespace(claim))
        waiting = [pod for pod in pods if not pod["spec"].get("nodeName") and not podstate.is_finished(pod)]
        users = [objects.name(pod) for pod in waiting if objects.name(claim) in podstate.claim_names(pod)]
        if users:
            what = "pods" if len(users) > 1 else "pod"
            return "WaitForPodScheduled", f"waiting for {what} {','.join(users)} to be scheduled"
        return "WaitForFirstConsumer", "waiting for first consumer to be created before binding"

    def _ask_provisioner(self, claim: Object, provisioner: str) -> None:
        wanted = dict.fromkeys(_PROVISIONER_NOTES, provisioner)
        if not wanted.items() <= objects.annotations(claim).items():
            patch: Object = {"metadata": {"annotations": wanted}}
            claim = self.client.patch(_CLAIMS, objects.name(claim), patch, namespace=objects.namespace(claim))
        self.client.event(
            claim,
            "Normal",
            "ExternalProvisioning",
            "Waiting for a volume to be created either by the external provisioner "
            f"'{provisioner}' or manually by the system administrator. If volume creation is delayed, please verify "
            "that the provisioner is running and correctly registered.",
        )

    def _bind(self, claim: Object, volume: Object) -> None:
        """Tie both together: first the volume, so that nobody else takes it, then the claim and its status."""
        if not matching.is_claimed_by(volume, claim):
            volume = self.client.update(_VOLUMES, matching.claimed_for(volume, claim))
        self._volumes.set(volume, "Bound")
        notes = objects.annotations(claim)
        if BIND_COMPLETED not in notes or claim["spec"].get("volumeName") != objects.name(volume):
            added = {BIND_COMPLETED: "yes"}
            if not claim["spec"].get("volumeName"):
                added[BOUND_BY_CONTROLLER] = "yes"
            patch: Object = {"metadata": {"annotations": added}, "spec": {"volumeName": objects.name(volume)}}
            claim = self.client.patch(_CLAIMS, objects.name(claim), patch, namespace=objects.namespace(claim))
        self._claims.bound(claim, volume)

    # -- volumes -----------------------------------------------------------------------------------------------------

    def _sync_volume(self, volume: Object) -> None:
        ref = volume["spec"].get("claimRef")
        if not ref or not ref.get("uid"):
            if not objects.is_terminating(volume):
                self._volumes.set(volume, "Available")
            return
        claim = self.client.find(_CLAIMS, ref["name"], ref["namespace"])
        if claim is None or objects.uid(claim) != ref["uid"]:
            self._volumes.release(volume)
            return
        named = claim["spec"].get("volumeName")
        if named == objects.name(volume):
            self._volumes.set(volume, "Bound")
        elif not named:
            self._expect_binding(volume, claim)
        elif PROVISIONED_BY in objects.annotations(volume) and self._volumes.is_to_delete(volume):
            # It was made for this claim, which meanwhile went to another volume.
            self._volumes.release(volume)
        else:
            self._unbind(volume)

    def _expect_binding(self, volume: Object, claim: Object) -> None:
        """The volume is the claim's, who does not know yet."""
        if matching.same_volume_mode(volume, claim):
            self.queue.add(objects.key(claim))
            return
        why = "due to incompatible volumeMode."
        text = f'Cannot bind PersistentVolume to requested PersistentVolumeClaim "{objects.name(claim)}" {why}'
        self.client.event(volume, "Warning", "VolumeMismatch", text)
        text = f'Cannot bind PersistentVolume "{objects.name(volume)}" to requested PersistentVolumeClaim {why}'
        self.client.event(claim, "Warning", "VolumeMismatch", text)

    def _unbind(self, volume: Object) -> None:
        """Undo a binding that the claim did not follow; what a person has reserved stays reserved, by name."""
        changed = objects.deep_copy(volume)
        notes = dict(objects.annotations(volume))
        if notes.pop(BOUND_BY_CONTROLLER, None) is None:
            del changed["spec"]["claimRef"]["uid"]
        else:
            del changed["spec"]["claimRef"]
            changed["metadata"]["annotations"] = notes
        self._volumes.set(self.client.update(_VOLUMES, changed), "Available")

    # -- keys --------------------------------------------------------------------------------------------------------

    def _class(self, claim: Object) -> Object | None:
        return self.client.find(_CLASSES, class_of(claim) or "") if class_of(claim) else None

    def _unbound_claims(self) -> list[str]:
        claims = self.client.list(_CLAIMS)
        return [objects.key(claim) for claim in claims if BIND_COMPLETED not in objects.annotations(claim)]

    def _keys_of_claim(self, event: Event) -> list[str]:
        volume = event.object["spec"].get("volumeName")
        return [objects.key(event.object), *([volume] if volume else [])]

    def _keys_of_volume(self, event: Event) -> list[str]:
        keys = [objects.name(event.object)]
        for state in (event.object, event.old):
            ref = (state["spec"].get("claimRef") if state is not None else None) or {}
            if ref.get("name"):
                keys.append(f"{ref.get('namespace', '')}/{ref['name']}")
        if not event.object["spec"].get("claimRef"):
            keys += self._unbound_claims()
        return keys


def _waiting_claims_of_pod(event: Event) -> list[str]:
    if event.type != "ADDED" or event.object["spec"].get("nodeName"):
        return []
    return [f"{objects.namespace(event.object)}/{name}" for name in podstate.claim_names(event.object)]
