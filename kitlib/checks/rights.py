"""Predicates about what a service account may do in the whole cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kitlib.checks.checkpoint import Predicate
from kitlib.checks.observation import Observation
from kitlib.checks.verdict import Finding, met, unmet

__all__ = ["account_may", "account_may_only", "bound_roles"]

Json = Mapping[str, Any]
#: What many programs need as well, and what gives nothing away.
_HARMLESS = ("nodes", "persistentvolumeclaims/status", "persistentvolumes/status")

Need = tuple[str, str, Sequence[str]]


def account_may(account: str, needs: Sequence[Need]) -> Predicate:
    """Want ClusterRoles bound to an account that give it (group, resource, verbs) in the whole cluster."""
    wanted = "; ".join(f"{resource}: {', '.join(verbs)}" for _, resource, verbs in needs)

    def test(observation: Observation) -> Finding:
        roles = bound_roles(observation, account)
        if not roles:
            return unmet(f"no ClusterRoleBinding names {account} of {observation.namespace}", wanted)
        rules = [rule for role in roles for rule in role.get("rules") or []]
        missing = [
            f"{verb} {resource}"
            for group, resource, verbs in needs
            for verb in verbs
            if not any(_gives(rule, group, resource, verb) for rule in rules)
        ]
        if missing:
            return unmet(f"it may not {', '.join(missing)}", wanted)
        return met(f"it may, by {', '.join(sorted(role['metadata']['name'] for role in roles))}", wanted)

    return test


def account_may_only(account: str, resources: Sequence[str]) -> Predicate:
    """Want the ClusterRoles bound to an account to give nothing but rights on these resources, and no `*`."""
    wanted = f"rights on {', '.join(resources)}, and on nothing else"

    def test(observation: Observation) -> Finding:
        roles = bound_roles(observation, account)
        if not roles:
            return unmet(f"no ClusterRoleBinding names {account} of {observation.namespace}", wanted)
        for role in roles:
            for rule in role.get("rules") or []:
                given = {*(rule.get("resources") or ()), *(rule.get("nonResourceURLs") or ())}
                more = sorted(given - {*resources, *_HARMLESS})
                if more or "*" in rule.get("verbs", ()):
                    what = ", ".join(map(_every, more)) if more else "every verb"
                    return unmet(f"{role['metadata']['name']} gives more: {what}", wanted)
        return met("nothing more than that", wanted)

    return test


def bound_roles(observation: Observation, account: str) -> list[Json]:
    """Return the ClusterRoles that are bound to a service account of the lab, by its name or by a group of its own.

    What every account of the cluster has (`system:authenticated` and the like) does not count.
    """
    names = {binding["roleRef"]["name"] for binding in _bindings(observation, account)}
    return [role for role in observation.all("ClusterRole") if role["metadata"]["name"] in names]


def _bindings(observation: Observation, account: str) -> Iterator[Json]:
    here = observation.namespace
    subjects = {
        ("ServiceAccount", account, here),
        ("User", f"system:serviceaccount:{here}:{account}", None),
        ("Group", f"system:serviceaccounts:{here}", None),
    }
    for binding in observation.all("ClusterRoleBinding"):
        for subject in binding.get("subjects") or []:
            if (subject.get("kind"), subject.get("name"), subject.get("namespace")) in subjects:
                yield binding


def _gives(rule: Json, group: str, resource: str, verb: str) -> bool:
    if rule.get("resourceNames"):
        return False
    asked = (("apiGroups", group), ("resources", resource), ("verbs", verb))
    return all({value, "*"} & set(rule.get(field) or ()) for field, value in asked)


def _every(resource: str) -> str:
    return "every resource" if resource == "*" else resource
