"""StatefulSets."""

from __future__ import annotations

from typing import Any, ClassVar

from kitlib.embedded.apimachinery.feature_gates import MAX_UNAVAILABLE_STATEFUL_SET
from kitlib.embedded.apimachinery.intstr import is_percent
from kitlib.embedded.apimachinery.naming import check_dns_label
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import FieldError
from kitlib.embedded.registry.strategies import fields
from kitlib.embedded.registry.strategies.base import Context, Strategy
from kitlib.embedded.registry.strategies.claim_validation import validate_claim_spec
from kitlib.embedded.registry.strategies.pod_defaults import default_claim_spec, default_template
from kitlib.embedded.registry.strategies.status_validation import validate_status_change
from kitlib.embedded.registry.strategies.workloads import validate_counts, validate_selection, validate_template

__all__ = ["StatefulSetStrategy"]

_MUTABLE = (
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
)
_CHANGE_TEXT = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
    "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)
_COUNTERS = ("readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas")
_POLICIES = ("OrderedReady", "Parallel")
_RETENTION = ("Delete", "Retain")


class StatefulSetStrategy(Strategy):
    """StatefulSets: behaviour 1.1 and 1.2."""

    check_name = staticmethod(check_dns_label)
    initial_status: ClassVar[Object] = {"replicas": 0, "availableReplicas": 0}

    def default(self, obj: Object) -> None:
        """Default the spec; `rollingUpdate` appears only where no strategy type was given."""
        spec = obj.setdefault("spec", {})
        spec.setdefault("podManagementPolicy", "OrderedReady")
        spec.setdefault("replicas", 1)
        spec.setdefault("revisionHistoryLimit", 10)
        spec.setdefault("serviceName", "")
        _default_update_strategy(spec.setdefault("updateStrategy", {}))
        retention = spec.setdefault("persistentVolumeClaimRetentionPolicy", {})
        retention.setdefault("whenDeleted", "Retain")
        retention.setdefault("whenScaled", "Retain")
        default_template(spec.setdefault("template", {}))
        for claim in spec.get("volumeClaimTemplates") or ():
            claim["apiVersion"], claim["kind"] = "v1", "PersistentVolumeClaim"
            default_claim_spec(claim.setdefault("spec", {}))
            claim.setdefault("status", {}).setdefault("phase", "Pending")

    def prepare_for_create(self, obj: Object, ctx: Context) -> None:
        """Besides: a field behind a gate that is off is dropped."""
        super().prepare_for_create(obj, ctx)
        _gate_max_unavailable(obj, ctx, used=False)

    def prepare_for_update(self, obj: Object, old: Object, ctx: Context) -> None:
        """Keep a field behind a gate that is off only where it was used before."""
        _gate_max_unavailable(obj, ctx, used="maxUnavailable" in _rolling_update(old))

    def validate(self, obj: Object, ctx: Context) -> list[FieldError]:
        """Besides: the claim templates, which never change."""
        errors = super().validate(obj, ctx)
        for index, claim in enumerate(obj["spec"].get("volumeClaimTemplates") or ()):
            errors += validate_claim_spec(claim["spec"], f"spec.volumeClaimTemplates[{index}].spec")
        return errors + _check_template(obj["spec"])

    def validate_update(self, obj: Object, old: Object, ctx: Context) -> list[FieldError]:
        """Besides: the template, unless the set had an invalid one before.

        Sets from a time when the pod spec in it was not checked must stay changeable, and deletable.
        """
        errors = super().validate_update(obj, old, ctx)
        if obj["spec"] == old["spec"]:
            return errors
        return errors + _check_template(obj["spec"], pod_spec=not _check_template(old["spec"]))

    def check(self, obj: Object, ctx: Context) -> list[FieldError]:
        """Check the spec, but for its templates."""
        spec = obj["spec"]
        errors: list[FieldError] = []
        if spec["podManagementPolicy"] not in _POLICIES:
            detail = "must be 'OrderedReady' or 'Parallel'"
            errors.append(fields.invalid("spec.podManagementPolicy", spec["podManagementPolicy"], detail))
        errors += _check_update_strategy(spec["updateStrategy"], "spec.updateStrategy")
        for field, value in spec["persistentVolumeClaimRetentionPolicy"].items():
            errors += fields.one_of(f"spec.persistentVolumeClaimRetentionPolicy.{field}", value, _RETENTION)
        errors += validate_counts(spec, "replicas", "minReadySeconds", "revisionHistoryLimit")
        if spec.get("ordinals"):
            errors += fields.non_negative("spec.ordinals.start", spec["ordinals"].get("start"))
        errors += validate_selection(spec, "statefulset")
        if spec["serviceName"]:
            errors += fields.named("spec.serviceName", spec["serviceName"], check_dns_label)
        return errors

    def check_change(self, obj: Object, old: Object, ctx: Context) -> list[FieldError]:
        """Refuse changes outside the mutable fields."""
        if _fixed(obj["spec"]) == _fixed(old["spec"]):
            return []
        return [fields.forbidden("spec", _CHANGE_TEXT)]

    def check_status(self, obj: Object, old: Object) -> list[FieldError]:
        """Check the counters."""
        return validate_status_change(obj, old, *_COUNTERS, ready="status.readyReplicas")


def _check_template(spec: Object, *, pod_spec: bool = True) -> list[FieldError]:
    claims = [(one.get("metadata") or {}).get("name", "") for one in spec.get("volumeClaimTemplates") or ()]
    return validate_template(spec, "StatefulSet", claims=claims, pod_spec=pod_spec)


def _rolling_update(obj: Object) -> Object:
    rolling: Object = obj["spec"].get("updateStrategy", {}).get("rollingUpdate") or {}
    return rolling


def _gate_max_unavailable(obj: Object, ctx: Context, *, used: bool) -> None:
    """With the gate on, the default is 1; with it off, the field is not there unless it was."""
    rolling = _rolling_update(obj)
    if MAX_UNAVAILABLE_STATEFUL_SET in ctx.gates:
        if rolling:
            rolling.setdefault("maxUnavailable", 1)
    elif not used:
        rolling.pop("maxUnavailable", None)


def _default_update_strategy(strategy: Object) -> None:
    if not strategy.get("type"):
        strategy["type"] = "RollingUpdate"
        strategy.setdefault("rollingUpdate", {})
    if strategy["type"] == "RollingUpdate" and "rollingUpdate" in strategy:
        strategy["rollingUpdate"].setdefault("partition", 0)


def _check_update_strategy(strategy: Object, path: str) -> list[FieldError]:
    if strategy["type"] not in ("OnDelete", "RollingUpdate"):
        return [fields.invalid(path, strategy, "must be 'RollingUpdate' or 'OnDelete'")]
    errors: list[FieldError] = []
    rolling = strategy.get("rollingUpdate")
    if rolling is None:
        return errors
    if strategy["type"] == "OnDelete":
        detail = "only allowed for updateStrategy 'RollingUpdate'"
        return [*errors, fields.invalid(f"{path}.rollingUpdate", rolling, detail)]
    errors += fields.non_negative(f"{path}.rollingUpdate.partition", rolling.get("partition"))
    return errors + _check_max_unavailable(rolling.get("maxUnavailable"), f"{path}.rollingUpdate.maxUnavailable")


def _check_max_unavailable(value: Any, path: str) -> list[FieldError]:
    if value is None:
        return []
    if isinstance(value, str):
        if not is_percent(value):
            detail = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%')"
            return [fields.invalid(path, value, detail)]
        if int(value[:-1]) > 100:
            return [fields.invalid(path, value, "must not be greater than 100%")]
    if value in (0, "0%"):
        return [fields.invalid(path, value, "cannot be 0")]
    return fields.non_negative(path, value) if isinstance(value, int) else []


def _fixed(spec: Object) -> Object:
    return {field: value for field, value in spec.items() if field not in _MUTABLE}
