"""Failures as the API reports them: a `Status` object with code, reason, message and causes.

`StatusError` is the only exception that crosses the registry; the API server writes it to the wire as it is.
Source of codes, reasons and texts: Kubernetes' `api/errors`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kitlib.embedded.apimachinery.objects import Object

__all__ = [
    "FieldError",
    "StatusError",
    "already_exists",
    "bad_request",
    "conflict",
    "expired",
    "forbidden",
    "generic",
    "invalid",
    "not_found",
    "timeout",
]

_FIELD_ERROR_TEXT = {
    "FieldValueRequired": "Required value",
    "FieldValueInvalid": "Invalid value",
    "FieldValueNotSupported": "Unsupported value",
    "FieldValueDuplicate": "Duplicate value",
    "FieldValueForbidden": "Forbidden",
    "FieldValueTooLong": "Too long",
    "FieldValueTooMany": "Too many",
    "FieldValueTypeInvalid": "Invalid value",
    "FieldValueNotFound": "Not found",
}


@dataclass(frozen=True, slots=True)
class FieldError:
    r"""One thing wrong with one field.

    Args:
        reason: a cause type such as `FieldValueInvalid`.
        field: the path, such as `spec.replicas`.
        detail: what is wrong, without field and value.
        value: the value as upstream prints it (already formatted, for example `"\"abc\""` or `"-1"`), or None to leave
            it out.
    """

    reason: str
    field: str
    detail: str = ""
    value: str | None = None

    @property
    def message(self) -> str:
        """The text after `field: `."""
        text = _FIELD_ERROR_TEXT[self.reason]
        if self.value is not None:
            text += f": {self.value}"
        return f"{text}: {self.detail}" if self.detail else text

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


class StatusError(Exception):
    """An API call failed; `status` is the `v1.Status` to return."""

    def __init__(self, code: int, reason: str, message: str, *, details: Object | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details or {}

    @property
    def status(self) -> Object:
        """The `v1.Status` object."""
        status: Object = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
        }
        if self.details:
            status["details"] = self.details
        return status | {"code": self.code}


def _qualified(resource: str, name: str) -> str:
    return f'{resource} "{name}"'


def _details(resource: str, name: str, **more: Any) -> Object:
    plural, _, group = resource.partition(".")
    details: Object = {}
    if name:
        details["name"] = name
    if group:
        details["group"] = group
    details["kind"] = plural
    return details | more


def generic(code: int, reason: str, message: str, *, retry_after: int | None = None) -> StatusError:
    """Build any other failure."""
    return StatusError(code, reason, message, details={"retryAfterSeconds": retry_after} if retry_after else None)


def bad_request(message: str) -> StatusError:
    """400 BadRequest."""
    return StatusError(400, "BadRequest", message)


def forbidden(resource: str, name: str, why: str, *, causes: Sequence[Object] = ()) -> StatusError:
    """403 Forbidden: `pods "x" is forbidden: why`."""
    subject = f"{_qualified(resource, name)} is forbidden" if name else f"{resource} is forbidden"
    more = {"causes": list(causes)} if causes else {}
    return StatusError(403, "Forbidden", f"{subject}: {why}", details=_details(resource, name, **more))


def not_found(resource: str, name: str) -> StatusError:
    """404 NotFound. `resource` is qualified, for example `statefulsets.apps`."""
    return StatusError(404, "NotFound", f"{_qualified(resource, name)} not found", details=_details(resource, name))


def already_exists(resource: str, name: str, *, message: str = "") -> StatusError:
    """409 AlreadyExists."""
    return StatusError(
        409,
        "AlreadyExists",
        message or f"{_qualified(resource, name)} already exists",
        details=_details(resource, name),
    )


def conflict(resource: str, name: str, why: str) -> StatusError:
    """409 Conflict: `Operation cannot be fulfilled on statefulsets.apps "web": why`."""
    message = f"Operation cannot be fulfilled on {_qualified(resource, name)}: {why}"
    return StatusError(409, "Conflict", message, details=_details(resource, name))


def expired(message: str) -> StatusError:
    """410 Expired: the asked-for resource version is not held any more."""
    return StatusError(410, "Expired", message)


def invalid(group_kind: str, name: str, errors: Sequence[FieldError]) -> StatusError:
    """422 Invalid. `group_kind` is for example `StatefulSet.apps` or `Pod`.

    Example:
        >>> invalid("Pod", "x", [FieldError("FieldValueRequired", "spec.containers")]).message
        'Pod "x" is invalid: spec.containers: Required value'
    """
    kind, _, group = group_kind.partition(".")
    texts = [str(error) for error in errors]
    joined = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    details: Object = {"name": name} if name else {}
    if group:
        details["group"] = group
    details["kind"] = kind
    details["causes"] = [{"reason": e.reason, "message": e.message, "field": e.field} for e in errors]
    return StatusError(422, "Invalid", f'{group_kind} "{name}" is invalid: {joined}', details=details)


def timeout(message: str, *, retry_after: int = 1, causes: Sequence[Object] = ()) -> StatusError:
    """504 Timeout."""
    details: Object = {"retryAfterSeconds": retry_after}
    if causes:
        details = {"causes": list(causes)} | details
    return StatusError(504, "Timeout", message, details=details)
