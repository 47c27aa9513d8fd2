"""Request bodies: what YAML means in JSON, and what a body may not cost."""

from __future__ import annotations

from typing import Any

import pytest

from kitlib.embedded.apimachinery.status import StatusError
from kitlib.embedded.apiserver.bodies import DEEPEST, from_json, from_yaml

LAUGHS = b"a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"a%d: &a%d [%s]\n" % (level, level, b",".join([b"*a%d" % (level - 1)] * 9)) for level in range(1, 12)
)


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (b"a: 2026-01-01\nb: 2026-01-01T00:00:00Z", {"a": "2026-01-01", "b": "2026-01-01T00:00:00Z"}),
        (b"2: a\ntrue: b\nnull: c\n1.5: d", {"2": "a", "true": "b", "null": "c", "1.5": "d"}),
        (b"a: yes\nb: 0o7\nc: 1e3\nd: 010", {"a": True, "b": "0o7", "c": "1e3", "d": 8}),
        (b"x: &b {a: 1}\ny: {<<: *b, c: 2}", {"x": {"a": 1}, "y": {"a": 1, "c": 2}}),
        (b"a: 99999999999999999999", {"a": 1e20}),
        (b"", None),
    ],
)
def test_yaml_as_kubernetes_reads_it(body: bytes, wanted: Any) -> None:
    assert from_yaml(body) == (wanted, [])


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (LAUGHS, "document contains excessive aliasing"),
        (b"&a [*a]", "anchor 'a' value contains itself"),
        (b"[" * 1_000_000 + b"]" * 1_000_000, "exceeded max depth"),
        (b"- " * 1_000_000 + b"x", "exceeded max depth"),
        (b"a: " + b"9" * 5000, "Exceeds the limit"),
        (b"a: !!python/object:os.system x", "could not determine a constructor"),
        (b"a: !!binary aGk=", "is not supported"),
        (b"a: !!set {x}", "is not supported"),
        (b"a: \xff", "invalid leading UTF-8 octet"),
        (b"? [a]\n: b", "unhashable key"),
        (b"a: 1\n---\nb: 2", "expected a single document"),
    ],
)
def test_yaml_that_is_refused(body: bytes, why: str) -> None:
    with pytest.raises(StatusError) as caught:
        from_yaml(body)
    assert caught.value.code == 400 and caught.value.message.startswith("error converting YAML to JSON: ")
    assert why in caught.value.message and "\n" not in caught.value.message


@pytest.mark.parametrize("count", [DEEPEST + 1, 1000, 1_000_000])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_json_that_is_too_deep(count: int, opening: bytes, closing: bytes) -> None:
    with pytest.raises(StatusError) as caught:
        from_json(opening * count + b"1" + closing * count)
    assert caught.value.code == 400


def test_json_that_is_just_deep_enough() -> None:
    count = DEEPEST - 1
    assert from_json(b"[" * count + b"1" + b"]" * count)[1] == []


@pytest.mark.parametrize("body", [b"", b"{", b"nul", b"NaN", b'{"a": NaN}', b"\xff", b'"\xed\xa0\x80"', b'{"a":1}x'])
def test_what_is_no_json(body: bytes) -> None:
    with pytest.raises(StatusError) as caught:
        from_json(body)
    assert caught.value.code == 400 and "json parse error" in caught.value.message
