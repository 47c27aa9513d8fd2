"""Bring a lab back to its beginning: delete what it owns, its namespace and the cluster-scoped objects it declares.

Bounded and resumable: an interrupted reset is simply begun again, and finds the namespace going or gone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from kitlib.client import ApiError, Cluster
from kitlib.errors import ClusterError, LabError

__all__ = [
    "LAB_LABEL",
    "OWNER_LABEL",
    "ensure_namespace",
    "give_back_nodes",
    "remove_cluster_objects",
    "remove_namespace",
]

OWNER_LABEL = "statefulset-lab-kit/owned"
LAB_LABEL = "statefulset-lab-kit/lab"

#: What learners make in a namespace, makers first: what those made goes with them.
_MADE = (
    *("Deployment", "ReplicaSet", "StatefulSet", "Pod", "Service", "EndpointSlice"),
    *("PersistentVolumeClaim", "PodDisruptionBudget", "ConfigMap", "Secret", "ServiceAccount"),
)
#: What every namespace has.
_GIVEN = ("default", "kube-root-ca.crt")


def ensure_namespace(cluster: Cluster, namespace: str, *, slug: str, timeout: float = 60.0) -> bool:
    """Create the lab's namespace unless it is there; returns whether it was created.

    Raises:
        LabError: a namespace of that name belongs to somebody else.
    """
    found = cluster.find("namespace", namespace)
    if found is not None and found["metadata"].get("deletionTimestamp"):
        cluster.wait("namespace", namespace, until="deleted", timeout=timeout)
        found = None
    if found is not None:
        _owned(found)
        return False
    cluster.create(
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": namespace, "labels": {OWNER_LABEL: "true", LAB_LABEL: slug}},
        }
    )
    _await_service_account(cluster, namespace, timeout)
    return True


def remove_namespace(
    cluster: Cluster, namespace: str, *, timeout: float = 90.0, progress: Callable[[str], None] | None = None
) -> bool:
    """Delete the lab's namespace and everything in it; returns False when it was not there.

    Whoever may not delete it, such as a graded student, has it emptied.

    Raises:
        LabError: it belongs to somebody else.
        WaitTimeout: it is not gone in time; call it again to go on.
    """
    found = cluster.find("namespace", namespace)
    if found is None:
        return False
    _owned(found)
    if not found["metadata"].get("deletionTimestamp"):
        try:
            cluster.delete("namespace", namespace)
        except ApiError as error:
            if error.code != 403:
                raise
            _empty(cluster, namespace, timeout=timeout)
            return True
    cluster.wait("namespace", namespace, until="deleted", timeout=timeout, progress=progress)
    return True


def remove_cluster_objects(
    cluster: Cluster, named: Mapping[str, Sequence[str]], *, namespace: str, timeout: float = 60.0
) -> list[str]:
    """Delete what of a lab is in no namespace, once its namespace is gone; returns what was there, as `kind/name`.

    That is what the lab declares as its own, and the volumes that claims of its namespace have left behind.

    Raises:
        WaitTimeout: one is not gone in time; call it again to go on.
    """
    doomed = [(kind, name) for kind, names in named.items() for name in names]
    doomed += [("PersistentVolume", name) for name in _volumes_of(cluster, namespace)]
    found = [(kind, name) for kind, name in dict.fromkeys(doomed) if cluster.delete(kind, name)]
    for kind, name in found:
        cluster.wait(kind, name, until="deleted", timeout=timeout)
    return [f"{kind.lower()}/{name}" for kind, name in found]


def give_back_nodes(cluster: Cluster, *, timeout: float = 60.0) -> list[str]:
    """Let the nodes that a learner has made to fail work again; returns their names.

    It comes before everything else: a pod on a node that does not answer never ends, and nor does its namespace.

    Raises:
        WaitTimeout: one is not Ready in time; call it again to go on.
    """
    from kitlib.environments.embedded import MACHINE  # noqa: PLC0415 -- only labs of several nodes need it

    nodes = cluster.list("nodes")
    failed = [node["metadata"]["name"] for node in nodes if MACHINE in (node["metadata"].get("annotations") or {})]
    for name in failed:
        cluster.patch("node", name, {"metadata": {"annotations": {MACHINE: None}}})
    for name in failed:
        cluster.wait("node", name, timeout=timeout)
    return failed


def _empty(cluster: Cluster, namespace: str, *, timeout: float) -> None:
    """Delete what a learner has made in a namespace, and wait until all that came of it is gone."""
    for kind in _MADE:
        for one in cluster.list(kind, namespace=namespace):
            name = one["metadata"]["name"]
            if not one["metadata"].get("ownerReferences") and name not in _GIVEN:
                cluster.delete(kind, name, namespace=namespace)
    for kind in _MADE:
        for one in cluster.list(kind, namespace=namespace):
            if one["metadata"]["name"] not in _GIVEN:
                cluster.wait(kind, one["metadata"]["name"], namespace=namespace, until="deleted", timeout=timeout)


def _volumes_of(cluster: Cluster, namespace: str) -> list[str]:
    try:
        volumes = cluster.list("PersistentVolume")
    except ApiError as error:
        if error.code == 403:  # Restricted credentials may not look; what is Retained then stays.
            return []
        raise
    claimed = [(one["metadata"]["name"], one["spec"].get("claimRef") or {}) for one in volumes]
    return [name for name, claim in claimed if claim.get("namespace") == namespace]


def _owned(namespace: dict[str, object]) -> None:
    metadata = namespace["metadata"]
    labels = metadata.get("labels") or {} if isinstance(metadata, dict) else {}
    if labels.get(OWNER_LABEL) != "true":
        name = metadata.get("name") if isinstance(metadata, dict) else "?"
        raise LabError(
            f"the namespace {name!r} was not made by the kit, so it is not touched",
            fix=f"use another with KIT_NAMESPACE, or label it: kubectl label namespace {name} {OWNER_LABEL}=true",
        )


def _await_service_account(cluster: Cluster, namespace: str, timeout: float) -> None:
    """Pods need the `default` service account, which a controller makes a moment after the namespace."""
    deadline = time.monotonic() + min(timeout, 15.0)
    while time.monotonic() < deadline:
        try:
            if cluster.find("serviceaccount", "default", namespace=namespace):
                return
        except ApiError as error:
            if error.code == 403:  # Restricted credentials may not look; the pods will tell.
                return
            raise
        time.sleep(0.05)
    raise ClusterError(
        f"the namespace {namespace!r} got no default service account", fix="see `kit status`: are the controllers up?"
    )
