"""May they: Kubernetes' RBAC, evaluated on the roles and bindings in the store.

Source: Kubernetes' RBAC documentation; `system:masters` is always allowed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apiserver.authentication import User
from kitlib.embedded.apiserver.request_info import RequestInfo
from kitlib.embedded.storage.store import Store

__all__ = ["Attributes", "Authorizer", "attributes_of"]

_RBAC = "rbac.authorization.k8s.io"


@dataclass(frozen=True, slots=True)
class Attributes:
    """What is to be done to what: all that authorization looks at."""

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""

    @property
    def full_resource(self) -> str:
        """`pods/log`, or `pods`."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


def attributes_of(info: RequestInfo) -> Attributes:
    """Return the attributes of a request."""
    if not info.is_resource:
        return Attributes(info.verb, path=info.path)
    namespace = info.name if info.group == "" and info.plural == "namespaces" else info.namespace
    # Whoever may read an object may read why it is as it is.
    subresource = "" if info.subresource == "decisions" and info.verb == "get" else info.subresource
    return Attributes(info.verb, info.group, info.plural, subresource, namespace, info.name)


class Authorizer:
    """Decides by the RBAC objects of a store, always the newest.

    Args:
        store: where roles and bindings are.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def allowed(self, user: User, attributes: Attributes) -> bool:
        """Tell whether `user` may do it."""
        if "system:masters" in user.groups:
            return True
        return any(_rule_allows(rule, attributes) for rule in self.rules(user, attributes.namespace))

    def rules(self, user: User, namespace: str) -> Iterator[Object]:
        """Yield every policy rule that applies to `user` in `namespace` (and cluster-wide)."""
        for binding in self._store.all(f"clusterrolebindings.{_RBAC}").values():
            if _binds(binding, user):
                yield from self._role_rules(binding["roleRef"], "")
        if not namespace:
            return
        for key, binding in self._store.all(f"rolebindings.{_RBAC}").items():
            if key.startswith(f"{namespace}/") and _binds(binding, user):
                yield from self._role_rules(binding["roleRef"], namespace)

    def role(self, reference: Object, namespace: str) -> Object | None:
        """Return the role that a binding in `namespace` refers to, or None."""
        if reference.get("kind") == "ClusterRole":
            return self._store.get(f"clusterroles.{_RBAC}", reference["name"])
        return self._store.get(f"roles.{_RBAC}", f"{namespace}/{reference['name']}")

    def _role_rules(self, reference: Object, namespace: str) -> list[Object]:
        return (self.role(reference, namespace) or {}).get("rules") or []


def _binds(binding: Object, user: User) -> bool:
    space = binding["metadata"].get("namespace", "")
    for subject in binding.get("subjects") or []:
        kind, name = subject.get("kind"), subject.get("name")
        if kind == "User" and name == user.name:
            return True
        if kind == "Group" and name in user.groups:
            return True
        account = f"system:serviceaccount:{subject.get('namespace') or space}:{name}"
        if kind == "ServiceAccount" and account == user.name:
            return True
    return False


def _rule_allows(rule: Object, wanted: Attributes) -> bool:
    if not _in(rule.get("verbs"), wanted.verb):
        return False
    if wanted.path:
        return any(
            url == wanted.path or (url.endswith("*") and wanted.path.startswith(url[:-1]))
            for url in rule.get("nonResourceURLs") or []
        )
    names = rule.get("resourceNames") or []
    return (
        _in(rule.get("apiGroups"), wanted.group)
        and (_in(rule.get("resources"), wanted.full_resource) or _any_subresource(rule, wanted))
        and (not names or wanted.name in names)
    )


def _in(values: list[str] | None, wanted: str) -> bool:
    return values is not None and (wanted in values or "*" in values)


def _any_subresource(rule: Object, wanted: Attributes) -> bool:
    return bool(wanted.subresource) and f"*/{wanted.subresource}" in (rule.get("resources") or [])
