"""Write `kitlib/embedded/apiserver/protobuf_fields.json`: the protobuf field numbers of the served kinds.

kubectl posts some objects as protobuf, and a protobuf message does not say what its fields are called. The numbers are
read from the crate `k8s-pb` (Apache-2.0), which is generated from Kubernetes' own `generated.proto` files; the types of
the fields are in `schemas.json` already.

Usage: cargo info k8s-pb@0.9.0, then
    python environments/embedded/make_protobuf.py ~/.cargo/registry/src/*/k8s-pb-0.9.0
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import orjson

from kitlib.embedded.apimachinery.schema import components

Table = dict[str, Any]

TARGET = Path(__file__).parents[2] / "kitlib/embedded/apiserver/protobuf_fields.json"
_STRUCT = re.compile(r"pub struct (\w+) \{\n(.*?)^\}", re.DOTALL | re.MULTILINE)
_FIELD = re.compile(r'#\[prost\((\w+)[^\]]*tag = "(\d+)"\)\]\s*pub (?:r#)?(\w+):\s*(.*?),\n', re.DOTALL)
_RUST_NAME = re.compile(r"(\w+)>*$")


def messages(crate: Path) -> dict[str, list[tuple[str, str, str, str]]]:
    """Return the fields of every message as (shape, number, name, type), by definition name.

    Names are in lower case: Rust spells `HTTPGetAction` as `HttpGetAction`.
    """
    found = {}
    for module in crate.glob("src/**/mod.rs"):
        prefix = ".".join(("io", "k8s", *module.parent.relative_to(crate / "src").parts))
        for struct, body in _STRUCT.findall(module.read_text()):
            found[f"{prefix}.{struct}".lower()] = _FIELD.findall(body)
    return found


def table(name: str, known: dict[str, list[tuple[str, str, str, str]]], properties: dict[str, str]) -> Table:
    """Return number -> JSON name; a message that Go inlines is a table of its own.

    Args:
        name: the message.
        known: every message.
        properties: JSON names by their names without underscores and capitals.
    """
    numbers: Table = {}
    for shape, number, field, rust_type in known[name.lower()]:
        plain = field.replace("_", "").lower()
        if plain in properties:
            numbers[number] = properties[plain]
        elif shape == "message" and (match := _RUST_NAME.search("".join(rust_type.split()))):
            inlined = f"{name.rpartition('.')[0]}.{match.group(1)}"
            if inlined.lower() in known and (inner := table(inlined, known, properties)):
                numbers[number] = inner
    return numbers


def main() -> None:
    """Write the file."""
    known = messages(Path(sys.argv[1]))
    tables = {}
    for name, definition in components().items():
        if name.lower() in known and "properties" in definition:
            tables[name] = table(name, known, {key.lower(): key for key in definition["properties"]})
    TARGET.write_bytes(orjson.dumps(tables, option=orjson.OPT_SORT_KEYS) + b"\n")
    missing = sorted(n for n in components() if "properties" in components()[n] and n.lower() not in known)
    print(f"{TARGET}: {len(tables)} messages; not in the crate: {missing}")


if __name__ == "__main__":
    main()
