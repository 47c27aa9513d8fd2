"""Predicates about storage classes, and about what a class did for a claim."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kitlib.checks.checkpoint import Predicate
from kitlib.checks.observation import Observation
from kitlib.checks.verdict import Finding, met, pending, unmet

__all__ = ["class_is", "class_of", "provisioned_by", "volume_of"]

Json = Mapping[str, Any]

_LEGACY = "volume.beta.kubernetes.io/storage-class"
_PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"


def class_is(name: str, *, provisioner: str, policy: str, binding: str) -> Predicate:
    """Want a StorageClass with these three fields, written or by default."""
    wanted = f"{name}: provisioner {provisioner}, reclaimPolicy {policy}, volumeBindingMode {binding}"

    def test(observation: Observation) -> Finding:
        found = observation.find("StorageClass", name)
        if found is None:
            return unmet(f"no StorageClass {name}", wanted)
        has = tuple(str(found.get(field)) for field in ("provisioner", "reclaimPolicy", "volumeBindingMode"))
        seen = f"{name}: provisioner {has[0]}, reclaimPolicy {has[1]}, volumeBindingMode {has[2]}"
        return (met if has == (provisioner, policy, binding) else unmet)(seen, wanted)

    return test


def provisioned_by(claim: str, provisioner: str) -> Predicate:
    """Want a claim that has a volume which that provisioner made for it."""
    wanted = f"{claim} is Bound to a volume made by {provisioner}"

    def test(observation: Observation) -> Finding:
        found = observation.find("PersistentVolumeClaim", claim)
        if found is None:
            return unmet(f"no claim {claim}", wanted)
        volume = volume_of(observation, found)
        if volume is None:
            notes = found["metadata"].get("annotations") or {}
            asked = any(notes.get(f"volume.{beta}kubernetes.io/storage-provisioner") for beta in ("", "beta."))
            phase = (found.get("status") or {}).get("phase", "Pending")
            return (pending if asked else unmet)(f"{claim} is {phase}, of class {class_of(found)}", wanted)
        maker = (volume["metadata"].get("annotations") or {}).get(_PROVISIONED_BY, "nobody: it was made by hand")
        seen = f"{claim} has {volume['metadata']['name']}, made by {maker}"
        return (met if maker == provisioner else unmet)(seen, wanted)

    return test


def volume_of(observation: Observation, claim: Json) -> Json | None:
    """Return the volume that a claim is Bound to."""
    if (claim.get("status") or {}).get("phase") != "Bound":
        return None
    return observation.find("PersistentVolume", claim["spec"].get("volumeName", ""))


def class_of(claim: Json) -> str:
    """Return the name of a claim's class; the annotation of old wins over the field, and "" is no class."""
    notes = claim["metadata"].get("annotations") or {}
    return str(notes.get(_LEGACY, claim["spec"].get("storageClassName") or ""))
