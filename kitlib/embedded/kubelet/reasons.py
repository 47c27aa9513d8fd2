"""Why a pod is not (yet) what it should be, as its kubelet sees it: sentences from its status. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.registry.explanations import Reason

__all__ = ["pod_reasons"]


def pod_reasons(pod: Object, status: Object) -> list[Reason]:
    """Return what holds up a pod.

    Args:
        pod: as the kubelet knows it.
        status: as the kubelet is about to write it.
    """
    name = pod["metadata"]["name"]
    return [Reason(f"pod/{name}", f"{name}{text}") for text in _texts(pod, status)]


def _texts(pod: Object, status: Object) -> Iterator[str]:
    if status.get("phase") in ("Succeeded", "Failed"):
        message = status.get("message") or status.get("reason") or "its containers have ended and are not restarted"
        yield f" has {status['phase'].lower()}: {message}"
        return
    if pod["metadata"].get("deletionTimestamp"):
        grace = pod["metadata"].get("deletionGracePeriodSeconds", 0)
        running = [one["name"] for one in _containers(status) if "running" in one.get("state", {})]
        yield f" is ending: {', '.join(running) or 'nothing'} still runs, for {grace} s at most"
        return
    initialized = all(one.get("ready") or one.get("started") for one in status.get("initContainerStatuses") or [])
    for one in _containers(status):
        waiting = one.get("state", {}).get("waiting")
        if waiting is not None and (initialized or waiting.get("reason") != "PodInitializing"):
            why = ": ".join(part for part in (waiting.get("reason"), waiting.get("message")) if part)
            yield f" waits for its container {one['name']}: {why or 'it has not started yet'}"
        elif "running" in one.get("state", {}) and one.get("started") is False:
            yield f" waits for its container {one['name']}: the startup probe has not succeeded yet"
        elif "running" in one.get("state", {}) and not one.get("ready"):
            yield f" is not Ready: the readiness probe of its container {one['name']} does not succeed"
    for gate in pod["spec"].get("readinessGates") or []:
        kind = gate["conditionType"]
        if not any(one["type"] == kind and one["status"] == "True" for one in status.get("conditions") or []):
            yield f" is not Ready: nobody has set its readiness gate {kind}"


def _containers(status: Object) -> list[Object]:
    return [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
