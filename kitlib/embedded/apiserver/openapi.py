"""The OpenAPI documents: v3 for each group, and as much of v2 as makes kubectl's messages right.

kubectl asks for v2 only when v3 does not know a kind, that is when the kind does not exist. It then needs a v2 document
that does not know it either, to say `no matches for kind`; a 404 would make it complain of a failed download.

Source: gnostic's `openapi.v2.Document` for the field numbers.
"""

from __future__ import annotations

import time
from email.utils import formatdate
from functools import cache

import orjson
from aiohttp import web

from kitlib.embedded.apimachinery import openapi
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import generic
from kitlib.embedded.apiserver import discovery
from kitlib.embedded.apiserver.conditional import conditional
from kitlib.embedded.apiserver.negotiation import accepts

__all__ = ["openapi_response"]

_JSON = "application/json"
_V2: Object = {"swagger": "2.0", "info": {"title": "Kubernetes", "version": "v1.36"}, "paths": {}}
# Clients ask with "@", which is no valid media type: the answer has a dot, as upstream's.
_V2_PROTOBUF = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
_V2_ASKED = (_V2_PROTOBUF, _V2_PROTOBUF.replace("v2.v1", "v2@v1"))


def openapi_response(rest: list[str], accept: str, *, digest: str | None = None, asked: str = "") -> web.Response:
    """Answer a request below `/openapi`.

    Args:
        rest: the parts of the path after `openapi`.
        accept: the Accept header.
        digest: the query's `hash`; a document asked for by its hash may be kept for ever.
        asked: the If-None-Match header.

    Raises:
        StatusError: 404.
    """
    if rest == ["v2"]:
        if any(media.type in _V2_ASKED for media in accepts(accept)):
            return conditional(_v2_protobuf(), _V2_PROTOBUF, asked=asked, headers={})
        return conditional(orjson.dumps(_V2), _JSON, asked=asked, headers={})
    if rest == ["v3"]:
        return conditional(orjson.dumps(openapi.openapi_index()), _JSON, asked=asked, headers={})
    group, version = _group_version(rest[1:]) if rest[:1] == ["v3"] else ("", "")
    if not version or not discovery.resource_list(group, version):
        raise generic(404, "NotFound", "the server could not find the requested resource")
    current = openapi.openapi_index()["paths"]["/".join(rest[1:])]["serverRelativeURL"]
    headers = {"Cache-Control": "no-cache, private"}
    if digest is not None:
        if not current.endswith(f"?hash={digest}"):
            return web.Response(status=301, headers={"Location": current})
        headers = {"Cache-Control": "public, immutable", "Expires": _next_year()}
    return conditional(_document(group, version), _JSON, asked=asked, headers=headers)


@cache
def _document(group: str, version: str) -> bytes:
    return orjson.dumps(openapi.openapi_v3(group, version))


def _next_year() -> str:
    return formatdate(time.time() + 365 * 24 * 3600, usegmt=True)


def _group_version(path: list[str]) -> tuple[str, str]:
    if path[:1] == ["api"] and len(path) == 2:
        return "", path[1]
    return (path[1], path[2]) if path[:1] == ["apis"] and len(path) == 3 else ("", "")


def _v2_protobuf() -> bytes:
    """Encode the v2 document: field 1 is `swagger`, field 2 `info` with 1 `title` and 2 `version`."""
    info = _string(1, _V2["info"]["title"]) + _string(2, _V2["info"]["version"])
    return _string(1, _V2["swagger"]) + bytes((2 << 3 | 2, len(info))) + info


def _string(number: int, text: str) -> bytes:
    return bytes((number << 3 | 2, len(text))) + text.encode()
