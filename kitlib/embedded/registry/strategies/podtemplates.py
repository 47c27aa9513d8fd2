"""Pod templates: plain objects that nothing in the cluster reads."""

from __future__ import annotations

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import FieldError
from kitlib.embedded.registry.strategies.base import Context, Strategy
from kitlib.embedded.registry.strategies.metadata_validation import validate_annotations, validate_labels
from kitlib.embedded.registry.strategies.pod_defaults import default_template
from kitlib.embedded.registry.strategies.pod_validation import validate_pod_spec

__all__ = ["PodTemplateStrategy"]


class PodTemplateStrategy(Strategy):
    """PodTemplates: the template is a pod's, defaulted and checked as one."""

    def default(self, obj: Object) -> None:
        """Default the template."""
        default_template(obj.setdefault("template", {}))

    def check(self, obj: Object, ctx: Context) -> list[FieldError]:
        """Check the template."""
        template, path = obj["template"], "template"
        metadata = template.get("metadata") or {}
        errors = validate_labels(metadata.get("labels") or {}, f"{path}.metadata.labels")
        errors += validate_annotations(metadata.get("annotations") or {}, f"{path}.metadata.annotations")
        return errors + validate_pod_spec(template["spec"], f"{path}.spec")
