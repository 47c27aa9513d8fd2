"""The event row, for both groups that show events."""

from __future__ import annotations

from datetime import datetime

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apiserver.tables.columns import NAME, UNKNOWN, Column, Printer, Row, since

__all__ = ["EVENT"]


def _row(event: Object, now: datetime) -> Row:
    """Build the cells; events.k8s.io calls some fields by other names."""
    subject = event.get("involvedObject") or event.get("regarding") or {}
    source = event.get("source") or event.get("deprecatedSource") or {}
    first = event.get("firstTimestamp") or event.get("deprecatedFirstTimestamp") or event.get("eventTime")
    last = event.get("lastTimestamp") or event.get("deprecatedLastTimestamp") or first
    series = event.get("series")
    count = event.get("count") or event.get("deprecatedCount") or 1
    if series:
        count, last = series.get("count", count), series.get("lastObservedTime") or last
    return [
        since(last, now),
        event.get("type", ""),
        event.get("reason", ""),
        f"{subject.get('kind', '').lower()}/{subject.get('name', '')}",
        subject.get("fieldPath", ""),
        _source(source) or event.get("reportingComponent") or event.get("reportingController", ""),
        (event.get("message") or event.get("note") or "").strip(),
        since(first, now) if first else UNKNOWN,
        count,
        event["metadata"]["name"],
    ]


def _source(source: Object) -> str:
    return ", ".join(filter(None, (source.get("component", ""), source.get("host", ""))))


EVENT = Printer(
    (
        Column("Last Seen", description="When it was seen last."),
        Column("Type"),
        Column("Reason"),
        Column("Object", description="What it is about."),
        Column("Subobject", wide=True),
        Column("Source", wide=True),
        Column("Message"),
        Column("First Seen", wide=True),
        Column("Count", "integer", wide=True),
        Column("Name", format=NAME.format, wide=True),
    ),
    _row,
)
