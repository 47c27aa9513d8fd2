"""Namespaces, nodes, priority classes, service accounts and leases."""

from __future__ import annotations

from typing import ClassVar

from kitlib.embedded.apimachinery.naming import check_dns_label
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import FieldError
from kitlib.embedded.registry.strategies import fields
from kitlib.embedded.registry.strategies.base import Context, Strategy

__all__ = ["LeaseStrategy", "NamespaceStrategy", "NodeStrategy", "PriorityClassStrategy"]

_NAME_LABEL = "kubernetes.io/metadata.name"
_SYSTEM_CLASSES = ("system-cluster-critical", "system-node-critical")
_HIGHEST_PRIORITY = 1_000_000_000
_TAINT_EFFECTS = ("NoExecute", "NoSchedule", "PreferNoSchedule")


class NamespaceStrategy(Strategy):
    """Namespaces: Active, finalized by `kubernetes`, labelled with their own name."""

    check_name = staticmethod(check_dns_label)
    initial_status: ClassVar[Object] = {"phase": "Active"}

    def default(self, obj: Object) -> None:
        """Label it."""
        metadata = obj["metadata"]
        if name := metadata.get("name"):
            metadata["labels"] = (metadata.get("labels") or {}) | {_NAME_LABEL: name}
        obj.setdefault("spec", {})

    def prepare_for_create(self, obj: Object, ctx: Context) -> None:
        """Add the finalizer that lets the namespace controller empty it first."""
        super().prepare_for_create(obj, ctx)
        finalizers = obj["spec"].setdefault("finalizers", [])
        if "kubernetes" not in finalizers:
            finalizers.append("kubernetes")


class NodeStrategy(Strategy):
    """Nodes: the kubelet registers itself with a status."""

    def prepare_for_create(self, obj: Object, ctx: Context) -> None:
        """Keep the status that comes with registration."""
        obj.setdefault("spec", {})
        obj.setdefault("status", {})

    def check(self, obj: Object, ctx: Context) -> list[FieldError]:
        """Check taints."""
        errors: list[FieldError] = []
        seen: set[tuple[str, str]] = set()
        for index, taint in enumerate((obj.get("spec") or {}).get("taints") or ()):
            path = f"spec.taints[{index}]"
            errors += fields.one_of(f"{path}.effect", taint.get("effect"), _TAINT_EFFECTS)
            pair = (taint.get("key", ""), taint.get("effect", ""))
            if pair in seen:
                errors.append(fields.duplicate(path, taint))
            seen.add(pair)
        return errors


class PriorityClassStrategy(Strategy):
    """Priority classes: their value is for life."""

    create_on_update = True

    def default(self, obj: Object) -> None:
        """Preempt lower ones; the value is always written."""
        obj.setdefault("preemptionPolicy", "PreemptLowerPriority")
        obj.setdefault("value", 0)

    def check(self, obj: Object, ctx: Context) -> list[FieldError]:
        """User classes end at a billion."""
        value, name = obj["value"], obj["metadata"].get("name", "")
        if name.startswith("system-") and name not in _SYSTEM_CLASSES:
            detail = "priority class names with 'system-' prefix are reserved for system use only"
            return [fields.forbidden("metadata.name", detail)]
        if value > _HIGHEST_PRIORITY and name not in _SYSTEM_CLASSES:
            detail = f"maximum allowed value of a user defined priority is {_HIGHEST_PRIORITY}"
            return [fields.forbidden("value", detail)]
        return fields.one_of("preemptionPolicy", obj["preemptionPolicy"], ("Never", "PreemptLowerPriority"))

    def check_change(self, obj: Object, old: Object, ctx: Context) -> list[FieldError]:
        """Value and policy are immutable."""
        errors = fields.unchanged("preemptionPolicy", obj["preemptionPolicy"], old["preemptionPolicy"])
        if obj["value"] != old["value"]:
            errors.append(fields.forbidden("value", "may not be changed in an update."))
        return errors


class LeaseStrategy(Strategy):
    """Leases."""

    create_on_update = True

    def default(self, obj: Object) -> None:
        """A spec is always written."""
        obj.setdefault("spec", {})

    def check(self, obj: Object, ctx: Context) -> list[FieldError]:
        """Check the numbers."""
        spec = obj["spec"]
        seconds = spec.get("leaseDurationSeconds")
        errors = fields.non_negative("spec.leaseTransitions", spec.get("leaseTransitions"))
        if seconds is not None and seconds <= 0:
            errors.append(fields.invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0"))
        return errors
