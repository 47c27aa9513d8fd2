"""What makes a pod *the* pod of one ordinal: its name, labels, hostname. Source: `stateful_set_utils.go`."""

from __future__ import annotations

import re
from typing import cast

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.controllers.statefulset import claims

__all__ = [
    "INDEX_LABEL",
    "NAME_LABEL",
    "REVISION_LABEL",
    "identity_matches",
    "is_member",
    "new_pod",
    "ordinal_of",
    "ordinal_range",
    "pod_name",
    "repaired",
    "revision_of",
]

NAME_LABEL = "statefulset.kubernetes.io/pod-name"
INDEX_LABEL = "apps.kubernetes.io/pod-index"
REVISION_LABEL = "controller-revision-hash"

_POD_NAME = re.compile(r"(.*)-([0-9]+)$", re.ASCII)


def pod_name(stateful_set: Object, ordinal: int) -> str:
    """Return the name of the pod of one ordinal."""
    return f"{objects.name(stateful_set)}-{ordinal}"


def ordinal_of(stateful_set: Object, pod: Object) -> int | None:
    """Return the ordinal of a pod, or None when its name is not one of this set's.

    Example:
        >>> ordinal_of({"metadata": {"name": "web"}}, {"metadata": {"name": "web-2"}})
        2
    """
    match = _POD_NAME.fullmatch(objects.name(pod))
    if match is None or match[1] != objects.name(stateful_set):
        return None
    return int(match[2])


def is_member(stateful_set: Object, pod: Object) -> bool:
    """Tell whether the pod's name belongs to the set."""
    return ordinal_of(stateful_set, pod) is not None


def ordinal_range(stateful_set: Object) -> range:
    """Return the wanted ordinals: `ordinals.start` and the `replicas - 1` after it."""
    spec = stateful_set["spec"]
    start = int((spec.get("ordinals") or {}).get("start") or 0)
    replicas = spec.get("replicas")
    return range(start, start + (1 if replicas is None else int(replicas)))


def revision_of(pod: Object) -> str:
    """Return the name of the ControllerRevision that a pod was made from."""
    return objects.labels(pod).get(REVISION_LABEL, "")


def new_pod(stateful_set: Object, ordinal: int, *, revision: str) -> Object:
    """Build the pod of one ordinal from the template in `stateful_set`.

    Hostname and subdomain are given here and nowhere else: a pod that lost them is never repaired.
    """
    template = objects.deep_copy(stateful_set["spec"]["template"])
    template_meta = template.get("metadata") or {}
    name = pod_name(stateful_set, ordinal)
    metadata: Object = {
        "name": name,
        "generateName": f"{objects.name(stateful_set)}-",
        "namespace": objects.namespace(stateful_set),
        "labels": (template_meta.get("labels") or {}) | _identity_labels(name, ordinal) | {REVISION_LABEL: revision},
        "ownerReferences": [objects.owner_reference(stateful_set)],
    }
    if template_meta.get("annotations"):
        metadata["annotations"] = template_meta["annotations"]
    if template_meta.get("finalizers"):
        metadata["finalizers"] = template_meta["finalizers"]
    spec = template.get("spec") or {}
    spec["hostname"] = name
    if stateful_set["spec"].get("serviceName"):
        spec["subdomain"] = stateful_set["spec"]["serviceName"]
    pod: Object = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
    claims.attach(stateful_set, pod, ordinal)
    return pod


def identity_matches(stateful_set: Object, pod: Object) -> bool:
    """Tell whether the pod still carries the labels of its ordinal."""
    ordinal = cast("int", ordinal_of(stateful_set, pod))
    return _identity_labels(objects.name(pod), ordinal).items() <= objects.labels(pod).items()


def repaired(stateful_set: Object, pod: Object) -> Object:
    """Return a copy of the pod with its identity labels and claim volumes restored."""
    ordinal = cast("int", ordinal_of(stateful_set, pod))
    fixed = objects.deep_copy(pod)
    fixed["metadata"]["labels"] = objects.labels(fixed) | _identity_labels(objects.name(pod), ordinal)
    claims.attach(stateful_set, fixed, ordinal)
    return fixed


def _identity_labels(name: str, ordinal: int) -> dict[str, str]:
    return {NAME_LABEL: name, INDEX_LABEL: str(ordinal)}
