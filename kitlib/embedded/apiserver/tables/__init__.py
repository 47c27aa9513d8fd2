"""Tables: what `kubectl get` prints, computed by the server.

One `Printer` per kind says the columns and makes a row; `table` wraps rows in the `meta.k8s.io/v1` object.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.resources import Resource
from kitlib.embedded.apiserver.tables import cluster, events, networking, pods, storage, workloads
from kitlib.embedded.apiserver.tables.columns import NAME, UNKNOWN, Column, Printer, Row, human_duration
from kitlib.embedded.apiserver.tables.pods import pod_status

__all__ = ["IncludeObject", "human_duration", "pod_status", "table"]

IncludeObject = Literal["Metadata", "None", "Object"]


def _default_row(obj: Object, now: datetime) -> Row:
    return [obj["metadata"].get("name", ""), obj["metadata"].get("creationTimestamp", UNKNOWN)]


_DEFAULT = Printer((NAME, Column("Created At", "date")), _default_row)
_PRINTERS: dict[str, Printer] = {
    "ClusterRole": cluster.ROLE,
    "ClusterRoleBinding": cluster.BINDING,
    "ConfigMap": cluster.CONFIG_MAP,
    "ControllerRevision": workloads.CONTROLLER_REVISION,
    "Deployment": workloads.DEPLOYMENT,
    "EndpointSlice": networking.ENDPOINT_SLICE,
    "Endpoints": networking.ENDPOINTS,
    "Event": events.EVENT,
    "Lease": cluster.LEASE,
    "Namespace": cluster.NAMESPACE,
    "Node": cluster.NODE,
    "PersistentVolume": storage.PERSISTENT_VOLUME,
    "PersistentVolumeClaim": storage.PERSISTENT_VOLUME_CLAIM,
    "Pod": pods.POD,
    "PodDisruptionBudget": workloads.POD_DISRUPTION_BUDGET,
    "PodTemplate": workloads.POD_TEMPLATE,
    "PriorityClass": cluster.PRIORITY_CLASS,
    "ReplicaSet": workloads.REPLICA_SET,
    "ReplicationController": workloads.REPLICA_SET,
    "Role": cluster.ROLE,
    "RoleBinding": cluster.BINDING,
    "Secret": cluster.SECRET,
    "Service": networking.SERVICE,
    "ServiceAccount": cluster.SERVICE_ACCOUNT,
    "StatefulSet": workloads.STATEFUL_SET,
    "StorageClass": storage.STORAGE_CLASS,
}


def table(
    resource: Resource,
    objects: Sequence[Object],
    now: datetime,
    *,
    list_meta: Object,
    include_object: IncludeObject = "Metadata",
    columns: bool = True,
) -> Object:
    """Return a `Table` of objects of one kind.

    Args:
        resource: what kind they are.
        objects: the rows.
        now: ages are counted to this moment.
        list_meta: the metadata of the list (resourceVersion, continue, remainingItemCount).
        include_object: how much of each object goes with its row.
        columns: whether to define the columns; in a watch only the first event does.
    """
    printer = _PRINTERS.get(resource.kind, _DEFAULT)
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": list_meta,
        "columnDefinitions": [column.definition for column in printer.columns] if columns else [],
        "rows": [_row(printer, obj, now, include_object) for obj in objects],
    }


def _row(printer: Printer, obj: Object, now: datetime, include_object: IncludeObject) -> Object:
    row: Object = {"cells": printer.row(obj, now)}
    if conditions := printer.conditions(obj):
        row["conditions"] = conditions
    if include_object == "Object":
        row["object"] = obj
    elif include_object == "Metadata":
        row["object"] = {
            "kind": "PartialObjectMetadata",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": obj["metadata"],
        }
    return row
