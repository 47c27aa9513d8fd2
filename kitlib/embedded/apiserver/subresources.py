"""What hangs below an object and is not its status: scale, binding, eviction, token, log, and the streams."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

from aiohttp import web

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.resources import by_name
from kitlib.embedded.apimachinery.status import FieldError, bad_request, conflict, generic, invalid, not_found
from kitlib.embedded.apimachinery.times import format_time
from kitlib.embedded.apiserver.authentication import ServiceAccountTokens
from kitlib.embedded.apiserver.handlers import Handlers, patch_type_of
from kitlib.embedded.apiserver.proxy import Proxy
from kitlib.embedded.apiserver.request import ApiRequest
from kitlib.embedded.apiserver.responses import json_response
from kitlib.embedded.apiserver.streams import PodStreams
from kitlib.embedded.registry import pods, scale
from kitlib.embedded.registry.eviction import evict
from kitlib.embedded.registry.registry import Registry

__all__ = ["Subresources"]

_SHORTEST_TOKEN = 600
_LONGEST_TOKEN = 1 << 32  # seconds; more is refused
_GRANTED_TOKEN = 365 * 24 * 3600  # more is asked for in vain: the answer tells what was granted


class Subresources:
    """Answers requests on subresources.

    Args:
        registry: the objects.
        handlers: for subresources that are ordinary writes of the object.
        tokens: for `/token`.
        streams: for `/log`, `/exec`, `/attach` and `/portforward`.
        proxy: for `/proxy`.
    """

    def __init__(
        self,
        registry: Registry,
        handlers: Handlers,
        tokens: ServiceAccountTokens,
        *,
        streams: PodStreams,
        proxy: Proxy,
    ) -> None:
        self._registry, self._tokens = registry, tokens
        self._by_name: dict[str, Callable[[ApiRequest], Awaitable[web.StreamResponse]]] = {
            "status": handlers.handle,
            "finalize": handlers.handle,
            "ephemeralcontainers": handlers.handle,
            "resize": handlers.handle,
            "scale": self.scale,
            "binding": self.binding,
            "eviction": self.eviction,
            "token": self.token,
            "log": streams.log,
            "exec": streams.exec,
            "attach": streams.attach,
            "portforward": streams.port_forward,
            "proxy": proxy.handle,
        }

    async def handle(self, request: ApiRequest) -> web.StreamResponse:
        """Answer a request on a subresource.

        Raises:
            StatusError: 404 when the resource has no such subresource, 405 for a verb it does not know.
        """
        info = request.info
        served = next((sub for sub in request.resource.subresources if sub.name == info.subresource), None)
        if served is None:
            raise generic(404, "NotFound", "the server could not find the requested resource")
        if info.verb not in served.verbs and served.name != "proxy":  # a proxy passes any method on
            message = f"the server does not allow this method on the requested resource: {request.http.method}"
            raise generic(405, "MethodNotAllowed", message)
        return await self._by_name[info.subresource](request)

    async def scale(self, request: ApiRequest) -> web.Response:
        """GET, PUT or PATCH `/scale`."""
        info, kind = request.info, request.resource
        if info.verb == "get":
            return json_response(scale.get_scale(self._registry, kind, info.name, info.namespace))
        if info.verb == "update":
            body = await request.body(kind=("autoscaling", "v1", "Scale"))
            scaled = scale.update_scale(
                self._registry, kind, info.name, body, namespace=info.namespace, options=request.write_options()
            )
        else:
            scaled = scale.patch_scale(
                self._registry,
                kind,
                info.name,
                (await request.patch_body())[0],
                namespace=info.namespace,
                patch_type=patch_type_of(request),
                options=request.write_options(),
            )
        return json_response(scaled, warnings=request.warnings)

    async def binding(self, request: ApiRequest) -> web.Response:
        """POST `/binding`."""
        info = request.info
        body = await request.body(kind=("", "v1", "Binding"))
        node = (body.get("target") or {}).get("name", "")
        if not node:
            raise invalid("Binding", info.name, [FieldError("FieldValueRequired", "target.name")])
        pods.bind(self._registry, info.name, node, namespace=info.namespace, options=request.write_options())
        return json_response({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}, status=201)

    async def eviction(self, request: ApiRequest) -> web.Response:
        """POST `/eviction`."""
        info = request.info
        body = await request.body(kind=("policy", "v1", "Eviction"))
        status = evict(self._registry, info.name, namespace=info.namespace, eviction=body)
        return json_response(status, status=201)

    async def token(self, request: ApiRequest) -> web.Response:
        """POST `/token` of a service account."""
        info = request.info
        body = await request.body(kind=("authentication.k8s.io", "v1", "TokenRequest"))
        spec = body.setdefault("spec", {})
        asked = spec.get("expirationSeconds")
        asked = 3600 if asked is None else asked
        detail = ""
        if asked < _SHORTEST_TOKEN:
            detail = "may not specify a duration less than 10 minutes"
        elif asked > _LONGEST_TOKEN:
            detail = "may not specify a duration larger than 2^32 seconds"
        if detail:
            error = FieldError("FieldValueInvalid", "spec.expirationSeconds", detail, str(asked))
            raise invalid("TokenRequest.authentication.k8s.io", "", [error])
        lifetime = min(asked, _GRANTED_TOKEN)
        bound = self._bound_object(spec.get("boundObjectRef"), info.name, info.namespace)
        try:
            text = self._tokens.issue(
                info.namespace, info.name, lifetime=lifetime, audiences=tuple(spec.get("audiences") or ()), **bound
            )
        except KeyError as error:
            raise not_found("serviceaccounts", info.name) from error
        spec["expirationSeconds"] = lifetime
        expires = self._registry.clock.now() + timedelta(seconds=lifetime)
        body["status"] = {"token": text, "expirationTimestamp": format_time(expires)}
        return json_response(body, status=201)

    def _bound_object(self, reference: Object | None, account: str, namespace: str) -> dict[str, Object]:
        """Find what a token is to be bound to: a pod of the same account, or a secret.

        Raises:
            StatusError: 404 when it is not there, 409 when it is another of that name, 400 or 422 when it can't be.
        """
        if not reference:
            return {}
        kind, name = reference.get("kind", ""), reference.get("name", "")
        plural = {"Pod": "pods", "Secret": "secrets"}.get(kind)
        if plural is None:
            detail = 'supported values: "Pod", "Secret"'
            error = FieldError("FieldValueNotSupported", "spec.boundObjectRef.kind", detail, f'"{kind}"')
            raise invalid("TokenRequest.authentication.k8s.io", "", [error])
        found = self._registry.get(by_name(plural), name, namespace)
        uid, wanted = found["metadata"]["uid"], reference.get("uid", "")
        if wanted and wanted != uid:
            why = f"the UID in the bound object reference ({wanted}) does not match the UID in record. "
            raise conflict(plural, name, f"{why}The object might have been deleted and then recreated")
        if kind == "Pod" and found["spec"].get("serviceAccountName") != account:
            message = (
                f'cannot bind token for serviceaccount "{account}" to pod running with different serviceaccount name.'
            )
            raise bad_request(message)
        return {kind.lower(): found}
