"""What of a log is wanted: the query of `/log`, checked.

Source: Kubernetes' validation of PodLogOptions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from kitlib.embedded.apimachinery.status import FieldError, bad_request, invalid
from kitlib.embedded.apimachinery.times import parse_time
from kitlib.embedded.apiserver.request_info import is_true

__all__ = ["LogOptions"]


@dataclass(frozen=True, slots=True)
class LogOptions:
    """What of a container's log is wanted.

    Args:
        follow: stay for what is still to come.
        previous: of the run before the last restart.
        timestamps: each line begins with its time.
        since: nothing older.
        tail_lines: no more than so many of the last lines.
        limit_bytes: no more than so many bytes.
    """

    follow: bool
    previous: bool
    timestamps: bool
    since: datetime | None
    tail_lines: int | None
    limit_bytes: int | None

    @classmethod
    def of(cls, query: Mapping[str, str], pod: str, now: datetime) -> LogOptions:
        """Read them.

        Args:
            query: of the request.
            pod: its name, for the error.
            now: what `sinceSeconds` counts from.

        Raises:
            StatusError: 400 for what is no number or time, 422 for what can't be wanted.
        """
        numbers = {name: _number(query.get(name), name) for name in ("tailLines", "limitBytes", "sinceSeconds")}
        if errors := _check(query, numbers):
            raise invalid("PodLogOptions", pod, errors)
        since, seconds = _time(query.get("sinceTime")), numbers["sinceSeconds"]
        return cls(
            follow=is_true(query.get("follow")),
            previous=is_true(query.get("previous")),
            timestamps=is_true(query.get("timestamps")),
            since=since if seconds is None else now - timedelta(seconds=seconds),
            tail_lines=numbers["tailLines"],
            limit_bytes=numbers["limitBytes"],
        )


def _check(query: Mapping[str, str], numbers: Mapping[str, int | None]) -> list[FieldError]:
    def too_small(name: str, least: int, detail: str) -> list[FieldError]:
        number = numbers[name]
        return [] if number is None or number >= least else [FieldError("FieldValueInvalid", name, detail, str(number))]

    errors = too_small("tailLines", 0, "must be greater than or equal to 0")
    errors += too_small("limitBytes", 1, "must be greater than 0")
    if query.get("sinceTime") and numbers["sinceSeconds"] is not None:
        detail = "at most one of `sinceTime` or `sinceSeconds` may be specified"
        errors.append(FieldError("FieldValueForbidden", "", detail))
    else:
        errors += too_small("sinceSeconds", 1, "must be greater than 0")
    return errors


def _number(text: str | None, name: str) -> int | None:
    if text in (None, ""):
        return None
    try:
        return int(text)
    except ValueError as error:
        raise bad_request(f"{name}: invalid value {json.dumps(text)}: must be an integer") from error


def _time(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        return parse_time(text)
    except ValueError as error:
        raise bad_request(f"sinceTime: {error}") from error
