"""One line of a timeline: what changed, when, and the few facts about the object that lessons are made of. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from kitlib.client.readiness import pod_ready, pod_reason

__all__ = ["RECORDED", "Change", "belongs", "compact"]

Json = Mapping[str, Any]

_DEFAULT = "storageclass.kubernetes.io/is-default-class"

#: The kinds a timeline follows, by the name that the API gives them.
RECORDED = ("Pod", "PersistentVolumeClaim", "PersistentVolume", "StatefulSet", "Service", "ControllerRevision")


def belongs(obj: Json, namespace: str, *, volumes: Collection[str] = ()) -> bool:
    """Tell whether an object that a list of a namespace shows is part of its story.

    Volumes have no namespace: those of these names are, and those that a claim of the namespace is bound to.
    """
    if obj["kind"] != "PersistentVolume" or obj["metadata"]["name"] in volumes:
        return True
    return bool(((obj.get("spec") or {}).get("claimRef") or {}).get("namespace") == namespace)


@dataclass(frozen=True, slots=True)
class Change:
    """One watch event.

    Args:
        time: seconds since the epoch, when it was seen.
        type: ADDED, MODIFIED or DELETED.
        revision: the resourceVersion as a number: it orders changes of different kinds.
        initial: the object was already there when recording began, so its creation was not seen.
        state: what `compact` keeps of the object.
    """

    time: float
    type: str
    kind: str
    name: str
    uid: str
    revision: int
    initial: bool = False
    state: Mapping[str, Any] = field(default_factory=dict)

    def line(self) -> str:
        """Return it as one line of JSON."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @staticmethod
    def parse(line: str) -> Change:
        """Read what `line` wrote."""
        return Change(**json.loads(line))

    @staticmethod
    def of(event: str, obj: Json, *, time: float, initial: bool = False) -> Change:
        """Describe a watch event."""
        metadata = obj["metadata"]
        return Change(
            time=time,
            type=event,
            kind=str(obj["kind"]),
            name=str(metadata["name"]),
            uid=str(metadata.get("uid", "")),
            revision=int(metadata.get("resourceVersion") or 0),
            initial=initial,
            state=compact(obj),
        )


def compact(obj: Json) -> dict[str, Any]:
    """Keep the facts of an object that tell its story."""
    metadata, spec, status = obj["metadata"], obj.get("spec") or {}, obj.get("status") or {}
    facts: dict[str, Any] = {"created": metadata.get("creationTimestamp")}
    if metadata.get("deletionTimestamp"):
        facts["terminating"] = True
    keep = _FACTS.get(str(obj.get("kind")))
    if keep is not None:
        facts |= keep(metadata, spec, status, obj)
    return {key: value for key, value in facts.items() if value not in (None, "", [], {})}


def _pod(metadata: Json, spec: Json, status: Json, obj: Json) -> Json:
    owner: Json = next((ref for ref in metadata.get("ownerReferences") or [] if ref.get("controller")), {})
    ready = pod_ready(obj)
    return {
        "phase": status.get("phase"),
        "ready": ready,
        "reason": None if ready else pod_reason(obj),
        "ip": status.get("podIP"),
        "node": spec.get("nodeName"),
        "host": spec.get("hostname"),
        "subdomain": spec.get("subdomain"),
        "owner": owner.get("uid"),
        "owner_name": owner.get("name"),
        "pod_revision": (metadata.get("labels") or {}).get("controller-revision-hash"),
        "images": [container.get("image") for container in spec.get("containers") or []],
        "claims": [
            volume["persistentVolumeClaim"]["claimName"]
            for volume in spec.get("volumes") or []
            if "persistentVolumeClaim" in volume
        ],
    }


def _claim(metadata: Json, spec: Json, status: Json, _: Json) -> Json:
    return {"phase": status.get("phase"), "volume": spec.get("volumeName"), "class": spec.get("storageClassName")}


def _volume(metadata: Json, spec: Json, status: Json, _: Json) -> Json:
    claim = spec.get("claimRef") or {}
    return {
        "phase": status.get("phase"),
        "claim": claim.get("name"),
        "claim_uid": claim.get("uid"),
        "class": spec.get("storageClassName"),
        "reclaim": spec.get("persistentVolumeReclaimPolicy"),
    }


def _set(metadata: Json, spec: Json, status: Json, _: Json) -> Json:
    strategy = spec.get("updateStrategy") or {}
    return {
        "generation": metadata.get("generation"),
        "replicas": spec.get("replicas", 1),
        "existing": status.get("replicas", 0),
        "ready_replicas": status.get("readyReplicas", 0),
        "available_replicas": status.get("availableReplicas", 0),
        "current_revision": status.get("currentRevision"),
        "update_revision": status.get("updateRevision"),
        "partition": (strategy.get("rollingUpdate") or {}).get("partition"),
        "strategy": strategy.get("type"),
        "start": (spec.get("ordinals") or {}).get("start"),
        "history_limit": spec.get("revisionHistoryLimit"),
        "retention": spec.get("persistentVolumeClaimRetentionPolicy"),
        "service": spec.get("serviceName"),
        "policy": spec.get("podManagementPolicy"),
        "scaled_by": [
            entry.get("manager") for entry in metadata.get("managedFields") or [] if entry.get("subresource") == "scale"
        ],
        "images": [
            one.get("image") for one in ((spec.get("template") or {}).get("spec") or {}).get("containers") or []
        ],
    }


def _workload(metadata: Json, spec: Json, status: Json, _: Json) -> Json:
    owner: Json = next((ref for ref in metadata.get("ownerReferences") or [] if ref.get("controller")), {})
    containers = ((spec.get("template") or {}).get("spec") or {}).get("containers") or []
    return {
        "generation": metadata.get("generation"),
        "number": (metadata.get("annotations") or {}).get("deployment.kubernetes.io/revision"),
        "replicas": spec.get("replicas", 1),
        "existing": status.get("replicas", 0),
        "ready_replicas": status.get("readyReplicas", 0),
        "owner": owner.get("uid"),
        "images": [container.get("image") for container in containers],
    }


def _node(metadata: Json, spec: Json, status: Json, _: Json) -> Json:
    conditions = {one.get("type"): one.get("status") for one in status.get("conditions") or []}
    return {
        "ready": conditions.get("Ready") == "True",
        "condition": conditions.get("Ready"),
        "unschedulable": spec.get("unschedulable"),
        "taints": [taint.get("key") for taint in spec.get("taints") or []],
    }


def _slice(metadata: Json, spec: Json, status: Json, obj: Json) -> Json:
    endpoints = obj.get("endpoints") or []
    return {
        "service": (metadata.get("labels") or {}).get("kubernetes.io/service-name"),
        "ready": [one.get("addresses", [""])[0] for one in endpoints if (one.get("conditions") or {}).get("ready")],
        "hosts": [one["hostname"] for one in endpoints if one.get("hostname")],
    }


def _service(metadata: Json, spec: Json, status: Json, _: Json) -> Json:
    return {
        "cluster_ip": spec.get("clusterIP"),
        "selector": spec.get("selector"),
        "publish": spec.get("publishNotReadyAddresses"),
    }


def _storage_class(metadata: Json, spec: Json, status: Json, obj: Json) -> Json:
    notes = metadata.get("annotations") or {}
    return {"provisioner": obj.get("provisioner"), "default": notes.get(_DEFAULT) == "true"}


def _controller_revision(metadata: Json, spec: Json, status: Json, obj: Json) -> Json:
    return {"number": obj.get("revision")}


_FACTS = {
    "Pod": _pod,
    "PersistentVolumeClaim": _claim,
    "PersistentVolume": _volume,
    "StatefulSet": _set,
    "Deployment": _workload,
    "ReplicaSet": _workload,
    "Node": _node,
    "EndpointSlice": _slice,
    "Service": _service,
    "ControllerRevision": _controller_revision,
    "StorageClass": _storage_class,
}
