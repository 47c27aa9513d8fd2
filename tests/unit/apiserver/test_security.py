"""Who is asking and whether they may: certificates, tokens, RBAC, impersonation."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography import x509

from kitlib.embedded.apimachinery.status import StatusError
from kitlib.embedded.apiserver.authentication import ISSUER, ServiceAccountTokens, User, user_of_certificate
from kitlib.embedded.apiserver.authorization import Attributes, Authorizer
from kitlib.embedded.apiserver.impersonation import impersonated
from kitlib.embedded.apiserver.pki import Pki
from tests.unit.registry.harness import Harness

RBAC = "rbac.authorization.k8s.io"
ADMIN = User("kubernetes-admin", ("system:masters", "system:authenticated"))
BOB = User("bob", ("system:authenticated",))


@pytest.fixture
def pki(tmp_path: Path) -> Pki:
    return Pki(tmp_path / "pki", datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture
def api() -> Harness:
    return Harness()


@pytest.fixture
def tokens(api: Harness, pki: Pki) -> ServiceAccountTokens:
    return ServiceAccountTokens(pki.read("sa.key"), api.registry.store, api.clock)


@pytest.fixture
def authorizer(api: Harness) -> Authorizer:
    return Authorizer(api.registry.store)


# -- certificates --------------------------------------------------------------------------------------------------


def test_keys_are_their_owners_alone_and_kept(pki: Pki, tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    assert {p.stat().st_mode & 0o777 for p in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    Pki(folder, datetime(2027, 1, 1, tzinfo=UTC))
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before


def test_a_half_made_set_is_made_anew(pki: Pki, tmp_path: Path) -> None:
    pki.path("sa.key").unlink()
    before = pki.read("ca.crt")
    assert Pki(tmp_path / "pki", datetime(2026, 1, 1, tzinfo=UTC)).read("ca.crt") != before


def test_certificates_say_what_they_are_for(pki: Pki) -> None:
    server = x509.load_pem_x509_certificate(pki.read("server.crt"))
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "kubernetes.default.svc.cluster.local" in names.get_values_for_type(x509.DNSName)
    assert {"127.0.0.1", "10.96.0.1"} <= {str(a) for a in names.get_values_for_type(x509.IPAddress)}
    authority = x509.load_pem_x509_certificate(pki.read("ca.crt"))
    for name in ("server.crt", "admin.crt"):
        x509.load_pem_x509_certificate(pki.read(name)).verify_directly_issued_by(authority)
    context = ssl.create_default_context(cadata=pki.read("ca.crt").decode())
    context.load_cert_chain(pki.path("admin.crt"), pki.path("admin.key"))


def test_a_certificate_names_its_user() -> None:
    subject = ((("organizationName", "system:masters"),), (("commonName", "kubernetes-admin"),))
    assert user_of_certificate({"subject": subject}) == ADMIN
    assert user_of_certificate(None) is None
    known = user_of_certificate({"subject": subject}, b"certificate")
    assert known is not None
    digest = "X509SHA256=03d66dd08835c1ca3f128cceacd1f31ac94163096b20f445ae84285bc0832d72"
    assert known.extra == {"authentication.kubernetes.io/credential-id": [digest]}
    assert user_of_certificate({"subject": ((("organizationName", "system:masters"),),)}) is None


# -- tokens --------------------------------------------------------------------------------------------------------


def test_a_token_stands_for_its_account(tokens: ServiceAccountTokens) -> None:
    user = tokens.authenticate(tokens.issue("default", "default"))
    assert user is not None
    assert user.name == "system:serviceaccount:default:default"
    groups = {"system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"}
    assert set(user.groups) == groups
    with pytest.raises(KeyError):
        tokens.issue("default", "none")


def test_a_token_ends_by_the_clusters_clock(tokens: ServiceAccountTokens, api: Harness) -> None:
    token = tokens.issue("default", "default", lifetime=600)
    api.clock.advance(599)
    assert tokens.authenticate(token) is not None
    api.clock.advance(1)
    assert tokens.authenticate(token) is None


def test_forged_tokens_are_nobody(tokens: ServiceAccountTokens, api: Harness, tmp_path: Path) -> None:
    other = ServiceAccountTokens(Pki(tmp_path / "other", api.clock.now()).read("sa.key"), api.registry.store, api.clock)
    good = tokens.issue("default", "default")
    claims = jwt.decode(good, options={"verify_signature": False})
    head, _, signature = good.split(".")
    body = jwt.encode(claims | {"sub": "system:admin"}, "x" * 32, algorithm="HS256").split(".")[1]
    for forged in (
        other.issue("default", "default"),
        jwt.encode(claims, "", algorithm="none"),
        f"{head}.{body}.{signature}",
        tokens.issue("default", "default", audiences=("https://elsewhere",)),
        "",
        "a.b.c",
    ):
        assert tokens.authenticate(forged) is None
    assert claims["iss"] == ISSUER


def test_a_token_dies_with_its_account(tokens: ServiceAccountTokens, api: Harness) -> None:
    token = tokens.issue("default", "default")
    api.delete("serviceaccounts", "default")
    assert tokens.authenticate(token) is None
    api.create("serviceaccounts", {"metadata": {"name": "default"}})
    assert tokens.authenticate(token) is None


def test_a_pods_token_dies_with_the_pod(tokens: ServiceAccountTokens, api: Harness) -> None:
    node = api.create("nodes", {"metadata": {"name": "n"}})
    pod = api.pod(node="n")
    token = tokens.for_pod(pod)
    user = tokens.authenticate(token)
    assert user is not None
    token_id = jwt.decode(token, options={"verify_signature": False})["jti"]
    assert user.extra == {
        "authentication.kubernetes.io/credential-id": [f"JTI={token_id}"],
        "authentication.kubernetes.io/node-name": ["n"],
        "authentication.kubernetes.io/node-uid": [node["metadata"]["uid"]],
        "authentication.kubernetes.io/pod-name": ["p"],
        "authentication.kubernetes.io/pod-uid": [pod["metadata"]["uid"]],
    }
    api.delete("pods", "p", grace_period_seconds=0)
    api.pod()
    assert tokens.authenticate(token) is None


# -- permissions ---------------------------------------------------------------------------------------------------


def bind(
    api: Harness, role: str, subject: dict[str, str], *, kind: str = "ClusterRole", namespace: str = "default"
) -> None:
    body: dict[str, Any] = {"metadata": {"name": f"b{api.registry.store.revision}"}, "subjects": [subject]}
    body["roleRef"] = {"apiGroup": RBAC, "kind": kind, "name": role}
    api.create(f"{'rolebindings' if namespace else 'clusterrolebindings'}.{RBAC}", body, namespace=namespace)


def pods(verb: str, namespace: str = "default", **more: str) -> Attributes:
    return Attributes(verb, resource="pods", namespace=namespace, **more)


def test_nobody_may_anything_by_default(authorizer: Authorizer) -> None:
    assert authorizer.allowed(ADMIN, Attributes("delete", resource="nodes", name="n"))
    assert not authorizer.allowed(BOB, pods("list"))
    assert authorizer.allowed(BOB, Attributes("get", path="/apis/apps/v1"))
    assert not authorizer.allowed(BOB, Attributes("get", path="/metrics"))


def test_a_tenant_has_its_namespace_and_no_other(api: Harness, authorizer: Authorizer) -> None:
    bind(api, "edit", {"kind": "User", "name": "bob"})
    assert authorizer.allowed(BOB, pods("create"))
    assert authorizer.allowed(BOB, pods("get", subresource="log"))
    assert not authorizer.allowed(BOB, pods("create", "kube-system"))
    assert not authorizer.allowed(BOB, pods("list", ""))
    assert not authorizer.allowed(BOB, Attributes("create", RBAC, "rolebindings", namespace="default"))
    assert not authorizer.allowed(BOB, Attributes("list", resource="nodes"))


@pytest.mark.parametrize(
    "subject",
    [
        {"kind": "User", "name": "system:serviceaccount:default:learner"},
        {"kind": "Group", "name": "system:serviceaccounts:default"},
        {"kind": "ServiceAccount", "name": "learner", "namespace": "default"},
    ],
)
def test_three_ways_to_name_an_account(api: Harness, authorizer: Authorizer, subject: dict[str, str]) -> None:
    learner = User("system:serviceaccount:default:learner", ("system:serviceaccounts:default",))
    bind(api, "view", subject)
    assert authorizer.allowed(learner, pods("list"))
    assert not authorizer.allowed(learner, pods("delete"))
    assert not authorizer.allowed(BOB, pods("list"))


def test_a_rule_may_name_objects(api: Harness, authorizer: Authorizer) -> None:
    rule = {"apiGroups": [""], "resources": ["pods", "*/scale"], "verbs": ["get"], "resourceNames": ["web-0"]}
    api.create(f"roles.{RBAC}", {"metadata": {"name": "one"}, "rules": [rule]})
    bind(api, "one", {"kind": "User", "name": "bob"}, kind="Role")
    assert authorizer.allowed(BOB, pods("get", name="web-0"))
    assert not authorizer.allowed(BOB, pods("get", name="web-1"))
    assert not authorizer.allowed(BOB, pods("get"))
    assert not authorizer.allowed(BOB, pods("get", name="web-0", subresource="log"))


def test_a_cluster_wide_binding_holds_everywhere(api: Harness, authorizer: Authorizer) -> None:
    bind(api, "view", {"kind": "User", "name": "bob"}, namespace="")
    assert authorizer.allowed(BOB, pods("list", ""))
    assert authorizer.allowed(BOB, pods("list", "kube-system"))
    assert not authorizer.allowed(BOB, Attributes("list", resource="secrets", namespace="default"))


# -- impersonation -------------------------------------------------------------------------------------------------


def test_an_administrator_acts_as_another(authorizer: Authorizer) -> None:
    asked = [("Impersonate-User", "bob"), ("Impersonate-Group", "dev"), ("Impersonate-Extra-Team%2fa", "x")]
    assert impersonated(ADMIN, asked, authorizer) == User(
        "bob", ("dev", "system:authenticated"), extra={"team/a": ["x"]}
    )
    account = impersonated(ADMIN, [("impersonate-user", "system:serviceaccount:lab:learner")], authorizer)
    assert "system:serviceaccounts:lab" in account.groups
    assert impersonated(BOB, [("Accept", "x")], authorizer) == BOB


def test_impersonation_must_be_allowed(api: Harness, authorizer: Authorizer) -> None:
    with pytest.raises(StatusError, match='User "bob" cannot impersonate resource "users"'):
        impersonated(BOB, [("Impersonate-User", "alice")], authorizer)
    rule = {"apiGroups": [""], "resources": ["users"], "verbs": ["impersonate"], "resourceNames": ["alice"]}
    api.create(f"clusterroles.{RBAC}", {"metadata": {"name": "as-alice"}, "rules": [rule]}, namespace="")
    bind(api, "as-alice", {"kind": "User", "name": "bob"}, namespace="")
    assert impersonated(BOB, [("Impersonate-User", "alice")], authorizer).name == "alice"
    with pytest.raises(StatusError, match='cannot impersonate resource "groups"'):
        impersonated(BOB, [("Impersonate-User", "alice"), ("Impersonate-Group", "system:masters")], authorizer)
    with pytest.raises(StatusError, match="without impersonating a user"):
        impersonated(ADMIN, [("Impersonate-Group", "dev")], authorizer)
