"""Write `kitlib/embedded/apiserver/protobuf_fields.json`: the protobuf field numbers of the served kinds.

Typed clients post objects as protobuf, and a protobuf message does not say what its fields are called. The numbers are
those of the Go types' tags; the types of the fields are in `schemas.json` already.

Usage: (cd environments/embedded/gotypes && go run ./types) > types.json
    python environments/embedded/make_protobuf.py types.json
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import orjson

from kitlib.embedded.apimachinery.schema import components

Table = dict[str, Any]

TARGET = Path(__file__).parents[2] / "kitlib/embedded/apiserver/protobuf_fields.json"


def table(name: str, types: Table, properties: Table) -> Table:
    """Return number -> JSON name; a message that Go embeds is a table of its own.

    Args:
        name: the definition of the message.
        types: the fields of every Go struct, from `gotypes`.
        properties: what the outer object has in JSON.
    """
    numbers: Table = {}
    for key, field in types[name].items():
        if "number" in field and "inline" in field:
            numbers[str(field["number"])] = table(field["inline"], types, properties)
        elif "number" in field and key in properties:
            numbers[str(field["number"])] = key
    return numbers


def main() -> None:
    """Write the file."""
    types = orjson.loads(Path(sys.argv[1]).read_bytes())
    tables = {
        name: table(name, types, definition["properties"])
        for name, definition in components().items()
        if name in types and "properties" in definition
    }
    TARGET.write_bytes(orjson.dumps(tables, option=orjson.OPT_SORT_KEYS) + b"\n")


if __name__ == "__main__":
    main()
