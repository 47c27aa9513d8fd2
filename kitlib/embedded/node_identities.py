"""Who the nodes of a cluster are: names, networks, labels and taints, as kind and kubeadm give them."""

from __future__ import annotations

from collections.abc import Iterator

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.cluster_shape import MOST_NODES, ClusterShape
from kitlib.embedded.controllers.node_timings import NodeTimings
from kitlib.embedded.kubelet.node_status import NodeIdentity

__all__ = ["CONTROL_PLANE_TAINT", "node_identities"]

CONTROL_PLANE_TAINT: Object = {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}
# Real pods must not end where nothing runs: who wants a hollow node says so, as with KWOK.
_HOLLOW: Object = {"key": "kit.embedded/hollow", "value": "true", "effect": "NoSchedule"}


def node_identities(shape: ClusterShape, timings: NodeTimings) -> Iterator[NodeIdentity]:
    """Yield every node, the control plane first; with workers it takes no pods that do not ask for it."""
    for index, name in enumerate(shape.real_names):
        taints = (CONTROL_PLANE_TAINT,) if index == 0 and shape.nodes > 1 else ()
        yield _identity(name, index, timings, taints=taints)
    for index, name in enumerate(shape.hollow_names, MOST_NODES):
        yield _identity(name, index, timings, taints=(_HOLLOW,), labels={_HOLLOW["key"]: _HOLLOW["value"]})


def _identity(
    name: str, index: int, timings: NodeTimings, *, taints: tuple[Object, ...], labels: dict[str, str] | None = None
) -> NodeIdentity:
    return NodeIdentity(
        name=name,
        address=f"10.244.{index}.1",
        pod_network=f"10.244.{index}.0/24",
        labels=labels or {},
        taints=taints,
        lease_seconds=timings.lease,
    )
