"""Nobody hands out more than they hold."""

from __future__ import annotations

from typing import Any

import pytest

from kitlib.embedded.apimachinery.resources import by_name
from kitlib.embedded.apimachinery.status import StatusError
from kitlib.embedded.apiserver.authentication import User
from kitlib.embedded.apiserver.authorization import Authorizer
from kitlib.embedded.apiserver.escalation import EscalationCheck, uncovered
from tests.unit.registry.harness import Harness

RBAC = "rbac.authorization.k8s.io"
BOB = User("bob", ("dev", "system:authenticated"))
ADMIN = User("kubernetes-admin", ("system:masters",))
Json = dict[str, Any]


def rule(resources: str = "pods", verbs: str = "get", *, group: str = "", names: str = "") -> Json:
    made: Json = {"apiGroups": [group], "resources": resources.split(), "verbs": verbs.split()}
    return made | ({"resourceNames": names.split()} if names else {})


class Rbac:
    def __init__(self) -> None:
        self.api = Harness()
        self.escalation = EscalationCheck(Authorizer(self.api.registry.store))

    def grant(self, *rules: Json, namespace: str = "default") -> None:
        name = f"r{self.api.registry.store.revision}"
        prefix = "" if namespace else "cluster"
        self.api.create(f"{prefix}roles.{RBAC}", {"metadata": {"name": name}, "rules": list(rules)})
        kind = "Role" if namespace else "ClusterRole"
        self.bind(name, kind, namespace)

    def bind(self, role: str, kind: str = "ClusterRole", namespace: str = "default") -> None:
        plural = "rolebindings" if namespace else "clusterrolebindings"
        self.api.create(f"{plural}.{RBAC}", binding(role, kind) | {"subjects": [{"kind": "User", "name": "bob"}]})

    def write(self, plural: str, obj: Json, old: Json | None = None, user: User = BOB) -> None:
        resource = by_name(f"{plural}.{RBAC}")
        if resource.namespaced:
            obj["metadata"]["namespace"] = "default"
        if self.escalation.concerns(user, resource):
            self.escalation.check(user, resource, obj, old, name=old["metadata"]["name"] if old else "")


def binding(role: str, kind: str = "ClusterRole") -> Json:
    return {"metadata": {"name": f"to-{role}"}, "roleRef": {"apiGroup": RBAC, "kind": kind, "name": role}}


def role(*rules: Json, **more: Any) -> Json:
    return {"metadata": {"name": "new"}, "rules": list(rules), **more}


@pytest.fixture
def rbac() -> Rbac:
    return Rbac()


@pytest.mark.parametrize("kind", ["rolebindings", "clusterrolebindings"])
def test_a_right_to_bind_is_no_right_to_everything(rbac: Rbac, kind: str) -> None:
    rbac.grant(rule("rolebindings clusterrolebindings", "create", group=RBAC), namespace="")
    with pytest.raises(StatusError, match="attempting to grant RBAC permissions not currently held") as caught:
        rbac.write(kind, binding("cluster-admin"))
    assert (caught.value.code, caught.value.reason) == (403, "Forbidden")
    rbac.write(kind, binding("cluster-admin"), user=ADMIN)


def test_the_message_is_upstreams(rbac: Rbac) -> None:
    rbac.grant(rule(verbs="list"))
    with pytest.raises(StatusError) as caught:
        rbac.write("roles", role(rule("pods secrets", "get list"), rule("nodes", names="n")))
    assert caught.value.message == (
        f'roles.{RBAC} "new" is forbidden: user "bob" (groups=["dev" "system:authenticated"]) is attempting to grant '
        "RBAC permissions not currently held:\n"
        '{APIGroups:[""], Resources:["nodes"], ResourceNames:["n"], Verbs:["get"]}\n'
        '{APIGroups:[""], Resources:["pods"], Verbs:["get"]}\n'
        '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}'
    )


def test_what_one_holds_one_may_hand_on(rbac: Rbac) -> None:
    rbac.grant(rule(verbs="get list"), rule("services"))
    rbac.write("roles", role(rule("pods services"), rule(verbs="list", names="web-0")))
    with pytest.raises(StatusError):
        rbac.write("clusterroles", role(rule()))  # held in one namespace only
    rbac.bind("edit")
    rbac.write("rolebindings", binding("edit"))
    rbac.write("rolebindings", binding("view"))
    with pytest.raises(StatusError):
        rbac.write("clusterrolebindings", binding("view"))


def test_an_administrator_of_a_namespace_may_let_others_in(rbac: Rbac) -> None:
    rbac.bind("admin")
    for handed_on in ("view", "edit", "admin"):
        rbac.write("rolebindings", binding(handed_on))
    with pytest.raises(StatusError):
        rbac.write("rolebindings", binding("cluster-admin"))


def test_a_cluster_administrator_by_binding_may_grant_all(rbac: Rbac) -> None:
    rbac.bind("cluster-admin", namespace="")
    rbac.write("clusterrolebindings", binding("cluster-admin"))
    rbac.write("clusterroles", role(rule(), {"nonResourceURLs": ["/metrics"], "verbs": ["get"]}))


def test_the_verbs_bind_and_escalate(rbac: Rbac) -> None:
    rbac.grant(rule("clusterroles", "bind", group=RBAC, names="view"))
    rbac.write("rolebindings", binding("view"))
    with pytest.raises(StatusError):
        rbac.write("rolebindings", binding("edit"))
    with pytest.raises(StatusError):
        rbac.write("roles", role(rule("secrets")))
    rbac.grant(rule("roles", "escalate", group=RBAC))
    rbac.write("roles", role(rule("secrets")))
    with pytest.raises(StatusError):
        rbac.write("clusterroles", role(rule("secrets")))


def test_a_role_that_is_not_there_cannot_be_judged(rbac: Rbac) -> None:
    with pytest.raises(StatusError, match='"none" not found'):
        rbac.write("rolebindings", binding("none", "Role"))


def test_only_what_the_garbage_collector_changes_is_free(rbac: Rbac) -> None:
    old = role(rule("secrets"))
    owned = role(rule("secrets"))
    owned["metadata"] |= {"ownerReferences": [{"uid": "u"}], "resourceVersion": "2"}
    rbac.write("clusterroles", owned, old)
    with pytest.raises(StatusError):
        rbac.write("clusterroles", role(rule("secrets", "get list")), old)


def test_an_aggregated_role_may_become_anything(rbac: Rbac) -> None:
    rbac.grant(rule(), namespace="")
    aggregated = role(aggregationRule={"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]})
    for obj, old in ((aggregated, None), (role(rule()), aggregated)):
        with pytest.raises(StatusError):
            rbac.write("clusterroles", obj, old)
    rbac.write("clusterroles", role(rule()))


@pytest.mark.parametrize(
    ("held", "granted", "enough"),
    [
        (rule("*", "*", group="*"), rule("pods/log", "get list", group="apps"), True),
        (rule(), rule("*"), False),
        (rule(), rule(group="*"), False),
        (rule(), rule(verbs="*"), False),
        (rule("*/scale"), rule("deployments/scale"), True),
        (rule("pods"), rule("pods/log"), False),
        (rule(names="a b"), rule(names="a"), True),
        (rule(names="a"), rule(names="a b"), False),
        (rule(names="a"), rule(), False),
        ({"nonResourceURLs": ["/a/*"], "verbs": ["get"]}, {"nonResourceURLs": ["/a/b"], "verbs": ["get"]}, True),
        ({"nonResourceURLs": ["/a"], "verbs": ["get"]}, {"nonResourceURLs": ["/a/b"], "verbs": ["get"]}, False),
        (rule("*", "*", group="*"), {"nonResourceURLs": ["/a"], "verbs": ["get"]}, False),
    ],
)
def test_covering(held: Json, granted: Json, enough: bool) -> None:
    assert (uncovered([held], [granted]) == []) is enough
