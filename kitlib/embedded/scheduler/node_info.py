"""Pods and nodes as the scheduler sees them: parsed once, summed up as pods come and go.

Source: `NodeInfo` and `PodInfo` of kube-scheduler's framework.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.controllers.pod_requests import Requests, amounts, pod_requests
from kitlib.embedded.scheduler.affinity_term import AffinityTerm, required_terms, weighted_terms

__all__ = ["HostPort", "NodeInfo", "PodInfo"]

HostPort: TypeAlias = tuple[int, str, str]
"""Number, protocol, address."""

_ANY = "0.0.0.0"
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


def _host_ports(pod: Object) -> Iterable[HostPort]:
    spec = pod["spec"]
    sidecars = [each for each in spec.get("initContainers") or [] if each.get("restartPolicy") == "Always"]
    for container in [*(spec.get("containers") or []), *sidecars]:
        for port in container.get("ports") or []:
            if port.get("hostPort"):
                yield int(port["hostPort"]), port.get("protocol") or "TCP", port.get("hostIP") or _ANY
