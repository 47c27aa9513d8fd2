"""Predicates about volumes and the claims that have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kitlib.checks.checkpoint import Predicate
from kitlib.checks.history import Life
from kitlib.checks.observation import Observation
from kitlib.checks.quantities import same_quantity
from kitlib.checks.verdict import Finding, met, pending, unmet
from kitlib.errors import UsageError

__all__ = [
    "bound_to",
    "chosen_by_cluster",
    "claims_ask",
    "phase_reached",
    "users_of",
    "volumes_are",
    "volumes_offer",
]

Json = Mapping[str, Any]

_BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"


def volumes_offer(volumes: Sequence[tuple[str, str, Sequence[str]]]) -> Predicate:
    """Want volumes, each with (name, capacity, access modes), however the quantity is written."""
    wanted = "; ".join(f"{name}: {_offer(size, modes)}" for name, size, modes in volumes)

    def test(observation: Observation) -> Finding:
        seen, right = [], True
        for name, size, modes in volumes:
            volume = observation.find("PersistentVolume", name)
            spec = (volume or {}).get("spec") or {}
            has = str((spec.get("capacity") or {}).get("storage", "nothing"))
            seen.append(f"{name}: {_offer(has, spec.get('accessModes') or []) if volume else 'not there'}")
            right = right and _same(has, size) and set(spec.get("accessModes") or []) == set(modes)
        return (met if right else unmet)("; ".join(seen), wanted)

    return test


def volumes_are(volumes: Sequence[str], *, storage_class: str, policy: str, folder: str) -> Predicate:
    """Want volumes of a class and a reclaim policy, each a directory below a folder of the node."""
    wanted = f"class {storage_class}, policy {policy}, a directory below {folder}"

    def test(observation: Observation) -> Finding:
        for name in volumes:
            volume = observation.find("PersistentVolume", name)
            if volume is None:
                return unmet(f"no volume {name}", wanted)
            spec = volume["spec"]
            path = (spec.get("hostPath") or {}).get("path", "no hostPath")
            has = (spec.get("storageClassName", ""), spec.get("persistentVolumeReclaimPolicy"))
            if has != (storage_class, policy) or not path.startswith(f"{folder}/"):
                return unmet(f"{name}: class {has[0] or 'none'}, policy {has[1]}, {path}", wanted)
        return met(f"{', '.join(volumes)}: {wanted}", wanted)

    return test


def phase_reached(kind: str, names: Sequence[str], phase: str) -> Predicate:
    """Want each object of these names to be in a phase, or to have been in it once."""
    wanted = f"{', '.join(names)}: {phase}, now or before"

    def test(observation: Observation) -> Finding:
        for name in names:
            if observation.history.reached(kind, name, lambda state: state.get("phase") == phase) is None:
                found = observation.find(kind, name)
                now = ((found or {}).get("status") or {}).get("phase", "not there")
                coming = found is not None and now in ("Pending", "")
                return (pending if coming else unmet)(f"{name} is {now}, and was never seen {phase}", wanted)
        return met(f"{', '.join(names)} became {phase}", wanted)

    return test


def claims_ask(claims: Sequence[tuple[str, str, Sequence[str]]], *, storage_class: str) -> Predicate:
    """Want claims of a class, each with (name, storage, access modes), however the quantity is written."""
    wanted = f"class {storage_class}; " + "; ".join(f"{name}: {_offer(size, modes)}" for name, size, modes in claims)

    def test(observation: Observation) -> Finding:
        seen, right = [], True
        for name, size, modes in claims:
            claim = observation.find("PersistentVolumeClaim", name)
            spec = (claim or {}).get("spec") or {}
            asked = str(((spec.get("resources") or {}).get("requests") or {}).get("storage", "nothing"))
            has, of = spec.get("accessModes") or [], spec.get("storageClassName") or "no class"
            seen.append(f"{name}: {_offer(asked, has)}, {of}" if claim else f"{name}: not there")
            right = right and _same(asked, size) and set(has) == set(modes) and of == storage_class
        return (met if right else unmet)("; ".join(seen), wanted)

    return test


def bound_to(pairs: Sequence[tuple[str, str]]) -> Predicate:
    """Want each claim to be Bound to that very volume."""
    wanted = ", ".join(f"{claim} has {volume}" for claim, volume in pairs)

    def test(observation: Observation) -> Finding:
        seen, right, coming = [], True, True
        for name, volume in pairs:
            claim = observation.find("PersistentVolumeClaim", name)
            phase = ((claim or {}).get("status") or {}).get("phase", "not there")
            has = ((claim or {}).get("spec") or {}).get("volumeName", "")
            seen.append(f"{name} has {has}" if phase == "Bound" else f"{name} is {phase}")
            if phase != "Bound" or has != volume:
                right = False
                coming = coming and phase == "Pending" and _free(observation, volume)
        return (met if right else pending if coming else unmet)(", ".join(seen), wanted)

    return test


def chosen_by_cluster(claims: Sequence[str]) -> Predicate:
    """Want claims whose volume was not named by a person: the controller notes that it chose."""
    wanted = "the cluster chose the volume of each claim"

    def test(observation: Observation) -> Finding:
        for name in claims:
            claim = observation.find("PersistentVolumeClaim", name)
            if claim is None:
                return unmet(f"no claim {name}", wanted)
            notes = claim["metadata"].get("annotations") or {}
            if not claim["spec"].get("volumeName"):
                return unmet(f"{name} has no volume", wanted)
            if _BOUND_BY_CONTROLLER not in notes:
                return unmet(f"{name} named its volume itself", wanted)
        return met(f"for {', '.join(claims)} it did", wanted)

    return test


def users_of(observation: Observation, claim: str) -> list[Life]:
    """Return the pods, also those that are gone, that use or used a claim of that name and were Ready."""
    return [life for life in observation.history.lives("Pod") if claim in _claims(life) and life.ready() is not None]


def _claims(life: Life) -> Sequence[str]:
    return tuple(life.last.state.get("claims") or life.first.state.get("claims") or ())


def _free(observation: Observation, volume: str) -> bool:
    found = observation.find("PersistentVolume", volume)
    return found is not None and (found.get("status") or {}).get("phase") in ("Available", "Pending")


def _offer(size: str, modes: Sequence[str]) -> str:
    return f"{size}, {'+'.join(modes) or 'no mode'}"


def _same(one: str, other: str) -> bool:
    try:
        return same_quantity(one, other)
    except UsageError:
        return False
