"""Can the pod have its volumes there? Source: kube-scheduler's plugins `VolumeBinding` and `VolumeRestrictions`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.quantity import parse_quantity
from kitlib.embedded.controllers import podstate, volume_matching
from kitlib.embedded.controllers.ephemeral_volumes import not_made_for
from kitlib.embedded.controllers.storageclasses import NO_PROVISIONER, WAIT, binding_mode, class_of
from kitlib.embedded.registry.client import Client
from kitlib.embedded.scheduler.filters import Rejection
from kitlib.embedded.scheduler.node_info import NodeInfo
from kitlib.embedded.scheduler.node_selector import matches_node_selector

__all__ = ["SELECTED_NODE", "PodVolumes", "gather"]

SELECTED_NODE = "volume.kubernetes.io/selected-node"
_BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
_IN_USE = (
    "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod"
)
_NO_VOLUME = Rejection(("node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)",), final=True)
_OUT_OF_REACH = Rejection(("node(s) didn't match PersistentVolume's node affinity",), final=True)
_NOTHING_TO_BIND = Rejection(("node(s) didn't find available persistent volumes to bind",), final=True)


@dataclass(frozen=True, slots=True)
class PodVolumes:
    """A pod's claims, sorted out.

    Args:
        problem: why no node will do, or `""`.
        bound: the volumes of its bound claims; None is one that is gone.
        waiting: its unbound claims of classes that wait for a consumer, the smallest first, each with its class.
        candidates: all volumes, for those that wait.
        holders: the pods that have a claim of one pod alone which this one wants: UID to node.
    """

    problem: str
    bound: tuple[Object | None, ...] = ()
    waiting: tuple[tuple[Object, Object], ...] = ()
    candidates: tuple[Object, ...] = ()
    holders: Mapping[str, str] = field(default_factory=dict)

    def against(self, info: NodeInfo) -> Rejection | None:
        """Return the reason against a node, or None."""
        if any(node != info.name or uid in info.pods for uid, node in self.holders.items()):
            return Rejection((_IN_USE,))
        if None in self.bound:
            return _NO_VOLUME
        if not all(_reaches(volume, info) for volume in self.bound if volume is not None):
            return _OUT_OF_REACH
        chosen = self.choices(info)
        return _NOTHING_TO_BIND if len(chosen) < len(self.waiting) else None

    def choices(self, info: NodeInfo) -> list[tuple[Object, Object | None]]:
        """Return the waiting claims with the volume that each gets on a node, None where one is to be made for it.

        Those for which there is none, and none can be made, are missing.
        """
        taken: set[str] = set()
        found: list[tuple[Object, Object | None]] = []
        for claim, storage_class in self.waiting:
            chosen = objects.annotations(claim).get(SELECTED_NODE)
            volume = None
            if chosen is None:
                free = (each for each in self.candidates if objects.name(each) not in taken)
                volume = volume_matching.best(free, claim, reachable=lambda each: _reaches(each, info))
            if volume is not None:
                taken.add(objects.name(volume))
                found.append((claim, volume))
            elif chosen in (None, info.name) and _provisions(storage_class, info):
                found.append((claim, None))
        return found


def gather(client: Client, pod: Object) -> PodVolumes:
    """Look at the claims of a pod."""
    bound: list[Object | None] = []
    waiting: list[tuple[Object, Object]] = []
    single: set[str] = set()
    unbound_immediate = False
    for volume in pod["spec"].get("volumes") or []:
        if not (name := podstate.claim_name(pod, volume)):
            continue
        claim = client.find("persistentvolumeclaims", name, objects.namespace(pod))
        problem = _problem(pod, volume, claim)
        if problem or claim is None:
            return PodVolumes(problem)
        if "ReadWriteOncePod" in (claim["spec"].get("accessModes") or []):
            single.add(name)
        if _BIND_COMPLETED in objects.annotations(claim):
            bound.append(client.find("persistentvolumes", claim["spec"].get("volumeName", "")))
            continue
        storage_class = client.find("storageclasses.storage.k8s.io", class_of(claim) or "") if class_of(claim) else None
        if storage_class is None or binding_mode(storage_class) != WAIT or claim["spec"].get("volumeName"):
            unbound_immediate = True
        else:
            waiting.append((claim, storage_class))
    if unbound_immediate:
        return PodVolumes("pod has unbound immediate PersistentVolumeClaims")
    waiting.sort(key=lambda pair: _request(pair[0]))
    candidates = tuple(client.list("persistentvolumes")) if waiting else ()
    holders = _holders(client, pod, single) if single else {}
    return PodVolumes("", tuple(bound), tuple(waiting), candidates, holders)


def _problem(pod: Object, volume: Object, claim: Object | None) -> str:
    name = podstate.claim_name(pod, volume)
    if claim is None and volume.get("ephemeral"):
        return f'waiting for ephemeral volume controller to create the persistentvolumeclaim "{name}"'
    if claim is None:
        return f'persistentvolumeclaim "{name}" not found'
    if (claim.get("status") or {}).get("phase") == "Lost":
        lost = claim["spec"].get("volumeName", "")
        return f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{lost}"'
    if objects.is_terminating(claim):
        return f'persistentvolumeclaim "{name}" is being deleted'
    return not_made_for(claim, pod) if volume.get("ephemeral") else ""


def _holders(client: Client, pod: Object, claims: set[str]) -> dict[str, str]:
    return {
        objects.uid(other): other["spec"]["nodeName"]
        for other in client.list("pods", objects.namespace(pod))
        if objects.uid(other) != objects.uid(pod)
        and other["spec"].get("nodeName")
        and not podstate.is_finished(other)
        and claims.intersection(podstate.claim_names(other))
    }


def _reaches(volume: Object, info: NodeInfo) -> bool:
    required = (volume["spec"].get("nodeAffinity") or {}).get("required")
    return required is None or matches_node_selector(required, info.name, info.labels)


def _provisions(storage_class: Object, info: NodeInfo) -> bool:
    """Tell whether the class makes volumes for this node."""
    if storage_class["provisioner"] == NO_PROVISIONER:
        return False
    terms = storage_class.get("allowedTopologies") or []
    return not terms or any(
        all(info.labels.get(each["key"]) in each["values"] for each in term.get("matchLabelExpressions") or [])
        for term in terms
    )


def _request(claim: Object) -> int:
    return int(parse_quantity((claim["spec"]["resources"].get("requests") or {}).get("storage", "0")))
