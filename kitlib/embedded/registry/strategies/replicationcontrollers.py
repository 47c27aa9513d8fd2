"""ReplicationControllers: ReplicaSets of the core group, whose selector is a plain map of labels."""

from __future__ import annotations

from typing import ClassVar

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import FieldError
from kitlib.embedded.registry.strategies import fields
from kitlib.embedded.registry.strategies.base import Context, Strategy
from kitlib.embedded.registry.strategies.pod_defaults import default_template
from kitlib.embedded.registry.strategies.workloads import validate_counts, validate_template

__all__ = ["ReplicationControllerStrategy"]


class ReplicationControllerStrategy(Strategy):
    """ReplicationControllers."""

    initial_status: ClassVar[Object] = {"replicas": 0}

    def default(self, obj: Object) -> None:
        """One replica; selector and labels are the template's labels where they are not given."""
        spec = obj.setdefault("spec", {})
        spec.setdefault("replicas", 1)
        default_template(spec.setdefault("template", {}))
        labels = (spec["template"].get("metadata") or {}).get("labels") or {}
        if labels:
            if not spec.get("selector"):
                spec["selector"] = dict(labels)
            if not obj["metadata"].get("labels"):
                obj["metadata"]["labels"] = dict(labels)

    def check(self, obj: Object, ctx: Context) -> list[FieldError]:
        """Check the spec."""
        spec = obj["spec"]
        errors = validate_counts(spec, "replicas", "minReadySeconds")
        selector = spec.get("selector") or {}
        labels = (spec["template"].get("metadata") or {}).get("labels") or {}
        if not selector:
            errors.append(fields.required("spec.selector"))
        elif not selector.items() <= labels.items():
            detail = "`selector` does not match template `labels`"
            errors.append(fields.invalid("spec.template.metadata.labels", labels, detail))
        return errors + validate_template(spec, "ReplicationController")
