"""What the client wants back, and what it sent: the Accept and Content-Type headers.

Source: Kubernetes API concepts, "Alternate representations".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from kitlib.embedded.apimachinery.status import generic
from kitlib.embedded.apiserver import bodies, protobuf

__all__ = ["MediaType", "accepts", "choose_json", "decode_body", "parse_media_type", "prefers_yaml"]


@dataclass(frozen=True, slots=True)
class MediaType:
    """One media type of a header, parameters in any order."""

    type: str
    parameters: dict[str, str] = field(default_factory=dict)

    @property
    def transform(self) -> str:
        """`Table`, `PartialObjectMetadata`, ... when `as=` asks for it in a version we serve, else ""."""
        served = self.parameters.get("g") == "meta.k8s.io" and self.parameters.get("v") in ("v1", "v1beta1")
        return self.parameters.get("as", "") if served else ""


def parse_media_type(text: str) -> MediaType:
    """Parse one media type.

    Example:
        >>> parse_media_type("application/json;as=Table;v=v1;g=meta.k8s.io").transform
        'Table'
    """
    kind, *parameters = (part.strip() for part in text.split(";"))
    pairs = (parameter.partition("=") for parameter in parameters)
    return MediaType(kind.lower(), {key.strip(): value.strip().strip('"') for key, _, value in pairs})


def accepts(header: str) -> list[MediaType]:
    """Parse an Accept header, in the client's order; nothing means anything goes."""
    return [parse_media_type(part) for part in header.split(",") if part.strip()] or [MediaType("*/*")]


_YAML = "application/yaml"
_JSON_TYPES = ("application/json", _YAML, "application/*", "*/*", "")


def choose_json(header: str, *, transforms: tuple[str, ...]) -> MediaType:
    """Return the first acceptable media type that is JSON, plain or in one of `transforms`.

    Raises:
        StatusError: 406 NotAcceptable.
    """
    for media in accepts(header):
        if media.type not in _JSON_TYPES:
            continue
        wanted = media.parameters.get("as", "")
        if not wanted or (media.transform and media.transform in transforms):
            return media
    supported = "only the following media types are accepted: application/json, application/yaml"
    raise generic(406, "NotAcceptable", supported)


def prefers_yaml(header: str) -> bool:
    """Tell whether the first media type that is served is YAML.

    Example:
        >>> prefers_yaml("text/html, application/yaml, application/json")
        True
    """
    return next((media.type == _YAML for media in accepts(header) if media.type in _JSON_TYPES), False)


def decode_body(body: bytes, content_type: str) -> tuple[Any, list[str]]:
    """Decode a request body; return it and what is wrong with it short of unreadable (duplicate fields).

    Raises:
        StatusError: 400 when it can't be parsed, 415 for another content type.
    """
    kind = parse_media_type(content_type).type
    if kind == protobuf.CONTENT_TYPE:
        return protobuf.decode_protobuf(body), []
    if kind in ("application/yaml", "application/apply-patch+yaml") and body.lstrip()[:1] != b"{":
        return bodies.from_yaml(body)
    if kind.endswith(("json", "yaml")) or kind in ("", "*/*"):
        return bodies.from_json(body)
    allowed = f"application/json, application/yaml, {protobuf.CONTENT_TYPE}"
    message = f"the body of the request was in an unknown format - accepted media types include: {allowed}"
    raise generic(415, "UnsupportedMediaType", message)
