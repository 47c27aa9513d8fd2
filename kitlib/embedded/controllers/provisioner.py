"""The dynamic provisioner: a directory on the node for every claim of its classes.

Behaves as `rancher.io/local-path`, the provisioner of kind: same names, annotations, paths and events.
"""

from __future__ import annotations

from typing import Protocol

from kitlib.clock import Clock
from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.controllers.controller import Controller
from kitlib.embedded.controllers.persistentvolume_binder import BIND_COMPLETED, SELECTED_NODE
from kitlib.embedded.controllers.storageclasses import WAIT, binding_mode, class_of
from kitlib.embedded.controllers.volume_phases import PROVISIONED_BY
from kitlib.embedded.registry.client import Client

__all__ = ["PROVISIONER", "LocalPathProvisioner", "VolumeDirectories"]

PROVISIONER = "rancher.io/local-path"
_ROOT = "/var/local-path-provisioner"
_NODE = "local.path.provisioner/selected-node"
_REQUESTED = "volume.kubernetes.io/storage-provisioner"
_SUPPORTED_MODES = frozenset({"ReadWriteOnce", "ReadWriteOncePod"})
_CLAIMS, _VOLUMES, _CLASSES = "persistentvolumeclaims", "persistentvolumes", "storageclasses.storage.k8s.io"


class VolumeDirectories(Protocol):
    """Makes and removes directories on a node; both must be idempotent."""

    def create(self, path: str, *, node: str) -> None:
        """Create the directory with mode 0777."""

    def remove(self, path: str, *, node: str) -> None:
        """Remove the directory and everything in it."""


class LocalPathProvisioner(Controller):
    """Creates a volume for a claim that asks for one, and deletes released ones.

    Args:
        client: its component is the event source, `rancher.io/local-path_<pod>_<uuid>`.
        clock: for retries.
        directories: where the data lives.
    """

    name = "local-path-provisioner"

    def __init__(self, client: Client, clock: Clock, *, directories: VolumeDirectories) -> None:
        super().__init__(client, clock)
        self._directories = directories

    def register(self) -> None:
        """Watch claims and volumes."""
        self.watch_own(_CLAIMS)
        self.watch_own(_VOLUMES)

    def reconcile(self, key: str) -> None:
        """Provision for a claim, or delete a volume."""
        namespace, name = objects.split_key(key)
        if namespace:
            claim = self.client.find(_CLAIMS, name, namespace)
            if claim is not None and self._should_provision(claim):
                self._provision(claim)
            return
        volume = self.client.find(_VOLUMES, name)
        if volume is not None and _should_delete(volume):
            self._delete(volume)

    def _should_provision(self, claim: Object) -> bool:
        notes = objects.annotations(claim)
        if notes.get(_REQUESTED) != PROVISIONER or BIND_COMPLETED in notes:
            return False
        if objects.is_terminating(claim) or claim["spec"].get("volumeName"):
            return False
        storage_class = self.client.find(_CLASSES, class_of(claim) or "")
        if storage_class is None:
            return False
        return SELECTED_NODE in notes or binding_mode(storage_class) != WAIT

    def _provision(self, claim: Object) -> None:
        name = f"pvc-{objects.uid(claim)}"
        if self.client.find(_VOLUMES, name) is not None:
            return
        if claim["spec"].get("volumeMode") == "Block":
            self._fail(claim, f"{PROVISIONER} does not support block volume provisioning")
            return
        node = objects.annotations(claim).get(SELECTED_NODE) or self._any_node()
        if self.client.find("nodes", node) is None:
            self._fail(claim, f'failed to get target node: nodes "{node}" not found')
            self._ask_scheduler_again(claim)
            return
        text = f'External provisioner is provisioning volume for claim "{objects.key(claim)}"'
        self.client.event(claim, "Normal", "Provisioning", text)
        if problem := _problem(claim):
            self._fail(claim, f'failed to provision volume with StorageClass "{class_of(claim)}": {problem}')
            return
        path = f"{_ROOT}/{name}_{objects.namespace(claim)}_{objects.name(claim)}"
        self._directories.create(path, node=node)
        self.client.create(_VOLUMES, self._volume(claim, name, node=node, path=path))
        self.client.event(claim, "Normal", "ProvisioningSucceeded", f"Successfully provisioned volume {name}")

    def _fail(self, claim: Object, why: str) -> None:
        self.client.event(claim, "Warning", "ProvisioningFailed", why)

    def _ask_scheduler_again(self, claim: Object) -> None:
        if SELECTED_NODE in objects.annotations(claim):
            patch: Object = {"metadata": {"annotations": {SELECTED_NODE: None}}}
            self.client.patch(_CLAIMS, objects.name(claim), patch, namespace=objects.namespace(claim))

    def _volume(self, claim: Object, name: str, *, node: str, path: str) -> Object:
        storage_class = self.client.get(_CLASSES, class_of(claim) or "")
        term = {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}]}
        return {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {
                "name": name,
                "annotations": {_NODE: node, PROVISIONED_BY: PROVISIONER},
            },
            "spec": {
                "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
                "accessModes": list(claim["spec"].get("accessModes") or []),
                "volumeMode": claim["spec"].get("volumeMode") or "Filesystem",
                "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy") or "Delete",
                "storageClassName": objects.name(storage_class),
                "hostPath": {"path": path, "type": "DirectoryOrCreate"},
                "nodeAffinity": {"required": {"nodeSelectorTerms": [term]}},
                "claimRef": {
                    "kind": "PersistentVolumeClaim",
                    "apiVersion": "v1",
                    "namespace": objects.namespace(claim),
                    "name": objects.name(claim),
                    "uid": objects.uid(claim),
                    "resourceVersion": claim["metadata"].get("resourceVersion", ""),
                },
            },
        }

    def _delete(self, volume: Object) -> None:
        node = objects.annotations(volume).get(_NODE, "")
        self._directories.remove(volume["spec"]["hostPath"]["path"], node=node)
        self.client.delete(_VOLUMES, objects.name(volume), uid=objects.uid(volume))

    def _any_node(self) -> str:
        nodes = self.client.list("nodes")
        return objects.name(nodes[0]) if nodes else ""


def _problem(claim: Object) -> str:
    if claim["spec"].get("selector"):
        return "claim.Spec.Selector is not supported"
    modes = set(claim["spec"].get("accessModes") or [])
    if not modes <= _SUPPORTED_MODES:
        return "NodePath only supports ReadWriteOnce and ReadWriteOncePod (1.22+) access modes"
    return ""


def _should_delete(volume: Object) -> bool:
    return (
        objects.annotations(volume).get(PROVISIONED_BY) == PROVISIONER
        and volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete"
        and (volume.get("status") or {}).get("phase") == "Released"
        and not objects.is_terminating(volume)
    )
