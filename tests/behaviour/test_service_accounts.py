"""[sig-auth] ServiceAccounts, SubjectReview, and what RBAC lets them do."""

from __future__ import annotations

import base64
import json

import pytest
from kubernetes.client import ApiClient

from tests.behaviour.rest import Json, Rest
from tests.behaviour.serving import Serving, unique
from tests.support.kubectl import Kubectl
from tests.support.patience import Patience

MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews"
RBAC = "/apis/rbac.authorization.k8s.io/v1"


def reviewed(rest: Rest, token: str, audiences: list[str] | None = None) -> Json:
    spec: Json = {"token": token} | ({"audiences": audiences} if audiences else {})
    found: Json = rest.made(REVIEWS, {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": spec})
    status: Json = found["status"]
    return status


def asked_for(rest: Rest, namespace: str, account: str, **spec: object) -> Json:
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
    made: Json = rest.made(path, {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec})
    return made


def test_root_certificate(rest: Rest, namespace: str, patience: Patience) -> None:
    """ServiceAccounts should guarantee kube-root-ca.crt exist in any namespace"""
    path = f"/api/v1/namespaces/{namespace}/configmaps/kube-root-ca.crt"
    patience.until(lambda: rest("GET", path).status == 200, "the certificate")
    first = rest.get(path)["data"]
    assert first["ca.crt"].startswith("-----BEGIN CERTIFICATE-----")
    assert rest("DELETE", path).status == 200
    patience.until(lambda: rest("GET", path).status == 200, "the certificate to be back")
    rest.patched(path, {"data": {"ca.crt": ""}})
    patience.until(lambda: rest.get(path)["data"] == first, "the certificate to be right again")


def test_mounted_token(rest: Rest, serving: Serving) -> None:
    """ServiceAccounts should mount an API token into pods"""
    namespace = serving.kubectl.namespace
    rest.made(f"{serving.path}/serviceaccounts", {"metadata": {"name": "mount-test"}})
    pod = serving.pod("pod", serviceAccountName="mount-test")
    token = serving.kubectl("exec", "pod", "--", "cat", f"{MOUNT}/token").strip()
    status = reviewed(rest, token)
    assert status["authenticated"] is True
    assert status["user"]["username"] == f"system:serviceaccount:{namespace}:mount-test"
    assert set(status["user"]["groups"]) == {
        "system:serviceaccounts",
        f"system:serviceaccounts:{namespace}",
        "system:authenticated",
    }
    extra = status["user"]["extra"]
    assert extra["authentication.kubernetes.io/pod-name"] == ["pod"]
    assert extra["authentication.kubernetes.io/pod-uid"] == [pod["metadata"]["uid"]]
    assert serving.kubectl("exec", "pod", "--", "cat", f"{MOUNT}/namespace").strip() == namespace
    root = rest.get(f"{serving.path}/configmaps/kube-root-ca.crt")["data"]["ca.crt"]
    assert serving.kubectl("exec", "pod", "--", "cat", f"{MOUNT}/ca.crt").strip() == root.strip()


@pytest.mark.parametrize(
    ("account", "pod", "mounted"),
    [(None, None, True), (True, False, False), (False, None, False), (False, True, True), (None, False, False)],
)
def test_opting_out(
    rest: Rest, namespace: str, account: bool | None, pod: bool | None, mounted: bool, patience: Patience
) -> None:
    """ServiceAccounts should allow opting out of API token automount"""
    path = f"/api/v1/namespaces/{namespace}"
    body: Json = {"metadata": {"name": "account"}}
    rest.made(f"{path}/serviceaccounts", body if account is None else body | {"automountServiceAccountToken": account})
    spec: Json = {"containers": [{"name": "c", "image": "registry.k8s.io/pause:3.10"}], "serviceAccountName": "account"}
    if pod is not None:
        spec["automountServiceAccountToken"] = pod
    made = rest.made(f"{path}/pods", {"metadata": {"name": "pod"}, "spec": spec})
    mounts = [mount["mountPath"] for mount in made["spec"]["containers"][0].get("volumeMounts", [])]
    assert (MOUNT in mounts) is mounted


def test_projected_token(rest: Rest, serving: Serving) -> None:
    """ServiceAccounts should mount projected service account token"""
    source = {"serviceAccountToken": {"path": "mine", "expirationSeconds": 43200, "audience": "somebody"}}
    volume = {"name": "token", "projected": {"sources": [source]}}
    container = {
        "name": "main",
        "image": "registry.k8s.io/pause:3.10",
        "volumeMounts": [{"name": "token", "mountPath": "/token"}],
    }
    pod = serving.pod("pod", volumes=[volume], containers=[container])
    token = serving.kubectl("exec", "pod", "--", "cat", "/token/mine").strip()
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert claims["aud"] == ["somebody"]
    assert claims["kubernetes.io"]["pod"] == {"name": "pod", "uid": pod["metadata"]["uid"]}
    assert reviewed(rest, token).get("authenticated", False) is False
    assert reviewed(rest, token, ["somebody"])["audiences"] == ["somebody"]


def test_issuer_discovery(rest: Rest, client: ApiClient, namespace: str) -> None:
    """ServiceAccounts ServiceAccountIssuerDiscovery should support OIDC discovery of service account issuer"""
    token = asked_for(rest, namespace, "default")["status"]["token"]
    header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2])
    document = rest.get("/.well-known/openid-configuration")
    assert document["issuer"] == claims["iss"]
    assert document["jwks_uri"].endswith("/openid/v1/jwks")
    keys = rest.get("/openid/v1/jwks")["keys"]
    assert header["kid"] in [key["kid"] for key in keys]
    assert header["alg"] in document["id_token_signing_alg_values_supported"]
    assert Rest(client, token).get("/openid/v1/jwks")["keys"] == keys


def test_a_token_dies_with_what_it_is_bound_to(
    rest: Rest, client: ApiClient, serving: Serving, patience: Patience
) -> None:
    """Bound tokens: lifetime as asked, refused for another pod, invalid when the pod or the account is gone."""
    namespace = serving.kubectl.namespace
    rest.made(f"{serving.path}/serviceaccounts", {"metadata": {"name": "bound"}})
    pod = serving.pod("pod", serviceAccountName="bound")
    reference = {"kind": "Pod", "apiVersion": "v1", "name": "pod", "uid": pod["metadata"]["uid"]}
    asked = asked_for(rest, namespace, "bound", boundObjectRef=reference, expirationSeconds=1200)
    assert asked["spec"]["expirationSeconds"] == 1200
    token, plain = asked["status"]["token"], asked_for(rest, namespace, "bound")["status"]["token"]
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert claims["exp"] - claims["iat"] == 1200
    path = f"{serving.path}/serviceaccounts/bound/token"
    for wrong, code in ((reference | {"uid": "another"}, 409), (reference | {"name": "absent"}, 404)):
        answer = rest("POST", path, {"spec": {"boundObjectRef": wrong}})
        assert answer.status == code, answer.text
    other = rest("POST", f"{serving.path}/serviceaccounts/default/token", {"spec": {"boundObjectRef": reference}})
    assert other.status == 400
    who = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    assert Rest(client, token)("POST", who, review).status == 201
    rest("DELETE", f"{serving.path}/pods/pod?gracePeriodSeconds=0")
    patience.until(lambda: Rest(client, token)("POST", who, review).status == 401, "the token to be refused")
    assert Rest(client, plain)("POST", who, review).status == 201
    rest("DELETE", f"{serving.path}/serviceaccounts/bound")
    assert Rest(client, plain)("POST", who, review).status == 401


def test_a_pod_asks_the_api(rest: Rest, serving: Serving, kubectl: Kubectl) -> None:
    """A pod's token opens https://kubernetes.default.svc as far as its roles go, and no further."""
    kubectl("create", "role", "reader", "--verb=get,list", "--resource=configmaps")
    kubectl("create", "rolebinding", "reader", "--role=reader", f"--serviceaccount={kubectl.namespace}:default")
    serving.pod("pod")
    api, own = "https://kubernetes.default.svc/api/v1/namespaces", kubectl.namespace
    script = (
        f'curl -s --cacert {MOUNT}/ca.crt -H "Authorization: Bearer $(cat {MOUNT}/token)" '
        '-o /dev/null -w "%{http_code} "'
    )
    urls = [f"{api}/{own}/configmaps", f"{api}/{own}/secrets", f"{api}/default/configmaps"]
    assert kubectl("exec", "pod", "--", "/bin/sh", "-c", "; ".join(f"{script} {url}" for url in urls)).split() == [
        "200",
        "403",
        "403",
    ]


def test_subject_reviews(rest: Rest, namespace: str) -> None:
    """SubjectReview should support SubjectReview API operations"""
    user = f"system:serviceaccount:{namespace}:default"
    attributes = {"namespace": namespace, "verb": "list", "resource": "configmaps", "version": "v1"}
    group = "/apis/authorization.k8s.io/v1"
    body = {"apiVersion": "authorization.k8s.io/v1", "spec": {"user": user, "resourceAttributes": attributes}}
    answer = rest.made(f"{group}/subjectaccessreviews", body | {"kind": "SubjectAccessReview"})
    assert answer["status"]["allowed"] is False
    local = f"{group}/namespaces/{namespace}/localsubjectaccessreviews"
    body = body | {"kind": "LocalSubjectAccessReview", "metadata": {"namespace": namespace}}
    assert rest.made(local, body)["status"]["allowed"] is False
    elsewhere = body | {"spec": {"user": user, "resourceAttributes": attributes | {"namespace": "default"}}}
    assert rest("POST", local, elsewhere).status == 422


def test_aggregated_roles(rest: Rest, patience: Patience) -> None:
    """A role that selects others has their rules; the default roles are made so."""
    name, label = unique("aggregate"), {unique("part"): "true"}
    roles = f"{RBAC}/clusterroles"
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}
    rest.made(
        roles, {"metadata": {"name": name}, "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": label}]}}
    )
    try:
        assert not rest.get(f"{roles}/{name}").get("rules")
        rest.made(roles, {"metadata": {"name": f"{name}-part", "labels": label}, "rules": [rule]})
        patience.until(lambda: rest.get(f"{roles}/{name}").get("rules") == [rule], "the rules")
        rest.patched(f"{roles}/{name}", {"rules": []})
        patience.until(lambda: rest.get(f"{roles}/{name}").get("rules") == [rule], "the rules to be back")
        rest("DELETE", f"{roles}/{name}-part")
        patience.until(lambda: not rest.get(f"{roles}/{name}").get("rules"), "the rules to go")
        aggregate = {"rbac.authorization.k8s.io/aggregate-to-view": "true"}
        mine = {"apiGroups": ["example.org"], "resources": ["webs"], "verbs": ["get"]}
        rest.made(roles, {"metadata": {"name": f"{name}-view", "labels": aggregate}, "rules": [mine]})
        for role in ("view", "edit", "admin"):
            patience.until(lambda role=role: mine in rest.get(f"{roles}/{role}")["rules"], f"{role} to hold it")
    finally:
        for part in (name, f"{name}-part", f"{name}-view"):
            rest("DELETE", f"{roles}/{part}")


def test_can_i(kubectl: Kubectl) -> None:
    """kubectl auth: can-i, its list, whoami, reconcile."""
    account = f"--as=system:serviceaccount:{kubectl.namespace}:default"
    assert kubectl("auth", "can-i", "create", "pods").strip() == "yes"
    assert kubectl.run("auth", "can-i", "list", "secrets", account).stdout.strip() == "no"
    kubectl("create", "rolebinding", "viewer", "--clusterrole=view", f"--serviceaccount={kubectl.namespace}:default")
    assert kubectl("auth", "can-i", "list", "pods", account).strip() == "yes"
    listed = kubectl("auth", "can-i", "--list", account)
    assert any(line.split()[0] == "configmaps" and "[get list watch]" in line for line in listed.splitlines())
    assert f"system:serviceaccount:{kubectl.namespace}:default" in kubectl("auth", "whoami", account)
    role = (
        f"apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {{name: r, namespace: {kubectl.namespace}}}\n"
        "rules:\n- {apiGroups: [''], resources: [pods], verbs: [get]}\n"
    )
    assert "role.rbac.authorization.k8s.io/r reconciled" in kubectl("auth", "reconcile", "-f", "-", stdin=role)
    more = role.replace("[get]", "[list]")
    kubectl("auth", "reconcile", "-f", "-", stdin=more)
    assert len(kubectl.json("get", "role", "r")["rules"]) == 2


def test_the_roles_every_cluster_begins_with(rest: Rest) -> None:
    base = "/apis/rbac.authorization.k8s.io/v1/clusterroles"
    names = (
        "discovery",
        "basic-user",
        "public-info-viewer",
        "monitoring",
        "auth-delegator",
        "persistent-volume-provisioner",
    )
    for name in ("cluster-admin", "admin", "edit", "view", *(f"system:{name}" for name in names)):
        found = rest.get(f"{base}/{name}")
        assert found["rules"], name
        assert found["metadata"]["labels"]["kubernetes.io/bootstrapping"] == "rbac-defaults"
        assert found["metadata"]["annotations"]["rbac.authorization.kubernetes.io/autoupdate"] == "true"
    bindings = {
        item["metadata"]["name"]: {subject["name"] for subject in item.get("subjects") or []}
        for item in rest.get(base.replace("clusterroles", "clusterrolebindings"))["items"]
    }
    assert bindings["cluster-admin"] == {"system:masters"}
    assert bindings["system:discovery"] == bindings["system:basic-user"] == {"system:authenticated"}
    assert bindings["system:public-info-viewer"] == {"system:authenticated", "system:unauthenticated"}
    assert bindings["system:monitoring"] == {"system:monitoring"}
