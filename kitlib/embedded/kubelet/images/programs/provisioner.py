"""An external volume provisioner: a directory of the node for every claim of its classes.

Does what `nfs-subdir-external-provisioner` does with a share, with a directory of the node: it needs the same rights,
gives directories the same names, and knows the same parameters of a class (`archiveOnDelete`, `onDelete`).
Environment: `PROVISIONER_NAME`; `HOST_PATH`, the directory on the node, which is mounted at `/persistentvolumes`; and
`NODE_NAME`, if there are several nodes: pods that use its volumes then go where the directory is.
"""

from __future__ import annotations

import os
import queue
import shutil
import sys
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .kube_client import ApiServer, Refused

__all__ = ["Provisioner", "run"]

Json = dict[str, Any]

_MOUNT = Path("/persistentvolumes")
_CLAIMS, _VOLUMES = "/api/v1/persistentvolumeclaims", "/api/v1/persistentvolumes"
_CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
_REQUESTED = ("volume.kubernetes.io/storage-provisioner", "volume.beta.kubernetes.io/storage-provisioner")
_LEGACY_CLASS = "volume.beta.kubernetes.io/storage-class"
_SELECTED_NODE = "volume.kubernetes.io/selected-node"
_PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
#: Seconds until the next try: the first pause, and the longest.
_PAUSE, _LONGEST = 0.5, 4.0


def run(name: str, arguments: Sequence[str]) -> int:
    """Serve until the pod ends; returns 1 when the environment says too little."""
    wanted = {key: os.environ.get(key, "") for key in ("PROVISIONER_NAME", "HOST_PATH")}
    missing = [key for key, value in wanted.items() if not value]
    if missing:
        _log("F", f"environment variable {missing[0]} is not set")
        return 1
    server = ApiServer()
    node = os.environ.get("NODE_NAME", "")
    Provisioner(server, wanted["PROVISIONER_NAME"], host_path=wanted["HOST_PATH"], node=node).serve()
    return 0


class Provisioner:
    """Makes and removes volumes; one thread watches each kind, one works.

    Args:
        server: the API server.
        name: what classes call it.
        host_path: the directory on the node.
        node: which node has it; "" if it doesn't matter.
        mount: where this container sees it.
    """

    def __init__(self, server: ApiServer, name: str, *, host_path: str, node: str = "", mount: Path = _MOUNT) -> None:
        self._server, self._name, self._node = server, name, node
        self._host_path, self._mount = host_path.rstrip("/"), mount
        self._source = f"{name}_{os.uname().nodename}_{uuid.uuid4()}"
        self._work: queue.Queue[tuple[str, Json]] = queue.Queue()
        self._tries: dict[str, int] = {}

    def serve(self) -> None:
        """Watch and work for ever."""
        _log("I", f"Starting provisioner controller {self._source}!")
        for path, kind in ((_CLAIMS, "PersistentVolumeClaim"), (_VOLUMES, "PersistentVolume")):
            threading.Thread(target=self._follow, args=(path, kind), daemon=True).start()
        while True:
            kind, found = self._work.get()
            self.handle(kind, found)

    def handle(self, kind: str, found: Json) -> None:
        """Do what an object asks for, if anything; what fails is tried again later."""
        act: Callable[[Json], None] = self._provision if kind == "PersistentVolumeClaim" else self._delete
        asked = self._asked(found) if kind == "PersistentVolumeClaim" else self._released(found)
        if not asked:
            return
        uid = found["metadata"]["uid"]
        try:
            act(found)
            self._tries.pop(uid, None)
        except (Refused, OSError) as error:
            self._tries[uid] = self._tries.get(uid, 0) + 1
            self._complain(kind, found, error)
            timer = threading.Timer(_backoff(self._tries[uid]), self._again, (kind, found))
            timer.daemon = True
            timer.start()

    # -- claims ------------------------------------------------------------------------------------------------------

    def _asked(self, claim: Json) -> bool:
        notes, metadata = claim["metadata"].get("annotations") or {}, claim["metadata"]
        mine = self._name in (notes.get(key) for key in _REQUESTED)
        return mine and not claim["spec"].get("volumeName") and not metadata.get("deletionTimestamp")

    def _provision(self, claim: Json) -> None:
        metadata, spec = claim["metadata"], claim["spec"]
        notes = metadata.get("annotations") or {}
        of = notes.get(_LEGACY_CLASS, spec.get("storageClassName"))
        storage_class = self._server.call("GET", f"{_CLASSES}/{of}")
        if storage_class.get("volumeBindingMode") == "WaitForFirstConsumer" and _SELECTED_NODE not in notes:
            return
        key, name = f"{metadata['namespace']}/{metadata['name']}", f"pvc-{metadata['uid']}"
        self._tell(claim, "Normal", "Provisioning", f'External provisioner is provisioning volume for claim "{key}"')
        if spec.get("selector"):
            raise OSError("claim Selector is not supported")
        folder = f"{metadata['namespace']}-{metadata['name']}-{name}"
        _log("I", f'provision "{key}" class "{of}": creating path {self._host_path}/{folder}')
        (self._mount / folder).mkdir(parents=True, exist_ok=True)
        (self._mount / folder).chmod(0o777)
        try:
            self._server.call("POST", _VOLUMES, self._volume(claim, storage_class, name, folder))
        except Refused as error:
            if error.code != 409:  # else an earlier try has made it, and only its answer was lost
                raise
        _log("I", f'provision "{key}" class "{of}": volume "{name}" provisioned')
        self._tell(claim, "Normal", "ProvisioningSucceeded", f"Successfully provisioned volume {name}")

    def _volume(self, claim: Json, storage_class: Json, name: str, folder: str) -> Json:
        metadata, spec = claim["metadata"], claim["spec"]
        reference = {key: metadata[key] for key in ("namespace", "name", "uid", "resourceVersion")}
        here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [self._node]}
        affinity = {"nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}}}
        return {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": name, "annotations": {_PROVISIONED_BY: self._name}},
            "spec": {
                "capacity": {"storage": spec["resources"]["requests"]["storage"]},
                "accessModes": spec.get("accessModes") or [],
                "volumeMode": spec.get("volumeMode") or "Filesystem",
                "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy") or "Delete",
                "storageClassName": storage_class["metadata"]["name"],
                "hostPath": {"path": f"{self._host_path}/{folder}", "type": "Directory"},
                "claimRef": {"kind": "PersistentVolumeClaim", "apiVersion": "v1", **reference},
                **(affinity if self._node else {}),
            },
        }

    # -- volumes -----------------------------------------------------------------------------------------------------

    def _released(self, volume: Json) -> bool:
        notes, phase = volume["metadata"].get("annotations") or {}, (volume.get("status") or {}).get("phase")
        return (
            notes.get(_PROVISIONED_BY) == self._name
            and phase in ("Released", "Failed")
            and volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete"
            and not volume["metadata"].get("deletionTimestamp")
        )

    def _delete(self, volume: Json) -> None:
        name, spec = volume["metadata"]["name"], volume["spec"]
        of = self._server.call("GET", f"{_CLASSES}/{spec.get('storageClassName')}").get("parameters") or {}
        folder = self._mount / Path(spec["hostPath"]["path"]).name
        if of.get("onDelete") == "retain":
            _log("I", f'delete "{name}": directory {folder.name} kept')
        elif of.get("onDelete") == "delete" or of.get("archiveOnDelete") == "false":
            shutil.rmtree(folder, ignore_errors=True)
            _log("I", f'delete "{name}": directory {folder.name} removed')
        elif folder.exists():
            folder.rename(folder.with_name(f"archived-{folder.name}"))
            _log("I", f'delete "{name}": archiving path {folder.name} to archived-{folder.name}')
        try:
            self._server.call("DELETE", f"{_VOLUMES}/{name}")
        except Refused as error:
            if error.code != 404:
                raise
        _log("I", f'delete "{name}": persistentvolume deleted')

    # -- what everything needs ---------------------------------------------------------------------------------------

    def _follow(self, path: str, kind: str) -> None:
        failed = 0
        while True:
            try:
                for change, found in self._server.changes(path):
                    failed = 0
                    if change in ("ADDED", "MODIFIED"):
                        self._work.put((kind, found))
            except (Refused, OSError) as error:
                failed += 1
                _log("E", f"Failed to watch *v1.{kind}: failed to list *v1.{kind}: {error}")
                time.sleep(_backoff(failed))

    def _again(self, kind: str, found: Json) -> None:
        """Look at the object as it is now: what was asked for may have been done or given up."""
        metadata = found["metadata"]
        path = f"{_VOLUMES}/{metadata['name']}"
        if kind == "PersistentVolumeClaim":
            path = f"/api/v1/namespaces/{metadata['namespace']}/persistentvolumeclaims/{metadata['name']}"
        try:
            self._work.put((kind, self._server.call("GET", path)))
        except Refused as error:
            if error.code != 404:
                self._work.put((kind, found))
        except OSError:
            self._work.put((kind, found))

    def _complain(self, kind: str, found: Json, error: Exception) -> None:
        if kind == "PersistentVolumeClaim":
            metadata = found["metadata"]
            of = (metadata.get("annotations") or {}).get(_LEGACY_CLASS, found["spec"].get("storageClassName"))
            text = f'failed to provision volume with StorageClass "{of}": {error}'
            _log("E", f'provision "{metadata["namespace"]}/{metadata["name"]}": {text}')
            self._tell(found, "Warning", "ProvisioningFailed", text)
        else:
            _log("E", f'delete "{found["metadata"]["name"]}": volume deletion failed: {error}')
            self._tell(found, "Warning", "VolumeFailedDelete", str(error))

    def _tell(self, about: Json, kind: str, reason: str, text: str) -> None:
        """Write an event; without the right to, the log has to do."""
        metadata, now = about["metadata"], time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        namespace = metadata.get("namespace") or "default"
        involved = {key: metadata[key] for key in ("namespace", "name", "uid", "resourceVersion") if key in metadata}
        event: Json = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{metadata['name']}.{uuid.uuid4().hex[:16]}", "namespace": namespace},
            "involvedObject": {"apiVersion": "v1", "kind": about.get("kind") or _kind(about), **involved},
            "type": kind,
            "reason": reason,
            "message": text,
            "source": {"component": self._source},
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }
        try:
            self._server.call("POST", f"/api/v1/namespaces/{namespace}/events", event)
        except (Refused, OSError) as error:
            _log("E", f"Server rejected event {reason!r}: {error}")


def _kind(found: Json) -> str:
    """Say what an object is: those in a list don't."""
    return "PersistentVolumeClaim" if "namespace" in found["metadata"] else "PersistentVolume"


def _backoff(tries: int) -> float:
    return float(min(_PAUSE * 2 ** (tries - 1), _LONGEST))


def _log(level: str, text: str) -> None:
    now = time.time()
    stamp = time.strftime("%m%d %H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1e6):06}"
    print(f"{level}{stamp}       1 {text}", file=sys.stderr, flush=True)
