"""Validation of the counters in the status of a workload: a client may write them, but not any numbers."""

from __future__ import annotations

from collections.abc import Sequence

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.status import FieldError
from kitlib.embedded.registry.strategies import fields

__all__ = ["validate_status_change"]


def validate_status_change(new: Object, old: Object, *counters: str, ready: str) -> list[FieldError]:
    """Check a status against itself and the one before.

    Args:
        new: the object with its new status.
        old: the object as stored.
        counters: those that are part of `replicas`.
        ready: what the text about too many available replicas calls the ready ones.

    Example:
        >>> status = {"status": {"replicas": 1, "readyReplicas": 2}}
        >>> [str(error) for error in validate_status_change(status, {}, "readyReplicas", ready="readyReplicas")]
        ['status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas']
    """
    status, before = new.get("status") or {}, old.get("status") or {}
    if status == before:
        return []
    errors = [
        error
        for field in ("replicas", *counters, "observedGeneration", "collisionCount")
        for error in fields.non_negative(f"status.{field}", status.get(field))
    ]
    errors += _exceeding(status, counters, "replicas", "status.replicas")
    # No ready pods at all are let pass, for controllers from before that counter.
    if status.get("readyReplicas"):
        errors += _exceeding(status, ("availableReplicas",), "readyReplicas", ready)
    if "collisionCount" in before and (status.get("collisionCount") or 0) < before["collisionCount"]:
        number = status.get("collisionCount") or 0
        errors.append(fields.invalid("status.collisionCount", number, "cannot be decremented"))
    return errors


def _exceeding(status: Object, counters: Sequence[str], bound: str, text: str) -> list[FieldError]:
    most = status.get(bound) or 0
    numbers = ((field, status.get(field) or 0) for field in counters)
    return [
        fields.invalid(f"status.{field}", number, f"cannot be greater than {text}")
        for field, number in numbers
        if number > most
    ]
