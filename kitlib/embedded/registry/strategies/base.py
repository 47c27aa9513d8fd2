"""What a kind may say in the pipeline of a write: defaults, allocation, validation, warnings.

The names are upstream's (`rest.RESTCreateStrategy`). The generic registry calls them in this order:
`default`, `prepare_for_create` / `prepare_for_update`, `validate` / `validate_update`.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from kitlib.embedded.apimachinery.naming import check_dns_subdomain
from kitlib.embedded.apimachinery.objects import Object, deep_copy
from kitlib.embedded.apimachinery.resources import Resource
from kitlib.embedded.apimachinery.status import FieldError
from kitlib.embedded.registry.strategies.metadata_validation import validate_metadata

__all__ = ["Context", "Strategy"]


@dataclass(frozen=True, slots=True)
class Context:
    """What a strategy may look at.

    Args:
        now: the time of the request.
        user: who asks.
        lookup: (resource, name, namespace) to an object, or None.
        objects: (resource, namespace) to all objects; an empty namespace means all.
        random: for generated names, addresses and ports.
        toleration_seconds: what pods tolerate of a lost node when they say nothing.
        gates: the feature gates that are on.
        asked_name: how the request names a new object: its name, or the prefix of a generated one.
        subresource: through which subresource an object is changed, if any.
    """

    now: datetime
    user: str
    lookup: Callable[[str, str, str], Object | None]
    objects: Callable[[str, str], list[Object]]
    random: random.Random
    toleration_seconds: int = 300
    gates: frozenset[str] = frozenset()
    asked_name: str = ""
    subresource: str = ""


class Strategy:
    """The strategy of a kind without rules of its own, and the base of all others.

    Subclasses usually implement `default`, `check` and `check_change` only.
    """

    initial_status: ClassVar[Object] = {}
    create_on_update: ClassVar[bool] = False
    """Whether a PUT of an object that does not exist creates it."""

    def __init__(self, resource: Resource) -> None:
        self.resource = resource

    @staticmethod
    def check_name(value: str, /) -> list[str]:
        """Return what is wrong with an object's name."""
        return check_dns_subdomain(value)

    def default(self, obj: Object) -> None:
        """Fill in what the scheme defaults; runs on every decode and is idempotent."""

    def prepare_for_create(self, obj: Object, ctx: Context) -> None:
        """Drop what clients may not set (status), allocate, and do what built-in admission does."""
        if self.resource.has_status:
            obj["status"] = deep_copy(self.initial_status)

    def prepare_for_update(self, obj: Object, old: Object, ctx: Context) -> None:
        """Keep what was allocated, if the request leaves it out."""

    def validate(self, obj: Object, ctx: Context) -> list[FieldError]:
        """Return everything wrong with a new object."""
        return [*validate_metadata(obj["metadata"], self.check_name), *self.check(obj, ctx)]

    def validate_update(self, obj: Object, old: Object, ctx: Context) -> list[FieldError]:
        """Return everything wrong with an update; what did not change is not checked again."""
        errors: list[FieldError] = []
        if obj["metadata"] != old["metadata"]:
            errors += validate_metadata(obj["metadata"], self.check_name)
        if _without_bookkeeping(obj) != _without_bookkeeping(old):
            errors += [*self.check(obj, ctx), *self.check_change(obj, old, ctx)]
        return errors + self.check_status(obj, old)

    def check(self, obj: Object, ctx: Context) -> list[FieldError]:
        """Return what is wrong with the body of an object, new or updated."""
        return []

    def check_change(self, obj: Object, old: Object, ctx: Context) -> list[FieldError]:
        """Return what may not change in this way."""
        return []

    def check_status(self, obj: Object, old: Object) -> list[FieldError]:
        """Return what is wrong with a new status."""
        return []

    def warnings(self, obj: Object) -> list[str]:
        """Return texts for Warning headers."""
        return []

    def grace_period(self, obj: Object, requested: int | None) -> int:
        """Return the seconds between a DELETE and the removal: none for all but pods."""
        return 0


def _without_bookkeeping(obj: Object) -> Object:
    return {field: value for field, value in obj.items() if field not in ("metadata", "status")}
