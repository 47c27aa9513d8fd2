"""RFC 3339 as Kubernetes writes it: `Time` has whole seconds, `MicroTime` has microseconds, both end in Z."""

from __future__ import annotations

import re
from datetime import UTC, datetime

__all__ = ["format_micro_time", "format_time", "parse_time", "read_micro_time", "read_time"]

_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)((?:\.\d+)?(?:Z|[+-]\d\d:\d\d))", re.ASCII)
_MICRO = re.compile(r"\.\d{6}(?:Z|[+-]\d\d:\d\d)", re.ASCII)


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


def read_time(text: str) -> str:
    """Return a `metav1.Time` of a request as Go writes it back: in UTC, whole seconds.

    Raises:
        ValueError: `text` is not RFC 3339; in Go's words.

    Example:
        >>> read_time("2026-01-02T03:04:05.9+01:00")
        '2026-01-02T02:04:05Z'
    """
    return format_time(_moment(text, "2006-01-02T15:04:05Z07:00"))


def read_micro_time(text: str) -> str:
    """Return a `metav1.MicroTime` of a request as Go writes it back; Go insists on the six digits.

    Raises:
        ValueError: `text` is not RFC 3339 with microseconds; in Go's words.
    """
    layout = "2006-01-02T15:04:05.000000Z07:00"
    moment = _moment(text, layout)
    seconds, rest = text[:19], text[19:]
    if not _MICRO.fullmatch(rest):
        raise ValueError(f'parsing time "{seconds}{rest}" as "{layout}": cannot parse "{rest}" as ".000000"')
    return format_micro_time(moment)


def _moment(text: str, layout: str) -> datetime:
    try:
        if _RFC3339.fullmatch(text):
            return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError(f'parsing time "{text}" as "{layout}": cannot parse "{text}" as "2006"')
