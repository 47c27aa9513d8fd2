"""One line of a timeline: what changed, when, and the few facts about the object that lessons are made of. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from kitlib.client.readiness import pod_ready, pod_reason

__all__ = ["RECORDED", "Change", "compact"]

Json = Mapping[str, Any]

#: The kinds a timeline follows, by the name that the API gives them.
RECORDED = ("Pod", "PersistentVolumeClaim", "PersistentVolume", "StatefulSet", "Service", "ControllerRevision")


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
    return {"phase": status.get("phase"), "claim": claim.get("name"), "claim_uid": claim.get("uid")}


def _set(metadata: Json, spec: Json, status: Json, _: Json) -> Json:
    return {
        "generation": metadata.get("generation"),
        "replicas": spec.get("replicas", 1),
        "existing": status.get("replicas", 0),
        "ready_replicas": status.get("readyReplicas", 0),
        "current_revision": status.get("currentRevision"),
        "update_revision": status.get("updateRevision"),
        "partition": ((spec.get("updateStrategy") or {}).get("rollingUpdate") or {}).get("partition"),
    }


def _service(metadata: Json, spec: Json, status: Json, _: Json) -> Json:
    return {"cluster_ip": spec.get("clusterIP"), "selector": spec.get("selector")}


def _controller_revision(metadata: Json, spec: Json, status: Json, obj: Json) -> Json:
    return {"number": obj.get("revision")}


_FACTS = {
    "Pod": _pod,
    "PersistentVolumeClaim": _claim,
    "PersistentVolume": _volume,
    "StatefulSet": _set,
    "Service": _service,
    "ControllerRevision": _controller_revision,
}
