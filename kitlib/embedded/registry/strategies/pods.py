"""Pods."""

from __future__ import annotations

from typing import ClassVar

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.quantity import parse_quantity
from kitlib.embedded.apimachinery.status import FieldError
from kitlib.embedded.registry.strategies import fields
from kitlib.embedded.registry.strategies.base import Context, Strategy
from kitlib.embedded.registry.strategies.ephemeral_containers import (
    keep_all_but_ephemeral,
    validate_ephemeral,
    validate_ephemeral_change,
)
from kitlib.embedded.registry.strategies.pod_admission import admit
from kitlib.embedded.registry.strategies.pod_defaults import all_containers, default_pod_spec
from kitlib.embedded.registry.strategies.pod_validation import validate_pod_change, validate_pod_spec
from kitlib.embedded.registry.strategies.resizing import keep_all_but_resources, validate_resize

__all__ = ["PodStrategy", "qos_class"]

_COMPUTE = ("cpu", "memory")


class PodStrategy(Strategy):
    """Pods: defaulted spec, admission at create, hardly anything mutable afterwards, graceful deletion."""

    initial_status: ClassVar[Object] = {"phase": "Pending"}

    def default(self, obj: Object) -> None:
        """Default the spec; requests default to limits."""
        spec = obj.setdefault("spec", {})
        default_pod_spec(spec)
        spec.setdefault("enableServiceLinks", True)
        for container in all_containers(spec):
            resources = container["resources"]
            if resources.get("limits"):
                resources["requests"] = resources["limits"] | (resources.get("requests") or {})

    def prepare_for_create(self, obj: Object, ctx: Context) -> None:
        """Start Pending with a QoS class, and let admission add account, token, tolerations and priority."""
        super().prepare_for_create(obj, ctx)
        admit(obj, ctx)
        obj["status"]["qosClass"] = qos_class(obj["spec"])

    def prepare_for_update(self, obj: Object, old: Object, ctx: Context) -> None:
        """Keep the QoS class, which never changes, and what the subresource may not change."""
        if ctx.subresource == "ephemeralcontainers":
            keep_all_but_ephemeral(obj, old)
        elif ctx.subresource == "resize":
            keep_all_but_resources(obj, old)
        if qos := (old.get("status") or {}).get("qosClass"):
            obj.setdefault("status", {})["qosClass"] = qos

    def check(self, obj: Object, ctx: Context) -> list[FieldError]:
        """Check the spec."""
        return [*validate_pod_spec(obj["spec"]), *validate_ephemeral(obj["spec"])]

    def validate(self, obj: Object, ctx: Context) -> list[FieldError]:
        """Check a new pod, which has no ephemeral containers yet."""
        errors = super().validate(obj, ctx)
        if obj["spec"].get("ephemeralContainers"):
            errors.append(fields.forbidden("spec.ephemeralContainers", "cannot be set on create"))
        return errors

    def check_change(self, obj: Object, old: Object, ctx: Context) -> list[FieldError]:
        """Refuse changes of what a pod is."""
        if ctx.subresource == "ephemeralcontainers":
            return validate_ephemeral_change(obj, old)
        if ctx.subresource == "resize":
            return validate_resize(obj, old, qos=qos_class(obj["spec"]))
        return validate_pod_change(obj["spec"], old["spec"])

    def grace_period(self, obj: Object, requested: int | None) -> int:
        """Return the pod's grace: none while unscheduled or when finished; a negative one means 1."""
        seconds: int = obj["spec"].get("terminationGracePeriodSeconds", 30) if requested is None else requested
        if not obj["spec"].get("nodeName") or (obj.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
            return 0
        return 1 if seconds < 0 else seconds


def qos_class(spec: Object) -> str:
    """Return `Guaranteed`, `Burstable` or `BestEffort`.

    Guaranteed: every container limits cpu and memory and requests exactly that. BestEffort: none asks for anything.

    Example:
        >>> qos_class({"containers": [{"resources": {"requests": {"cpu": "100m"}}}]})
        'Burstable'
    """
    asked, guaranteed = False, True
    for container in [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]:
        resources = container.get("resources") or {}
        limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
        for name in _COMPUTE:
            asked = asked or _positive(limits.get(name)) or _positive(requests.get(name))
            limit = limits.get(name, "0")
            if not _positive(limit) or parse_quantity(requests.get(name, limit)) != parse_quantity(limit):
                guaranteed = False
    if not asked:
        return "BestEffort"
    return "Guaranteed" if guaranteed else "Burstable"


def _positive(amount: str | None) -> bool:
    return amount is not None and parse_quantity(amount).value > 0
