"""Storage classes as binder and scheduler see them. Source: `pkg/controller/volume/persistentvolume` of Kubernetes."""

from __future__ import annotations

from collections.abc import Iterable

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object

__all__ = ["NO_PROVISIONER", "WAIT", "binding_mode", "class_of", "default_class", "is_in_tree"]

NO_PROVISIONER = "kubernetes.io/no-provisioner"
WAIT = "WaitForFirstConsumer"
_IN_TREE = "kubernetes.io/"
_LEGACY = "volume.beta.kubernetes.io/storage-class"
_DEFAULT = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")


def class_of(obj: Object) -> str | None:
    """Return the class of a claim or volume: the legacy annotation wins; None is "not said", `""` is "no class"."""
    legacy = objects.annotations(obj).get(_LEGACY)
    if legacy is not None:
        return legacy
    value = obj["spec"].get("storageClassName")
    return None if value is None else str(value)


def binding_mode(storage_class: Object) -> str:
    """Return `volumeBindingMode`, Immediate by default."""
    return str(storage_class.get("volumeBindingMode") or "Immediate")


def is_in_tree(storage_class: Object) -> bool:
    """Tell whether no external provisioner is meant; none of those in Kubernetes itself is left."""
    return str(storage_class["provisioner"]).startswith(_IN_TREE)


def default_class(classes: Iterable[Object]) -> Object | None:
    """Return the default class; of several, the newest (then the first by name)."""
    marked = [cls for cls in classes if any(objects.annotations(cls).get(note) == "true" for note in _DEFAULT)]
    by_name = sorted(marked, key=objects.name)
    return max(by_name, key=lambda cls: cls["metadata"].get("creationTimestamp", ""), default=None)
