"""The rules of `metadata` that hold for every kind: what the server fills in, keeps, and refuses.

Source: Kubernetes' generic registry (`BeforeCreate`, `BeforeUpdate`) and API conventions.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.resources import Resource
from kitlib.embedded.apimachinery.status import FieldError, bad_request, conflict, invalid
from kitlib.embedded.apimachinery.times import format_time

__all__ = [
    "MODIFIED_TEXT",
    "carry_over",
    "check_addressed",
    "check_delete_preconditions",
    "check_finalizers",
    "check_identity",
    "check_preconditions",
    "fill",
    "same_but_bookkeeping",
]

MODIFIED_TEXT = "the object has been modified; please apply your changes to the latest version and try again"
_OTHER_NAMESPACE = "the namespace of the provided object does not match the namespace sent on the request"
_SYSTEM_FIELDS = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation")


def fill(obj: Object, resource: Resource, *, namespace: str, now: datetime) -> None:
    """Give a new object its identity.

    Raises:
        StatusError: 400 when the body's namespace is not the request's, or a resourceVersion is set.
    """
    metadata = obj.setdefault("metadata", {})
    if resource.namespaced:
        if metadata.setdefault("namespace", namespace) != namespace:
            raise bad_request(_OTHER_NAMESPACE)
    else:
        metadata.pop("namespace", None)
    if metadata.get("resourceVersion"):
        raise bad_request("resourceVersion should not be set on objects to be created")
    for field in (*_SYSTEM_FIELDS, "resourceVersion", "selfLink"):
        metadata.pop(field, None)
    metadata["uid"] = str(uuid.uuid4())
    metadata["creationTimestamp"] = format_time(now)
    if resource.has_generation:
        metadata["generation"] = 1


def check_addressed(resource: Resource, metadata: Object, *, name: str, namespace: str) -> None:
    """Check that the metadata in a body is that of the object which the URL names.

    Raises:
        StatusError: 400, another name or namespace.
    """
    if metadata.get("name", name) != name:
        raise bad_request(f"the name of the object ({metadata['name']}) does not match the name on the URL ({name})")
    if resource.namespaced and (metadata.get("namespace") or namespace) != namespace:
        raise bad_request(_OTHER_NAMESPACE)


def carry_over(new: Object, old: Object) -> None:
    """Keep what only the server may change: system fields are the old object's whatever the request says."""
    metadata, before = new.setdefault("metadata", {}), old["metadata"]
    for field in (*_SYSTEM_FIELDS, "name", "namespace"):
        if field in before:
            metadata[field] = before[field]
        else:
            metadata.pop(field, None)
    metadata.pop("selfLink", None)


def check_identity(resource: Resource, new: Object, old: Object) -> None:
    """Refuse a patch that renames or moves an object.

    Raises:
        StatusError: 422 Invalid.
    """
    errors = [
        FieldError(
            "FieldValueInvalid", f"metadata.{field}", "field is immutable", f'"{new["metadata"].get(field, "")}"'
        )
        for field in ("name", "namespace")
        if new["metadata"].get(field) != old["metadata"].get(field)
    ]
    if errors:
        raise invalid(resource.group_kind, old["metadata"]["name"], errors)


def check_preconditions(resource: Resource, old: Object, *, uid: str = "", resource_version: str = "") -> None:
    """Refuse a write that means another object, or an older state of it.

    Raises:
        StatusError: 409 Conflict.
    """
    name, metadata = old["metadata"]["name"], old["metadata"]
    if uid and uid != metadata["uid"]:
        why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {metadata['uid']}"
        raise conflict(resource.qualified, name, why)
    if resource_version and resource_version != metadata["resourceVersion"]:
        raise conflict(resource.qualified, name, MODIFIED_TEXT)


def check_delete_preconditions(resource: Resource, old: Object, *, uid: str, resource_version: str) -> None:
    """Refuse a deletion that means another object, or an older state of it.

    Raises:
        StatusError: 409 Conflict.
    """
    check_preconditions(resource, old, uid=uid)
    found = old["metadata"]["resourceVersion"]
    if resource_version and resource_version != found:
        asked = f"ResourceVersion in precondition: {resource_version}, ResourceVersion in object meta: {found}"
        raise conflict(resource.qualified, old["metadata"]["name"], f"Precondition failed: {asked}")


def check_finalizers(resource: Resource, new: Object, old: Object) -> None:
    """Refuse new finalizers on an object that is already being deleted.

    Raises:
        StatusError: 422 Invalid.
    """
    if not old["metadata"].get("deletionTimestamp"):
        return
    before = old["metadata"].get("finalizers") or []
    added = [f for f in new["metadata"].get("finalizers") or [] if f not in before]
    if added:
        detail = f"no new finalizers can be added if the object is being deleted, found new finalizers {added}"
        error = FieldError("FieldValueForbidden", "metadata.finalizers", detail.replace("'", '"'))
        raise invalid(resource.group_kind, new["metadata"]["name"], [error])


def same_but_bookkeeping(new: Object, old: Object) -> bool:
    """Tell whether an update changes nothing but managedFields' bookkeeping, so that it need not be written."""
    if {k: v for k, v in new.items() if k != "metadata"} != {k: v for k, v in old.items() if k != "metadata"}:
        return False
    skip = ("managedFields", "resourceVersion")
    mine, theirs = new["metadata"], old["metadata"]
    return {k: v for k, v in mine.items() if k not in skip} == {k: v for k, v in theirs.items() if k not in skip}
