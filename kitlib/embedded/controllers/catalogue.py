"""The list of all controllers, in one place: what kube-controller-manager starts, and the volume provisioner.

The composition root calls `build_controllers` and gives the result to a `ControllerManager`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias
from uuid import uuid4

from kitlib.clock import Clock
from kitlib.embedded.controllers.clusterroleaggregation import ClusterRoleAggregationController
from kitlib.embedded.controllers.controller import Controller
from kitlib.embedded.controllers.deployment.controller import DeploymentController
from kitlib.embedded.controllers.disruption import DisruptionController
from kitlib.embedded.controllers.endpoints import EndpointsController
from kitlib.embedded.controllers.endpointslice import EndpointSliceController
from kitlib.embedded.controllers.endpointslicemirroring import EndpointSliceMirroringController
from kitlib.embedded.controllers.ephemeral_volumes import EphemeralVolumeController
from kitlib.embedded.controllers.garbagecollector import GarbageCollector
from kitlib.embedded.controllers.namespace import NamespaceController
from kitlib.embedded.controllers.node_lifecycle import NodeLifecycleController
from kitlib.embedded.controllers.node_timings import REAL, NodeTimings
from kitlib.embedded.controllers.persistentvolume_binder import PersistentVolumeBinder
from kitlib.embedded.controllers.podgc import PodGarbageCollector
from kitlib.embedded.controllers.protection import ClaimProtection, VolumeProtection
from kitlib.embedded.controllers.provisioner import PROVISIONER, LocalPathProvisioner, VolumeDirectories
from kitlib.embedded.controllers.replicaset import ReplicaSetController
from kitlib.embedded.controllers.replicationcontroller import ReplicationManager
from kitlib.embedded.controllers.serviceaccount import RootCertificatePublisher, ServiceAccountController
from kitlib.embedded.controllers.statefulset.controller import StatefulSetController
from kitlib.embedded.controllers.taint_eviction import TaintEvictionController
from kitlib.embedded.controllers.volume_expander import VolumeExpander
from kitlib.embedded.registry.client import Client

__all__ = ["ClientFactory", "build_controllers"]

ClientFactory: TypeAlias = Callable[[str], Client]

_PLAIN: tuple[type[Controller], ...] = (
    ServiceAccountController,
    ClusterRoleAggregationController,
    PersistentVolumeBinder,
    EphemeralVolumeController,
    VolumeExpander,
    ClaimProtection,
    VolumeProtection,
    ReplicaSetController,
    ReplicationManager,
    DeploymentController,
    EndpointSliceController,
    EndpointSliceMirroringController,
    EndpointsController,
    GarbageCollector,
    NamespaceController,
    DisruptionController,
    TaintEvictionController,
)


def build_controllers(
    client_for: ClientFactory,
    clock: Clock,
    *,
    certificate: str,
    directories: VolumeDirectories,
    timings: NodeTimings = REAL,
    max_unavailable: bool = False,
) -> list[Controller]:
    """Build every controller.

    Args:
        client_for: makes the client of a component; the name is the source of its events.
        clock: time for all of them.
        certificate: the cluster's CA in PEM, published as `kube-root-ca.crt`.
        directories: makes and removes the directories behind dynamic volumes.
        timings: how long a node may be silent, and what follows when.
        max_unavailable: the feature gate `MaxUnavailableStatefulSet`.
    """
    publisher = RootCertificatePublisher(client_for(RootCertificatePublisher.name), clock, certificate=certificate)
    stateful_sets = StatefulSetController(
        client_for(StatefulSetController.name), clock, max_unavailable=max_unavailable
    )
    source = f"{PROVISIONER}_{LocalPathProvisioner.name}_{uuid4()}"
    provisioner = LocalPathProvisioner(client_for(source), clock, directories=directories)
    plain = [controller(client_for(controller.name), clock) for controller in _PLAIN]
    silence = [
        NodeLifecycleController(client_for(NodeLifecycleController.name), clock, timings=timings),
        PodGarbageCollector(client_for(PodGarbageCollector.name), clock, timings=timings),
    ]
    return [publisher, *plain, *silence, stateful_sets, provisioner]
