"""A Deployment's ReplicaSets: which one has the present template, their annotations; pure.

Source: `deployment_util.go`. The template hash is ours: upstream hashes a dump of Go's memory.
"""

from __future__ import annotations

from collections.abc import Sequence

from kitlib.embedded.apimachinery import hashing, objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.controllers.deployment.sizing import MAX_REPLICAS, by_age
from kitlib.embedded.controllers.deployment.strategy import max_surge, min_ready, replicas

__all__ = ["REVISION", "annotated", "build", "desired", "find_new", "max_revision", "revision"]

_HASH_LABEL = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
_HISTORY = "deployment.kubernetes.io/revision-history"
_DESIRED = "deployment.kubernetes.io/desired-replicas"
_NOT_COPIED = frozenset(
    {"kubectl.kubernetes.io/last-applied-configuration", REVISION, _HISTORY, _DESIRED, MAX_REPLICAS}
)


def find_new(deployment: Object, replica_sets: Sequence[Object]) -> Object | None:
    """Return the (oldest) ReplicaSet with the Deployment's template, or None."""
    return next((rs for rs in by_age(replica_sets) if _same_template(deployment, rs)), None)


def _same_template(deployment: Object, replica_set: Object) -> bool:
    """Compare the templates without the hash label."""
    return _bare(deployment["spec"]["template"]) == _bare(replica_set["spec"]["template"])


def revision(obj: Object) -> int:
    """Return the revision annotation as a number, 0 when there is none."""
    text = objects.annotations(obj).get(REVISION, "0")
    return int(text) if text.isdigit() else 0


def desired(replica_set: Object) -> int | None:
    """Return the size of the Deployment at the ReplicaSet's last resize, or None."""
    text = objects.annotations(replica_set).get(_DESIRED, "")
    return int(text) if text.isdigit() else None


def max_revision(replica_sets: Sequence[Object]) -> int:
    """Return the highest revision of these ReplicaSets."""
    return max(map(revision, replica_sets), default=0)


def build(deployment: Object, size: int, collisions: int) -> Object:
    """Build the ReplicaSet of the Deployment's present template."""
    template = objects.deep_copy(deployment["spec"]["template"])
    code = hashing.safe_encode(str(hashing.fnv1_32(hashing.go_json(template) + str(collisions or "").encode())))
    template.setdefault("metadata", {})["labels"] = (template["metadata"].get("labels") or {}) | {_HASH_LABEL: code}
    selector = objects.deep_copy(deployment["spec"]["selector"])
    selector["matchLabels"] = (selector.get("matchLabels") or {}) | {_HASH_LABEL: code}
    spec: Object = {"replicas": size, "selector": selector, "template": template}
    if min_ready(deployment):
        spec["minReadySeconds"] = min_ready(deployment)
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{objects.name(deployment)}-{code}",
            "namespace": objects.namespace(deployment),
            "labels": dict(template["metadata"]["labels"]),
            "ownerReferences": [objects.owner_reference(deployment)],
        },
        "spec": spec,
    }


def annotated(deployment: Object, replica_set: Object, number: int | None, *, resized: bool = True) -> Object:
    """Return a copy of the ReplicaSet with its annotations brought up to date.

    Args:
        deployment: its own annotations are copied down.
        replica_set: what to annotate.
        number: its revision if it is the new one, None for an old one (whose annotations stay its own).
        resized: whether to note the Deployment's present size too.
    """
    copy = objects.deep_copy(replica_set)
    notes = dict(objects.annotations(copy))
    if number is not None:
        notes |= {key: value for key, value in objects.annotations(deployment).items() if key not in _NOT_COPIED}
        before = revision(replica_set)
        if before < number:
            if before:
                past = [*filter(None, notes.get(_HISTORY, "").split(",")), str(before)]
                notes[_HISTORY] = ",".join(past)
            notes[REVISION] = str(number)
    if resized:
        notes[_DESIRED] = str(replicas(deployment))
        notes[MAX_REPLICAS] = str(replicas(deployment) + max_surge(deployment))
    copy["metadata"]["annotations"] = notes
    return copy


def _bare(template: Object) -> Object:
    metadata = dict(template.get("metadata") or {})
    metadata.pop("creationTimestamp", None)
    labels = {key: value for key, value in (metadata.pop("labels", None) or {}).items() if key != _HASH_LABEL}
    return template | {"metadata": metadata | {"labels": labels}}
