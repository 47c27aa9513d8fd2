"""What a Table is made of: columns as data, a row function per kind, and the words cells are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.times import parse_time

__all__ = [
    "AGE",
    "NAME",
    "NONE",
    "UNKNOWN",
    "UNSET",
    "Column",
    "Printer",
    "Row",
    "age",
    "container_cells",
    "human_duration",
    "joined",
    "since",
]

NONE, UNSET, UNKNOWN = "<none>", "<unset>", "<unknown>"
_MINUTE, _HOUR, _DAY, _YEAR = 60, 3600, 86400, 365 * 86400

Row: TypeAlias = list[Any]


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `wide` ones are shown by `kubectl get -o wide` only."""

    name: str
    type: str = "string"
    format: str = ""
    description: str = ""
    wide: bool = False

    @property
    def definition(self) -> Object:
        """The `TableColumnDefinition`."""
        return {
            "name": self.name,
            "type": self.type,
            "format": self.format,
            "description": self.description or self.name,
            "priority": int(self.wide),
        }


NAME = Column("Name", format="name", description="Name must be unique within a namespace.")
AGE = Column("Age", description="CreationTimestamp is the time when this object was created.")


@dataclass(frozen=True, slots=True)
class Printer:
    """How a kind is shown.

    Args:
        columns: the columns.
        row: (object, now) to the cells.
        conditions: object to the row's conditions; only finished pods have one.
    """

    columns: tuple[Column, ...]
    row: Callable[[Object, datetime], Row]
    conditions: Callable[[Object], list[Object]] = field(default=lambda _: [])


def human_duration(seconds: float) -> str:
    """Print a duration as kubectl does: fewer digits the longer it is.

    Example:
        >>> [human_duration(s) for s in (119, 303, 10740, 11100, 172000, 273600, 400 * 86400)]
        ['119s', '5m3s', '179m', '3h5m', '47h', '3d4h', '400d']
    """
    whole = int(seconds)
    if whole < -1:
        return "<invalid>"
    if whole < 0:
        return "0s"
    minutes, hours, days, years = whole // _MINUTE, whole // _HOUR, whole // _DAY, whole // _YEAR
    if whole < 2 * _MINUTE:
        return f"{whole}s"
    if minutes < 10:
        return _two(minutes, "m", whole % _MINUTE, "s")
    if minutes < 3 * 60:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if hours < 8 * 24:
        return _two(days, "d", hours % 24, "h")
    if days < 2 * 365:
        return f"{days}d"
    if days < 8 * 365:
        return _two(years, "y", days % 365, "d")
    return f"{years}y"


def _two(big: int, big_unit: str, small: int, small_unit: str) -> str:
    return f"{big}{big_unit}{small}{small_unit}" if small else f"{big}{big_unit}"


def since(timestamp: str | None, now: datetime) -> str:
    """Print how long ago a timestamp was, or `<unknown>` without one."""
    return human_duration((now - parse_time(timestamp)).total_seconds()) if timestamp else UNKNOWN


def age(obj: Object, now: datetime) -> str:
    """Print an object's age."""
    return since(obj["metadata"].get("creationTimestamp"), now)


def joined(items: list[str] | None, *, none: str = NONE) -> str:
    """Join with commas; nothing is `<none>`."""
    return ",".join(items) if items else none


def container_cells(pod_spec: Object) -> tuple[str, str]:
    """Return the names and the images of a template's containers."""
    containers = pod_spec.get("containers") or []
    return ",".join(c.get("name", "") for c in containers), ",".join(c.get("image", "") for c in containers)
