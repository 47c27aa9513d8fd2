"""One API request on its way through the server: what middleware learnt, and how options are read from the query."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import orjson
from aiohttp import web

from kitlib.embedded.apimachinery import decoding, selectors
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.resources import Resource, by_name
from kitlib.embedded.apimachinery.status import FieldError, StatusError, bad_request, generic, invalid
from kitlib.embedded.apiserver.authentication import User
from kitlib.embedded.apiserver.negotiation import decode_body
from kitlib.embedded.apiserver.request_info import RequestInfo, is_true
from kitlib.embedded.registry.client import PropagationPolicy
from kitlib.embedded.registry.listing import ListOptions
from kitlib.embedded.registry.options import DeleteOptions, WriteOptions

__all__ = ["INFO", "USER", "ApiRequest"]

INFO = web.RequestKey("info", RequestInfo)
USER = web.RequestKey("user", User)

_STRICTNESS = ("", "Ignore", "Strict", "Warn")
_OPTIONS = {"POST": "CreateOptions", "PUT": "UpdateOptions", "PATCH": "PatchOptions"}
_LONGEST_MANAGER = 128
_BODY_SECONDS = 60.0  # a real API server's RequestTimeout


@dataclass(slots=True)
class ApiRequest:
    """An authenticated, authorized request for a served resource.

    Args:
        http: the aiohttp request.
        info: what it is about.
        user: who asks.
        resource: what is asked for, as named in the path.
    """

    http: web.Request
    info: RequestInfo
    user: User
    resource: Resource
    warnings: list[str]

    @property
    def stored(self) -> Resource:
        """The resource under which objects are kept (differs for `events.k8s.io`)."""
        return by_name(self.resource.storage) if self.resource.storage else self.resource

    @property
    def manager(self) -> str:
        """The field manager: as given, else the client's name from its User-Agent, as upstream does."""
        return self.http.query.get("fieldManager") or self.http.headers.get("User-Agent", "unknown").partition("/")[0]

    def matches(self) -> Callable[[Object], bool] | None:
        """Return the selectors of the query as one predicate, or None when there are none."""
        query = self.http.query
        label, field = query.get("labelSelector", ""), query.get("fieldSelector", "")
        if self.info.name:  # a watch on one object by its path
            field = ",".join(filter(None, (field, f"metadata.name={self.info.name}")))
        return selectors.combined(self.resource, label_selector=label, field_selector=field)

    def list_options(self) -> ListOptions:
        """Read the ListOptions of the query."""
        query = self.http.query
        if "sendInitialEvents" in query:
            error = FieldError("FieldValueForbidden", "sendInitialEvents", "sendInitialEvents is forbidden for list")
            raise invalid("ListOptions.meta.k8s.io", "", [error])
        return ListOptions(
            matches=self.matches(),
            limit=self.integer("limit") or 0,
            continue_token=query.get("continue", ""),
            resource_version=query.get("resourceVersion", ""),
            resource_version_match=query.get("resourceVersionMatch", ""),
        )

    def write_options(self, *, manager: str = "") -> WriteOptions:
        """Read the options of create, update and patch."""
        query = self.http.query
        _check_manager(query.get("fieldManager", ""), _OPTIONS.get(self.http.method, "UpdateOptions"))
        return WriteOptions(
            user=self.user.name,
            manager=manager or self.manager,
            dry_run=_dry_run(query.getall("dryRun", []), _OPTIONS.get(self.http.method, "DeleteOptions")),
            force=is_true(query.get("force")),
        )

    async def delete_options(self) -> DeleteOptions:
        """Read DeleteOptions from the body, else from the query."""
        body = await self._read()
        given: Object = {}
        if body.strip():
            decoded, _ = decode_body(body, self.http.headers.get("Content-Type", ""))
            given = decoded if isinstance(decoded, dict) else {}
            given.setdefault("kind", "DeleteOptions")
            decoding.decode_as(given, "meta", "v1", "DeleteOptions")
        query, conditions = self.http.query, given.get("preconditions") or {}
        grace = given.get("gracePeriodSeconds", self.integer("gracePeriodSeconds"))
        policy = given.get("propagationPolicy") or query.get("propagationPolicy")
        orphan = given.get("orphanDependents")
        if orphan is None and "orphanDependents" in query:
            orphan = is_true(query["orphanDependents"])
        _check_propagation(policy, orphan)
        if policy is None and orphan is not None:
            policy = "Orphan" if orphan else "Background"
        return DeleteOptions(
            grace_period_seconds=grace,
            propagation_policy=cast("PropagationPolicy | None", policy),
            uid=conditions.get("uid") or "",
            resource_version=conditions.get("resourceVersion") or "",
            dry_run=_dry_run(given.get("dryRun") or query.getall("dryRun", []), "DeleteOptions"),
        )

    async def body(self, *, kind: tuple[str, str, str] | None = None, partial: bool = False) -> Object:
        """Return the decoded body, checked against its kind.

        Args:
            kind: (group, version, kind) when it is not the resource's own (a Scale, an Eviction).
            partial: it is an apply configuration, which says no more than it says.

        Raises:
            StatusError: 400 (unreadable, wrong type, strict validation), 413, 415.
        """
        decoded, duplicates = decode_body(await self._read(), self.http.headers.get("Content-Type", ""))
        if not isinstance(decoded, dict):
            raise bad_request("the request body must be an object")
        group, version, name = kind or (self.resource.group, self.resource.version, self.resource.kind)
        api_version = f"{group}/{version}" if group else version
        found_version, found_kind = decoded.get("apiVersion") or api_version, decoded.get("kind") or name
        if (found_version, found_kind) != (api_version, name):
            message = (
                f"the object provided is unrecognized (must be of type {name} in {api_version}): "
                f"got {found_kind} in {found_version}"
            )
            raise bad_request(message)
        self.check(decoded, (group, version, name), problems=duplicates, partial=partial)
        return decoded

    async def patch_body(self) -> tuple[Any, list[str]]:
        """Return the decoded patch, whatever its form, and what is wrong with it short of unreadable."""
        return decode_body(await self._read(), self.http.headers.get("Content-Type", ""))

    def check_patched(self, obj: Object, *, problems: list[str]) -> None:
        """Do what `check` does, for the result of a patch that itself has `problems`.

        Raises:
            StatusError: 422, as it is the patch that is invalid.
        """
        stored = self.stored
        shown = orjson.dumps(obj).decode()
        try:
            self.check(obj, (stored.group, stored.version, stored.kind), problems=problems)
        except StatusError as error:
            _, strict, found = error.message.partition("strict decoding error: ")
            if not strict:
                raise
            detail = strict + found
            raise invalid("", "", [FieldError("FieldValueInvalid", "patch", detail, json.dumps(shown))]) from error

    def check(
        self, obj: Object, group_kind: tuple[str, str, str], *, problems: Sequence[str] = (), partial: bool = False
    ) -> None:
        """Prune `obj` to its schema; refuse or warn of what was dropped, as `fieldValidation` says.

        Raises:
            StatusError: 400.
        """
        group, version, kind = group_kind
        found = [*problems, *decoding.decode_as(obj, group, version, kind, partial=partial)]
        level = self.http.query.get("fieldValidation", "")
        if level not in _STRICTNESS:
            known = "supported values: " + ", ".join(f'"{value}"' for value in _STRICTNESS)
            wrong = FieldError("FieldValueNotSupported", "fieldValidation", known, f'"{level}"')
            raise invalid(f"{_OPTIONS.get(self.http.method, 'CreateOptions')}.meta.k8s.io", "", [wrong])
        level = level or "Warn"
        if found and level == "Strict":
            raise decoding.strict_error(kind, version, found)
        if level == "Warn":
            self.warnings += found

    async def _read(self) -> bytes:
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                return await self.http.read()
        except TimeoutError as error:
            message = "request did not complete within requested timeout - context deadline exceeded"
            raise generic(504, "Timeout", message) from error
        except web.HTTPRequestEntityTooLarge as error:
            message = f"the request is larger than {error.text or 'the limit'}"
            raise generic(413, "RequestEntityTooLarge", message) from error

    def integer(self, name: str) -> int | None:
        """Read a number of the query; None when it is not given.

        Raises:
            StatusError: 400.
        """
        text = self.http.query.get(name)
        if text in (None, ""):
            return None
        try:
            return int(text)
        except ValueError as error:
            raise bad_request(f"{name}: invalid value {text!r}: must be an integer") from error


def _check_propagation(policy: str | None, orphan: bool | None) -> None:
    shown = f'"{policy}"'
    if policy is not None and orphan is not None:
        detail = "orphanDependents and deletionPropagation cannot be both set"
        error = FieldError("FieldValueInvalid", "propagationPolicy", detail, shown)
    elif policy not in (None, "Background", "Foreground", "Orphan"):
        known = 'supported values: "Foreground", "Background", "Orphan", "nil"'
        error = FieldError("FieldValueNotSupported", "propagationPolicy", known, shown)
    else:
        return
    raise invalid("DeleteOptions.meta.k8s.io", "", [error])


def _check_manager(manager: str, options: str) -> None:
    errors = []
    if len(manager.encode()) > _LONGEST_MANAGER:
        errors.append(FieldError("FieldValueTooLong", "fieldManager", f"may not be more than {_LONGEST_MANAGER} bytes"))
    for position, character in enumerate(manager):
        if not character.isprintable():
            detail = f"invalid character U+{ord(character):04X} (at position {position})"
            errors.append(FieldError("FieldValueInvalid", "fieldManager", detail, json.dumps(manager)))
    if errors:
        raise invalid(f"{options}.meta.k8s.io", "", errors)


def _dry_run(values: list[str] | None, options: str) -> bool:
    values = values or []
    if any(value != "All" for value in values):
        shown = ", ".join(f'"{value}"' for value in values)
        wrong = FieldError("FieldValueNotSupported", "dryRun", 'supported values: "All"', f"[]string{{{shown}}}")
        raise invalid(f"{options}.meta.k8s.io", "", [wrong])
    return bool(values)
