"""Rows of the controllers of pods, their revisions and their budgets."""

from __future__ import annotations

from datetime import datetime

from kitlib.embedded.apimachinery.objects import Object, controller_of
from kitlib.embedded.apimachinery.selectors import format_label_selector, of_workload
from kitlib.embedded.apiserver.tables.columns import (
    AGE,
    NAME,
    NONE,
    Column,
    Printer,
    Row,
    age,
    container_cells,
    joined,
)

__all__ = ["CONTROLLER_REVISION", "DEPLOYMENT", "POD_DISRUPTION_BUDGET", "POD_TEMPLATE", "REPLICA_SET", "STATEFUL_SET"]

_WIDE = (
    Column("Containers", description="Names of each container in the template.", wide=True),
    Column("Images", description="Images referenced by each container in the template.", wide=True),
)
_SELECTOR = Column("Selector", description="Label selector for pods.", wide=True)


def _containers(obj: Object) -> tuple[str, str]:
    return container_cells((obj["spec"].get("template") or {}).get("spec") or {})


def _ready(obj: Object) -> str:
    return f"{(obj.get('status') or {}).get('readyReplicas', 0)}/{obj['spec'].get('replicas', 0)}"


def _stateful_set(obj: Object, now: datetime) -> Row:
    return [obj["metadata"]["name"], _ready(obj), age(obj, now), *_containers(obj)]


def _deployment(obj: Object, now: datetime) -> Row:
    status = obj.get("status") or {}
    return [
        obj["metadata"]["name"],
        _ready(obj),
        status.get("updatedReplicas", 0),
        status.get("availableReplicas", 0),
        age(obj, now),
        *_containers(obj),
        format_label_selector(obj["spec"].get("selector")),
    ]


def _replica_set(obj: Object, now: datetime) -> Row:
    status = obj.get("status") or {}
    return [
        obj["metadata"]["name"],
        obj["spec"].get("replicas", 0),
        status.get("replicas", 0),
        status.get("readyReplicas", 0),
        age(obj, now),
        *_containers(obj),
        format_label_selector(of_workload(obj)),
    ]


def _controller_revision(obj: Object, now: datetime) -> Row:
    owner = controller_of(obj)
    shown = NONE
    if owner is not None:
        group = owner["apiVersion"].rpartition("/")[0]
        kind = owner["kind"].lower()
        shown = f"{kind}.{group}/{owner['name']}" if group else f"{kind}/{owner['name']}"
    return [obj["metadata"]["name"], shown, obj.get("revision", 0), age(obj, now)]


def _pod_template(obj: Object, now: datetime) -> Row:
    template = obj.get("template") or {}
    labels = (template.get("metadata") or {}).get("labels") or {}
    shown = joined([f"{key}={value}" for key, value in sorted(labels.items())])
    return [obj["metadata"]["name"], *container_cells(template.get("spec") or {}), shown]


def _pod_disruption_budget(obj: Object, now: datetime) -> Row:
    spec, absent = obj.get("spec") or {}, "N/A"
    return [
        obj["metadata"]["name"],
        str(spec.get("minAvailable", absent)),
        str(spec.get("maxUnavailable", absent)),
        (obj.get("status") or {}).get("disruptionsAllowed", 0),
        age(obj, now),
    ]


STATEFUL_SET = Printer((NAME, Column("Ready", description="Ready of desired replicas."), AGE, *_WIDE), _stateful_set)
DEPLOYMENT = Printer(
    (
        NAME,
        Column("Ready", description="Ready of desired replicas."),
        Column("Up-to-date", "integer", description="Replicas of the newest template."),
        Column("Available", "integer", description="Replicas ready for at least minReadySeconds."),
        AGE,
        *_WIDE,
        _SELECTOR,
    ),
    _deployment,
)
REPLICA_SET = Printer(
    (
        NAME,
        Column("Desired", "integer"),
        Column("Current", "integer"),
        Column("Ready", "integer"),
        AGE,
        *_WIDE,
        _SELECTOR,
    ),
    _replica_set,
)
CONTROLLER_REVISION = Printer(
    (NAME, Column("Controller", description="Controller of the object."), Column("Revision", "integer"), AGE),
    _controller_revision,
)
POD_TEMPLATE = Printer(
    (NAME, Column("Containers"), Column("Images"), Column("Pod Labels")),
    _pod_template,
)
POD_DISRUPTION_BUDGET = Printer(
    (NAME, Column("Min Available"), Column("Max Unavailable"), Column("Allowed Disruptions", "integer"), AGE),
    _pod_disruption_budget,
)
