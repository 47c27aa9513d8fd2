"""Batches of growing size, so that a quota or a broken template fails once and not 500 times.

Source: `slowStartBatch` of Kubernetes' controllers.
"""

from __future__ import annotations

__all__ = ["batches"]


def batches(total: int, *, first: int = 1, largest: int = 500) -> list[int]:
    """Return sizes 1, 2, 4, ... up to `largest` that add up to `total`.

    Example:
        >>> batches(10)
        [1, 2, 4, 3]
    """
    sizes: list[int] = []
    size = first
    while total > 0:
        sizes.append(min(size, total))
        total -= sizes[-1]
        size = min(size * 2, largest)
    return sizes
