"""What is special to each kind when it is written: one strategy per kind, found by `strategy_for`.

A strategy defaults, allocates, validates and warns. It stores nothing and knows nothing of HTTP; uid, timestamps,
generation, resourceVersion, finalizers and managedFields are the generic registry's.
"""

from __future__ import annotations

from functools import cache

from kitlib.embedded.apimachinery.resources import Resource
from kitlib.embedded.registry.strategies.base import Context, Strategy
from kitlib.embedded.registry.strategies.cluster import (
    LeaseStrategy,
    NamespaceStrategy,
    NodeStrategy,
    PriorityClassStrategy,
)
from kitlib.embedded.registry.strategies.configuration import ConfigMapStrategy, SecretStrategy
from kitlib.embedded.registry.strategies.deployments import DeploymentStrategy
from kitlib.embedded.registry.strategies.endpoints import EndpointSliceStrategy, EndpointsStrategy
from kitlib.embedded.registry.strategies.events import EventStrategy
from kitlib.embedded.registry.strategies.persistentvolumeclaims import PersistentVolumeClaimStrategy
from kitlib.embedded.registry.strategies.persistentvolumes import PersistentVolumeStrategy
from kitlib.embedded.registry.strategies.poddisruptionbudgets import PodDisruptionBudgetStrategy
from kitlib.embedded.registry.strategies.pods import PodStrategy
from kitlib.embedded.registry.strategies.podtemplates import PodTemplateStrategy
from kitlib.embedded.registry.strategies.rbac import RoleBindingStrategy, RoleStrategy
from kitlib.embedded.registry.strategies.replicasets import ControllerRevisionStrategy, ReplicaSetStrategy
from kitlib.embedded.registry.strategies.replicationcontrollers import ReplicationControllerStrategy
from kitlib.embedded.registry.strategies.services import ServiceStrategy
from kitlib.embedded.registry.strategies.statefulsets import StatefulSetStrategy
from kitlib.embedded.registry.strategies.storageclasses import StorageClassStrategy

__all__ = ["Context", "Strategy", "strategy_for"]

_STRATEGIES: dict[str, type[Strategy]] = {
    "ClusterRole": RoleStrategy,
    "ClusterRoleBinding": RoleBindingStrategy,
    "ConfigMap": ConfigMapStrategy,
    "ControllerRevision": ControllerRevisionStrategy,
    "Deployment": DeploymentStrategy,
    "EndpointSlice": EndpointSliceStrategy,
    "Endpoints": EndpointsStrategy,
    "Event": EventStrategy,
    "Lease": LeaseStrategy,
    "Namespace": NamespaceStrategy,
    "Node": NodeStrategy,
    "PersistentVolume": PersistentVolumeStrategy,
    "PersistentVolumeClaim": PersistentVolumeClaimStrategy,
    "Pod": PodStrategy,
    "PodDisruptionBudget": PodDisruptionBudgetStrategy,
    "PodTemplate": PodTemplateStrategy,
    "PriorityClass": PriorityClassStrategy,
    "ReplicaSet": ReplicaSetStrategy,
    "ReplicationController": ReplicationControllerStrategy,
    "Role": RoleStrategy,
    "RoleBinding": RoleBindingStrategy,
    "Secret": SecretStrategy,
    "Service": ServiceStrategy,
    "StatefulSet": StatefulSetStrategy,
    "StorageClass": StorageClassStrategy,
}


@cache
def strategy_for(resource: Resource) -> Strategy:
    """Return the strategy of a kind; kinds without rules of their own get the base one.

    Example:
        >>> from kitlib.embedded.apimachinery.resources import by_name
        >>> type(strategy_for(by_name("statefulsets.apps"))).__name__
        'StatefulSetStrategy'
    """
    return _STRATEGIES.get(resource.kind, Strategy)(resource)
