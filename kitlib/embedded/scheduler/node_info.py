"""Pods and nodes as the scheduler sees them: parsed once, summed up as pods come and go.

Source: `NodeInfo` and `PodInfo` of kube-scheduler's framework.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.quantity import parse_quantity
from kitlib.embedded.scheduler.affinity_term import AffinityTerm, required_terms, weighted_terms

__all__ = ["HostPort", "NodeInfo", "PodInfo", "Requests", "amounts", "held_in_resize", "pod_requests"]

Requests: TypeAlias = dict[str, int]
"""Amounts by resource: thousandths of a CPU, whole units of everything else."""

HostPort: TypeAlias = tuple[int, str, str]
"""Number, protocol, address."""

_ANY = "0.0.0.0"
_REFUSED = ""
_RESIZES = ("PodResizeInProgress", "PodResizePending")
# What a container without a request counts for when nodes are compared; it is never held against a node.
_ASSUMED = {"cpu": 100, "memory": 200 << 20}


@dataclass(frozen=True, slots=True)
class PodInfo:
    """A pod with what scheduling reads of it."""

    pod: Object
    requests: Requests
    scoring_requests: Requests
    ports: tuple[HostPort, ...]
    affinity: tuple[AffinityTerm, ...]
    anti_affinity: tuple[AffinityTerm, ...]
    preferred: tuple[tuple[int, AffinityTerm], ...]

    @classmethod
    def of(cls, pod: Object) -> PodInfo:
        """Read a pod."""
        return cls(
            pod=pod,
            requests=pod_requests(pod),
            scoring_requests=pod_requests(pod, assumed=_ASSUMED),
            ports=tuple(_host_ports(pod)),
            affinity=required_terms(pod, "podAffinity"),
            anti_affinity=required_terms(pod, "podAntiAffinity"),
            preferred=weighted_terms(pod, "podAffinity", 1) + weighted_terms(pod, "podAntiAffinity", -1),
        )

    @property
    def uid(self) -> str:
        """The pod's UID, or its key where it has none yet."""
        return objects.uid(self.pod) or objects.key(self.pod)

    @property
    def has_terms(self) -> bool:
        """Whether the pod says anything of other pods."""
        return bool(self.affinity or self.anti_affinity or self.preferred)

    @property
    def priority(self) -> int:
        """`spec.priority`, 0 when unset."""
        return int(self.pod["spec"].get("priority") or 0)


class NodeInfo:
    """One candidate: the Node, and the sums over the pods that count against it.

    Args:
        node: the Node.
        pods: bound to it and not finished.
    """

    __slots__ = (
        "allocatable",
        "labels",
        "name",
        "node",
        "pods",
        "ports",
        "requested",
        "scoring_requested",
        "with_terms",
    )

    def __init__(self, node: Object, pods: Iterable[PodInfo] = ()) -> None:
        self.pods: dict[str, PodInfo] = {}
        self.with_terms: dict[str, PodInfo] = {}
        self.requested: Counter[str] = Counter()
        self.scoring_requested: Counter[str] = Counter()
        self.ports: Counter[HostPort] = Counter()
        self.set_node(node)
        for pod in pods:
            self.add(pod)

    def set_node(self, node: Object) -> None:
        """Take the Node's newest state."""
        self.node = node
        self.name = objects.name(node)
        self.labels = objects.labels(node)
        self.allocatable = amounts((node.get("status") or {}).get("allocatable") or {})

    def add(self, pod: PodInfo) -> None:
        """Count a pod."""
        self.pods[pod.uid] = pod
        if pod.has_terms:
            self.with_terms[pod.uid] = pod
        self.requested.update(pod.requests)
        self.scoring_requested.update(pod.scoring_requests)
        self.ports.update(pod.ports)

    def remove(self, uid: str) -> None:
        """Count a pod no more."""
        pod = self.pods.pop(uid, None)
        self.with_terms.pop(uid, None)
        if pod is not None:
            self.requested.subtract(pod.requests)
            self.scoring_requested.subtract(pod.scoring_requests)
            self.ports.subtract(pod.ports)

    def copy(self) -> NodeInfo:
        """Return another one to try things on."""
        return NodeInfo(self.node, self.pods.values())

    def takes_port(self, wanted: HostPort) -> bool:
        """Tell whether a host port is free here; the address 0.0.0.0 collides with every address."""
        number, protocol, address = wanted
        return not any(
            count > 0 and (number, protocol) == taken[:2] and (address == taken[2] or _ANY in (address, taken[2]))
            for taken, count in self.ports.items()
        )


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


def _host_ports(pod: Object) -> Iterable[HostPort]:
    spec = pod["spec"]
    sidecars = [each for each in spec.get("initContainers") or [] if each.get("restartPolicy") == "Always"]
    for container in [*(spec.get("containers") or []), *sidecars]:
        for port in container.get("ports") or []:
            if port.get("hostPort"):
                yield int(port["hostPort"]), port.get("protocol") or "TCP", port.get("hostIP") or _ANY
