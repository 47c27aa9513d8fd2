"""Files from API objects: what a ConfigMap, a Secret, the downward API or a token puts into a volume. Pure."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from kitlib.embedded.apimachinery.objects import Object

__all__ = ["File", "Missing", "contents", "select"]


#: Upstream's texts, which differ by kind (pkg/volume/configmap and pkg/volume/secret).
_NO_KEY = {
    "ConfigMap": "configmap references non-existent config key",
    "Secret": "references non-existent secret key",
}


class Missing(Exception):
    """Something that the volume needs is not there; the text is the kubelet's."""


@dataclass(frozen=True, slots=True)
class File:
    """One projected file."""

    content: bytes
    mode: int


def contents(obj: Object) -> dict[str, bytes]:
    """Return the entries of a ConfigMap or Secret as bytes."""
    if obj["kind"] == "Secret":
        return {key: base64.b64decode(value) for key, value in (obj.get("data") or {}).items()}
    files = {key: value.encode() for key, value in (obj.get("data") or {}).items()}
    return files | {key: base64.b64decode(value) for key, value in (obj.get("binaryData") or {}).items()}


def select(obj: Object, source: Object, default_mode: int) -> dict[str, File]:
    """Return path -> file as a volume's `items` ask, or everything.

    Raises:
        Missing: an item's key is not in the object and the volume is not optional.
    """
    available = contents(obj)
    items = source.get("items")
    if not items:
        return {key: File(data, default_mode) for key, data in available.items()}
    chosen = {}
    for item in items:
        if item["key"] in available:
            chosen[item["path"]] = File(available[item["key"]], item.get("mode", default_mode))
        elif not source.get("optional"):
            raise Missing(f"{_NO_KEY[obj['kind']]}: {item['key']}")
    return chosen
