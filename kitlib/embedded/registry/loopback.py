"""The in-process client: `registry.client.Client` over the registry itself.

Named after the loopback client of a real API server, which also skips the network but none of the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

from kitlib.embedded.apimachinery import selectors
from kitlib.embedded.apimachinery.objects import Object, deep_copy
from kitlib.embedded.apimachinery.resources import by_name
from kitlib.embedded.registry import pods
from kitlib.embedded.registry.client import Objects, PatchType, PropagationPolicy
from kitlib.embedded.registry.events import EventRecorder
from kitlib.embedded.registry.explanations import Reason
from kitlib.embedded.registry.listing import ListOptions
from kitlib.embedded.registry.options import DeleteOptions, WriteOptions
from kitlib.embedded.registry.registry import Registry
from kitlib.embedded.storage.event import Event

__all__ = ["LoopbackClient"]

_CONTROLLERS = "kube-controller-manager"
_PROGRAMS = {"default-scheduler": "kube-scheduler", "kubeadm": "kubeadm", "kubelet": "kubelet"}


class LoopbackClient:
    """One component's client.

    Args:
        registry: the API behind it.
        component: event source, for example `statefulset-controller`; the program it belongs to is the field manager.
        host: the node, for a kubelet.
    """

    def __init__(self, registry: Registry, component: str, *, host: str = "") -> None:
        self._registry, self._component = registry, component
        self._options = WriteOptions(user=f"system:{component}", manager=_PROGRAMS.get(component, _CONTROLLERS))
        self._recorder = EventRecorder(registry, component, host=host)

    def get(self, resource: str, name: str, namespace: str = "") -> Object:
        """Return one object."""
        return self._registry.get(by_name(resource), name, namespace)

    def find(self, resource: str, name: str, namespace: str = "") -> Object | None:
        """Return one object or None."""
        return self._registry.find(by_name(resource), name, namespace)

    def list(
        self, resource: str, namespace: str = "", *, label_selector: str = "", field_selector: str = ""
    ) -> Objects:
        """Return objects ordered by namespace and name."""
        kind = by_name(resource)
        matches = selectors.combined(kind, label_selector=label_selector, field_selector=field_selector)
        return self._registry.list(kind, namespace, ListOptions(matches=matches)).items

    def dependents(self, resource: str, owner_uid: str) -> Objects:
        """Return the objects of `resource` owned by `owner_uid`."""
        return self._registry.store.dependents(resource, owner_uid)

    def create(self, resource: str, obj: Object) -> Object:
        """Create an object; `obj` stays the caller's."""
        namespace = obj["metadata"].get("namespace", "")
        return self._registry.create(by_name(resource), deep_copy(obj), namespace=namespace, options=self._options)

    def update(self, resource: str, obj: Object, *, subresource: str = "") -> Object:
        """Replace an object or its status; `obj` stays the caller's."""
        meta = obj["metadata"]
        return self._registry.update(
            by_name(resource),
            meta["name"],
            deep_copy(obj),
            namespace=meta.get("namespace", ""),
            options=self._options,
            subresource=subresource,
        )

    def patch(
        self,
        resource: str,
        name: str,
        patch: Object | Objects,
        *,
        namespace: str = "",
        patch_type: PatchType = "merge",
        subresource: str = "",
    ) -> Object:
        """Patch an object or its status."""
        return self._registry.patch(
            by_name(resource),
            name,
            patch,
            namespace=namespace,
            patch_type=patch_type,
            options=self._options,
            subresource=subresource,
        )

    def delete(
        self,
        resource: str,
        name: str,
        namespace: str = "",
        *,
        grace_period_seconds: int | None = None,
        propagation_policy: PropagationPolicy | None = None,
        uid: str = "",
    ) -> None:
        """Delete an object."""
        options = DeleteOptions(
            grace_period_seconds=grace_period_seconds, propagation_policy=propagation_policy, uid=uid
        )
        self._registry.delete(by_name(resource), name, namespace=namespace, options=options)

    def bind(self, namespace: str, pod: str, node: str) -> None:
        """Bind a pod to a node."""
        pods.bind(self._registry, pod, node, namespace=namespace, options=self._options)

    def subscribe(self, resource: str, handler: Callable[[Event], None], *, replay: bool = True) -> Callable[[], None]:
        """Call `handler` for what exists (with `replay`) and for every later change."""
        store = self._registry.store
        if replay:
            for obj in list(store.all(resource).values()):
                handler(Event("ADDED", resource, obj, None, store.revision))
        return store.subscribe(resource, handler)

    def event(
        self, obj: Object, event_type: Literal["Normal", "Warning"], reason: str, message: str, *, field_path: str = ""
    ) -> None:
        """Record an Event about `obj`."""
        self._recorder.record(obj, event_type, reason, message, field_path=field_path)

    def explain(self, key: str, reasons: Iterable[Reason]) -> None:
        """Say what this component decides now, and why."""
        self._registry.explanations.record(self._component, key, reasons)
