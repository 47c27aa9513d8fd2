"""Answers that a client may keep: an ETag, and 304 when the client has it already.

Source: RFC 9110, "Conditional Requests".
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from aiohttp import web

__all__ = ["conditional", "etag"]


def etag(document: bytes) -> str:
    """Return the document's ETag, quoted.

    Example:
        >>> etag(b"one") == etag(b"two")
        False
    """
    return f'"{hashlib.sha256(document).hexdigest().upper()}"'


def conditional(document: bytes, content_type: str, *, asked: str, headers: Mapping[str, str]) -> web.Response:
    """Answer with a document, or with 304.

    Args:
        document: the body.
        content_type: its whole media type, parameters included.
        asked: the If-None-Match header.
        headers: further headers of either answer.
    """
    told = {**headers, "ETag": etag(document), "Vary": "Accept"}
    if told["ETag"] in [tag.strip().removeprefix("W/") for tag in asked.split(",")]:
        return web.Response(status=304, headers=told)
    return web.Response(body=document, headers={**told, "Content-Type": content_type})
