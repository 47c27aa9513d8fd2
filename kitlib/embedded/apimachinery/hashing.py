"""Hashes and bytes as Go makes them, so that revision names equal those of a real cluster."""

from __future__ import annotations

import json
from typing import Any

from kitlib.embedded.apimachinery.objects import Object

__all__ = ["fnv1_32", "go_json", "revision_data", "revision_hash", "safe_encode"]

_OFFSET, _PRIME, _MASK = 0x811C9DC5, 0x01000193, 0xFFFFFFFF
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_ESCAPES = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}


def fnv1_32(data: bytes) -> int:
    """Return the 32-bit FNV-1 (not 1a) hash.

    Example:
        >>> hex(fnv1_32(b"a"))
        '0x50c5d7e'
    """
    value = _OFFSET
    for byte in data:
        value = (value * _PRIME & _MASK) ^ byte
    return value


def safe_encode(text: str) -> str:
    """Map each character into the 27 letters and digits that make no words, by code point modulo 27.

    Example:
        >>> safe_encode("0123456789")
        '456789bcdf'
    """
    return "".join(_ALPHABET[ord(char) % len(_ALPHABET)] for char in text)


def go_json(value: Any) -> bytes:
    r"""Encode as Go's `encoding/json` encodes a map: sorted keys, no spaces, `<`, `>` and `&` escaped.

    Example:
        >>> go_json({"b": "<&>", "a": [1, True, None]})
        b'{"a":[1,true,null],"b":"\\u003c\\u0026\\u003e"}'
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.translate(_ESCAPES).encode()


def revision_data(template: Object) -> Object:
    """Return the `data` of a ControllerRevision: the patch that puts a whole pod template back."""
    return {"spec": {"template": template | {"$patch": "replace"}}}


def revision_hash(data: Object, collision_count: int = 0) -> str:
    """Return the hash in a ControllerRevision's name: of the data bytes and the collision count, in safe letters.

    Example:
        >>> revision_hash({"spec": {"template": {"$patch": "replace"}}})
        '589f85db5b'
    """
    return safe_encode(str(fnv1_32(go_json(data) + str(collision_count).encode())))
