"""The HTTP application: one pipeline for every request, and the few paths that are not resources.

authentication -> authorization -> routing -> handler; whatever fails on the way leaves as a Status.
"""

from __future__ import annotations

import asyncio
import logging
import platform
from collections.abc import Awaitable, Callable

from aiohttp import web

from kitlib.embedded.apimachinery.status import StatusError, forbidden, generic
from kitlib.embedded.apiserver.authentication import ServiceAccountTokens, User, user_of_certificate
from kitlib.embedded.apiserver.authorization import Attributes, Authorizer, attributes_of
from kitlib.embedded.apiserver.decisions import decision_list
from kitlib.embedded.apiserver.escalation import EscalationCheck
from kitlib.embedded.apiserver.handlers import Handlers
from kitlib.embedded.apiserver.impersonation import impersonated
from kitlib.embedded.apiserver.negotiation import prefers_yaml
from kitlib.embedded.apiserver.node_streams import Node
from kitlib.embedded.apiserver.nonresource import NonResources
from kitlib.embedded.apiserver.proxy import Proxy
from kitlib.embedded.apiserver.request import INFO, USER, ApiRequest
from kitlib.embedded.apiserver.request_info import parse
from kitlib.embedded.apiserver.responses import as_yaml, failure, json_response
from kitlib.embedded.apiserver.reviews import Reviews
from kitlib.embedded.apiserver.streams import PodStreams
from kitlib.embedded.apiserver.subresources import Subresources
from kitlib.embedded.registry.registry import Registry

__all__ = ["VERSION", "ApiServer"]

VERSION = {
    "major": "1",
    "minor": "36",
    "emulationMajor": "1",
    "emulationMinor": "36",
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "35",
    "gitVersion": "v1.36.1+kit",
    "gitCommit": "0" * 40,
    "gitTreeState": "clean",
    "buildDate": "2026-01-01T00:00:00Z",
    "goVersion": "none",
    "compiler": platform.python_implementation().lower(),
    "platform": f"linux/{'arm64' if platform.machine() == 'aarch64' else 'amd64'}",
}

_BODY_LIMIT = 3 << 20  # a real API server's MaxRequestBodyBytes
_log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ApiServer:
    """The API of one cluster.

    Args:
        registry: the objects.
        tokens: service-account tokens.
        node: finds a node's kubelet for streams.
        address: `host:port` told to clients in legacy discovery.
    """

    def __init__(
        self,
        registry: Registry,
        tokens: ServiceAccountTokens,
        *,
        node: Callable[[str], Node | None],
        address: str,
    ) -> None:
        self._registry, self._tokens = registry, tokens
        self._nonresources = NonResources(VERSION, tokens, address)
        self._authorizer = Authorizer(registry.store)
        self._handlers = Handlers(registry, EscalationCheck(self._authorizer))
        self._subresources = Subresources(
            registry, self._handlers, tokens, streams=PodStreams(registry, node), proxy=Proxy(registry, node)
        )
        self._reviews = Reviews(self._authorizer, tokens)
        self.app = web.Application(client_max_size=_BODY_LIMIT, middlewares=[_encoding, _failures, self._access])
        self.app.router.add_route("*", "/{path:.*}", self._route)

    @web.middleware
    async def _access(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Find out who asks and whether they may; a handler never runs before that."""
        info = parse(request.method, request.path, request.query)
        user = impersonated(self._authenticate(request), list(request.headers.items()), self._authorizer)
        if not self._authorizer.allowed(user, attributes_of(info)):
            raise _denied(user, attributes_of(info))
        request[INFO], request[USER] = info, user
        return await handler(request)

    def _authenticate(self, request: web.Request) -> User:
        header = request.headers.get("Authorization", "")
        scheme, _, token = header.partition(" ")
        if scheme.lower() == "bearer":
            user = self._tokens.authenticate(token.strip())
        else:
            tls = request.transport.get_extra_info("ssl_object") if request.transport else None
            user = user_of_certificate(tls.getpeercert(), tls.getpeercert(binary_form=True)) if tls else None
        if user is not None:
            return user
        if scheme.lower() == "bearer":
            raise generic(401, "Unauthorized", "Unauthorized")
        return User("system:anonymous", ("system:unauthenticated",))  # who may read what is said to be public

    async def _route(self, request: web.Request) -> web.StreamResponse:
        info = request[INFO]
        if not info.is_resource:
            return self._nonresources.answer(request)
        if info.resource is None:
            raise generic(404, "NotFound", "the server could not find the requested resource")
        api_request = ApiRequest(request, info, request[USER], info.resource, [])
        if info.resource.virtual:
            return await self._review(api_request)
        if info.subresource == "decisions" and info.verb == "get":
            return json_response(decision_list(self._registry.explanations, info))
        if info.subresource:
            return await self._subresources.handle(api_request)
        return await self._handlers.handle(api_request)

    async def _review(self, request: ApiRequest) -> web.Response:
        if request.info.verb != "create":
            message = f"the server does not allow this method on the requested resource: {request.http.method}"
            raise generic(405, "MethodNotAllowed", message)
        self._handlers.presenter(request)  # 406 for a Table
        answer = self._reviews.answer(
            request.resource.kind, await request.body(), request.user, namespace=request.info.namespace
        )
        document = {"kind": request.resource.kind, "apiVersion": request.resource.api_version} | answer
        return json_response(document, status=201)


def _denied(user: User, wanted: Attributes) -> StatusError:
    if wanted.path:
        message = f'forbidden: User "{user.name}" cannot {wanted.verb} path "{wanted.path}"'
        return StatusError(403, "Forbidden", message)
    where = f' in the namespace "{wanted.namespace}"' if wanted.namespace else " at the cluster scope"
    what = f'resource "{wanted.full_resource}" in API group "{wanted.group}"'
    why = f'User "{user.name}" cannot {wanted.verb} {what}{where}'
    resource = f"{wanted.resource}.{wanted.group}" if wanted.group else wanted.resource
    return forbidden(resource, wanted.name, why)


@web.middleware
async def _encoding(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Tell in YAML what is told in JSON, to who asks for that."""
    response = await handler(request)
    if isinstance(response, web.Response) and prefers_yaml(request.headers.get("Accept", "")):
        return as_yaml(response)
    return response


@web.middleware
async def _failures(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every failure into a Status; what nobody foresaw is logged here and shows no traceback to the client."""
    try:
        return await handler(request)
    except StatusError as error:
        return failure(error)
    except web.HTTPException as error:
        return failure(generic(error.status, "Unknown", error.reason))
    except (asyncio.CancelledError, ConnectionResetError):
        raise
    except Exception:
        _log.exception("%s %s", request.method, request.path)
        message = "the server failed on this request; its log says why (kit status names the file)"
        return failure(generic(500, "InternalError", f"Internal error occurred: {message}"))
