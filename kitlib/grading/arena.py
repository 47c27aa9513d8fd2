"""A fresh embedded cluster for one submission; the admin's credentials stay with the grader."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from kitlib.client import Cluster, connect
from kitlib.environments.daemon_start import Nursery
from kitlib.environments.embedded import EmbeddedProvider
from kitlib.lab import LabSpec
from kitlib.lab.reset import ensure_namespace

__all__ = ["Arena", "arena", "student_access"]

_HOME_NAMESPACE = "kit-students"
_STUDENT = "student"
_TOKEN_SECONDS = 6 * 3600

#: What a learner may do in the lab's namespace; not `*` on the core group, which would include the namespace itself.
_CORE = (
    "configmaps endpoints events limitranges persistentvolumeclaims pods pods/attach pods/eviction pods/exec pods/log "
    "pods/portforward resourcequotas secrets serviceaccounts services"
)
_WORK = [
    {"apiGroups": [""], "resources": _CORE.split()},
    {"apiGroups": ["apps", "batch", "policy", "autoscaling", "discovery.k8s.io", "events.k8s.io"], "resources": ["*"]},
]
#: What a learner may do with cluster-scoped kinds of a lab: not `bind` and `escalate`, which are on roles.
_MAKING = ["get", "list", "watch", "create", "update", "patch", "delete"]
#: What a learner may see outside of it.
_LOOK = [
    {"apiGroups": [""], "resources": ["namespaces", "nodes", "persistentvolumes"]},
    {"apiGroups": ["storage.k8s.io"], "resources": ["storageclasses"]},
]


@dataclass(frozen=True, slots=True)
class Arena:
    """A cluster with one lab's namespace.

    Attributes:
        cluster: with the grader's credentials.
        student_kubeconfig: for the student's kernel, limited to the namespace.
        folder: a scratch folder that is removed afterwards.
    """

    cluster: Cluster
    namespace: str
    student_kubeconfig: Path
    folder: Path


@contextmanager
def arena(spec: LabSpec, namespace: str) -> Iterator[Arena]:
    """Start a cluster of its own, give it the lab's namespace and a student, and remove all of it at the end.

    The cluster ends even when the grader is killed.
    """
    scratch = tempfile.TemporaryDirectory(prefix="kit-grade-", ignore_cleanup_errors=True)
    with scratch as name, Nursery() as nursery:
        folder = Path(name)
        provider = EmbeddedProvider(folder / "state", start=nursery.start)
        info = provider.create("grading", nodes=spec.nodes, node_timeouts=spec.node_timeouts)
        try:
            cluster = connect(info.kubeconfig, info.context)
            try:
                ensure_namespace(cluster, namespace, slug=spec.slug)
                access = student_access(cluster, namespace, folder / "kubeconfig", rights=_rights(cluster, spec))
                yield Arena(cluster, namespace, access, folder)
            finally:
                cluster.close()
        finally:
            provider.delete("grading")


def _rights(cluster: Cluster, spec: LabSpec) -> list[dict[str, Any]]:
    """Return the rules beyond the namespace: the cluster-scoped kinds that the lab is about, and what it asks for."""
    kinds = [cluster.mapper.named(kind) for kind in spec.cluster_objects]
    made = [{"apiGroups": [kind.group], "resources": [kind.plural], "verbs": _MAKING} for kind in kinds]
    return [*made, *(dict(rule) for rule in spec.rights)]


def student_access(
    cluster: Cluster, namespace: str, file: Path, *, rights: Sequence[Mapping[str, list[str]]] = ()
) -> Path:
    """Make a service account that may work in one namespace and look around, and write its kubeconfig.

    Args:
        cluster: with the right to grant.
        namespace: where the student may work.
        file: where the kubeconfig goes.
        rights: rules for the whole cluster beside these.
    """
    account = {"kind": "ServiceAccount", "name": _STUDENT, "namespace": _HOME_NAMESPACE}
    ensure_namespace(cluster, _HOME_NAMESPACE, slug="grading")
    everything, reading = {"verbs": ["*"]}, {"verbs": ["get", "list", "watch"]}
    cluster.apply(
        [{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": _STUDENT}}], namespace=_HOME_NAMESPACE
    )
    cluster.apply(
        [
            _role("kit-student-work", [rule | everything for rule in _WORK]),
            _role("kit-student-look", [*(rule | reading for rule in _LOOK), *map(dict, rights)]),
            _binding("ClusterRoleBinding", "kit-student-look", account),
            _binding("RoleBinding", "kit-student-work", account),
        ],
        namespace=namespace,
    )
    token = cluster.transport.json(
        "POST",
        f"/api/v1/namespaces/{_HOME_NAMESPACE}/serviceaccounts/{_STUDENT}/token",
        body={
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": _TOKEN_SECONDS},
        },
    )["status"]["token"]
    file.touch(mode=0o600)
    file.write_text(yaml.safe_dump(_kubeconfig(cluster, namespace, token)))
    return file


def _role(name: str, rules: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name},
        "rules": rules,
    }


def _binding(kind: str, name: str, account: Mapping[str, str]) -> dict[str, Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
        "subjects": [dict(account)],
    }


def _kubeconfig(cluster: Cluster, namespace: str, token: str) -> dict[str, Any]:
    access = cluster.access
    server = {"server": access.server}
    if access.ca:
        server["certificate-authority-data"] = base64.b64encode(access.ca.encode()).decode()
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "lab",
        "clusters": [{"name": "lab", "cluster": server}],
        "users": [{"name": _STUDENT, "user": {"token": token}}],
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": _STUDENT, "namespace": namespace}}],
    }
