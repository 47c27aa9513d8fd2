from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitlib.embedded.apimachinery.intstr import is_percent, scaled
from kitlib.embedded.apimachinery.quantity import Quantity, canonical, parse_quantity


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("0", "0"),
        ("0Ki", "0"),
        ("1000m", "1"),
        ("1500m", "1500m"),
        ("0.5", "500m"),
        ("100m", "100m"),
        ("1000", "1k"),
        ("1024", "1024"),
        ("1024Ki", "1Mi"),
        ("2048Mi", "2Gi"),
        ("1.5Gi", "1536Mi"),
        ("0.1Gi", "107374182400m"),
        ("1e3", "1e3"),
        ("12E6", "12e6"),
        ("1000k", "1M"),
        ("-1.5", "-1500m"),
        ("+3", "3"),
        (".5Mi", "512Ki"),
        ("7Ei", "7Ei"),
        ("100Ei", "9223372036854775807"),
        ("-1e999999999", "-9223372036854775807"),
        ("1e-999999999", "1e-9"),
        ("1.0001n", "2n"),
    ],
)
def test_canonical_form(text: str, form: str) -> None:
    assert canonical(text) == form


@pytest.mark.parametrize("text", ["", "a", "1x", "1 Gi", "1ki", "1KiB", "--1", "1e", "."])
def test_what_is_no_quantity(text: str) -> None:
    with pytest.raises(ValueError, match="quantity"):
        parse_quantity(text)


@given(st.integers(-(10**12), 10**12), st.sampled_from(["", "m", "k", "M", "G", "Ki", "Mi", "Gi", "e3"]))
def test_the_canonical_form_means_the_same_and_is_stable(number: int, suffix: str) -> None:
    quantity = parse_quantity(f"{number}{suffix}")
    assert parse_quantity(str(quantity)) == quantity
    assert canonical(str(quantity)) == str(quantity)


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_arithmetic_is_exact(left: int, right: int) -> None:
    a, b = parse_quantity(f"{left}m"), parse_quantity(f"{right}Ki")
    assert (a + b) - b == a
    assert (a + b).value == Fraction(left, 1000) + right * 1024
    assert (a < b) == (left < right * 1024 * 1000)


def test_values_round_up() -> None:
    assert int(parse_quantity("1500m")) == 2
    assert int(parse_quantity("-1500m")) == -1
    assert parse_quantity("1.2n").milli == 1
    assert Quantity(Fraction(3)) * 2 == Quantity(Fraction(6))


@pytest.mark.parametrize(
    ("value", "up", "count"),
    [(3, True, 3), ("25%", True, 3), ("25%", False, 2), ("0%", True, 0), ("100%", False, 10), ("1%", True, 1)],
)
def test_int_or_percent(value: int | str, up: bool, count: int) -> None:
    assert scaled(value, 10, round_up=up) == count


def test_other_strings_are_no_percentages() -> None:
    assert not is_percent("5")
    assert not is_percent(5)
    with pytest.raises(ValueError, match="not a percentage"):
        scaled("5", 10, round_up=True)
