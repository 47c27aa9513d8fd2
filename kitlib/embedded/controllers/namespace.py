"""Empties namespaces that are being deleted, then lets them go.

Source: `pkg/controller/namespace` of Kubernetes, with ordered deletion: pods first, so that nothing they rely on is
taken from them while they stop.
"""

from __future__ import annotations

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.resources import RESOURCES
from kitlib.embedded.apimachinery.status import StatusError
from kitlib.embedded.apimachinery.times import format_time
from kitlib.embedded.controllers.controller import Controller
from kitlib.embedded.registry.explanations import Reason
from kitlib.embedded.storage.event import Event

__all__ = ["NamespaceController"]

_NAMESPACES = "namespaces"
_TOLD = 5  # of what is left in a namespace
_CONTENT = tuple(
    resource.qualified
    for resource in RESOURCES
    if resource.namespaced and not resource.virtual and not resource.storage and "delete" in resource.verbs
)
_LATER = tuple(name for name in _CONTENT if name != "pods")

# Every condition with the reason and the text of the good case, in upstream's order.
_SETTLED = {
    "NamespaceDeletionDiscoveryFailure": ("ResourcesDiscovered", "All resources successfully discovered"),
    "NamespaceDeletionGroupVersionParsingFailure": ("ParsedGroupVersions", "All legacy kube types successfully parsed"),
    "NamespaceDeletionContentFailure": (
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    ),
    "NamespaceContentRemaining": ("ContentRemoved", "All content successfully removed"),
    "NamespaceFinalizersRemaining": ("ContentHasNoFinalizers", "All content-preserving finalizers finished"),
}
_TROUBLE = {
    "NamespaceContentRemaining": "SomeResourcesRemain",
    "NamespaceFinalizersRemaining": "SomeFinalizersRemain",
}


class NamespaceController(Controller):
    """Deletes what is in a terminating namespace and finalizes it when nothing is left."""

    name = "namespace-controller"

    def register(self) -> None:
        """Watch namespaces, and everything that may be the last thing in one."""
        self.watch_own(_NAMESPACES)
        for resource in _CONTENT:
            self.watch(resource, self._terminating_namespace)

    def reconcile(self, key: str) -> None:
        """Move one terminating namespace a step towards its end."""
        namespace = self.client.find(_NAMESPACES, key)
        if namespace is None:
            self.client.explain(key, ())
        if namespace is None or not objects.is_terminating(namespace):
            return
        remaining = self._empty(key, ("pods",)) or self._empty(key, _LATER)
        if remaining:
            left = ", ".join(sorted({f"{obj['kind'].lower()}/{objects.name(obj)}" for _, obj in remaining})[:_TOLD])
            more = f" and {len(remaining) - _TOLD} more" if len(remaining) > _TOLD else ""
            self.client.explain(key, [Reason(f"namespace/{key}", f"{key} is not gone yet: {left}{more} must go first")])
            self._report(namespace, remaining)
            return
        finalizers = [name for name in namespace["spec"].get("finalizers") or [] if name != "kubernetes"]
        copy = objects.deep_copy(namespace)
        copy["spec"]["finalizers"] = finalizers
        self.client.update(_NAMESPACES, copy, subresource="finalize")

    def _empty(self, namespace: str, resources: tuple[str, ...]) -> list[tuple[str, Object]]:
        """Delete everything of these resources; return what is still there."""
        for resource in resources:
            for obj in self.client.list(resource, namespace):
                if not objects.is_terminating(obj):
                    self._delete(resource, obj)
        return [(resource, obj) for resource in resources for obj in self.client.list(resource, namespace)]

    def _delete(self, resource: str, obj: Object) -> None:
        try:
            self.client.delete(
                resource,
                objects.name(obj),
                objects.namespace(obj),
                propagation_policy="Background",
                uid=objects.uid(obj),
            )
        except StatusError as error:
            if error.reason not in ("NotFound", "Conflict"):
                raise

    def _report(self, namespace: Object, remaining: list[tuple[str, Object]]) -> None:
        counts: dict[str, int] = {}
        held: dict[str, int] = {}
        for resource, obj in remaining:
            counts[resource] = counts.get(resource, 0) + 1
            for finalizer in obj["metadata"].get("finalizers") or []:
                held[finalizer] = held.get(finalizer, 0) + 1
        content = ", ".join(
            f"{_spelled(resource)} has {count} resource instances" for resource, count in counts.items()
        )
        finalizers = ", ".join(f"{name} in {count} resource instances" for name, count in held.items())
        texts = {
            "NamespaceContentRemaining": f"Some resources are remaining: {content}",
            "NamespaceFinalizersRemaining": (
                f"Some content in the namespace has finalizers remaining: {finalizers}" if held else ""
            ),
        }
        conditions = [self._condition(namespace, kind, texts.get(kind, "")) for kind in _SETTLED]
        if (namespace.get("status") or {}).get("conditions") != conditions:
            status = (namespace.get("status") or {}) | {"conditions": conditions}
            self.client.update(_NAMESPACES, objects.deep_copy(namespace) | {"status": status}, subresource="status")

    def _condition(self, namespace: Object, kind: str, text: str) -> Object:
        """A condition with a text is true; all of them are bad news."""
        reason, settled = _SETTLED[kind]
        status = "True" if text else "False"
        conditions = (namespace.get("status") or {}).get("conditions") or []
        old = next((condition for condition in conditions if condition["type"] == kind), None)
        same = old is not None and old["status"] == status
        since = old["lastTransitionTime"] if same and old else format_time(self.clock.now())
        return {
            "type": kind,
            "status": status,
            "lastTransitionTime": since,
            "reason": _TROUBLE[kind] if text else reason,
            "message": text or settled,
        }

    def _terminating_namespace(self, event: Event) -> list[str]:
        name = objects.namespace(event.object)
        namespace = self.client.find(_NAMESPACES, name)
        return [name] if namespace is not None and objects.is_terminating(namespace) else []


def _spelled(resource: str) -> str:
    """`pods.`, with the dot before a group even where there is none, as upstream prints it."""
    return resource if "." in resource else f"{resource}."
