"""Resizing containers in place: whether the node has room for what a pod asks for now.

Source: Kubernetes' "Resize CPU and Memory Resources assigned to Containers".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.quantity import parse_quantity
from kitlib.embedded.kubelet.record import ContainerKind, ContainerRecord

__all__ = ["needs_restart", "shortage", "to_resize"]

_COMPUTE = ("cpu", "memory")


def to_resize(records: Sequence[ContainerRecord]) -> list[ContainerRecord]:
    """Return the containers whose spec asks for other resources than they were given."""
    return [r for r in records if _is_resizable(r) and (r.spec.get("resources") or {}) != r.allocated]


def needs_restart(record: ContainerRecord) -> bool:
    """Tell whether a container must start anew to get what its spec asks for."""
    policies = {p["resourceName"]: p["restartPolicy"] for p in record.spec.get("resizePolicy") or ()}
    wanted = record.spec.get("resources") or {}
    return any(
        policies.get(name) == "RestartContainer" and _amount(wanted, kind, name) != _amount(record.actual, kind, name)
        for name in _COMPUTE
        for kind in ("requests", "limits")
    )


def shortage(
    records: Sequence[ContainerRecord], others: Iterable[Sequence[ContainerRecord]], allocatable: Object
) -> tuple[str, str] | None:
    """Return why a pod can't have what it asks for, as reason and message; None when it can.

    Args:
        records: the pod's containers.
        others: those of the node's other pods.
        allocatable: what the node has.
    """
    present = [[r.allocated for r in other if _is_resizable(r)] for other in others]
    short: tuple[str, str] | None = None
    for name in _COMPUTE:
        wanted = _sum((r.spec.get("resources") or {} for r in records if _is_resizable(r)), name)
        capacity = _amount({"requests": allocatable}, "requests", name)
        used = sum(_sum(allocated, name) for allocated in present)
        if wanted > capacity:
            text = f"Node didn't have enough capacity: {name}, requested: {wanted}, capacity: {capacity}"
            return "Infeasible", text
        if short is None and wanted > capacity - used:
            short = (
                "Deferred",
                f"Node didn't have enough resource: {name}, requested: {wanted}, used: {used}, capacity: {capacity}",
            )
    return short


def _is_resizable(record: ContainerRecord) -> bool:
    return record.kind in (ContainerKind.MAIN, ContainerKind.SIDECAR)


def _sum(resources: Iterable[Object], name: str) -> int:
    return sum(_amount(one, "requests", name) for one in resources)


def _amount(resources: Object, kind: str, name: str) -> int:
    """Return thousandths of a CPU, or bytes."""
    quantity = parse_quantity((resources.get(kind) or {}).get(name) or "0")
    return quantity.milli if name == "cpu" else int(quantity)
