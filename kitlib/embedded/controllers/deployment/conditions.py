"""Conditions of a Deployment. Source: `SetDeploymentCondition` in `deployment_util.go`."""

from __future__ import annotations

from datetime import datetime

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.times import format_time

__all__ = ["find", "make", "put", "without"]


def make(kind: str, status: str, reason: str, message: str, now: datetime) -> Object:
    """Build a condition that changes now."""
    stamp = format_time(now)
    return {
        "type": kind,
        "status": status,
        "lastUpdateTime": stamp,
        "lastTransitionTime": stamp,
        "reason": reason,
        "message": message,
    }


def find(conditions: list[Object], kind: str) -> Object | None:
    """Return the condition of a type, or None."""
    return next((condition for condition in conditions if condition["type"] == kind), None)


def without(conditions: list[Object], kind: str) -> list[Object]:
    """Return the conditions but for one type."""
    return [condition for condition in conditions if condition["type"] != kind]


def put(conditions: list[Object], condition: Object) -> list[Object]:
    """Return the conditions with one replaced.

    Same status and reason: nothing changes, not even the message. Same status: the transition time stays.
    """
    old = find(conditions, condition["type"])
    if old is not None and old["status"] == condition["status"]:
        if old["reason"] == condition["reason"]:
            return conditions
        condition = condition | {"lastTransitionTime": old["lastTransitionTime"]}
    return [*without(conditions, condition["type"]), condition]
