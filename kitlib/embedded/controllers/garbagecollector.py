"""Deletes what lost its owners, and carries out foreground and orphan deletion.

Source: `pkg/controller/garbagecollector` of Kubernetes. There it keeps a graph from watches; here the store's
index of owner references is always up to date, so every decision is taken on what really is.
Keys are `<resource>|<uid>|<key>`.
"""

from __future__ import annotations

from collections.abc import Iterator

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.resources import RESOURCES, by_kind
from kitlib.embedded.apimachinery.status import StatusError
from kitlib.embedded.controllers.controller import Controller
from kitlib.embedded.registry.client import PropagationPolicy
from kitlib.embedded.registry.explanations import Reason
from kitlib.embedded.storage.event import Event

__all__ = ["GarbageCollector"]

_FOREGROUND, _ORPHAN = "foregroundDeletion", "orphan"
_COLLECTED = tuple(
    resource.qualified
    for resource in RESOURCES
    if not resource.virtual and not resource.storage and "delete" in resource.verbs and resource.kind != "Event"
)


class GarbageCollector(Controller):
    """Looks at every object with owners, and at every owner that goes."""

    name = "garbage-collector-controller"

    def register(self) -> None:
        """Watch every kind that is stored."""
        for resource in _COLLECTED:
            self.watch(resource, self._keys)

    def reconcile(self, key: str) -> None:
        """Look at one object, or (when it is gone) at the objects it owned."""
        resource, uid, object_key = key.split("|", 2)
        namespace, name = objects.split_key(object_key)
        obj = self.client.find(resource, name, namespace)
        if obj is None or objects.uid(obj) != uid:
            self.client.explain(object_key, ())
            for dependent_resource, dependent in self._dependents(uid):
                self.queue.add(_key(dependent_resource, dependent))
            return
        if objects.is_terminating(obj):
            finalizers = obj["metadata"].get("finalizers") or []
            if _ORPHAN in finalizers:
                self._orphan_dependents(resource, obj)
            elif _FOREGROUND in finalizers:
                self._delete_dependents_first(resource, obj)
            return
        if objects.owner_references(obj):
            self._collect(resource, obj)

    def _collect(self, resource: str, obj: Object) -> None:
        """Delete an object none of whose owners is left; strip references to those that are gone."""
        solid: list[Object] = []
        waiting: list[Object] = []
        for ref in objects.owner_references(obj):
            owner = self._owner(obj, ref)
            if owner is None:
                continue
            (waiting if _waits_for_dependents(owner) else solid).append(ref)
        if solid:
            if len(solid) < len(objects.owner_references(obj)):
                self._write_owners(resource, obj, solid)
        elif waiting:
            self._delete_for_waiting_owner(resource, obj)
        else:
            self._explain(obj, "is gone")
            self._delete(resource, obj, _policy_of(obj))

    def _delete_for_waiting_owner(self, resource: str, obj: Object) -> None:
        """Delete an object that its owner waits for; it may have dependents that must go before it in turn."""
        dependents = [dependent for _, dependent in self._dependents(objects.uid(obj))]
        if any(_waits_for_dependents(dependent) for dependent in dependents):
            # A circle: each waits for the other. As upstream, this one stops blocking, so that its owner can go.
            refs = [ref | {"blockOwnerDeletion": False} for ref in objects.owner_references(obj)]
            self._write_owners(resource, obj, refs)
        self._explain(obj, "waits for it to go first")
        blocked = any(_blocks(dependent, objects.uid(obj)) for dependent in dependents)
        self._delete(resource, obj, "Foreground" if blocked else None)

    def _explain(self, obj: Object, owner_is: str) -> None:
        owners = ", ".join(f"{ref['kind']} {ref['name']}" for ref in objects.owner_references(obj))
        name = objects.name(obj)
        text = f"{name} is deleted: its owner {owners} {owner_is}"
        self.client.explain(objects.key(obj), [Reason(f"{obj['kind'].lower()}/{name}", text)])

    def _delete_dependents_first(self, resource: str, owner: Object) -> None:
        blocking = False
        for dependent_resource, dependent in self._dependents(objects.uid(owner)):
            if not objects.is_terminating(dependent):
                self.queue.add(_key(dependent_resource, dependent))
            blocking = blocking or _blocks(dependent, objects.uid(owner))
        if not blocking:
            self._remove_finalizer(resource, owner, _FOREGROUND)

    def _orphan_dependents(self, resource: str, owner: Object) -> None:
        uid = objects.uid(owner)
        for dependent_resource, dependent in self._dependents(uid):
            refs = [ref for ref in objects.owner_references(dependent) if ref["uid"] != uid]
            self._write_owners(dependent_resource, dependent, refs)
        self._remove_finalizer(resource, owner, _ORPHAN)

    def _owner(self, obj: Object, ref: Object) -> Object | None:
        """Return the live owner behind a reference: same kind, name and UID, in the same namespace or in none."""
        resource = by_kind(ref["apiVersion"], ref["kind"])
        if resource is None:
            return None
        if resource.namespaced and not objects.namespace(obj):
            self.client.event(
                obj,
                "Warning",
                "OwnerRefInvalidNamespace",
                f"ownerRef [{ref['apiVersion']}/{ref['kind']}, namespace: , name: {ref['name']}, uid: {ref['uid']}] "
                'does not exist in namespace ""',
            )
            # Upstream does not collect such an object either: the reference is a mistake, not a vanished owner.
            return obj
        owner = self.client.find(resource.qualified, ref["name"], objects.namespace(obj) if resource.namespaced else "")
        return owner if owner is not None and objects.uid(owner) == ref["uid"] else None

    def _dependents(self, uid: str) -> Iterator[tuple[str, Object]]:
        for resource in _COLLECTED:
            for dependent in list(self.client.dependents(resource, uid)):
                yield resource, dependent

    def _write_owners(self, resource: str, obj: Object, refs: list[Object]) -> None:
        patch: Object = {"metadata": {"uid": objects.uid(obj), "ownerReferences": refs or None}}
        self.client.patch(resource, objects.name(obj), patch, namespace=objects.namespace(obj))

    def _remove_finalizer(self, resource: str, obj: Object, finalizer: str) -> None:
        left = [name for name in obj["metadata"].get("finalizers") or [] if name != finalizer]
        patch: Object = {"metadata": {"uid": objects.uid(obj), "finalizers": left or None}}
        self.client.patch(resource, objects.name(obj), patch, namespace=objects.namespace(obj))

    def _delete(self, resource: str, obj: Object, policy: PropagationPolicy | None) -> None:
        try:
            self.client.delete(
                resource, objects.name(obj), objects.namespace(obj), propagation_policy=policy, uid=objects.uid(obj)
            )
        except StatusError as error:
            if error.reason not in ("NotFound", "Conflict"):
                raise

    def _keys(self, event: Event) -> list[str]:
        obj = event.object
        if event.type != "DELETED":
            finalizers = obj["metadata"].get("finalizers") or []
            relevant = objects.owner_references(obj) or _FOREGROUND in finalizers or _ORPHAN in finalizers
            before = objects.owner_references(event.old) if event.old is not None else []
            released = [ref for ref in before if ref.get("blockOwnerDeletion") and not _blocks(obj, ref["uid"])]
            return ([_key(event.resource, obj)] if relevant else []) + _owner_keys(obj, released)
        # Its dependents lose an owner; its owners may have waited for it.
        return [_key(event.resource, obj), *_owner_keys(obj, objects.owner_references(obj))]


def _owner_keys(obj: Object, refs: list[Object]) -> list[str]:
    keys = []
    for ref in refs:
        resource = by_kind(ref["apiVersion"], ref["kind"])
        if resource is not None:
            namespace = objects.namespace(obj) if resource.namespaced else ""
            owner_key = f"{namespace}/{ref['name']}" if namespace else ref["name"]
            keys.append(f"{resource.qualified}|{ref['uid']}|{owner_key}")
    return keys


def _key(resource: str, obj: Object) -> str:
    return f"{resource}|{objects.uid(obj)}|{objects.key(obj)}"


def _waits_for_dependents(obj: Object) -> bool:
    return objects.is_terminating(obj) and _FOREGROUND in (obj["metadata"].get("finalizers") or [])


def _blocks(dependent: Object, owner_uid: str) -> bool:
    return any(ref["uid"] == owner_uid and ref.get("blockOwnerDeletion") for ref in objects.owner_references(dependent))


def _policy_of(obj: Object) -> PropagationPolicy:
    finalizers = obj["metadata"].get("finalizers") or []
    if _ORPHAN in finalizers:
        return "Orphan"
    return "Foreground" if _FOREGROUND in finalizers else "Background"
