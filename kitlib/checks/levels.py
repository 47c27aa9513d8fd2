"""Predicates about what is true now; each returns a predicate that says what it saw and what it wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kitlib.checks.checkpoint import Predicate
from kitlib.checks.observation import Observation, names
from kitlib.checks.quantities import quantity, same_quantity
from kitlib.checks.verdict import Finding, met, pending, unmet
from kitlib.client.readiness import pod_ready, pod_reason
from kitlib.errors import UsageError

__all__ = [
    "claim_request",
    "claims_bound",
    "governed_by",
    "mounts",
    "replicas_ready",
    "service_headless",
    "service_port",
    "service_selects",
]

Json = Mapping[str, Any]


def service_headless(name: str) -> Predicate:
    """Want a Service without a cluster IP."""

    def test(observation: Observation) -> Finding:
        service = observation.find("Service", name)
        wanted = f"Service {name} with clusterIP: None"
        if service is None:
            return unmet(f"no Service {name}", wanted)
        address = service["spec"].get("clusterIP")
        return (met if address == "None" else unmet)(f"clusterIP: {address}", wanted)

    return test


def service_selects(name: str, labels: Mapping[str, str]) -> Predicate:
    """Want a Service whose selector is exactly these labels."""

    def test(observation: Observation) -> Finding:
        service = observation.find("Service", name)
        selector = (service or {}).get("spec", {}).get("selector") or {}
        return (met if dict(selector) == dict(labels) else unmet)(f"selector: {_pairs(selector)}", _pairs(labels))

    return test


def service_port(name: str, port: int) -> Predicate:
    """Want a Service that offers a port."""

    def test(observation: Observation) -> Finding:
        service = observation.find("Service", name)
        ports = [one.get("port") for one in (service or {}).get("spec", {}).get("ports") or []]
        seen = f"ports: {', '.join(map(str, ports)) or 'none'}"
        return (met if port in ports else unmet)(seen, f"port {port}")

    return test


def governed_by(stateful_set: str, service: str) -> Predicate:
    """Want a StatefulSet whose `serviceName` is that Service."""

    def test(observation: Observation) -> Finding:
        found = observation.find("StatefulSet", stateful_set)
        seen = (found or {}).get("spec", {}).get("serviceName") or "none"
        return (met if seen == service else unmet)(f"serviceName: {seen}", f"serviceName: {service}")

    return test


def replicas_ready(stateful_set: str, count: int) -> Predicate:
    """Want exactly this many pods of a set, numbered from 0, all Ready."""
    wanted_names = {f"{stateful_set}-{n}" for n in range(count)}
    wanted = f"{count} replicas, all Ready: {_list(wanted_names)}"

    def test(observation: Observation) -> Finding:
        found = observation.find("StatefulSet", stateful_set)
        if found is None:
            return unmet(f"no StatefulSet {stateful_set}", wanted)
        replicas = found["spec"].get("replicas", 1)
        pods = observation.owned_pods(dict(found))
        ready = {pod["metadata"]["name"] for pod in pods if pod_ready(pod)}
        if replicas != count:
            return unmet(f"the set asks for {replicas} replicas", wanted)
        if ready == wanted_names == names(pods):
            return met(f"Ready: {_list(ready)}", wanted)
        others = [f"{pod['metadata']['name']} is {_pod_state(pod)}" for pod in pods if not pod_ready(pod)]
        return pending("; ".join([f"Ready: {_list(ready)}", *others]), wanted)

    return test


def claims_bound(claims: Sequence[str]) -> Predicate:
    """Want these claims, each Bound to a volume of its own."""
    wanted = f"{_list(claims)}, each Bound to its own volume"

    def test(observation: Observation) -> Finding:
        found = {name: observation.find("PersistentVolumeClaim", name) for name in claims}
        missing = [name for name, claim in found.items() if claim is None]
        if missing:
            present = _list(names(observation.all("PersistentVolumeClaim")))
            coming = all(_may_come(observation, name) for name in missing)
            return (pending if coming else unmet)(f"no claim {_list(missing)}; there are: {present}", wanted)
        here = [claim for claim in found.values() if claim is not None]
        loose = [c["metadata"]["name"] for c in here if (c.get("status") or {}).get("phase") != "Bound"]
        if loose:
            coming = all(_may_come(observation, name) or _used(observation, name) for name in loose)
            return (pending if coming else unmet)(f"not Bound: {_list(loose)}", wanted)
        volumes = [claim["spec"].get("volumeName") for claim in here]
        if len(set(volumes)) < len(volumes):
            return unmet("two claims share a volume", wanted)
        return met(f"Bound: {_list(claims)}", wanted)

    return test


def claim_request(claims: Sequence[str], storage: str, modes: Sequence[str]) -> Predicate:
    """Want these claims to ask for that much storage in these access modes, however it is written."""
    wanted = f"{storage}, {', '.join(modes)}"

    def test(observation: Observation) -> Finding:
        found = [c for name in claims if (c := observation.find("PersistentVolumeClaim", name)) is not None]
        if not found:
            return unmet("no such claim", wanted)
        seen = []
        for claim in found:
            asked = str(claim["spec"].get("resources", {}).get("requests", {}).get("storage", "nothing"))
            has = claim["spec"].get("accessModes") or []
            seen.append(f"{claim['metadata']['name']}: {asked}, {', '.join(has)}")
            if not _same(asked, storage) or set(has) != set(modes):
                return unmet(seen[-1] + _difference(asked, storage), wanted)
        return met("; ".join(seen), wanted)

    return test


def mounts(stateful_set: str, volume: str, path: str) -> Predicate:
    """Want the set's containers to mount a volume at a path."""

    def test(observation: Observation) -> Finding:
        found = observation.find("StatefulSet", stateful_set)
        template = (found or {}).get("spec", {}).get("template", {}).get("spec", {})
        seen = {
            (mount["name"], mount["mountPath"].rstrip("/"))
            for container in template.get("containers") or []
            for mount in container.get("volumeMounts") or []
        }
        shown = _list(f"{name} at {where}" for name, where in seen)
        return (met if (volume, path.rstrip("/")) in seen else unmet)(f"mounts: {shown}", f"{volume} at {path}")

    return test


def _may_come(observation: Observation, claim: str) -> bool:
    """Tell whether a set is about to make this claim: it has the template, and asks for that ordinal."""
    for found in observation.all("StatefulSet"):
        spec = found["spec"]
        for template in spec.get("volumeClaimTemplates") or []:
            prefix = f"{template['metadata']['name']}-{found['metadata']['name']}-"
            ordinal = claim.removeprefix(prefix)
            if claim.startswith(prefix) and ordinal.isdigit() and int(ordinal) < spec.get("replicas", 1):
                return True
    return False


def _used(observation: Observation, claim: str) -> bool:
    """Tell whether a pod uses the claim: until one does, it may stay Pending for ever."""
    return any(
        volume.get("persistentVolumeClaim", {}).get("claimName") == claim
        for pod in observation.all("Pod")
        for volume in pod["spec"].get("volumes") or []
    )


def _same(one: str, other: str) -> bool:
    try:
        return same_quantity(one, other)
    except UsageError:
        return False


def _difference(asked: str, wanted: str) -> str:
    try:
        return f" (that is {quantity(asked):f} bytes, not {quantity(wanted):f})"
    except UsageError:
        return ""


def _pod_state(pod: Json) -> str:
    return "Terminating" if pod["metadata"].get("deletionTimestamp") else pod_reason(pod)


def _pairs(labels: Mapping[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in sorted(labels.items())) or "none"


def _list(things: Any) -> str:
    return ", ".join(sorted(things)) or "none"
