"""Nobody hands out more than they hold: the check on writes of roles and bindings.

Source: `ConfirmNoEscalation`, `Covers` and the policy-based storages of Kubernetes' RBAC. Without it, whoever may
create a role binding could bind `cluster-admin` to themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.resources import Resource
from kitlib.embedded.apimachinery.status import forbidden, not_found
from kitlib.embedded.apiserver.authentication import User
from kitlib.embedded.apiserver.authorization import Attributes, Authorizer

__all__ = ["EscalationCheck", "uncovered"]

_GROUP = "rbac.authorization.k8s.io"
_ROLES, _BINDINGS = ("roles", "clusterroles"), ("rolebindings", "clusterrolebindings")
_EVERYTHING: list[Object] = [
    {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
    {"nonResourceURLs": ["*"], "verbs": ["*"]},
]
# The garbage collector, and those who help it, may change these in any role.
_FREE_METADATA = frozenset({"ownerReferences", "finalizers", "managedFields", "resourceVersion", "generation"})
_FIELDS = {
    "apiGroups": "APIGroups",
    "resources": "Resources",
    "nonResourceURLs": "NonResourceURLs",
    "resourceNames": "ResourceNames",
    "verbs": "Verbs",
}


class EscalationCheck:
    """Refuses roles and bindings that give away what their author does not have.

    Args:
        authorizer: knows what everybody holds.
    """

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer

    @staticmethod
    def concerns(user: User, resource: Resource) -> bool:
        """Tell whether a write of `resource` by `user` is to be checked."""
        if resource.group != _GROUP or "system:masters" in user.groups:
            return False
        return resource.plural in _ROLES + _BINDINGS

    def check(self, user: User, resource: Resource, obj: Object, old: Object | None, *, name: str = "") -> None:
        """Check a write before it is done.

        Args:
            user: who writes.
            resource: one of the four kinds of RBAC.
            obj: what would be stored.
            old: what is stored now.
            name: the name in the request's path, which a create has not.

        Raises:
            StatusError: 403 when it would grant what `user` does not hold, 404 when a binding's role is not there.
        """
        if old is not None and _essence(obj) == _essence(old):
            return
        namespace = objects.namespace(obj)
        if resource.plural in _ROLES:
            if self._may(user, "escalate", resource.plural, namespace, name):
                return
            aggregated = any((role or {}).get("aggregationRule") for role in (obj, old))
            granted = _EVERYTHING if aggregated else obj.get("rules") or []
        else:
            reference = obj["roleRef"]
            plural = "clusterroles" if reference["kind"] == "ClusterRole" else "roles"
            if self._may(user, "bind", plural, namespace, reference["name"]):
                return
            role = self._authorizer.role(reference, namespace)
            if role is None:
                raise not_found(f"{plural}.{_GROUP}", reference["name"])
            granted = role.get("rules") or []
        lacking = uncovered(list(self._authorizer.rules(user, namespace)), granted)
        if lacking:
            who = f'user "{user.name}" (groups={_quoted(user.groups)})'
            rules = "\n".join(sorted(map(_compact, _merged(lacking))))
            why = f"{who} is attempting to grant RBAC permissions not currently held:\n{rules}"
            raise forbidden(resource.qualified, objects.name(obj), why)

    def _may(self, user: User, verb: str, plural: str, namespace: str, name: str) -> bool:
        return self._authorizer.allowed(user, Attributes(verb, _GROUP, plural, namespace=namespace, name=name))


def uncovered(held: Iterable[Object], granted: Iterable[Object]) -> list[Object]:
    """Return what of `granted` no rule of `held` covers, broken down to single permissions.

    Example:
        >>> held = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
        >>> uncovered(held, [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}])
        [{'apiGroups': [''], 'resources': ['pods'], 'verbs': ['list']}]
    """
    held = list(held)
    return [single for rule in granted for single in _singles(rule) if not any(_covers(own, single) for own in held)]


def _singles(rule: Object) -> Iterator[Object]:
    verbs = rule.get("verbs") or []
    for url, verb in product(rule.get("nonResourceURLs") or [], verbs):
        yield {"nonResourceURLs": [url], "verbs": [verb]}
    for group, resource, verb in product(rule.get("apiGroups") or [], rule.get("resources") or [], verbs):
        single = {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
        names = rule.get("resourceNames") or []
        yield from ({**single, "resourceNames": [name]} for name in names) if names else (single,)


def _covers(own: Object, single: Object) -> bool:
    if not _has(own, "verbs", single["verbs"][0]):
        return False
    if urls := single.get("nonResourceURLs"):
        return any(_url_covers(url, urls[0]) for url in own.get("nonResourceURLs") or [])
    names, wanted = own.get("resourceNames") or [], single.get("resourceNames")
    if names and (not wanted or wanted[0] not in names):
        return False
    return _has(own, "apiGroups", single["apiGroups"][0]) and _resource_covers(own, single["resources"][0])


def _resource_covers(own: Object, resource: str) -> bool:
    _, slash, subresource = resource.partition("/")
    return _has(own, "resources", resource) or bool(slash and f"*/{subresource}" in (own.get("resources") or []))


def _url_covers(own: str, url: str) -> bool:
    return own in ("*", url) or (own.endswith("*") and url.startswith(own.removesuffix("*")))


def _has(own: Object, field: str, value: str) -> bool:
    values = own.get(field) or []
    return value in values or "*" in values


def _merged(lacking: list[Object]) -> list[Object]:
    """Put the verbs of the same thing together, as upstream's message does."""
    merged: dict[str, Object] = {}
    for single in lacking:
        target = {field: value for field, value in single.items() if field != "verbs"}
        rule = merged.setdefault(_compact(target), {**target, "verbs": []})
        if single["verbs"][0] not in rule["verbs"]:
            rule["verbs"].append(single["verbs"][0])
    return list(merged.values())


def _compact(rule: Object) -> str:
    parts = [f"{title}:{_quoted(rule[field])}" for field, title in _FIELDS.items() if rule.get(field)]
    return f"{{{', '.join(parts)}}}"


def _quoted(values: Iterable[str]) -> str:
    return "[" + " ".join(f'"{value}"' for value in values) + "]"


def _essence(obj: Object) -> Object:
    metadata = {field: value for field, value in obj["metadata"].items() if field not in _FREE_METADATA}
    return {**obj, "metadata": metadata}
