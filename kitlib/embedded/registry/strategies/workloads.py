"""What Deployments, ReplicaSets and StatefulSets share: a label selector that must match a pod template."""

from __future__ import annotations

from collections.abc import Sequence

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.selectors import from_label_selector
from kitlib.embedded.apimachinery.status import FieldError
from kitlib.embedded.registry.strategies import fields
from kitlib.embedded.registry.strategies.label_selector_validation import validate_label_selector
from kitlib.embedded.registry.strategies.metadata_validation import validate_annotations, validate_labels
from kitlib.embedded.registry.strategies.pod_validation import validate_pod_spec

__all__ = ["validate_counts", "validate_selection", "validate_template"]

_MISMATCH = "`selector` does not match template `labels`"


def validate_selection(spec: Object, kind: str) -> list[FieldError]:
    """Require a selector that is not empty and matches the labels of the template."""
    selector = spec.get("selector")
    if selector is None:
        return [fields.required("spec.selector")]
    errors = validate_label_selector(selector, "spec.selector")
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        errors.append(fields.invalid("spec.selector", selector, f"empty selector is invalid for {kind}"))
    elif not errors:
        labels = spec.get("template", {}).get("metadata", {}).get("labels") or {}
        if not from_label_selector(selector).matches(labels):
            errors.append(fields.invalid("spec.template.metadata.labels", labels, _MISMATCH))
    return errors


def validate_template(
    spec: Object, kind: str, *, claims: Sequence[str] = (), pod_spec: bool = True
) -> list[FieldError]:
    """Check the pod template of a controller whose pods run for ever.

    Args:
        spec: the controller's spec.
        kind: its kind, as texts name it.
        claims: names of claim templates; containers mount them like volumes of the template.
        pod_spec: whether the pod spec is checked too.
    """
    template, path = spec.get("template") or {}, "spec.template"
    metadata, inner = template.get("metadata") or {}, template.get("spec") or {}
    errors = validate_labels(metadata.get("labels") or {}, f"{path}.metadata.labels")
    errors += validate_annotations(metadata.get("annotations") or {}, f"{path}.metadata.annotations")
    if pod_spec:
        errors += validate_pod_spec(_with_claims(inner, claims), f"{path}.spec")
    if inner.get("ephemeralContainers"):
        detail = "ephemeral containers not allowed in pod template"
        errors.append(fields.forbidden(f"{path}.spec.ephemeralContainers", detail))
    if inner.get("restartPolicy") != "Always":
        errors.append(fields.not_supported(f"{path}.spec.restartPolicy", inner.get("restartPolicy"), ("Always",)))
    if "activeDeadlineSeconds" in inner:
        detail = f"activeDeadlineSeconds in {kind} is not Supported"
        errors.append(fields.forbidden(f"{path}.spec.activeDeadlineSeconds", detail))
    return errors


def _with_claims(pod_spec: Object, claims: Sequence[str]) -> Object:
    """Return the pod spec with a volume for each claim template, in place of one of its own of that name."""
    if not claims:
        return pod_spec
    others = [volume for volume in pod_spec.get("volumes") or () if volume.get("name") not in claims]
    source = {"persistentVolumeClaim": {"claimName": "named-for-the-pod"}}
    return pod_spec | {"volumes": [*({"name": name} | source for name in dict.fromkeys(claims)), *others]}


def validate_counts(spec: Object, *names: str) -> list[FieldError]:
    """Refuse negative numbers."""
    return [error for name in names for error in fields.non_negative(f"spec.{name}", spec.get(name))]
