"""ReplicaSets and ControllerRevisions: the histories of Deployments and StatefulSets."""

from __future__ import annotations

from typing import ClassVar

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import FieldError
from kitlib.embedded.registry.strategies import fields
from kitlib.embedded.registry.strategies.base import Context, Strategy
from kitlib.embedded.registry.strategies.pod_defaults import default_template
from kitlib.embedded.registry.strategies.status_validation import validate_status_change
from kitlib.embedded.registry.strategies.workloads import validate_counts, validate_selection, validate_template

__all__ = ["ControllerRevisionStrategy", "ReplicaSetStrategy"]

_COUNTERS = ("fullyLabeledReplicas", "readyReplicas", "availableReplicas")


class ReplicaSetStrategy(Strategy):
    """ReplicaSets."""

    initial_status: ClassVar[Object] = {"replicas": 0}

    def default(self, obj: Object) -> None:
        """One replica; template as a pod."""
        spec = obj.setdefault("spec", {})
        spec.setdefault("replicas", 1)
        default_template(spec.setdefault("template", {}))

    def check(self, obj: Object, ctx: Context) -> list[FieldError]:
        """Check the spec."""
        spec = obj["spec"]
        errors = validate_counts(spec, "replicas", "minReadySeconds")
        errors += validate_selection(spec, "replicaset")
        return errors + validate_template(spec, "ReplicaSet")

    def check_change(self, obj: Object, old: Object, ctx: Context) -> list[FieldError]:
        """The selector is immutable."""
        return fields.unchanged("spec.selector", obj["spec"].get("selector"), old["spec"].get("selector"))

    def check_status(self, obj: Object, old: Object) -> list[FieldError]:
        """Check the counters."""
        return validate_status_change(obj, old, *_COUNTERS, ready="readyReplicas")


class ControllerRevisionStrategy(Strategy):
    """ControllerRevisions: data that never changes under a number that may."""

    def default(self, obj: Object) -> None:
        """The revision is always written."""
        obj.setdefault("revision", 0)

    def check(self, obj: Object, ctx: Context) -> list[FieldError]:
        """Check data and revision."""
        errors = [] if obj.get("data") is not None else [fields.required("data", "data is mandatory")]
        return errors + fields.non_negative("revision", obj["revision"])

    def check_change(self, obj: Object, old: Object, ctx: Context) -> list[FieldError]:
        """The data is immutable."""
        return fields.unchanged("data", obj.get("data"), old.get("data"))
