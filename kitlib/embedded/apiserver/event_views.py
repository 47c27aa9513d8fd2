"""Events of `v1` and of `events.k8s.io/v1` are the same objects, told with other field names.

Source: Kubernetes' conversion between the two Event types.
"""

from __future__ import annotations

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import FieldError, invalid
from kitlib.embedded.apimachinery.times import format_micro_time, parse_time

__all__ = ["check_new_event", "from_events_v1", "to_events_v1"]

_RENAMED = (
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
)


def to_events_v1(event: Object) -> Object:
    """Show a stored (`v1`) event as `events.k8s.io/v1`."""
    names = dict(_RENAMED)
    shown = {names.get(field, field): value for field, value in event.items()}
    if not shown.get("eventTime"):  # clients require it; a counted event has the times of its repeats only
        first = event.get("firstTimestamp") or event["metadata"].get("creationTimestamp")
        shown["eventTime"] = first and format_micro_time(parse_time(first))
    return shown | {"apiVersion": "events.k8s.io/v1"}


def from_events_v1(event: Object) -> Object:
    """Turn an `events.k8s.io/v1` event into the stored form."""
    names = {new: old for old, new in _RENAMED}
    stored = {names.get(field, field): value for field, value in event.items()}
    stored.setdefault("involvedObject", {})
    return stored | {"apiVersion": "v1"}


_REQUIRED = ("eventTime", "reportingController", "reportingInstance", "action", "reason")


def check_new_event(event: Object) -> None:
    """Require what `events.k8s.io/v1` requires of an event that is created there.

    Raises:
        StatusError: 422.
    """
    errors = [FieldError("FieldValueRequired", field) for field in _REQUIRED if not event.get(field)]
    if event.get("type") not in ("Normal", "Warning"):
        errors.append(FieldError("FieldValueInvalid", "type", "", f'"{event.get("type", "")}"'))
    if errors:
        raise invalid("Event.events.k8s.io", (event.get("metadata") or {}).get("name", ""), errors)
