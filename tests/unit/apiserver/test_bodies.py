"""Request bodies: what YAML means in JSON, and what a body may not cost."""

from __future__ import annotations

import re
from typing import Any

import orjson
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

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
        (b"a: yes\nb: 0o7\nc: 1e3\nd: 010", {"a": True, "b": "0o7", "c": 1000, "d": 8}),
        (orjson.dumps([1e300, 1e16, 1.5e-7, -0.5]), [1e300, 1e16, 1.5e-7, -0.5]),
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
        (b"a: .inf", "unsupported value: inf"),
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


# YAML knows no control characters.
WORDS = st.text(st.characters(exclude_categories=["C"]), max_size=8) | st.sampled_from(
    ["yes", "no", "on", "~", "null", "1e3", "0x1f", "0b1", "1_000", "12:30", "2026-01-01", ".5", "=", "<<", "- a", "#"]
)
NUMBERS = st.integers(-(2**63), 2**64 - 1) | (
    st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([1e16, 1e300, 1e-7, 5e-324])
)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=10,
)


@given(VALUES)
def test_json_comes_back_as_it_was(value: Any) -> None:
    assert from_json(orjson.dumps(value)) == (value, [])


@given(VALUES)
def test_json_is_yaml(value: Any) -> None:
    """Every JSON text is a YAML text that says the same, whatever its words look like without their quotes."""
    assert from_yaml(orjson.dumps(value)) == (value, [])


class Careful(yaml.SafeDumper):
    """Quotes whatever might look like a number to somebody."""


Careful.add_implicit_resolver("tag:yaml.org,2002:float", re.compile("[-+.0-9].*"), list("-+.0123456789"))


@given(VALUES)
def test_yaml_comes_back_as_it_was(value: Any) -> None:
    assert from_yaml(yaml.dump(value, Dumper=Careful, allow_unicode=True).encode()) == (value, [])


@given(st.binary(max_size=60) | st.text("{}[]:,-&*!|>'\"#%@ ~?\n\t0a", max_size=30).map(str.encode))
def test_any_bytes_are_decoded_or_refused(body: bytes) -> None:
    for decode in (from_json, from_yaml):
        try:
            value, _ = decode(body)
        except StatusError as error:
            assert error.code == 400
        else:
            orjson.dumps(value)
