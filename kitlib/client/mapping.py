"""Names of kinds become REST paths: `sts`, `statefulsets`, `StatefulSet` and `statefulsets.apps` are one resource.

The kinds that every cluster has are known beforehand, so that the first answer needs no discovery; others are asked
for once and remembered.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

from kitlib.client.failures import ApiError
from kitlib.client.transport import Transport
from kitlib.errors import UsageError

__all__ = ["Mapper", "Resource"]


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind as the API serves it."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool
    short: tuple[str, ...] = ()

    @property
    def api_version(self) -> str:
        """Return `v1` or `apps/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, *, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """Return the REST path of the collection, an object, or its subresource."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        scope = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        rest = "".join(f"/{part}" for part in (name, subresource) if part)
        return f"{root}{scope}/{self.plural}{rest}"

    def names(self) -> Iterator[str]:
        """Yield every lower-case spelling that means this resource."""
        singular = self.kind.lower()
        yield from (self.plural, singular, *self.short)
        if self.group:
            yield from (f"{self.plural}.{self.group}", f"{singular}.{self.group}")


_KNOWN = """
v1 ConfigMap configmaps cm | v1 Endpoints endpoints ep | v1 Event events ev
v1 PersistentVolumeClaim persistentvolumeclaims pvc
v1 Pod pods po | v1 Secret secrets | v1 Service services svc | v1 ServiceAccount serviceaccounts sa
v1 ReplicationController replicationcontrollers rc
v1 ResourceQuota resourcequotas quota | v1 LimitRange limitranges limits
v1 Namespace namespaces! ns | v1 Node nodes! no | v1 PersistentVolume persistentvolumes! pv
apps/v1 ControllerRevision controllerrevisions | apps/v1 DaemonSet daemonsets ds | apps/v1 Deployment deployments deploy
apps/v1 ReplicaSet replicasets rs | apps/v1 StatefulSet statefulsets sts
storage.k8s.io/v1 StorageClass storageclasses! sc | discovery.k8s.io/v1 EndpointSlice endpointslices
policy/v1 PodDisruptionBudget poddisruptionbudgets pdb
rbac.authorization.k8s.io/v1 Role roles | rbac.authorization.k8s.io/v1 RoleBinding rolebindings
rbac.authorization.k8s.io/v1 ClusterRole clusterroles!
rbac.authorization.k8s.io/v1 ClusterRoleBinding clusterrolebindings!
"""


def _known() -> Iterator[Resource]:
    for entry in _KNOWN.replace("\n", "|").split("|"):
        if not entry.strip():
            continue
        api, kind, plural, *short = entry.split()
        group, _, version = api.rpartition("/")
        yield Resource(group, version, kind, plural.rstrip("!"), not plural.endswith("!"), tuple(short))


class Mapper:
    """Finds resources by any of their names; asks the server at most once for those it does not know."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._lock = threading.Lock()
        self._names: dict[str, Resource] = {}
        self._kinds: dict[tuple[str, str], Resource] = {}
        self._discovered = False
        for resource in _known():
            self._add(resource)

    def named(self, name: str) -> Resource:
        """Return the resource that a user calls `name`.

        Raises:
            UsageError: no such kind on this cluster.
        """
        key = name.lower()
        if key not in self._names:
            self._discover()
        if key not in self._names:
            raise UsageError(f"this cluster has no kind {name!r}", fix=_near(name, self._names) or "check the spelling")
        return self._names[key]

    def of(self, api_version: str, kind: str) -> Resource:
        """Return the resource of a manifest's `apiVersion` and `kind`.

        Raises:
            UsageError: the cluster does not serve that pair.
        """
        key = (api_version, kind)
        if key not in self._kinds:
            self._discover()
        if key in self._kinds:
            return self._kinds[key]
        right = [found.api_version for (_, other), found in self._kinds.items() if other == kind]
        fix = f"write apiVersion: {right[0]}" if right else _near(kind, {r.kind: r for r in self._kinds.values()})
        raise UsageError(
            f"this cluster has no kind {kind!r} in apiVersion {api_version!r}", fix=fix or "check the spelling"
        )

    def _add(self, resource: Resource) -> None:
        self._kinds.setdefault((resource.api_version, resource.kind), resource)
        for name in resource.names():
            self._names.setdefault(name, resource)

    def _discover(self) -> None:
        with self._lock:
            if self._discovered:
                return
            groups = self._transport.json("GET", "/apis").get("groups") or []
            versions = [version["groupVersion"] for group in groups for version in group.get("versions") or []]
            for api in ("v1", *versions):
                root = f"/apis/{api}" if "/" in api else f"/api/{api}"
                try:
                    listed = self._transport.json("GET", root).get("resources") or []
                except ApiError:
                    continue  # An extension API server that is down must not hide the others.
                group, _, version = api.rpartition("/")
                for item in listed:
                    if "/" not in item["name"]:
                        short = tuple(item.get("shortNames") or ())
                        self._add(Resource(group, version, item["kind"], item["name"], bool(item["namespaced"]), short))
            self._discovered = True


def _near(name: str, known: dict[str, Resource]) -> str:
    import difflib  # noqa: PLC0415 -- only for a mistake

    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else ""
