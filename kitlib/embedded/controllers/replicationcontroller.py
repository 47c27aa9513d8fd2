"""The ReplicationController controller: the ReplicaSet controller for another kind, as upstream."""

from __future__ import annotations

from kitlib.embedded.controllers.replicaset import ReplicaSetController

__all__ = ["ReplicationManager"]


class ReplicationManager(ReplicaSetController):
    """Creates and deletes the pods of ReplicationControllers."""

    name = "replication-controller"
    resource = "replicationcontrollers"
    kind = "ReplicationController"
    counts_terminating = False
