"""The order of a merged list: the order of the patch first, and what it does not name stays near its old neighbours."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TypeVar

__all__ = ["merge_orders"]

K = TypeVar("K", bound=Hashable)


def merge_orders(keys: Sequence[K], *, server: Sequence[K], wanted: Sequence[K]) -> list[K]:
    """Order the items of a merged list.

    Two sorted lists are merged: what the patch names (in the patch's order) and what only the server has (in the
    server's order). A server-only item goes first if it stood before the patch item on the server; an item that is new
    to the server goes before server-only ones.

    Args:
        keys: what to order.
        server: the order before the patch.
        wanted: the order that the patch names.

    Example:
        >>> merge_orders(["a", "b", "c"], server=["a", "c"], wanted=["b"])
        ['b', 'a', 'c']
        >>> merge_orders(["a", "b", "c"], server=["a", "b", "c"], wanted=["c"])
        ['a', 'b', 'c']
    """
    present = set(keys)
    named = set(wanted)
    position = {key: index for index, key in enumerate(server)}
    right = [key for key in dict.fromkeys(wanted) if key in present]
    left = sorted((key for key in keys if key not in named), key=lambda key: position.get(key, len(position)))
    ordered: list[K] = []
    i = j = 0
    while i < len(left) and j < len(right):
        if left[i] in position and right[j] in position and position[left[i]] < position[right[j]]:
            ordered.append(left[i])
            i += 1
        else:
            ordered.append(right[j])
            j += 1
    return [*ordered, *left[i:], *right[j:]]
