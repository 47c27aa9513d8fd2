"""What a pod asks of its node, as numbers; the scheduler counts with it, and the kubelet does once more.

Source: `k8s.io/component-helpers/resource` of Kubernetes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TypeAlias

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.quantity import parse_quantity

__all__ = ["Requests", "amounts", "held_in_resize", "pod_requests"]

Requests: TypeAlias = dict[str, int]
"""Amounts by resource: thousandths of a CPU, whole units of everything else."""

_RESIZES = ("PodResizeInProgress", "PodResizePending")
_REFUSED = ""


def amounts(resources: Mapping[str, str]) -> Requests:
    """Return quantities as numbers."""
    return {
        name: parse_quantity(amount).milli if name == "cpu" else int(parse_quantity(amount))
        for name, amount in resources.items()
    }


def pod_requests(pod: Object, *, assumed: Mapping[str, int] | None = None) -> Requests:
    """Return what a pod requests: containers and sidecars together, or what its init phase needs if that is more.

    Args:
        pod: the pod.
        assumed: what a container that says nothing of a resource counts for.

    Example:
        >>> pod_requests({"spec": {"containers": [{"resources": {"requests": {"cpu": "250m"}}}]}})
        {'cpu': 250}
    """
    spec, given = pod["spec"], held_in_resize(pod)
    total: Counter[str] = Counter()
    for container in spec.get("containers") or []:
        total.update(_requests(container, assumed, given))
    sidecars: Counter[str] = Counter()
    highest: Requests = {}
    for container in spec.get("initContainers") or []:
        wanted = Counter(_requests(container, assumed, given))
        if container.get("restartPolicy") == "Always":
            sidecars.update(wanted)
            needed = sidecars
        else:
            needed = wanted + sidecars
        highest = {name: max(needed[name], highest.get(name, 0)) for name in {*needed, *highest}}
    total.update(sidecars)
    result = {name: max(total[name], highest.get(name, 0)) for name in {*total, *highest}}
    result |= amounts((spec.get("resources") or {}).get("requests") or {})
    for name, amount in amounts(spec.get("overhead") or {}).items():
        result[name] = result.get(name, 0) + amount
    return result


def _requests(container: Object, assumed: Mapping[str, int] | None, given: Mapping[str, Requests]) -> Requests:
    asked = amounts((container.get("resources") or {}).get("requests") or {})
    held = given.get(container["name"], {}) if given else {}
    if _REFUSED in given:
        asked = held
    return dict(assumed or {}) | asked | {name: max(amount, asked.get(name, 0)) for name, amount in held.items()}


def held_in_resize(pod: Object) -> dict[str, Requests]:
    """Return what the containers of a pod hold while it is resized: until that is done, the higher number counts.

    What can never be is not asked for: that is marked by an entry which is no container's.
    """
    status = pod.get("status") or {}
    resizes = [c for c in status.get("conditions") or () if c["type"] in _RESIZES]
    if not resizes:
        return {}
    every = [*(status.get("containerStatuses") or ()), *(status.get("initContainerStatuses") or ())]
    held = {one["name"]: amounts(one.get("allocatedResources") or {}) for one in every}
    return held | ({_REFUSED: {}} if any(c.get("reason") == "Infeasible" for c in resizes) else {})
