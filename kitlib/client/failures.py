"""What can go wrong between us and an API server, each as one line that names the thing, the cause and the fix."""

from __future__ import annotations

import json
from typing import Any

from kitlib.errors import ClusterError, UsageError

__all__ = ["ApiError", "ManifestError", "Unreachable", "WaitTimeout", "api_error"]

_FIXES = {
    "Unauthorized": "the credentials in the kubeconfig are not accepted; get a new one with `kit kubeconfig`",
    "Forbidden": "ask for this right, or work in the namespace of the lab",
    "Expired": "list again and watch from the new resourceVersion",
}


class ApiError(ClusterError):
    """The API server answered, and said no.

    Attributes:
        code: the HTTP status, for example 404.
        reason: the machine-readable reason, for example `NotFound`.
        details: the `details` of the Status object.
    """

    def __init__(self, message: str, *, code: int, reason: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(message, fix=_FIXES.get(reason, ""))
        self.code = code
        self.reason = reason
        self.details = details or {}


class Unreachable(ClusterError):
    """No answer at all: nothing listens, TLS does not match, or the connection broke."""


class WaitTimeout(ClusterError):
    """A wait ran out; `diagnosis` says what holds it up."""

    def __init__(self, message: str, *, fix: str = "", diagnosis: tuple[str, ...] = ()) -> None:
        super().__init__(message, fix=fix)
        self.diagnosis = diagnosis


class ManifestError(UsageError):
    """A manifest cannot be applied; `line` is where it is wrong (1 is the first), or 0 when that is not known."""

    def __init__(self, message: str, *, fix: str = "", line: int = 0) -> None:
        super().__init__(f"line {line}: {message}" if line else message, fix=fix)
        self.line = line


def api_error(code: int, body: bytes) -> ApiError:
    """Turn an error answer into an `ApiError`, whether or not it carries a Status object."""
    try:
        status = json.loads(body)
    except ValueError:
        status = {}
    if not isinstance(status, dict) or status.get("kind") != "Status":
        text = body.decode(errors="replace").strip().splitlines()
        return ApiError(text[0] if text else f"HTTP {code} without a text", code=code, reason="")
    return ApiError(
        str(status.get("message") or status.get("reason") or f"HTTP {code}").rstrip("."),
        code=code,
        reason=str(status.get("reason") or ""),
        details=status.get("details"),
    )
