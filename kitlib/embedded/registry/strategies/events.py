"""Events, as core/v1 stores them."""

from __future__ import annotations

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import FieldError
from kitlib.embedded.registry.strategies import fields
from kitlib.embedded.registry.strategies.base import Context, Strategy

__all__ = ["EventStrategy"]


class EventStrategy(Strategy):
    """Events: written by every component, hardly checked."""

    create_on_update = True

    def default(self, obj: Object) -> None:
        """The fields that Go writes even when empty, which typed clients expect."""
        for field in ("involvedObject", "source"):
            obj.setdefault(field, {})
        for field in ("reportingComponent", "reportingInstance"):
            obj.setdefault(field, "")

    def check(self, obj: Object, ctx: Context) -> list[FieldError]:
        """An event lives in the namespace of its object; events on cluster-scoped objects in `default`."""
        space, subject = obj["metadata"].get("namespace", ""), obj["involvedObject"].get("namespace", "")
        if subject and subject != space:
            return [fields.invalid("involvedObject.namespace", subject, "does not match event.namespace")]
        if not subject and space not in ("", "default", "kube-system"):
            return [fields.invalid("involvedObject.namespace", subject, "does not match event.namespace")]
        return []
