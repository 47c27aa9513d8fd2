"""StorageClasses, and how a claim finds its class."""

from __future__ import annotations

from collections.abc import Iterable

from kitlib.embedded.apimachinery.naming import check_qualified_name
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import FieldError
from kitlib.embedded.registry.strategies import fields
from kitlib.embedded.registry.strategies.base import Context, Strategy

__all__ = ["CLASS_ANNOTATION", "StorageClassStrategy", "annotation_warnings", "claim_class", "default_class"]

CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"
_DEFAULT_ANNOTATIONS = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)
_IMMUTABLE = ("parameters", "provisioner", "reclaimPolicy")


def default_class(classes: Iterable[Object]) -> Object | None:
    """Return the default class: of several the newest, of those the first by name."""
    marked = [
        each
        for each in classes
        if any((each["metadata"].get("annotations") or {}).get(name) == "true" for name in _DEFAULT_ANNOTATIONS)
    ]
    marked.sort(key=lambda each: str(each["metadata"]["name"]))
    return max(marked, key=lambda each: str(each["metadata"].get("creationTimestamp", "")), default=None)


def claim_class(obj: Object) -> str | None:
    """Return the class name of a claim or volume: the old annotation wins; None where neither is set."""
    annotation = (obj["metadata"].get("annotations") or {}).get(CLASS_ANNOTATION)
    name: str | None = obj["spec"].get("storageClassName") if annotation is None else annotation
    return name


def annotation_warnings(obj: Object) -> list[str]:
    """Return the warning for the class annotation that storageClassName replaced."""
    if CLASS_ANNOTATION not in (obj["metadata"].get("annotations") or {}):
        return []
    what = 'deprecated since v1.8; use "storageClassName" attribute instead'
    return [f"metadata.annotations[{CLASS_ANNOTATION}]: {what}"]


class StorageClassStrategy(Strategy):
    """Storage classes: immutable but for annotations, labels and expansion."""

    def default(self, obj: Object) -> None:
        """Delete and Immediate."""
        obj.setdefault("reclaimPolicy", "Delete")
        obj.setdefault("volumeBindingMode", "Immediate")

    def check(self, obj: Object, ctx: Context) -> list[FieldError]:
        """Check provisioner and policies."""
        provisioner = obj.get("provisioner", "")
        errors = [] if provisioner else [fields.required("provisioner")]
        if provisioner:
            errors += [fields.invalid("provisioner", provisioner, t) for t in check_qualified_name(provisioner.lower())]
        errors += fields.one_of("reclaimPolicy", obj["reclaimPolicy"], ("Delete", "Retain"))
        return errors + fields.one_of(
            "volumeBindingMode", obj["volumeBindingMode"], ("Immediate", "WaitForFirstConsumer")
        )

    def check_change(self, obj: Object, old: Object, ctx: Context) -> list[FieldError]:
        """Refuse updates of what provisioning depends on."""
        errors = [
            fields.forbidden(field, f"updates to {field} are forbidden.")
            for field in _IMMUTABLE
            if obj.get(field) != old.get(field)
        ]
        return errors + fields.unchanged("volumeBindingMode", obj["volumeBindingMode"], old["volumeBindingMode"])
