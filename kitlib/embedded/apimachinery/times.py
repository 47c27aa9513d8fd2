"""RFC 3339 as Kubernetes writes it: `Time` has whole seconds, `MicroTime` has microseconds, both end in Z."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["format_micro_time", "format_time", "parse_time"]


def format_time(moment: datetime) -> str:
    """Format a `metav1.Time`.

    Example:
        >>> format_time(datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC))
        '2026-01-02T03:04:05Z'
    """
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def format_micro_time(moment: datetime) -> str:
    """Format a `metav1.MicroTime`.

    Example:
        >>> format_micro_time(datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC))
        '2026-01-02T03:04:05.000006Z'
    """
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_time(text: str) -> datetime:
    """Parse any RFC 3339 time to an aware datetime.

    Raises:
        ValueError: `text` is not RFC 3339, or has no zone.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"time {text!r} has no zone")
    return moment.astimezone(UTC)
