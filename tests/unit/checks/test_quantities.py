from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitlib.checks import quantity, same_quantity
from kitlib.errors import UsageError


@pytest.mark.parametrize(
    ("one", "other"), [("64Mi", "65536Ki"), ("1", "1000m"), ("1e3", "1k"), ("0.5Gi", "512Mi"), (2, "2"), ("1E", "1e18")]
)
def test_the_same_value_in_other_words(one, other):
    assert same_quantity(one, other)


def test_64m_is_not_64mi():
    assert not same_quantity("64M", "64Mi")


@pytest.mark.parametrize("text", ["", "Mi", "64 Mi", "64mi", "1..2", "0x10"])
def test_what_is_no_quantity(text):
    with pytest.raises(UsageError):
        quantity(text)


@given(st.integers(0, 10**6))
def test_binary_units_are_powers_of_1024(n):
    assert quantity(f"{n}Mi") == Decimal(n) * 1024**2 == quantity(f"{n * 1024}Ki")
