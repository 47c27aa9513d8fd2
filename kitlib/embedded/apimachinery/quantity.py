"""`resource.Quantity`: exact numbers with the suffixes of Kubernetes, such as `500m`, `1.5Gi`, `10k` or `1e3`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache, total_ordering
from typing import Literal, TypeAlias

__all__ = ["Quantity", "canonical", "parse_quantity"]

Format: TypeAlias = Literal["binary", "decimal", "exponent"]

_PATTERN = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+)?")
_BINARY = {suffix: 1024**power for power, suffix in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), start=1)}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BY_POWER = {power: suffix for suffix, power in _DECIMAL.items()}
_NANO = Fraction(1, 10**9)
_LARGEST = Fraction(2**63 - 1)
_SHORT = 24  # what every pod asks for is parsed once; what nobody writes by hand is not kept
_FARTHEST = 5000  # beyond this exponent every number is the largest, or next to nothing, and dear to compute


@total_ordering
@dataclass(frozen=True, slots=True, eq=False)
class Quantity:
    """An exact amount that remembers how it was written, for its canonical form.

    Example:
        >>> parse_quantity("1Gi") == parse_quantity("1024Mi")
        True
        >>> str(parse_quantity("500m") + parse_quantity("0.5"))
        '1'
    """

    value: Fraction
    format: Format = "decimal"

    def __str__(self) -> str:
        """The canonical form: the largest suffix that leaves no fraction."""
        amount = self.value
        if amount == 0:
            return "0"
        if self.format == "binary" and amount.denominator == 1 and abs(amount) >= 1024:
            return _binary_text(amount.numerator)
        return _decimal_text(amount, exponent=self.format == "exponent")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quantity) and self.value == other.value

    def __hash__(self) -> int:
        return hash(self.value)

    def __lt__(self, other: Quantity) -> bool:
        return self.value < other.value

    def __add__(self, other: Quantity) -> Quantity:
        """The sum, written as the left side is (as the right side if the left is zero)."""
        return Quantity(self.value + other.value, self.format if self.value else other.format)

    def __sub__(self, other: Quantity) -> Quantity:
        """The difference, written as the left side is."""
        return Quantity(self.value - other.value, self.format if self.value else other.format)

    def __mul__(self, factor: int) -> Quantity:
        """A multiple."""
        return Quantity(self.value * factor, self.format)

    def __int__(self) -> int:
        """The value rounded up, as `Quantity.Value()` does."""
        return -(-self.value.numerator // self.value.denominator)

    @property
    def milli(self) -> int:
        """Thousandths, rounded up, as `Quantity.MilliValue()`."""
        thousandths = self.value * 1000
        return -(-thousandths.numerator // thousandths.denominator)


def parse_quantity(text: str | int | float) -> Quantity:
    """Parse a quantity; finer than nano is rounded up.

    Raises:
        ValueError: it is not one.

    Example:
        >>> int(parse_quantity("1.5Gi"))
        1610612736
    """
    written = str(text)
    return _remembered(written) if len(written) <= _SHORT else _parse(written)


def _parse(text: str) -> Quantity:
    found = _PATTERN.fullmatch(text)
    if found is None:
        raise ValueError(f"quantity {text!r} must be a number with an optional suffix such as m, k, M, Ki, Gi or e3")
    number, suffix = Fraction(found[1]), found[2] or ""
    form: Format = "decimal"
    if suffix in _BINARY:
        number, form = number * _BINARY[suffix], "binary"
    elif suffix[:1] in ("e", "E") and len(suffix) > 1:
        exponent = max(-_FARTHEST, min(int(suffix[1:]), _FARTHEST))
        number, form = number * Fraction(10) ** exponent, "exponent"
    else:
        number *= Fraction(10) ** _DECIMAL[suffix]
    if number % _NANO:
        whole, up = divmod(abs(number), _NANO)
        number = (whole + bool(up)) * _NANO * (1 if number > 0 else -1)
    return Quantity(max(-_LARGEST, min(number, _LARGEST)), form)


_remembered = lru_cache(maxsize=2048)(_parse)


def canonical(text: str | int | float) -> str:
    """Return a quantity as the API server writes it back.

    Example:
        >>> [canonical(text) for text in ("1000m", "0.5", "2048Mi", "1.5Gi", "1000k")]
        ['1', '500m', '2Gi', '1536Mi', '1M']
    """
    return str(parse_quantity(text))


def _binary_text(amount: int) -> str:
    suffix = ""
    for name, size in _BINARY.items():
        if amount % size:
            break
        suffix = name
    return f"{amount // _BINARY.get(suffix, 1)}{suffix}"


def _decimal_text(amount: Fraction, *, exponent: bool) -> str:
    power = -9
    while power < 18 and (amount / Fraction(10) ** (power + 3)).denominator == 1:
        power += 3
    number = amount / Fraction(10) ** power
    if exponent:
        return f"{number}e{power}" if power else f"{number}"
    return f"{number}{_BY_POWER[power]}"
