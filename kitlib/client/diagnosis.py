"""Why does it not get ready? Pure rules over what the API shows, most telling first.

Each finding names the thing, the cause and what to do; `stuck` tells a real obstacle from work in progress.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kitlib.client.readiness import condition, pod_ready

if TYPE_CHECKING:
    from kitlib.client.cluster import Cluster

__all__ = ["Diagnosis", "diagnose", "diagnose_namespace"]

Json = Mapping[str, Any]

_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
_IMAGE = {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One obstacle."""

    thing: str
    cause: str
    fix: str
    reason: str
    stuck: bool = True

    def __str__(self) -> str:
        return f"{self.thing}: {self.cause}. Fix: {self.fix}"


def diagnose_namespace(cluster: Cluster, namespace: str) -> tuple[Diagnosis, ...]:
    """Read what the rules need from one namespace, and apply them."""
    return diagnose(
        pods=cluster.list("pods", namespace=namespace),
        claims=cluster.list("pvc", namespace=namespace),
        classes=cluster.list("storageclasses"),
        sets=cluster.list("sts", namespace=namespace),
        events=cluster.list("events", namespace=namespace),
    )


def diagnose(
    *,
    pods: Sequence[Json] = (),
    claims: Sequence[Json] = (),
    classes: Sequence[Json] = (),
    sets: Sequence[Json] = (),
    events: Sequence[Json] = (),
) -> tuple[Diagnosis, ...]:
    """Return every obstacle that these objects show; what is stuck comes first."""
    found = [
        *(d for claim in claims for d in _claim(claim, classes, events)),
        *(d for pod in pods if not pod_ready(pod) for d in _pod(pod, claims, events)),
        *(d for one in sets for d in _set(one, pods, events)),
    ]
    return tuple(sorted(found, key=lambda one: not one.stuck))


def _claim(claim: Json, classes: Sequence[Json], events: Sequence[Json]) -> Iterator[Diagnosis]:
    name, phase = claim["metadata"]["name"], (claim.get("status") or {}).get("phase")
    thing = f"claim {name}"
    if phase == "Lost":
        yield Diagnosis(
            thing, "is Lost: its volume has been deleted", f"look at `kubectl describe pvc {name}`", "ClaimLost"
        )
    if phase != "Pending":
        return
    wanted = (claim.get("spec") or {}).get("storageClassName")
    names = [one["metadata"]["name"] for one in classes]
    if wanted and wanted not in names:
        known = ", ".join(names) or "none"
        cause = f"stays Pending: no volume fits, and there is no storage class {wanted!r}"
        fix = f"use a class that exists ({known}), or offer a volume of class {wanted!r}"
        yield Diagnosis(thing, cause, fix, "StorageClassMissing")
    elif wanted is None and not any(_is_default(one) for one in classes):
        cause = "stays Pending: it names no storage class and the cluster has no default one"
        yield Diagnosis(thing, cause, "name a class: `kubectl get storageclass`", "NoDefaultClass")
    else:
        text = _event(events, "PersistentVolumeClaim", claim, {"ProvisioningFailed", "VolumeMismatch", "FailedBinding"})
        if text:
            yield Diagnosis(thing, f"stays Pending: {text}", f"look at `kubectl describe pvc {name}`", "ClaimPending")


def _is_default(storage_class: Json) -> bool:
    return bool((storage_class["metadata"].get("annotations") or {}).get(_DEFAULT_CLASS) == "true")


def _pod(pod: Json, claims: Sequence[Json], events: Sequence[Json]) -> Iterator[Diagnosis]:
    name, status = pod["metadata"]["name"], pod.get("status") or {}
    thing = f"pod {name}"
    if pod["metadata"].get("deletionTimestamp"):
        yield Diagnosis(thing, "is shutting down", "wait for its grace period to end", "Terminating", stuck=False)
        return
    scheduled = condition(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        yield _unscheduled(thing, pod, scheduled, claims)
        return
    for container in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        yield from _container(thing, name, container)
    running = status.get("phase") == "Running"
    text = _event(events, "Pod", pod, {"Unhealthy"})
    if running and text:
        yield Diagnosis(thing, f"runs but is not Ready: {text}", "make its readiness probe succeed", "ProbeFailing")
    mount = _event(events, "Pod", pod, {"FailedMount", "FailedAttachVolume"})
    if mount and not running:
        yield Diagnosis(
            thing, f"cannot mount a volume: {mount}", f"look at `kubectl describe pod {name}`", "FailedMount"
        )


def _unscheduled(thing: str, pod: Json, scheduled: Json, claims: Sequence[Json]) -> Diagnosis:
    used = [
        v["persistentVolumeClaim"]["claimName"]
        for v in pod["spec"].get("volumes") or []
        if "persistentVolumeClaim" in v
    ]
    phases = {claim["metadata"]["name"]: (claim.get("status") or {}).get("phase") for claim in claims}
    for claim in used:
        if phases.get(claim) != "Bound":
            state = "does not exist" if claim not in phases else f"is {phases[claim]}"
            cause = f"waits for storage: its claim {claim} {state}"
            return Diagnosis(thing, cause, f"look at `kubectl describe pvc {claim}`", "ClaimPending", stuck=False)
    message = str(scheduled.get("message") or "no node fits")
    return Diagnosis(thing, f"is not scheduled: {message}", "ask for less, or remove the constraint", "Unschedulable")


def _container(thing: str, pod: str, container: Json) -> Iterator[Diagnosis]:
    state = container.get("state") or {}
    waiting = state.get("waiting") or {}
    reason = str(waiting.get("reason") or "")
    if reason in _IMAGE:
        image = container.get("image") or "its image"
        yield Diagnosis(thing, f"cannot get the image {image!r} ({reason})", "check the image's name and tag", "Image")
    elif reason == "CrashLoopBackOff" or (int(container.get("restartCount") or 0) >= 2 and not container.get("ready")):
        ended = (container.get("lastState") or {}).get("terminated") or {}
        cause = f"container {container.get('name')} keeps ending (exit code {ended.get('exitCode', '?')})"
        yield Diagnosis(thing, cause, f"look at `kubectl logs {pod} --previous`", "CrashLoop")
    elif reason in ("CreateContainerConfigError", "CreateContainerError", "RunContainerError"):
        cause = f"container {container.get('name')} cannot start: {waiting.get('message') or reason}"
        yield Diagnosis(thing, cause, f"look at `kubectl describe pod {pod}`", "ContainerConfig")


def _set(stateful_set: Json, pods: Sequence[Json], events: Sequence[Json]) -> Iterator[Diagnosis]:
    name, spec = stateful_set["metadata"]["name"], stateful_set.get("spec") or {}
    status = stateful_set.get("status") or {}
    if status.get("replicas", 0) == spec.get("replicas", 1) == status.get("readyReplicas", 0):
        return
    text = _event(events, "StatefulSet", stateful_set, {"FailedCreate"})
    if text and status.get("replicas", 0) < spec.get("replicas", 1):
        fix = "raise the quota or ask for less" if "exceeded quota" in text else "correct what the message names"
        yield Diagnosis(
            f"statefulset {name}", f"cannot create a pod: {text}", fix, "Quota" if "quota" in text else "FailedCreate"
        )
    if spec.get("podManagementPolicy", "OrderedReady") == "OrderedReady":
        own = [pod for pod in pods if pod["metadata"]["name"].rpartition("-")[0] == name and not pod_ready(pod)]
        for pod in own[:1]:
            cause = f"waits for {pod['metadata']['name']} to be Ready before it goes on (OrderedReady)"
            fix = f"find out why {pod['metadata']['name']} is not Ready"
            yield Diagnosis(f"statefulset {name}", cause, fix, "OrderedReady", stuck=False)


def _event(events: Sequence[Json], kind: str, obj: Json, reasons: set[str]) -> str:
    """Return the text of the newest such event about an object, not about a former one of its name."""
    about = [
        event
        for event in events
        if event.get("reason") in reasons and _is_about(event.get("involvedObject") or {}, kind, obj["metadata"])
    ]
    newest = max(about, key=lambda event: str(event.get("lastTimestamp") or event.get("eventTime") or ""), default=None)
    return str(newest.get("message") or newest.get("reason")) if newest else ""


def _is_about(involved: Json, kind: str, metadata: Json) -> bool:
    same = involved.get("name") == metadata["name"] and involved.get("kind") == kind
    return same and involved.get("uid", metadata.get("uid")) == metadata.get("uid")
