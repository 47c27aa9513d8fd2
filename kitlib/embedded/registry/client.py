"""How controllers, scheduler and kubelet reach the API: in-process, through the same pipeline as HTTP requests.

All calls are synchronous: the registry and its store never wait for anything. Objects that come back are shared and
frozen (see `apimachinery.objects`). Resources are named as Kubernetes qualifies them: `pods`, `statefulsets.apps`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, Protocol, TypeAlias

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.registry.explanations import Reason
from kitlib.embedded.storage.event import Event

__all__ = ["Client", "Objects", "PatchType", "PropagationPolicy"]

Objects: TypeAlias = list[Object]
PatchType = Literal["json", "merge", "strategic", "apply"]
PropagationPolicy = Literal["Background", "Foreground", "Orphan"]


class Client(Protocol):
    """The verbs of the API as one identity (for example `system:kube-controller-manager`) sees them.

    Every method raises `apimachinery.status.StatusError` when the API would answer with a failure.
    """

    def get(self, resource: str, name: str, namespace: str = "") -> Object:
        """Return one object."""

    def find(self, resource: str, name: str, namespace: str = "") -> Object | None:
        """Return one object, or None where `get` would raise NotFound."""

    def list(
        self, resource: str, namespace: str = "", *, label_selector: str = "", field_selector: str = ""
    ) -> Objects:
        """Return objects ordered by namespace and name; an empty namespace means all."""

    def dependents(self, resource: str, owner_uid: str) -> Objects:
        """Return the objects of `resource` with an owner reference to `owner_uid` (an index, no scan)."""

    def create(self, resource: str, obj: Object) -> Object:
        """Create; the namespace is the one in the object's metadata. Returns what was stored."""

    def update(self, resource: str, obj: Object, *, subresource: str = "") -> Object:
        """Replace; with a stale resourceVersion it is a Conflict. Returns what was stored."""

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
        """Patch an object or its subresource. Returns what was stored."""

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
        """Delete; a non-empty `uid` is a precondition."""

    def bind(self, namespace: str, pod: str, node: str) -> None:
        """Create the pod's binding to a node."""

    def subscribe(self, resource: str, handler: Callable[[Event], None], *, replay: bool = True) -> Callable[[], None]:
        """Call `handler` for every committed change, in order; with `replay`, first with ADDED for what exists.

        The handler runs inside the committing call: it must only take note (put a key on a work queue), never write.
        Returns a function that ends the subscription.
        """

    def event(
        self, obj: Object, event_type: Literal["Normal", "Warning"], reason: str, message: str, *, field_path: str = ""
    ) -> None:
        """Record an `Event` about `obj` with this identity's component as source; repeats are counted, not added."""

    def explain(self, key: str, reasons: Iterable[Reason]) -> None:
        """Say what this component decides now about the object `key` and all that belongs to it, and why.

        What it said before and does not repeat has ended: `()` ends all of it.
        """
