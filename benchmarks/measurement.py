"""A measured quantity, its aim, and the statistics of its samples."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

__all__ = ["Measurement", "percentile"]


@dataclass(frozen=True, slots=True)
class Measurement:
    """One line of the table.

    Args:
        name: what was measured.
        value: the result, in `unit`.
        unit: s, ms, objects/s, MB or %.
        samples: everything that was measured, in the same unit.
        aim: the value to reach; None when there is none.
        more_is_better: for rates.
        statistic: how the value comes from the samples.
    """

    name: str
    value: float
    unit: str
    samples: tuple[float, ...]
    aim: float | None = None
    more_is_better: bool = False
    statistic: str = "median"

    @classmethod
    def median(cls, name: str, samples: Sequence[float], unit: str, **options: object) -> Measurement:
        """Return the median of the samples."""
        return cls(name, median(samples), unit, tuple(samples), **options)  # type: ignore[arg-type]

    @classmethod
    def percentile(cls, name: str, samples: Sequence[float], percent: int, unit: str, **options: object) -> Measurement:
        """Return a percentile of the samples."""
        value = percentile(samples, percent)
        return cls(name, value, unit, tuple(samples), statistic=f"p{percent}", **options)  # type: ignore[arg-type]

    @property
    def reached(self) -> bool | None:
        """Whether the aim is reached; None without one."""
        if self.aim is None:
            return None
        return self.value >= self.aim if self.more_is_better else self.value <= self.aim


def percentile(samples: Sequence[float], percent: int) -> float:
    """Return the smallest sample that `percent` of all do not exceed.

    Example:
        >>> percentile([1.0, 2.0, 3.0, 4.0], 50)
        2.0
    """
    ordered = sorted(samples)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]
