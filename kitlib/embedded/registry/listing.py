"""LIST: selectors, snapshots by resourceVersion, and pages that all show the same snapshot.

Source: Kubernetes API concepts, "Retrieving large results sets in chunks" and "Resource versions".
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass

import orjson

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import (
    FieldError,
    StatusError,
    bad_request,
    expired,
    invalid,
    timeout,
)
from kitlib.embedded.storage.store import Store

__all__ = ["ListOptions", "Page", "list_page", "parse_revision", "revision_number"]

_LONGEST_REVISION = 20
_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)


@dataclass(frozen=True, slots=True)
class ListOptions:
    """What a LIST asks for.

    Args:
        matches: label and field selectors as one predicate, or None for everything.
        limit: most objects in a page; 0 means all.
        continue_token: where the page starts, from the previous page.
        resource_version: as given; "" is the newest.
        resource_version_match: "", "Exact" or "NotOlderThan".
    """

    matches: Callable[[Object], bool] | None = None
    limit: int = 0
    continue_token: str = ""
    resource_version: str = ""
    resource_version_match: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list and where it stands."""

    items: list[Object]
    revision: int
    continue_token: str = ""
    remaining: int | None = None

    @property
    def metadata(self) -> Object:
        """The `ListMeta`."""
        meta: Object = {"resourceVersion": str(self.revision)}
        if self.continue_token:
            meta["continue"] = self.continue_token
        if self.remaining:
            meta["remainingItemCount"] = self.remaining
        return meta


def revision_number(text: str) -> int:
    """Parse a resourceVersion, which for clients is any string but for this server a number.

    Raises:
        StatusError: 400.
    """
    if not (text.isascii() and text.isdecimal() and len(text) <= _LONGEST_REVISION):
        raise bad_request(f'Invalid value: "{text}": a resource version must be a decimal number')
    return int(text)


def parse_revision(text: str, current: int) -> int:
    """Parse a resourceVersion that must not lie in the future.

    Raises:
        StatusError: 400 when it is no number; 504 Timeout when it is newer than the store.
    """
    revision = revision_number(text)
    if revision > current:
        message = f"Timeout: Too large resource version: {revision}, current: {current}"
        raise timeout(message, causes=[{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}])
    return revision


def _check(options: ListOptions) -> None:
    match, errors = options.resource_version_match, []
    if match:
        field = "resourceVersionMatch"
        if match not in ("Exact", "NotOlderThan"):
            errors.append(
                FieldError(
                    "FieldValueNotSupported", field, 'supported values: "Exact", "NotOlderThan", ""', f'"{match}"'
                )
            )
        if options.continue_token:
            errors.append(
                FieldError("FieldValueForbidden", field, "resourceVersionMatch is forbidden when continue is provided")
            )
        elif not options.resource_version:
            why = "resourceVersionMatch is forbidden unless resourceVersion is provided"
            errors.append(FieldError("FieldValueForbidden", field, why))
        elif match == "Exact" and options.resource_version == "0":
            why = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
            errors.append(FieldError("FieldValueForbidden", field, why))
    if errors:
        raise invalid("ListOptions.meta.k8s.io", "", errors)


def _encode(revision: int, start: str) -> str:
    raw = orjson.dumps({"v": "meta.k8s.io/v1", "rv": revision, "start": start + "\0"})
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decode(token: str) -> tuple[int, str]:
    try:
        data = orjson.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        return int(data["rv"]), str(data["start"]).rstrip("\0")
    except (ValueError, KeyError, TypeError) as error:
        raise bad_request("continue key is not valid: it is not a token this server gave") from error


def _snapshot(store: Store, resource: str, options: ListOptions) -> tuple[dict[str, Object], int, str]:
    """Return (objects by key, their revision, the key to start after)."""
    objects, current = store.all(resource), store.revision
    if options.continue_token:
        revision, start = _decode(options.continue_token)
        if revision < 0:  # an inconsistent continuation, on the newest state
            return objects, current, start
        past = store.history(resource).rewind(objects, revision)
        if past is None:
            error = expired(_TOO_OLD)
            raise StatusError(error.code, error.reason, error.message, details={"continue": _encode(-1, start)})
        return past, revision, start
    if options.resource_version:
        revision = parse_revision(options.resource_version, current)
        if options.resource_version_match == "Exact" or (
            options.limit and revision and not options.resource_version_match
        ):
            past = store.history(resource).rewind(objects, revision)
            if past is None:
                raise expired(f"The resourceVersion for the provided list is too old: {revision}")
            return past, revision, ""
    return objects, current, ""


def list_page(store: Store, resource: str, namespace: str, options: ListOptions) -> Page:
    """Return one page of a list, ordered by namespace and name.

    Raises:
        StatusError: 400, 410, 422 or 504 for options that can't be served.
    """
    _check(options)
    objects, revision, start = _snapshot(store, resource, options)
    prefix = f"{namespace}/" if namespace else ""
    keys = sorted(k for k in objects if k.startswith(prefix) and k > start)
    items: list[Object] = []
    for position, object_key in enumerate(keys):
        obj = objects[object_key]
        if options.matches is not None and not options.matches(obj):
            continue
        items.append(obj)
        if options.limit and len(items) == options.limit and position + 1 < len(keys):
            left = None if options.matches is not None else len(keys) - position - 1
            return Page(items, revision, _encode(revision, object_key), left)
    return Page(items, revision)
