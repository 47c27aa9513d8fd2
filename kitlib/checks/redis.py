"""Predicates about redis: what its INFO says in a pod, which keys it has, what its configuration asks for.

INFO comes from a probe, `info_probe`: a line `field:value` for each fact. Nothing here writes to redis.
"""

from __future__ import annotations

from collections.abc import Sequence

from kitlib.checks.checkpoint import Predicate
from kitlib.checks.observation import Observation, Probe
from kitlib.checks.verdict import Finding, met, pending, unmet

__all__ = [
    "attached",
    "configured",
    "counted",
    "directives",
    "follows",
    "info",
    "info_probe",
    "key_probe",
    "not_heard",
    "parts",
    "same_value",
    "value",
    "values_are",
]

_UNITS = {"b": 1, "k": 1000, "kb": 1024, "m": 1000**2, "mb": 1024**2, "g": 1000**3, "gb": 1024**3}
#: Older names that redis still takes.
_ALIASES = {"slaveof": "replicaof"}


def info_probe(pod: str) -> Probe:
    """Return the probe that reads INFO in a pod."""
    return Probe(f"info {pod}", pod, ("redis-cli", "info", "all"))


def key_probe(pod: str, key: str) -> Probe:
    """Return the probe that reads a key of type string in a pod; one that does not exist reads as empty."""
    return Probe(f"get {key} {pod}", pod, ("redis-cli", "get", key))


def info(observation: Observation, pod: str) -> dict[str, str]:
    """Return what redis in a pod says of itself, by field; empty if it could not be asked."""
    probe = observation.probes.get(f"info {pod}")
    if probe is None or probe.problem or probe.exit_code:
        return {}
    return dict(line.split(":", 1) for line in probe.stdout.splitlines() if ":" in line)


def parts(field: str) -> dict[str, str]:
    """Return the parts of a field such as `ip=10.1.0.5,port=6379,state=online`."""
    return dict(one.split("=", 1) for one in field.split(",") if "=" in one)


def value(observation: Observation, pod: str, key: str) -> str | None:
    """Return a key's value in a pod, or None if redis could not be asked."""
    probe = observation.probes.get(f"get {key} {pod}")
    return None if probe is None or probe.problem or probe.exit_code else probe.stdout.strip()


def not_heard(observation: Observation, pod: str, wanted: str) -> Finding:
    """Say that redis in a pod did not answer: pending if the pod is there or a set will make it, else unmet."""
    there = observation.find("Pod", pod) is not None
    promised = _promised(observation, pod)
    what = f"redis in {pod} does not answer yet" if there else f"there is no pod {pod}"
    return (pending if promised or (there and not _leaving(observation, pod)) else unmet)(what, wanted)


def follows(pod: str, host: str) -> Predicate:
    """Want redis in a pod to be a replica of a host, by that name or a longer form of it, with the link up."""
    wanted = f"{pod} is a replica of {host}, and its link is up"

    def test(observation: Observation) -> Finding:
        found = info(observation, pod)
        if not found:
            return not_heard(observation, pod, wanted)
        if found.get("role") != "slave":
            return unmet(f"{pod} has the role {found.get('role')}", wanted)
        link = found.get("master_link_status")
        seen = f"{pod} follows {found.get('master_host')}, link {link}"
        if not _same_host(found.get("master_host", ""), host, observation.namespace):
            return unmet(seen, wanted)
        return (met if link == "up" else pending)(seen, wanted)

    return test


def attached(pod: str, count: int, *, role: str) -> Predicate:
    """Want redis in a pod to have a role (as INFO calls it) and exactly this many replicas, all online.

    A replica that has not asked yet is not seen here: want it to follow (`follows`) as well.
    """
    wanted = f"{pod} has the role {role} and {count} attached"

    def test(observation: Observation) -> Finding:
        found = info(observation, pod)
        if not found:
            return not_heard(observation, pod, wanted)
        states = [parts(text).get("state", "") for name, text in found.items() if _is_replica(name)]
        seen = f"{pod} has the role {found.get('role')}; attached: {', '.join(states) or 'none'}"
        if found.get("role") != role or (len(states) != count and set(states) <= {"online"}):
            return unmet(seen, wanted)
        return (met if states == ["online"] * count else pending)(seen, wanted)

    return test


def counted(pod: str, counters: Sequence[tuple[str, int]]) -> Predicate:
    """Want counters of INFO, each as (field, at least); a field with parts counts by its `calls` or `count`."""
    wanted = f"{pod}: " + ", ".join(f"{field} at least {least}" for field, least in counters)

    def test(observation: Observation) -> Finding:
        found = info(observation, pod)
        if not found:
            return not_heard(observation, pod, wanted)
        seen = {field: _count(found.get(field, "0")) for field, _ in counters}
        shown = f"{pod}: " + ", ".join(f"{field} {number}" for field, number in seen.items())
        return (met if all(seen[field] >= least for field, least in counters) else unmet)(shown, wanted)

    return test


def values_are(pods: Sequence[str], key: str, wanted_value: str) -> Predicate:
    """Want a key to have a value in each of these pods; an empty text wants it not to be there."""
    wanted = f"{key} is {wanted_value or 'not there'} in {', '.join(pods)}"

    def test(observation: Observation) -> Finding:
        seen = []
        for pod in pods:
            has = value(observation, pod, key)
            if has is None:
                return not_heard(observation, pod, wanted)
            seen.append(f"{pod}: {has[:40] or 'nothing'}")
            if has != wanted_value:
                return unmet("; ".join(seen), wanted)
        return met("; ".join(seen), wanted)

    return test


def same_value(pods: Sequence[str], key: str) -> Predicate:
    """Want a key to be there in each of these pods, with one value; pending while replicas lag behind the first."""
    wanted = f"{key} is there, and the same in {', '.join(pods)}"

    def test(observation: Observation) -> Finding:
        seen = {pod: value(observation, pod, key) for pod in pods}
        for pod, has in seen.items():
            if has is None:
                return not_heard(observation, pod, wanted)
        shown = "; ".join(f"{pod}: {(has or 'nothing')[:40]}" for pod, has in seen.items())
        if not seen[pods[0]]:
            return unmet(shown, wanted)
        alone = any(info(observation, pod).get("role") == "master" for pod in pods[1:])
        same = len(set(seen.values())) == 1
        return (met if same else unmet if alone else pending)(shown, wanted)

    return test


def directives(text: str) -> dict[str, str]:
    """Return the directives of a redis configuration, lower-case, with their arguments in a normal form."""
    found = {}
    for line in text.splitlines():
        name, *arguments = line.strip().replace('"', "").split() or [""]
        if name and not name.startswith("#"):
            found[_ALIASES.get(name.lower(), name.lower())] = " ".join(map(_plain, arguments))
    return found


def configured(config_map: str, key: str, settings: Sequence[Sequence[str]]) -> Predicate:
    """Want a key of a ConfigMap to be a redis configuration with these settings, however sizes are written.

    Args:
        config_map: its name.
        key: of the configuration in it.
        settings: each a directive and its arguments, such as `("save", "3600", "1")`.
    """
    wanted = f"{key}: " + "; ".join(" ".join(setting) for setting in settings)

    def test(observation: Observation) -> Finding:
        found = observation.find("ConfigMap", config_map)
        text = ((found or {}).get("data") or {}).get(key)
        if text is None:
            there = ", ".join((found or {}).get("data") or {}) or "none"
            return unmet(f"no {key} in {config_map} (keys: {there})" if found else f"no ConfigMap {config_map}", wanted)
        has = directives(text)
        for name, *arguments in settings:
            normal = " ".join(map(_plain, arguments))
            if not _same_setting(has.get(name, ""), normal, observation.namespace):
                return unmet(f"{key}: {name} {has.get(name, 'is not set')}", wanted)
        return met(f"{key}: " + "; ".join(f"{name} {has[name]}" for name, *_ in settings), wanted)

    return test


def _plain(argument: str) -> str:
    number = argument.lower().rstrip("bkmg")
    unit = argument.lower()[len(number) :]
    if number.isdigit() and unit in _UNITS:
        return str(int(number) * _UNITS[unit])
    return argument


def _same_setting(has: str, setting: str, namespace: str) -> bool:
    host, _, rest = setting.partition(" ")
    has_host, _, has_rest = has.partition(" ")
    return has_rest == rest and (has_host == host or ("." in host and _same_host(has_host, host, namespace)))


def _same_host(has: str, host: str, namespace: str) -> bool:
    longer = ("", f".{namespace}", f".{namespace}.svc", f".{namespace}.svc.cluster.local")
    return has.rstrip(".") in {host + suffix for suffix in longer}


def _is_replica(field: str) -> bool:
    return field.startswith("slave") and field.removeprefix("slave").isdigit()


def _count(text: str) -> int:
    fields = parts(text)
    number = fields.get("calls") or fields.get("count") or text
    return int(number) if number.isdigit() else 0


def _promised(observation: Observation, pod: str) -> bool:
    """Tell whether a set asks for a pod of that name."""
    of, _, ordinal = pod.rpartition("-")
    found = observation.find("StatefulSet", of)
    return found is not None and ordinal.isdigit() and int(ordinal) < found["spec"].get("replicas", 1)


def _leaving(observation: Observation, pod: str) -> bool:
    found = observation.find("Pod", pod)
    return found is not None and bool(found["metadata"].get("deletionTimestamp"))
