"""A node as the filters see it: the object, and the pods that count against it."""

from __future__ import annotations

from dataclasses import dataclass

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.quantity import Quantity, parse_quantity

__all__ = ["NodeInfo", "pod_requests"]


@dataclass(frozen=True, slots=True)
class NodeInfo:
    """One candidate.

    Args:
        node: the Node.
        pods: the pods bound to it that are not finished.
    """

    node: Object
    pods: tuple[Object, ...]

    @property
    def name(self) -> str:
        """The node's name."""
        return objects.name(self.node)

    @property
    def labels(self) -> dict[str, str]:
        """The node's labels."""
        return objects.labels(self.node)

    @property
    def allocatable(self) -> dict[str, str]:
        """`status.allocatable`."""
        return (self.node.get("status") or {}).get("allocatable") or {}


def pod_requests(pod: Object) -> dict[str, Quantity]:
    """Return what a pod requests: the sum of its containers, or its largest init container if that is more."""
    total: dict[str, Quantity] = {}
    for container in pod["spec"].get("containers") or []:
        for resource, amount in _requests(container).items():
            total[resource] = total[resource] + amount if resource in total else amount
    for container in pod["spec"].get("initContainers") or []:
        for resource, amount in _requests(container).items():
            if resource not in total or total[resource] < amount:
                total[resource] = amount
    return total


def _requests(container: Object) -> dict[str, Quantity]:
    requests = (container.get("resources") or {}).get("requests") or {}
    return {resource: parse_quantity(amount) for resource, amount in requests.items()}
