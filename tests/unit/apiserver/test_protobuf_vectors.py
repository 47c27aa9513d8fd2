"""What Go's own encoder makes of objects with every field set, and with every field set to zero, reads as their JSON.

The vectors are written by `environments/embedded/gotypes/vectors`.
"""

from __future__ import annotations

import base64
import json
import lzma
from pathlib import Path
from typing import Any

import pytest

from kitlib.embedded.apimachinery.decoding import decode_as
from kitlib.embedded.apiserver.protobuf import decode_protobuf

VECTORS: list[dict[str, Any]] = json.loads(
    lzma.decompress(Path(__file__).with_name("protobuf_vectors.json.xz").read_bytes())
)


def without_nulls(value: Any) -> Any:
    """Drop what is null: a time that is zero is null in Go's JSON, which says as much as leaving it out."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    "vector", VECTORS, ids=[f"{v['kind']}.{v['group']}-{'zero' if i % 2 else 'full'}" for i, v in enumerate(VECTORS)]
)
def test_go_s_own_encoding_reads_as_go_s_json(vector: dict[str, Any]) -> None:
    found = decode_protobuf(base64.b64decode(vector["protobuf"]))
    group = "meta" if vector["kind"] == "DeleteOptions" else vector["group"]
    assert decode_as(found, group, vector["version"], vector["kind"]) == []
    assert without_nulls(found) == without_nulls(vector["object"])
