"""Which container a request on a pod means, and whether there is anything in it to read or to enter."""

from __future__ import annotations

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import bad_request

__all__ = ["check_running", "check_started", "chosen_container"]

_DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
_STATUSES = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")


def _containers(pod: Object) -> list[str]:
    spec = pod["spec"]
    groups = (spec.get("initContainers"), spec.get("containers"), spec.get("ephemeralContainers"))
    return [c["name"] for group in groups for c in group or []]


def chosen_container(pod: Object, wanted: str) -> str:
    """Return the container that is meant.

    Raises:
        StatusError: 400 when it is not in the pod, or must be named.
    """
    name: str = pod["metadata"]["name"]
    mains: list[str] = [c["name"] for c in pod["spec"]["containers"]]
    wanted = wanted or (pod["metadata"].get("annotations") or {}).get(_DEFAULT_CONTAINER, "")
    if not wanted:
        if len(mains) > 1:
            choices = " ".join(mains)
            raise bad_request(f"a container name must be specified for pod {name}, choose one of: [{choices}]")
        return mains[0]
    if wanted not in _containers(pod):
        raise bad_request(f"container {wanted} is not valid for pod {name}")
    return wanted


def check_started(pod: Object, container: str, *, previous: bool) -> None:
    """Say why there is no log.

    Raises:
        StatusError: 400.
    """
    found = _statuses(pod).get(container)
    name = pod["metadata"]["name"]
    if previous:
        if not (found or {}).get("lastState", {}).get("terminated"):
            raise bad_request(f'previous terminated container "{container}" in pod "{name}" not found')
        return
    waiting = (found or {}).get("state", {}).get("waiting")
    if found is None or (waiting and not found.get("lastState", {}).get("terminated")):
        reason = (waiting or {}).get("reason", "ContainerCreating")
        raise bad_request(f'container "{container}" in pod "{name}" is waiting to start: {reason}')


def check_running(pod: Object, container: str) -> None:
    """Say why there is nothing to enter, before the upgrade: after it a client tries SPDY, and shows that error.

    Raises:
        StatusError: 400.
    """
    status, name = pod.get("status", {}), pod["metadata"]["name"]
    if status.get("phase") in ("Succeeded", "Failed"):
        raise bad_request(f"cannot exec into a container in a completed pod; current phase is {status['phase']}")
    state = _statuses(pod).get(container, {}).get("state") or {}
    if "running" not in state:
        why = next((value.get("reason", key) for key, value in state.items()), "ContainerCreating")
        raise bad_request(f'container "{container}" in pod "{name}" does not run: {why}')


def _statuses(pod: Object) -> dict[str, Object]:
    status = pod.get("status", {})
    return {s["name"]: s for group in _STATUSES for s in status.get(group) or []}
