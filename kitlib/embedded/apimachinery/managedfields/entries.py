"""The entries of `metadata.managedFields`: one per manager, operation, version and subresource."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from kitlib.embedded.apimachinery.managedfields.fieldset import FieldSet, difference
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.times import format_time

__all__ = ["Entry", "read", "without", "write"]


@dataclass(frozen=True, slots=True)
class Entry:
    """What one manager owns."""

    manager: str
    operation: Literal["Apply", "Update"]
    api_version: str
    subresource: str
    fields: FieldSet
    time: str = ""

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What makes two entries the same; an applier is the same in every version."""
        version = self.api_version if self.operation == "Update" else ""
        return self.manager, self.operation, version, self.subresource

    @property
    def title(self) -> str:
        """The manager as a conflict names it."""
        text = f'"{self.manager}"'
        if self.subresource:
            text += f' with subresource "{self.subresource}"'
        if self.operation == "Update":
            text += f" using {self.api_version}"
            if self.time:
                text += f" at {self.time}"
        return text


def read(obj: Object | None) -> list[Entry]:
    """Return the entries of an object."""
    listed = (obj or {}).get("metadata", {}).get("managedFields") or ()
    return [
        Entry(
            entry.get("manager", ""),
            entry.get("operation", "Update"),
            entry.get("apiVersion", ""),
            entry.get("subresource", ""),
            entry.get("fieldsV1") or {},
            entry.get("time", ""),
        )
        for entry in listed
    ]


def without(entries: Iterable[Entry], fields: FieldSet) -> list[Entry]:
    """Take fields away from everybody."""
    if not fields:
        return list(entries)
    return [replace(entry, fields=difference(entry.fields, fields)) for entry in entries]


def write(obj: Object, entries: Iterable[Entry], before: Iterable[Entry], *, now: datetime) -> None:
    """Set the entries of an object: those that own nothing vanish, those that changed get the time."""
    known = {entry.identity: entry for entry in before}
    stamp = format_time(now)
    listed: list[Object] = []
    for entry in entries:
        if not entry.fields:
            continue
        old = known.get(entry.identity)
        moment = old.time if old is not None and old.fields == entry.fields else stamp
        listed.append(_shown(entry, moment))
    listed.sort(key=lambda each: (each["operation"], each["time"], each["manager"], each.get("subresource", "")))
    if listed:
        obj["metadata"]["managedFields"] = listed
    else:
        obj["metadata"].pop("managedFields", None)


def _shown(entry: Entry, moment: str) -> Object:
    shown: Object = {
        "manager": entry.manager,
        "operation": entry.operation,
        "apiVersion": entry.api_version,
        "time": moment,
        "fieldsType": "FieldsV1",
        "fieldsV1": entry.fields,
    }
    return shown | {"subresource": entry.subresource} if entry.subresource else shown
