"""Deployments."""

from __future__ import annotations

from kitlib.embedded.apimachinery.intstr import is_percent
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import FieldError
from kitlib.embedded.registry.strategies import fields
from kitlib.embedded.registry.strategies.base import Context, Strategy
from kitlib.embedded.registry.strategies.pod_defaults import default_template
from kitlib.embedded.registry.strategies.status_validation import validate_status_change
from kitlib.embedded.registry.strategies.workloads import validate_counts, validate_selection, validate_template

__all__ = ["DeploymentStrategy"]

_COUNTERS = ("updatedReplicas", "readyReplicas", "availableReplicas")
_STRATEGIES = ("Recreate", "RollingUpdate")


class DeploymentStrategy(Strategy):
    """Deployments: behaviour 2."""

    def default(self, obj: Object) -> None:
        """Default the spec."""
        spec = obj.setdefault("spec", {})
        spec.setdefault("replicas", 1)
        spec.setdefault("progressDeadlineSeconds", 600)
        spec.setdefault("revisionHistoryLimit", 10)
        strategy = spec.setdefault("strategy", {})
        if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
            rolling = strategy.setdefault("rollingUpdate", {})
            rolling.setdefault("maxSurge", "25%")
            rolling.setdefault("maxUnavailable", "25%")
        default_template(spec.setdefault("template", {}))

    def check(self, obj: Object, ctx: Context) -> list[FieldError]:
        """Check the spec."""
        spec = obj["spec"]
        errors = validate_counts(spec, "replicas")
        errors += validate_selection(spec, "deployment")
        errors += validate_template(spec, "ReplicaSet")
        errors += _check_strategy(spec["strategy"])
        errors += validate_counts(spec, "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds")
        if spec["progressDeadlineSeconds"] <= spec.get("minReadySeconds", 0):
            detail = "must be greater than minReadySeconds"
            errors.append(fields.invalid("spec.progressDeadlineSeconds", spec["progressDeadlineSeconds"], detail))
        return errors

    def check_change(self, obj: Object, old: Object, ctx: Context) -> list[FieldError]:
        """The selector is immutable."""
        return fields.unchanged("spec.selector", obj["spec"].get("selector"), old["spec"].get("selector"))

    def check_status(self, obj: Object, old: Object) -> list[FieldError]:
        """Check the counters."""
        return validate_status_change(obj, old, *_COUNTERS, ready="readyReplicas")


def _check_strategy(strategy: Object) -> list[FieldError]:
    path = "spec.strategy"
    if strategy["type"] not in _STRATEGIES:
        return [fields.not_supported(path, strategy, _STRATEGIES)]
    rolling = strategy.get("rollingUpdate")
    if strategy["type"] == "Recreate":
        detail = "may not be specified when strategy `type` is 'Recreate'"
        return [fields.forbidden(f"{path}.rollingUpdate", detail)] if rolling is not None else []
    errors: list[FieldError] = []
    for name in ("maxUnavailable", "maxSurge"):
        value = (rolling or {}).get(name)
        if isinstance(value, str) and not is_percent(value):
            detail = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%')"
            errors.append(fields.invalid(f"{path}.rollingUpdate.{name}", value, detail))
        elif isinstance(value, int):
            errors += fields.non_negative(f"{path}.rollingUpdate.{name}", value)
    zero = (0, "0%")
    if rolling and rolling.get("maxUnavailable") in zero and rolling.get("maxSurge") in zero:
        detail = "may not be 0 when `maxSurge` is 0"
        errors.append(fields.invalid(f"{path}.rollingUpdate.maxUnavailable", rolling["maxUnavailable"], detail))
    return errors
