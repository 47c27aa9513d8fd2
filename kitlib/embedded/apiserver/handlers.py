"""The verbs on objects: each handler reads options, calls the registry, and shows what came back."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Any

from aiohttp import web

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import FieldError, bad_request, generic, invalid
from kitlib.embedded.apiserver import watch as watching
from kitlib.embedded.apiserver.escalation import EscalationCheck
from kitlib.embedded.apiserver.event_views import check_new_event, from_events_v1
from kitlib.embedded.apiserver.negotiation import parse_media_type
from kitlib.embedded.apiserver.request import ApiRequest
from kitlib.embedded.apiserver.request_info import is_true
from kitlib.embedded.apiserver.responses import Presenter, json_response, status_success
from kitlib.embedded.registry.client import PatchType
from kitlib.embedded.registry.deletion import RETURNS_OBJECT
from kitlib.embedded.registry.options import WriteOptions
from kitlib.embedded.registry.registry import Registry
from kitlib.embedded.registry.strategies import strategy_for

__all__ = ["Handlers", "patch_type_of"]

_PIECE = 256 << 10
_STALLED_SECONDS = 60.0
_PATCH_TYPES: dict[str, PatchType] = {
    "application/json-patch+json": "json",
    "application/merge-patch+json": "merge",
    "application/strategic-merge-patch+json": "strategic",
    "application/apply-patch+yaml": "apply",
}

_DEPRECATED = {"endpoints": "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"}


def patch_type_of(request: ApiRequest) -> PatchType:
    """Read the kind of patch from the Content-Type, and check what server-side apply needs.

    Raises:
        StatusError: 415 for an unknown type, 422 for an apply without a field manager or a `force` without an apply.
    """
    content_type = parse_media_type(request.http.headers.get("Content-Type", "")).type
    kind = _PATCH_TYPES.get(content_type)
    if kind is None:
        accepted = ", ".join(_PATCH_TYPES)
        message = f"the body of the request was in an unknown format - accepted media types include: {accepted}"
        raise generic(415, "UnsupportedMediaType", message)
    query = request.http.query
    if kind == "apply" and not query.get("fieldManager"):
        error = FieldError("FieldValueRequired", "fieldManager", "is required for apply patch")
        raise invalid("PatchOptions.meta.k8s.io", "", [error])
    if kind != "apply" and "force" in query:
        error = FieldError("FieldValueForbidden", "force", "may not be specified for non-apply patch")
        raise invalid("PatchOptions.meta.k8s.io", "", [error])
    return kind


async def _send(response: web.StreamResponse, lines: Iterable[bytes]) -> None:
    """Write lines, in pieces that the client must take in time.

    Raises:
        TimeoutError: it does not.
    """
    piece = bytearray()
    for line in lines:
        piece += line
        if len(piece) >= _PIECE:
            await _write(response, piece)
            piece = bytearray()
    if piece:
        await _write(response, piece)


async def _write(response: web.StreamResponse, piece: bytearray) -> None:
    async with asyncio.timeout(_STALLED_SECONDS):
        await response.write(piece)


class Handlers:
    """Answers the verbs of one registry.

    Args:
        registry: the objects.
        escalation: the check on writes of roles and bindings.
    """

    def __init__(self, registry: Registry, escalation: EscalationCheck) -> None:
        self._registry, self._escalation = registry, escalation
        self._by_verb: dict[str, Callable[[ApiRequest], Awaitable[web.StreamResponse]]] = {
            "get": self.get,
            "list": self.list,
            "watch": self.watch,
            "create": self.create,
            "update": self.update,
            "patch": self.patch,
            "delete": self.delete,
            "deletecollection": self.delete_collection,
        }

    async def handle(self, request: ApiRequest) -> web.StreamResponse:
        """Answer a request on an object, a collection, or an object's `/status` or `/finalize`.

        Raises:
            StatusError: as the API answers.
        """
        verb = request.info.verb
        named = verb in ("get", "update", "patch", "delete")
        if verb not in self._by_verb or (verb == "create" and request.info.name) or (named and not request.info.name):
            message = f"the server does not allow this method on the requested resource: {request.http.method}"
            raise generic(405, "MethodNotAllowed", message)
        if named and request.resource.namespaced and not request.info.namespace:
            raise generic(404, "NotFound", "the server could not find the requested resource")
        if text := _DEPRECATED.get(request.resource.qualified):
            request.warnings.append(text)
        return await self._by_verb[verb](request)

    async def get(self, request: ApiRequest) -> web.Response:
        """GET one object."""
        presenter = self.presenter(request)
        info = request.info
        found = self._registry.get(request.stored, info.name, info.namespace)
        return json_response(presenter.one(found), warnings=request.warnings)

    async def list(self, request: ApiRequest) -> web.Response:
        """GET a collection."""
        presenter = self.presenter(request)
        page = self._registry.list(request.stored, request.info.namespace, request.list_options())
        return json_response(presenter.page(page), warnings=request.warnings)

    async def watch(self, request: ApiRequest) -> web.StreamResponse:
        """GET a collection's changes, until the time-out or until the client goes."""
        presenter, query = self.presenter(request), request.http.query
        initial = query.get("sendInitialEvents")
        timeout = request.integer("timeoutSeconds")
        options = watching.WatchOptions(
            namespace=request.info.namespace,
            matches=request.matches(),
            resource_version=query.get("resourceVersion", ""),
            resource_version_match=query.get("resourceVersionMatch", ""),
            bookmarks=is_true(query.get("allowWatchBookmarks")),
            send_initial_events=None if initial is None else is_true(initial),
            timeout_seconds=timeout or None,
        )
        watching.check(options)
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        response.enable_chunked_encoding()
        await response.prepare(request.http)
        changes = watching.watch(self._registry.store, request.stored, options, self._registry.clock)
        try:
            async for batch in changes:
                await _send(response, (presenter.watched(kind, obj) for kind, obj in batch))
        except (ConnectionResetError, asyncio.CancelledError):
            return response  # the client has gone: nothing is wrong
        except TimeoutError:
            if request.http.transport is not None:
                request.http.transport.abort()  # it takes nothing any more
            return response
        finally:
            await changes.aclose()
        await response.write_eof()
        return response

    async def create(self, request: ApiRequest) -> web.Response:
        """POST to a collection."""
        presenter = self.presenter(request)
        obj = await request.body()
        if request.resource.group == "events.k8s.io":
            check_new_event(obj)
        obj = self._accept(request, obj)
        namespace = request.info.namespace
        if request.resource.namespaced and not namespace:
            raise bad_request("an empty namespace may not be set during creation")

        def write(obj: Object, options: WriteOptions) -> Object:
            return self._registry.create(request.stored, obj, namespace=namespace, options=options)

        created = self._write(request, obj, write)
        return json_response(presenter.one(created), status=201, warnings=request.warnings)

    async def update(self, request: ApiRequest) -> web.Response:
        """PUT one object or its status."""
        presenter, info = self.presenter(request), request.info
        obj = self._accept(request, await request.body())

        existed = self._registry.find(request.stored, info.name, info.namespace) is not None

        def write(obj: Object, options: WriteOptions) -> Object:
            if not existed and self._creates(request, obj):
                return self._registry.create(request.stored, obj, namespace=info.namespace, options=options)
            where = {"namespace": info.namespace, "subresource": info.subresource}
            return self._registry.update(request.stored, info.name, obj, options=options, **where)

        updated = self._write(request, obj, write)
        return json_response(presenter.one(updated), status=200 if existed else 201, warnings=request.warnings)

    @staticmethod
    def _creates(request: ApiRequest, obj: Object) -> bool:
        """Whether a PUT of what is not there makes it: a few kinds allow that, and nobody who names a version."""
        meta = obj.setdefault("metadata", {})
        if not strategy_for(request.stored).create_on_update or request.info.subresource:
            return False
        if meta.get("resourceVersion") or meta.get("uid"):
            return False
        return bool(meta.setdefault("name", request.info.name) == request.info.name)

    async def patch(self, request: ApiRequest) -> web.Response:
        """PATCH one object or its status."""
        presenter, info, kind = self.presenter(request), request.info, patch_type_of(request)
        problems: list[str] = []
        if kind == "apply":
            body = await request.body(partial=True)
        else:
            body, problems = await request.patch_body()
        existed = self._registry.find(request.stored, info.name, info.namespace) is not None
        stored = request.stored

        def write(body: Any, options: WriteOptions) -> Object:
            return self._registry.patch(
                stored,
                info.name,
                body,
                namespace=info.namespace,
                patch_type=kind,
                options=options,
                subresource=info.subresource,
                check=lambda obj: request.check_patched(obj, problems=problems),
            )

        patched = self._write(request, body, write)
        status = 200 if existed or kind != "apply" else 201
        return json_response(presenter.one(patched), status=status, warnings=request.warnings)

    async def delete(self, request: ApiRequest) -> web.Response:
        """DELETE one object."""
        info = request.info
        presenter, options = self.presenter(request), await request.delete_options()
        obj, gone = self._registry.delete(request.stored, info.name, namespace=info.namespace, options=options)
        if gone and request.stored.qualified not in RETURNS_OBJECT:
            return json_response(status_success(request.resource, obj))
        return json_response(presenter.one(obj))

    async def delete_collection(self, request: ApiRequest) -> web.Response:
        """DELETE a collection."""
        presenter, options = self.presenter(request), await request.delete_options()
        page = self._registry.delete_collection(request.stored, request.info.namespace, request.list_options(), options)
        return json_response(presenter.page(page))

    def presenter(self, request: ApiRequest) -> Presenter:
        """Return the presenter the request's Accept header asks for."""
        return Presenter(
            request.resource,
            request.http.headers.get("Accept", ""),
            include_object=request.http.query.get("includeObject", ""),
            now=self._registry.clock.now(),
        )

    def _write(self, request: ApiRequest, body: Any, write: Callable[[Any, WriteOptions], Object]) -> Object:
        """Write, but roles and bindings first on trial: what would come of it decides whether the user may."""
        options, info = request.write_options(), request.info
        if self._escalation.concerns(request.user, request.stored):
            told = len(request.warnings)
            old = self._registry.find(request.stored, info.name, info.namespace) if info.name else None
            trial = write(copy.deepcopy(body), replace(options, dry_run=True))
            self._escalation.check(request.user, request.stored, trial, old, name=info.name)
            del request.warnings[told:]  # the trial's: the write tells them again
        written = write(body, options)
        request.warnings += strategy_for(request.stored).warnings(written)
        return written

    @staticmethod
    def _accept(request: ApiRequest, obj: Object) -> Object:
        return from_events_v1(obj) if request.resource.group == "events.k8s.io" else obj
