"""The claims of a pod: one per claim template, named for the ordinal, never for the pod's life.

Source: `getPersistentVolumeClaims`, `updateStorage` and `storageMatches` in `stateful_set_utils.go`.
"""

from __future__ import annotations

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object

__all__ = ["attach", "claim_name", "claim_names", "claims_for", "storage_matches", "templates"]


def templates(stateful_set: Object) -> list[Object]:
    """Return the volume claim templates; never None."""
    return stateful_set["spec"].get("volumeClaimTemplates") or []


def claim_name(stateful_set: Object, template: Object, ordinal: int) -> str:
    """Return `<template>-<set>-<ordinal>`."""
    return f"{objects.name(template)}-{objects.name(stateful_set)}-{ordinal}"


def claim_names(stateful_set: Object, ordinal: int) -> list[str]:
    """Return the names of all claims of one ordinal, in template order."""
    return [claim_name(stateful_set, template, ordinal) for template in templates(stateful_set)]


def claims_for(stateful_set: Object, ordinal: int) -> list[Object]:
    """Build the claims of one ordinal: the templates, with the set's `matchLabels` over their labels."""
    match_labels = (stateful_set["spec"].get("selector") or {}).get("matchLabels") or {}
    built = []
    for template in templates(stateful_set):
        metadata: Object = (template.get("metadata") or {}) | {
            "name": claim_name(stateful_set, template, ordinal),
            "namespace": objects.namespace(stateful_set),
            "labels": objects.labels(template) | match_labels,
        }
        claim: Object = {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": metadata,
            "spec": template.get("spec") or {},
        }
        built.append(objects.deep_copy(claim))
    return built


def attach(stateful_set: Object, pod: Object, ordinal: int) -> None:
    """Put the claim volumes into `pod`, in place of template volumes of the same name."""
    wanted = _volumes(stateful_set, ordinal)
    if not wanted:
        return
    others = [volume for volume in pod["spec"].get("volumes") or [] if volume["name"] not in wanted]
    pod["spec"]["volumes"] = [*wanted.values(), *others]


def storage_matches(stateful_set: Object, pod: Object, ordinal: int) -> bool:
    """Tell whether the pod mounts exactly the claims of its ordinal under the templates' names."""
    mounted = {
        volume["name"]: (volume.get("persistentVolumeClaim") or {}).get("claimName")
        for volume in pod["spec"].get("volumes") or []
    }
    return all(
        mounted.get(objects.name(template)) == claim_name(stateful_set, template, ordinal)
        for template in templates(stateful_set)
    )


def _volumes(stateful_set: Object, ordinal: int) -> dict[str, Object]:
    return {
        objects.name(template): {
            "name": objects.name(template),
            "persistentVolumeClaim": {"claimName": claim_name(stateful_set, template, ordinal)},
        }
        for template in templates(stateful_set)
    }
