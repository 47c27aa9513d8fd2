"""Can the pod have its volumes there? Source: kube-scheduler's plugins `VolumeBinding` and `VolumeRestrictions`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.controllers import podstate, volume_matching
from kitlib.embedded.controllers.storageclasses import NO_PROVISIONER, WAIT, binding_mode, class_of
from kitlib.embedded.registry.client import Client
from kitlib.embedded.scheduler.node_info import NodeInfo
from kitlib.embedded.scheduler.node_selector import matches_node_selector

__all__ = ["SELECTED_NODE", "PodVolumes", "gather"]

SELECTED_NODE = "volume.kubernetes.io/selected-node"
_BIND_COMPLETED = "pv.kubernetes.io/bind-completed"


@dataclass(frozen=True, slots=True)
class PodVolumes:
    """A pod's claims, sorted out.

    Args:
        problem: why no node will do, or `""`.
        bound: the volumes of its bound claims.
        waiting: its unbound claims of classes that wait for a consumer, each with its class.
        candidates: all volumes, for those that wait.
    """

    problem: str
    bound: tuple[Object, ...] = ()
    waiting: tuple[tuple[Object, Object], ...] = ()
    candidates: tuple[Object, ...] = ()

    def against(self, info: NodeInfo) -> str:
        """Return the reason against a node, or `""`."""
        if any(not _reaches(volume, info) for volume in self.bound):
            return "node(s) didn't match PersistentVolume's node affinity"
        taken: set[str] = set()
        for claim, storage_class in self.waiting:
            chosen = objects.annotations(claim).get(SELECTED_NODE)
            if chosen is not None and chosen != info.name:
                return "node(s) didn't match PersistentVolume's node affinity"
            free = (volume for volume in self.candidates if objects.name(volume) not in taken)
            static = volume_matching.best((volume for volume in free if _reaches(volume, info)), claim)
            if static is not None:
                taken.add(objects.name(static))
            if static is None and storage_class["provisioner"] == NO_PROVISIONER:
                return "node(s) didn't find available persistent volumes to bind"
        return ""


def gather(client: Client, pod: Object) -> PodVolumes:
    """Look at the claims of a pod."""
    bound: list[Object] = []
    waiting: list[tuple[Object, Object]] = []
    for name in _claim_names(pod):
        claim = client.find("persistentvolumeclaims", name, objects.namespace(pod))
        problem = _problem(client, pod, name, claim)
        if problem or claim is None:
            return PodVolumes(problem)
        if _BIND_COMPLETED in objects.annotations(claim):
            volume_name = claim["spec"].get("volumeName", "")
            volume = client.find("persistentvolumes", volume_name)
            if volume is None:
                text = f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{volume_name}"'
                return PodVolumes(text)
            bound.append(volume)
            continue
        storage_class = client.find("storageclasses.storage.k8s.io", class_of(claim) or "") if class_of(claim) else None
        if storage_class is None or binding_mode(storage_class) != WAIT or claim["spec"].get("volumeName"):
            return PodVolumes("pod has unbound immediate PersistentVolumeClaims")
        waiting.append((claim, storage_class))
    candidates = tuple(client.list("persistentvolumes")) if waiting else ()
    return PodVolumes("", tuple(bound), tuple(waiting), candidates)


def _claim_names(pod: Object) -> list[str]:
    ephemeral = [f"{objects.name(pod)}-{volume['name']}" for volume in _volumes(pod) if volume.get("ephemeral")]
    return podstate.claim_names(pod) + ephemeral


def _volumes(pod: Object) -> Iterable[Object]:
    return pod["spec"].get("volumes") or []


def _problem(client: Client, pod: Object, name: str, claim: Object | None) -> str:
    if claim is None:
        return f'persistentvolumeclaim "{name}" not found'
    if objects.is_terminating(claim):
        return f'persistentvolumeclaim "{name}" is being deleted'
    if (claim.get("status") or {}).get("phase") == "Lost":
        return f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{claim["spec"]["volumeName"]}"'
    if "ReadWriteOncePod" in (claim["spec"].get("accessModes") or []) and _is_in_use(client, pod, name):
        return (
            "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by "
            "another pod"
        )
    return ""


def _is_in_use(client: Client, pod: Object, claim: str) -> bool:
    return any(
        claim in podstate.claim_names(other)
        for other in client.list("pods", objects.namespace(pod))
        if objects.uid(other) != objects.uid(pod) and other["spec"].get("nodeName") and not podstate.is_finished(other)
    )


def _reaches(volume: Object, info: NodeInfo) -> bool:
    required = (volume["spec"].get("nodeAffinity") or {}).get("required")
    return required is None or matches_node_selector(required, info.name, info.labels)
