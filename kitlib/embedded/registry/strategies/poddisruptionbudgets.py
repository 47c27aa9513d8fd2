"""PodDisruptionBudgets."""

from __future__ import annotations

from typing import ClassVar

from kitlib.embedded.apimachinery.intstr import is_percent
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import FieldError
from kitlib.embedded.registry.strategies import fields
from kitlib.embedded.registry.strategies.base import Context, Strategy
from kitlib.embedded.registry.strategies.label_selector_validation import validate_label_selector

__all__ = ["PodDisruptionBudgetStrategy"]


class PodDisruptionBudgetStrategy(Strategy):
    """Budgets: how many pods must stay, or may go, but not both."""

    initial_status: ClassVar[Object] = {
        "currentHealthy": 0,
        "desiredHealthy": 0,
        "disruptionsAllowed": 0,
        "expectedPods": 0,
    }

    def default(self, obj: Object) -> None:
        """A spec is always written."""
        obj.setdefault("spec", {})

    def check(self, obj: Object, ctx: Context) -> list[FieldError]:
        """Check amounts and selector."""
        spec = obj["spec"]
        errors: list[FieldError] = []
        if "minAvailable" in spec and "maxUnavailable" in spec:
            errors.append(fields.invalid("spec", spec, "minAvailable and maxUnavailable cannot be both set"))
        for name in ("minAvailable", "maxUnavailable"):
            value = spec.get(name)
            if isinstance(value, str) and not is_percent(value):
                detail = (
                    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%')"
                )
                errors.append(fields.invalid(f"spec.{name}", value, detail))
            elif isinstance(value, str) and int(value[:-1]) > 100:
                errors.append(fields.invalid(f"spec.{name}", value, "must not be greater than 100%"))
            elif isinstance(value, int):
                errors += fields.non_negative(f"spec.{name}", value)
        if "unhealthyPodEvictionPolicy" in spec:
            path, policies = "spec.unhealthyPodEvictionPolicy", ("AlwaysAllow", "IfHealthyBudget")
            errors += fields.one_of(path, spec["unhealthyPodEvictionPolicy"], policies)
        if spec.get("selector"):
            errors += validate_label_selector(spec["selector"], "spec.selector")
        return errors
