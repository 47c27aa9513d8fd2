"""Predicates about Services: their type, and which pods stand behind them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kitlib.checks.checkpoint import Predicate
from kitlib.checks.history import History
from kitlib.checks.observation import Observation
from kitlib.checks.verdict import Finding, met, pending, unmet
from kitlib.client.readiness import pod_ready

__all__ = ["behind", "endpoints_ready", "listed", "named_port", "selected", "service_type"]

Json = Mapping[str, Any]


def service_type(name: str, type: str) -> Predicate:
    """Want a Service of that type."""
    wanted = f"Service {name} of type {type}"

    def test(observation: Observation) -> Finding:
        found = observation.find("Service", name)
        if found is None:
            return unmet(f"no Service {name}", wanted)
        seen = found["spec"].get("type", "ClusterIP")
        return (met if seen == type else unmet)(f"type: {seen}", wanted)

    return test


def named_port(name: str, port_name: str, port: int) -> Predicate:
    """Want a Service that offers a port under a name."""
    wanted = f"port {port} with the name {port_name}"

    def test(observation: Observation) -> Finding:
        ports = ((observation.find("Service", name) or {}).get("spec") or {}).get("ports") or []
        shown = ", ".join(f"{one.get('port')} named {one.get('name', 'nothing')}" for one in ports) or "none"
        right = any((one.get("name"), one.get("port")) == (port_name, port) for one in ports)
        return (met if right else unmet)(f"ports: {shown}", wanted)

    return test


def listed(history: History, service: str, revision: int) -> set[str]:
    """Return the addresses that were ready behind a Service at that moment; EndpointSlices must be recorded."""
    found: set[str] = set()
    for life in history.lives("EndpointSlice"):
        past = [change for change in life.changes if change.revision <= revision]
        if past and past[-1].type != "DELETED" and past[-1].state.get("service") == service:
            found.update(past[-1].state.get("ready", ()))
    return found


def behind(observation: Observation, service: str) -> set[str]:
    """Return the addresses that are ready behind a Service, as its EndpointSlices say; they must be observed."""
    return {
        address
        for one in observation.all("EndpointSlice")
        if (one["metadata"].get("labels") or {}).get("kubernetes.io/service-name") == service
        for endpoint in one.get("endpoints") or []
        if (endpoint.get("conditions") or {}).get("ready")
        for address in endpoint["addresses"]
    }


def selected(observation: Observation, service: str) -> list[Json]:
    """Return the pods that a Service's selector finds."""
    spec = (observation.find("Service", service) or {}).get("spec") or {}
    selector = spec.get("selector") or {}
    return [
        pod
        for pod in observation.all("Pod")
        if selector and selector.items() <= (pod["metadata"].get("labels") or {}).items()
    ]


def endpoints_ready(service: str, count: int) -> Predicate:
    """Want exactly this many ready pods behind a Service."""
    wanted = f"{count} ready pods behind {service}"

    def test(observation: Observation) -> Finding:
        if observation.find("Service", service) is None:
            return unmet(f"no Service {service}", wanted)
        addresses, pods = behind(observation, service), selected(observation, service)
        seen = f"{len(addresses)} ready addresses, {len(pods)} pods selected"
        if len(addresses) == count == len(pods):
            return met(seen, wanted)
        coming = len(pods) == count and (
            len(addresses) < sum(map(pod_ready, pods)) or not all(map(pod_ready, pods)) or len(addresses) > count
        )
        return (pending if coming else unmet)(seen, wanted)

    return test
