"""The history of a set: one ControllerRevision per distinct pod template.

Source: `pkg/controller/history` and `getStatefulSetRevisions` of Kubernetes. Names equal a real cluster's for the same
defaulted template, because data and hash do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kitlib.embedded.apimachinery import hashing, objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.controllers.statefulset.identity import revision_of

__all__ = ["HASH_LABEL", "History", "apply", "build", "data_of", "for_ordinal", "history", "surplus"]

HASH_LABEL = "controller.kubernetes.io/hash"

# `<set>-<hash>` must fit into 253 characters; upstream cuts the prefix here.
_PREFIX_LIMIT = 223


@dataclass(frozen=True, slots=True)
class History:
    """Where a set's history stands.

    Args:
        current: the revision named by the status, or None before the first sync (or when it is gone).
        update: the stored revision that equals the template, or None when one must be created.
        number: what `revision` of the update revision must be.
    """

    current: Object | None
    update: Object | None
    number: int


def data_of(stateful_set: Object) -> Object:
    """Return the patch that restores the set's present template."""
    template = objects.deep_copy(stateful_set["spec"]["template"])
    metadata = template.get("metadata")
    if metadata is not None:
        metadata.pop("creationTimestamp", None)
    return {"spec": {"template": template | {"$patch": "replace"}}}


def history(stateful_set: Object, stored: Iterable[Object]) -> History:
    """Find current and update revision among the stored ones.

    A template that equals an older revision re-uses that object under a new, highest number.
    """
    ordered = sorted(stored, key=_order)
    data = data_of(stateful_set)
    highest = ordered[-1]["revision"] if ordered else 0
    named = (stateful_set.get("status") or {}).get("currentRevision", "")
    current = next((revision for revision in ordered if objects.name(revision) == named), None)
    equal = [revision for revision in ordered if revision.get("data") == data]
    if not equal:
        return History(current, None, highest + 1)
    update = equal[-1]
    return History(current, update, highest if update is ordered[-1] else highest + 1)


def build(stateful_set: Object, number: int, collisions: int) -> Object:
    """Build the revision of the set's present template."""
    data = data_of(stateful_set)
    code = hashing.revision_hash(data, collisions)
    metadata: Object = {
        "name": f"{objects.name(stateful_set)[:_PREFIX_LIMIT]}-{code}",
        "namespace": objects.namespace(stateful_set),
        "labels": _template_labels(stateful_set) | {HASH_LABEL: code},
        "ownerReferences": [objects.owner_reference(stateful_set)],
    }
    if objects.annotations(stateful_set):
        metadata["annotations"] = dict(objects.annotations(stateful_set))
    return {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": metadata,
        "data": data,
        "revision": number,
    }


def apply(stateful_set: Object, revision: Object) -> Object:
    """Return the set with the template of `revision`; everything else stays."""
    template = {field: value for field, value in revision["data"]["spec"]["template"].items() if field != "$patch"}
    return stateful_set | {"spec": stateful_set["spec"] | {"template": template}}


def for_ordinal(stateful_set: Object, ordinal: int, current: Object, update: Object) -> Object:
    """Choose the revision that a pod created now gets.

    With `rollingUpdate` the partition decides; without it, the number of pods last seen at the current revision; with
    OnDelete it is always the update revision.
    """
    strategy = stateful_set["spec"].get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete":
        return update
    start = int((stateful_set["spec"].get("ordinals") or {}).get("start") or 0)
    rolling = strategy.get("rollingUpdate")
    if rolling is None:
        at_current = (stateful_set.get("status") or {}).get("currentReplicas")
        return current if ordinal < start + int(at_current or 0) else update
    return current if ordinal < start + int(rolling.get("partition") or 0) else update


def surplus(
    stateful_set: Object, stored: Iterable[Object], pods: Iterable[Object], live: Sequence[str]
) -> list[Object]:
    """Return the revisions beyond `revisionHistoryLimit`, oldest first; never one in use."""
    limit = stateful_set["spec"].get("revisionHistoryLimit")
    used = {*live, *(revision_of(pod) for pod in pods)}
    unused = sorted((revision for revision in stored if objects.name(revision) not in used), key=_order)
    return unused[: max(0, len(unused) - max(0, 10 if limit is None else int(limit)))]


def _order(revision: Object) -> tuple[int, str, str]:
    return revision["revision"], revision["metadata"].get("creationTimestamp", ""), objects.name(revision)


def _template_labels(stateful_set: Object) -> dict[str, str]:
    return (stateful_set["spec"]["template"].get("metadata") or {}).get("labels") or {}
