"""Over HTTPS: a service account that may write role bindings does not make itself an administrator."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.kubectl import Kubectl

REFUSED = "attempting to grant RBAC permissions not currently held"


@pytest.fixture
def binder(kubectl: Kubectl) -> list[str]:
    """The options of a service account that may write roles and bindings, and read pods; nothing more."""
    kubectl("create", "serviceaccount", "binder")
    writing = "--verb=get,create,update,patch"
    kubectl("create", "role", "binding", writing, "--resource=roles,rolebindings")
    kubectl("create", "role", "reading", "--verb=get", "--resource=pods")
    for role in ("binding", "reading"):
        kubectl("create", "rolebinding", role, f"--role={role}", f"--serviceaccount={kubectl.namespace}:binder")
    server = kubectl("config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}")
    authority = kubectl.kubeconfig.parent / "pki" / "ca.crt"
    token = kubectl("create", "token", "binder").strip()
    return [f"--server={server}", f"--certificate-authority={authority}", "--kubeconfig=/dev/null", f"--token={token}"]


def test_no_way_leads_to_more_than_one_has(kubectl: Kubectl, binder: list[str], tmp_path: Path) -> None:
    me = f"--serviceaccount={kubectl.namespace}:binder"
    refusal = kubectl.fails("create", "rolebinding", "up", "--clusterrole=cluster-admin", me, *binder)
    assert REFUSED in refusal
    assert '{APIGroups:["*"], Resources:["*"], Verbs:["*"]}' in refusal
    assert REFUSED in kubectl.fails("create", "role", "up", "--verb=get", "--resource=secrets", *binder)
    rules = {"rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]}
    assert REFUSED in kubectl.fails("patch", "role", "reading", "--type=merge", "-p", json.dumps(rules), *binder)
    path = tmp_path / "role.json"
    head = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role"}
    for name in ("reading", "new"):
        path.write_text(json.dumps({**head, "metadata": {"name": name, "namespace": kubectl.namespace}, **rules}))
        arguments = ("apply", "--server-side", "--force-conflicts", "-f", str(path))
        assert REFUSED in kubectl.fails(*arguments, *binder)
    kubectl("create", "role", "same", "--verb=get", "--resource=pods", *binder)
    kubectl("create", "rolebinding", "same", "--role=same", me, *binder)
    assert kubectl.fails("get", "secrets", *binder)


@pytest.mark.parametrize(("seconds", "reason"), [((1 << 32) + 1, "larger than 2^32 seconds"), (599, "less than 10")])
def test_a_token_lives_neither_too_long_nor_too_short(kubectl: Kubectl, seconds: int, reason: str) -> None:
    kubectl("create", "serviceaccount", "a")
    assert f"may not specify a duration {reason}" in kubectl.fails("create", "token", "a", f"--duration={seconds}s")


def test_a_token_for_a_century_lives_a_year(kubectl: Kubectl) -> None:
    kubectl("create", "serviceaccount", "a")
    asked = json.loads(kubectl("create", "token", "a", f"--duration={1 << 32}s", "-o", "json"))
    assert asked["spec"]["expirationSeconds"] == 365 * 24 * 3600
