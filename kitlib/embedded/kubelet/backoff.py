"""Back-off of restarts and of image pulls: 10 s, doubled up to 5 minutes, forgotten after 10 quiet minutes.

Source: Kubernetes' "Pod Lifecycle" documentation. The first crash restarts at once.
"""

from __future__ import annotations

__all__ = ["Backoff", "go_duration"]

_FIRST, _CAP = 10.0, 300.0


class Backoff:
    """One thing that is tried again and again.

    Args:
        first_at_once: whether the first repetition does not wait.
    """

    def __init__(self, *, first_at_once: bool) -> None:
        self._first_at_once = first_at_once
        self._failures = 0

    def failed(self, *, ran_for: float = 0.0) -> float:
        """Note a failure; return the seconds to wait before the next try.

        Args:
            ran_for: seconds it worked before it failed; long enough forgets earlier failures.
        """
        if ran_for >= 2 * _CAP:
            self._failures = 0
        self._failures += 1
        step = self._failures - 1 if self._first_at_once else self._failures
        return 0.0 if step <= 0 else min(_FIRST * 2.0 ** (step - 1), _CAP)


def go_duration(seconds: float) -> str:
    """Write a duration as Go does: `10s`, `1m20s`, `5m0s`."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
