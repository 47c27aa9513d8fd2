"""PersistentVolumes."""

from __future__ import annotations

from typing import ClassVar

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.quantity import parse_quantity
from kitlib.embedded.apimachinery.status import FieldError
from kitlib.embedded.apimachinery.times import format_time
from kitlib.embedded.registry.strategies import fields
from kitlib.embedded.registry.strategies.base import Context, Strategy
from kitlib.embedded.registry.strategies.claim_validation import validate_access_modes
from kitlib.embedded.registry.strategies.placement_validation import validate_node_selector
from kitlib.embedded.registry.strategies.storageclasses import annotation_warnings

__all__ = ["PersistentVolumeStrategy"]

_FINALIZER = "kubernetes.io/pv-protection"
_NOT_SOURCES = frozenset(
    {
        "accessModes",
        "capacity",
        "claimRef",
        "mountOptions",
        "nodeAffinity",
        "persistentVolumeReclaimPolicy",
        "storageClassName",
        "volumeAttributesClassName",
        "volumeMode",
    }
)


class PersistentVolumeStrategy(Strategy):
    """Volumes: reclaim policy Retain unless said otherwise, protection finalizer, immutable source."""

    initial_status: ClassVar[Object] = {"phase": "Pending"}

    def default(self, obj: Object) -> None:
        """Default policy, mode, phase and the host path's type."""
        spec = obj.setdefault("spec", {})
        spec.setdefault("persistentVolumeReclaimPolicy", "Retain")
        spec.setdefault("volumeMode", "Filesystem")
        obj.setdefault("status", {}).setdefault("phase", "Pending")
        if "hostPath" in spec:
            spec["hostPath"].setdefault("type", "")

    def prepare_for_create(self, obj: Object, ctx: Context) -> None:
        """Add the protection finalizer."""
        super().prepare_for_create(obj, ctx)
        finalizers = obj["metadata"].setdefault("finalizers", [])
        if _FINALIZER not in finalizers:
            finalizers.append(_FINALIZER)

        obj["status"]["lastPhaseTransitionTime"] = format_time(ctx.now)

    def prepare_for_update(self, obj: Object, old: Object, ctx: Context) -> None:
        """Note when the phase changes, unless the request does."""
        new, before = obj.get("status") or {}, old.get("status") or {}
        if new.get("phase") != before.get("phase") and _last_change(new) == _last_change(before):
            obj["status"]["lastPhaseTransitionTime"] = format_time(ctx.now)

    def check(self, obj: Object, ctx: Context) -> list[FieldError]:
        """Check the spec."""
        spec = obj["spec"]
        errors = [] if spec.get("accessModes") else [fields.required("spec.accessModes")]
        if spec.get("accessModes"):
            errors += validate_access_modes(spec["accessModes"], "spec.accessModes")
        size = (spec.get("capacity") or {}).get("storage")
        if not spec.get("capacity"):
            errors.append(fields.required("spec.capacity"))
        elif size is None or set(spec["capacity"]) != {"storage"}:
            errors.append(fields.not_supported("spec.capacity", spec["capacity"], ("storage",)))
        elif parse_quantity(size).value <= 0:
            errors.append(fields.invalid("spec.capacity[storage]", size, "must be greater than zero"))
        policies = ("Delete", "Recycle", "Retain")
        errors += fields.one_of("spec.persistentVolumeReclaimPolicy", spec["persistentVolumeReclaimPolicy"], policies)
        errors += fields.one_of("spec.volumeMode", spec["volumeMode"], ("Block", "Filesystem"))
        if spec.get("storageClassName"):
            errors += fields.named("spec.storageClassName", spec["storageClassName"], self.check_name)
        if spec.get("nodeAffinity"):
            errors += _check_node_affinity(spec["nodeAffinity"])
        return errors + _check_source(spec)

    def check_change(self, obj: Object, old: Object, ctx: Context) -> list[FieldError]:
        """The source and, once set, the node affinity are immutable."""
        errors: list[FieldError] = []
        new, before = obj["spec"], old["spec"]
        if {field: new[field] for field in _sources(new)} != {field: before[field] for field in _sources(before)}:
            detail = "spec.persistentvolumesource is immutable after creation"
            errors.append(fields.forbidden("spec.persistentvolumesource", detail))
        if "nodeAffinity" in before:
            errors += fields.unchanged("spec.nodeAffinity", new.get("nodeAffinity"), before["nodeAffinity"])
        return errors + fields.unchanged("spec.volumeMode", new["volumeMode"], before.get("volumeMode"))

    def warnings(self, obj: Object) -> list[str]:
        """Warn of the annotation that came before storageClassName, and of the Recycle policy."""
        texts = annotation_warnings(obj)
        if obj["spec"].get("persistentVolumeReclaimPolicy") == "Recycle":
            texts.append(
                "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. "
                "Instead, the recommended approach is to use dynamic provisioning."
            )
        return texts


def _last_change(status: Object) -> str:
    return str(status.get("lastPhaseTransitionTime", ""))


def _sources(spec: Object) -> list[str]:
    return [field for field in spec if field not in _NOT_SOURCES]


def _check_node_affinity(affinity: Object) -> list[FieldError]:
    path = "spec.nodeAffinity.required"
    if "required" not in affinity:
        return [fields.required(path, "must specify required node constraints")]
    return validate_node_selector(affinity["required"], path)


def _check_source(spec: Object) -> list[FieldError]:
    sources = _sources(spec)
    if not sources:
        return [fields.required("spec", "must specify a volume type")]
    errors = [fields.forbidden(f"spec.{extra}", "may not specify more than 1 volume type") for extra in sources[1:]]
    path = spec[sources[0]].get("path", "") if sources[0] in ("hostPath", "local") else "/"
    if not path:
        errors.append(fields.required(f"spec.{sources[0]}.path"))
    elif ".." in path.split("/"):
        errors.append(fields.invalid(f"spec.{sources[0]}.path", path, "must not contain '..'"))
    if sources[0] == "local" and not (spec.get("nodeAffinity") or {}).get("required"):
        errors.append(fields.required("spec.nodeAffinity", "Local volume requires node affinity"))
    return errors
