"""A cluster the user names by a kubeconfig: it can be looked at, never made or removed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from kitlib.client import Cluster, connect
from kitlib.environments.provider import ClusterInfo, ClusterStatus, Finding, Progress
from kitlib.errors import ClusterError, KitError, UsageError

__all__ = ["KubeconfigProvider"]

_NEEDED = (("create", "", "namespaces"), ("create", "apps", "statefulsets"), ("create", "", "pods/exec"))


class KubeconfigProvider:
    """Somebody else's cluster.

    Args:
        kubeconfig: the file.
        context: the context in it; None for its current one.

    Example:
        >>> KubeconfigProvider(Path("~/.kube/config").expanduser(), "kind-kit").status().state  # doctest: +SKIP
        'running'
    """

    def __init__(self, kubeconfig: Path, context: str | None = None) -> None:
        self._kubeconfig, self._context = kubeconfig, context

    def create(self, name: str = "default", *, progress: Progress | None = None) -> ClusterInfo:
        """Refuse: the kit makes its own clusters only."""
        self._refuse("start")

    def delete(self, name: str = "default") -> bool:
        """Refuse: the kit removes its own clusters only."""
        self._refuse("remove")

    def status(self, name: str = "default") -> ClusterStatus:
        """Tell whether the cluster answers; `name` is not used, the context says which one."""
        cluster = self._connect()
        access = cluster.access
        try:
            version = cluster.version()
        except ClusterError as error:
            return ClusterStatus(access.context, "stopped", detail=str(error))
        info = ClusterInfo(access.context, self._kubeconfig, access.context, access.server)
        return ClusterStatus(access.context, "running", info, detail=f"Kubernetes {version}, from {self._kubeconfig}")

    def doctor(self) -> list[Finding]:
        """Check what labs need of the cluster; after the first failure nothing further is tried."""
        findings = []
        try:
            for finding in self._look(self._connect()):
                findings.append(finding)
        except KitError as error:
            findings.append(Finding("cluster", False, error.message, error.fix))
        return findings

    def _look(self, cluster: Cluster) -> Iterator[Finding]:
        yield Finding("cluster", True, f"Kubernetes {cluster.version()} on {cluster.access.server}")
        for verb, group, resource in _NEEDED:
            allowed = _allowed(cluster, verb, group, resource)
            fix = "" if allowed else "ask the cluster's administrator for it, or use the embedded cluster: kit up"
            yield Finding(f"may {verb} {resource}", allowed, fix=fix)
        default = list(_default_classes(cluster))
        fix = "" if default else "annotate one with storageclass.kubernetes.io/is-default-class=true"
        yield Finding("default storage class", bool(default), ", ".join(default) or "there is none", fix)

    def _connect(self) -> Cluster:
        return connect(self._kubeconfig, self._context)

    def _refuse(self, what: str) -> NoReturn:
        raise UsageError(
            f"the kit does not {what} the cluster of {self._kubeconfig}: it did not make it",
            fix="unset KIT_KUBECONFIG to work with clusters of the kit",
        )


def _allowed(cluster: Cluster, verb: str, group: str, resource: str) -> bool:
    resource, _, subresource = resource.partition("/")
    attributes = {"verb": verb, "group": group, "resource": resource, "subresource": subresource}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes | {"namespace": cluster.access.namespace}},
    }
    return bool(cluster.create(review)["status"].get("allowed"))


def _default_classes(cluster: Cluster) -> Iterator[str]:
    for found in cluster.list("storageclasses"):
        annotations = found["metadata"].get("annotations") or {}
        if annotations.get("storageclass.kubernetes.io/is-default-class") == "true":
            yield found["metadata"]["name"]
