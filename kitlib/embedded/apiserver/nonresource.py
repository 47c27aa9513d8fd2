"""Paths that are not resources: discovery, OpenAPI, health, version, and the keys that check tokens."""

from __future__ import annotations

import orjson
from aiohttp import web

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import generic
from kitlib.embedded.apiserver import discovery
from kitlib.embedded.apiserver.authentication import ServiceAccountTokens
from kitlib.embedded.apiserver.conditional import conditional
from kitlib.embedded.apiserver.health import HEALTH_PATHS, health_response
from kitlib.embedded.apiserver.negotiation import accepts, choose_json
from kitlib.embedded.apiserver.openapi import openapi_response
from kitlib.embedded.apiserver.request_info import is_true
from kitlib.embedded.apiserver.responses import json_response

__all__ = ["NonResources"]

_OPENID = "/.well-known/openid-configuration"
_KEYS = "/openid/v1/jwks"
_PATHS = [
    _OPENID,
    "/api",
    "/api/v1",
    "/apis",
    "/healthz",
    "/livez",
    "/openapi/v2",
    "/openapi/v3",
    _KEYS,
    "/readyz",
    "/version",
]


class NonResources:
    """Answers everything that RBAC knows by its path.

    Args:
        version: the body of `/version`.
        tokens: whose keys are published.
        address: `host:port` told to clients in legacy discovery.
    """

    def __init__(self, version: Object, tokens: ServiceAccountTokens, address: str) -> None:
        self._version, self._tokens, self._address = version, tokens, address

    def answer(self, request: web.Request) -> web.Response:
        """Answer a request.

        Raises:
            StatusError: 404, 405 or 406.
        """
        parts = [part for part in request.path.split("/") if part]
        if request.method not in ("GET", "HEAD"):
            raise generic(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
        if parts and parts[0] in HEALTH_PATHS:
            verbose, exclude = is_true(request.query.get("verbose")), request.query.getall("exclude", [])
            return health_response(parts, verbose=verbose, exclude=exclude)
        if parts == ["version"]:
            return json_response(self._version)
        if parts[:1] in (["api"], ["apis"]):
            return self._discovery(request, parts)
        if parts[:1] == ["openapi"]:
            return openapi_response(
                parts[1:],
                request.headers.get("Accept", ""),
                digest=request.query.get("hash"),
                asked=request.headers.get("If-None-Match", ""),
            )
        if request.path == _OPENID:
            return json_response(self._tokens.openid_configuration(_KEYS))
        if request.path == _KEYS:
            return web.json_response(self._tokens.keys, content_type="application/jwk-set+json", dumps=_dumps)
        if not parts:
            return json_response({"paths": _PATHS})
        raise generic(404, "NotFound", "the server could not find the requested resource")

    def _discovery(self, request: web.Request, parts: list[str]) -> web.Response:
        if len(parts) == 1:
            return self._groups(request, core=parts[0] == "api")
        if parts[0] == "api":
            found = discovery.resource_list("", parts[1]) if len(parts) == 2 else None
        elif len(parts) == 2:
            found = discovery.with_group(parts[1])
        else:
            found = discovery.resource_list(parts[1], parts[2])
        if found is None:
            raise generic(404, "NotFound", "the server could not find the requested resource")
        return json_response(found)

    def _groups(self, request: web.Request, *, core: bool) -> web.Response:
        """The first form of discovery that the client accepts: aggregated, or legacy."""
        accept, asked = request.headers.get("Accept", ""), request.headers.get("If-None-Match", "")
        for media in accepts(accept):
            wanted = media.parameters
            if wanted.get("as") == "APIGroupDiscoveryList" and wanted.get("v") == "v2":
                document = discovery.aggregated(core=core)
                return conditional(
                    document, discovery.AGGREGATED_TYPE, asked=asked, headers={"Cache-Control": "public"}
                )
            if "as" not in wanted:
                break
        choose_json(accept, transforms=())  # 406 for what is neither
        answer = json_response(discovery.versions(self._address) if core else discovery.group_list())
        answer.headers["Vary"] = "Accept"
        return answer


def _dumps(document: object) -> str:
    return orjson.dumps(document).decode()
