"""How objects leave the server: plain JSON, lists, Tables, PartialObjectMetadata, and Status for failures."""

from __future__ import annotations

from datetime import datetime
from typing import cast, get_args

import orjson
import yaml
from aiohttp import web

from kitlib.embedded.apimachinery.hashing import go_json
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.resources import Resource
from kitlib.embedded.apimachinery.status import StatusError, bad_request
from kitlib.embedded.apiserver.event_views import to_events_v1
from kitlib.embedded.apiserver.negotiation import MediaType, choose_json
from kitlib.embedded.apiserver.tables import IncludeObject, table
from kitlib.embedded.registry.listing import Page

__all__ = ["Presenter", "as_yaml", "failure", "json_response", "status_success"]

# Characters of one warning and of all, as Kubernetes cuts them. Python's client reads no more than 100 headers.
WARNING_LENGTH, WARNINGS_LENGTH, WARNINGS = 256, 4096, 50
TRANSFORMS = ("Table", "PartialObjectMetadata", "PartialObjectMetadataList")


def json_response(document: Object, *, status: int = 200, warnings: list[str] | None = None) -> web.Response:
    """Answer with a JSON document."""
    response = web.Response(body=orjson.dumps(document), status=status, content_type="application/json")
    room = WARNINGS_LENGTH
    for text in (warnings or ())[:WARNINGS]:
        # A header holds no control character, and a client reads only so many headers.
        printable = "".join(character if character.isprintable() else " " for character in text)[:WARNING_LENGTH]
        room -= len(printable)
        if room < 0:
            break
        escaped = printable.replace("\\", "\\\\").replace('"', '\\"')
        response.headers.add("Warning", f'299 - "{escaped}"')
    return response


def as_yaml(response: web.Response) -> web.Response:
    """Return a JSON answer in YAML, any other answer as it is."""
    if response.content_type != "application/json" or not isinstance(response.body, bytes):
        return response
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text = yaml.dump(orjson.loads(response.body), Dumper=dumper, default_flow_style=False, allow_unicode=True)
    answer = web.Response(text=text, status=response.status, content_type="application/yaml")
    answer.headers["Content-Type"] = "application/yaml"  # without the charset that a text brings along
    for name in ("Warning", "Retry-After", "ETag", "Vary", "Cache-Control"):
        for value in response.headers.getall(name, []):
            answer.headers.add(name, value)
    return answer


def failure(error: StatusError) -> web.Response:
    """Answer with the Status of an error."""
    response = json_response(error.status, status=error.code)
    if seconds := error.details.get("retryAfterSeconds"):
        response.headers["Retry-After"] = str(seconds)
    return response


def status_success(resource: Resource, obj: Object) -> Object:
    """The Status that answers a completed deletion."""
    meta = obj["metadata"]
    details = {"name": meta["name"], "group": resource.group, "kind": resource.plural, "uid": meta["uid"]}
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {key: value for key, value in details.items() if value},
    }


class Presenter:
    """Shows objects of one resource in the form that one request accepts.

    Args:
        resource: as named in the request's path.
        accept: the Accept header.
        include_object: the `includeObject` query parameter, for Tables.
        now: for ages in Tables.

    Raises:
        StatusError: 406 NotAcceptable.
    """

    def __init__(self, resource: Resource, accept: str, *, include_object: str, now: datetime) -> None:
        transforms = () if resource.virtual else TRANSFORMS
        self.media: MediaType = choose_json(accept, transforms=transforms)
        if include_object not in ("", *get_args(IncludeObject)):
            raise bad_request(f"includeObject: Unsupported value: {include_object}")
        self._include = cast("IncludeObject", include_object or "Metadata")
        self._resource, self._now = resource, now
        self._columns_sent = False

    def one(self, obj: Object) -> Object:
        """Show one object."""
        obj = self._own(obj)
        if self.media.transform == "Table":
            return self._table([obj], {"resourceVersion": obj["metadata"].get("resourceVersion", "")})
        if self.media.transform == "PartialObjectMetadata":
            return _metadata_only(obj)
        return obj

    def page(self, page: Page) -> Object:
        """Show a list."""
        items = [self._own(obj) for obj in page.items]
        if self.media.transform == "Table":
            return self._table(items, page.metadata)
        if self.media.transform == "PartialObjectMetadataList":
            kind, version = "PartialObjectMetadataList", "meta.k8s.io/v1"
            shown = [_metadata_only(obj) for obj in items]
        else:
            kind, version = f"{self._resource.kind}List", self._resource.api_version
            # Typed lists leave out what every item would repeat.
            shown = [{k: v for k, v in obj.items() if k not in ("kind", "apiVersion")} for obj in items]
        return {"kind": kind, "apiVersion": version, "metadata": page.metadata, "items": shown}

    def watched(self, event_type: str, obj: Object) -> bytes:
        """Show one watch event as a line; only the first Table of a stream has column definitions."""
        if event_type == "ERROR":
            shown = obj
        elif self.media.transform == "Table":
            shown = self._table([] if event_type == "BOOKMARK" else [self._own(obj)], obj["metadata"])
            self._columns_sent = True
        elif self.media.transform.startswith("PartialObjectMetadata"):
            shown = _metadata_only(obj)
        else:
            shown = self._own(obj)
        return orjson.dumps({"type": event_type, "object": shown}) + b"\n"

    def _own(self, obj: Object) -> Object:
        if self._resource.group == "events.k8s.io":
            return to_events_v1(obj)
        if self._resource.kind == "ControllerRevision":
            # `rollout undo` compares the bytes of a revision with its own, which Go has sorted and escaped.
            return obj | {"data": orjson.Fragment(go_json(obj.get("data")))}
        return obj

    def _table(self, objects: list[Object], meta: Object) -> Object:
        kept: Object = {key: meta[key] for key in ("resourceVersion", "continue", "remainingItemCount") if key in meta}
        return table(
            self._resource,
            objects,
            self._now,
            list_meta=kept,
            include_object=self._include,
            columns=not self._columns_sent,
        )


def _metadata_only(obj: Object) -> Object:
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}
