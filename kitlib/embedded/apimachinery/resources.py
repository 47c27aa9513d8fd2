"""The table of everything the embedded cluster serves: one `Resource` per kind.

Discovery, OpenAPI, routing, RBAC and the registry all read this one table; a kind that is not here is a 404.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["RESOURCES", "Resource", "Subresource", "by_kind", "by_name", "resource"]

_READ_WRITE = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
_STATUS = ("get", "patch", "update")


@dataclass(frozen=True, slots=True)
class Subresource:
    """A path below an object, such as `status`; `group_version`/`kind` say what its body is."""

    name: str
    kind: str
    verbs: tuple[str, ...]
    group: str | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Resource:
    """One served kind.

    Args:
        group: API group, `""` for core.
        version: the served version; it is also the stored one.
        plural: name in paths, for example `statefulsets`.
        kind: for example `StatefulSet`.
        namespaced: whether objects live in a namespace.
        short_names: what kubectl accepts beside the plural.
        categories: for example `("all",)`.
        verbs: what may be done to it.
        subresources: what hangs below an object.
        has_generation: whether `metadata.generation` counts spec changes.
        virtual: requests are answered and nothing is stored (access reviews).
        storage: qualified name of the resource whose objects this one shows in another shape (`events` of two groups).
    """

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = _READ_WRITE
    subresources: tuple[Subresource, ...] = ()
    has_generation: bool = False
    virtual: bool = False
    storage: str = ""

    @property
    def qualified(self) -> str:
        """`statefulsets.apps`, or just `pods` in the core group: the name used inside and in error texts."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def group_kind(self) -> str:
        """`StatefulSet.apps`, or just `Pod`."""
        return f"{self.kind}.{self.group}" if self.group else self.kind

    @property
    def api_version(self) -> str:
        """`apps/v1`, or `v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def singular(self) -> str:
        """`statefulset`."""
        return self.kind.lower()

    @property
    def has_status(self) -> bool:
        """Whether `/status` exists, so that the main endpoint ignores status and the other way round."""
        return any(sub.name == "status" for sub in self.subresources)


def _status(kind: str) -> Subresource:
    return Subresource("status", kind, _STATUS)


_SCALE = Subresource("scale", "Scale", _STATUS, "autoscaling", "v1")
_PROXY_VERBS = ("create", "delete", "get", "patch", "update")
_WORKLOAD = {"categories": ("all",), "has_generation": True}

RESOURCES: tuple[Resource, ...] = (
    Resource("", "v1", "configmaps", "ConfigMap", short_names=("cm",)),
    Resource("", "v1", "endpoints", "Endpoints", short_names=("ep",)),
    Resource("", "v1", "events", "Event", short_names=("ev",)),
    Resource(
        "",
        "v1",
        "namespaces",
        "Namespace",
        namespaced=False,
        short_names=("ns",),
        verbs=("create", "delete", "get", "list", "patch", "update", "watch"),
        subresources=(Subresource("finalize", "Namespace", ("update",)), _status("Namespace")),
    ),
    Resource("", "v1", "nodes", "Node", namespaced=False, short_names=("no",), subresources=(_status("Node"),)),
    Resource(
        "",
        "v1",
        "persistentvolumeclaims",
        "PersistentVolumeClaim",
        short_names=("pvc",),
        subresources=(_status("PersistentVolumeClaim"),),
    ),
    Resource(
        "",
        "v1",
        "persistentvolumes",
        "PersistentVolume",
        namespaced=False,
        short_names=("pv",),
        subresources=(_status("PersistentVolume"),),
    ),
    Resource(
        "",
        "v1",
        "pods",
        "Pod",
        short_names=("po",),
        categories=("all",),
        has_generation=True,
        subresources=(
            Subresource("attach", "PodAttachOptions", ("create", "get")),
            Subresource("binding", "Binding", ("create",)),
            Subresource("ephemeralcontainers", "Pod", _STATUS),
            Subresource("eviction", "Eviction", ("create",), "policy", "v1"),
            Subresource("exec", "PodExecOptions", ("create", "get")),
            Subresource("log", "Pod", ("get",)),
            Subresource("portforward", "PodPortForwardOptions", ("create", "get")),
            Subresource("proxy", "PodProxyOptions", _PROXY_VERBS),
            Subresource("resize", "Pod", _STATUS),
            _status("Pod"),
        ),
    ),
    Resource("", "v1", "podtemplates", "PodTemplate", has_generation=True),
    Resource(
        "",
        "v1",
        "replicationcontrollers",
        "ReplicationController",
        short_names=("rc",),
        subresources=(_SCALE, _status("ReplicationController")),
        **_WORKLOAD,  # type: ignore[arg-type]
    ),
    Resource("", "v1", "secrets", "Secret"),
    Resource(
        "",
        "v1",
        "serviceaccounts",
        "ServiceAccount",
        short_names=("sa",),
        subresources=(Subresource("token", "TokenRequest", ("create",), "authentication.k8s.io", "v1"),),
    ),
    Resource(
        "",
        "v1",
        "services",
        "Service",
        short_names=("svc",),
        categories=("all",),
        subresources=(
            Subresource("proxy", "ServiceProxyOptions", _PROXY_VERBS),
            _status("Service"),
        ),
    ),
    Resource("apps", "v1", "controllerrevisions", "ControllerRevision"),
    Resource(
        "apps",
        "v1",
        "deployments",
        "Deployment",
        short_names=("deploy",),
        subresources=(_SCALE, _status("Deployment")),
        **_WORKLOAD,  # type: ignore[arg-type]
    ),
    Resource(
        "apps",
        "v1",
        "replicasets",
        "ReplicaSet",
        short_names=("rs",),
        subresources=(_SCALE, _status("ReplicaSet")),
        **_WORKLOAD,  # type: ignore[arg-type]
    ),
    Resource(
        "apps",
        "v1",
        "statefulsets",
        "StatefulSet",
        short_names=("sts",),
        subresources=(_SCALE, _status("StatefulSet")),
        **_WORKLOAD,  # type: ignore[arg-type]
    ),
    Resource(
        "authentication.k8s.io",
        "v1",
        "selfsubjectreviews",
        "SelfSubjectReview",
        namespaced=False,
        verbs=("create",),
        virtual=True,
    ),
    Resource(
        "authentication.k8s.io", "v1", "tokenreviews", "TokenReview", namespaced=False, verbs=("create",), virtual=True
    ),
    Resource(
        "authorization.k8s.io",
        "v1",
        "localsubjectaccessreviews",
        "LocalSubjectAccessReview",
        verbs=("create",),
        virtual=True,
    ),
    Resource(
        "authorization.k8s.io",
        "v1",
        "selfsubjectaccessreviews",
        "SelfSubjectAccessReview",
        namespaced=False,
        verbs=("create",),
        virtual=True,
    ),
    Resource(
        "authorization.k8s.io",
        "v1",
        "selfsubjectrulesreviews",
        "SelfSubjectRulesReview",
        namespaced=False,
        verbs=("create",),
        virtual=True,
    ),
    Resource(
        "authorization.k8s.io",
        "v1",
        "subjectaccessreviews",
        "SubjectAccessReview",
        namespaced=False,
        verbs=("create",),
        virtual=True,
    ),
    Resource("coordination.k8s.io", "v1", "leases", "Lease"),
    Resource("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice"),
    Resource("events.k8s.io", "v1", "events", "Event", short_names=("ev",), storage="events"),
    Resource(
        "policy",
        "v1",
        "poddisruptionbudgets",
        "PodDisruptionBudget",
        short_names=("pdb",),
        has_generation=True,
        subresources=(_status("PodDisruptionBudget"),),
    ),
    Resource("rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", namespaced=False),
    Resource("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", namespaced=False),
    Resource("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding"),
    Resource("rbac.authorization.k8s.io", "v1", "roles", "Role"),
    Resource("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", namespaced=False, short_names=("pc",)),
    Resource("storage.k8s.io", "v1", "storageclasses", "StorageClass", namespaced=False, short_names=("sc",)),
)

_BY_NAME = {r.qualified: r for r in RESOURCES}
_BY_KIND = {(r.group, r.version, r.kind): r for r in RESOURCES}


def by_name(qualified: str) -> Resource:
    """Return the resource of a qualified name.

    Raises:
        KeyError: it is not served.

    Example:
        >>> by_name("statefulsets.apps").kind
        'StatefulSet'
    """
    return _BY_NAME[qualified]


def by_kind(api_version: str, kind: str) -> Resource | None:
    """Return the resource of an object's apiVersion and kind, or None."""
    group, _, version = api_version.rpartition("/")
    return _BY_KIND.get((group, version, kind))


def resource(group: str, version: str, plural: str) -> Resource | None:
    """Return the resource of a request path, or None."""
    found = _BY_NAME.get(f"{plural}.{group}" if group else plural)
    return found if found is not None and found.version == version else None
