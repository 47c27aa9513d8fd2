"""Making objects, asking about the cluster, and permissions, by the real kubectl."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.kubectl import Kubectl


@pytest.mark.parametrize(
    ("noun", "wanted"),
    [
        ("configmap c --from-literal=a=b", {"data": {"a": "b"}}),
        ("secret generic s --from-literal=k=v", {"data": {"k": "dg=="}, "type": "Opaque"}),
        ("serviceaccount a", {}),
        (
            "role r --verb=get,list --resource=pods",
            {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}]},
        ),
        (
            "rolebinding b --clusterrole=view --serviceaccount=x:y",
            {"subjects": [{"kind": "ServiceAccount", "name": "y", "namespace": "x"}]},
        ),
        (
            "poddisruptionbudget p --selector=app=web --min-available=50%",
            {"spec": {"minAvailable": "50%", "selector": {"matchLabels": {"app": "web"}}}},
        ),
        ("service clusterip v --tcp=80:8080", {"spec": {"type": "ClusterIP", "selector": {"app": "v"}}}),
        ("service clusterip h --clusterip=None --tcp=80", {"spec": {"clusterIP": "None"}}),
        ("service nodeport n --tcp=80 --node-port=30123", {"spec": {"type": "NodePort"}}),
        ("service externalname e --external-name=example.org", {"spec": {"externalName": "example.org"}}),
        ("deployment d --image=nginx:1.25 --replicas=0 --port=80", {"spec": {"replicas": 0}}),
    ],
)
def test_create_noun(kubectl: Kubectl, noun: str, wanted: dict[str, object]) -> None:
    """These commands send protobuf."""
    arguments = noun.split()
    assert kubectl("create", *arguments).endswith(" created\n")
    kind = arguments[0]
    name = next(a for a in arguments[1:] if a not in ("generic", "clusterip", "nodeport", "externalname"))
    assert _contains(kubectl.json("get", kind, name), wanted)
    assert "already exists" in kubectl.fails("create", *arguments)


def _contains(found: object, wanted: object) -> bool:
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(_contains(found.get(k), v) for k, v in wanted.items())
    return found == wanted


def test_what_protobuf_makes_is_what_json_makes(kubectl: Kubectl) -> None:
    dry = kubectl("create", "deployment", "d", "--image=nginx:1.25", "--port=80", "--dry-run=client", "-o", "json")
    kubectl("create", "deployment", "d", "--image=nginx:1.25", "--port=80")
    by_protobuf = kubectl.json("get", "deployment", "d")["spec"]
    kubectl("delete", "deployment", "d")
    kubectl("create", "-f", "-", stdin=dry)
    assert kubectl.json("get", "deployment", "d")["spec"] == by_protobuf


def test_run_and_expose(kubectl: Kubectl) -> None:
    kubectl("run", "one", "--image=nginx:1.25", "--env=A=b", "--labels=app=one", "--port=80")
    kubectl("expose", "pod", "one", "--port=8080", "--target-port=80")
    kubectl("wait", "pod/one", "--for=condition=Ready", "--timeout=20s")
    assert kubectl("exec", "one", "--", "printenv", "A") == "b\n"
    service = kubectl.json("get", "service", "one")["spec"]
    assert service["ports"] == [{"port": 8080, "protocol": "TCP", "targetPort": 80}]
    assert service["clusterIP"].startswith("10.96.")
    kubectl("wait", "endpoints/one", "--for=jsonpath={.subsets[0].addresses[0].ip}", "--timeout=20s")


def test_run_once_and_remove(kubectl: Kubectl) -> None:
    said = kubectl(
        "run", "once", "--image=busybox:1.36", "--restart=Never", "--rm", "-i", "--", "sh", "-c", "sleep 0.5; echo done"
    )
    assert "done" in said
    assert "not found" in kubectl.fails("get", "pod", "once")


def test_replace_and_its_conflicts(kubectl: Kubectl, tmp_path: Path) -> None:
    kubectl("create", "configmap", "c", "--from-literal=a=1")
    file = tmp_path / "c.yaml"
    file.write_text(kubectl("get", "configmap", "c", "-o", "yaml").replace('a: "1"', 'a: "2"'))
    assert kubectl("replace", "-f", str(file)) == "configmap/c replaced\n"
    assert "the object has been modified" in kubectl.fails("replace", "-f", str(file))
    before = kubectl.json("get", "configmap", "c")["metadata"]["uid"]
    file.write_text(file.read_text().replace("  resourceVersion:", "  #").replace("  uid:", "  #"))
    kubectl("replace", "--force", "-f", str(file))
    assert kubectl.json("get", "configmap", "c")["metadata"]["uid"] != before


def test_the_server_runs_a_dry_run_and_keeps_nothing(kubectl: Kubectl, web: Path) -> None:
    assert "(server dry run)" in kubectl("apply", "--dry-run=server", "-f", str(web))
    assert kubectl("get", "statefulset", "-o", "name") == ""
    kubectl("create", "configmap", "c")
    kubectl("delete", "configmap", "c", "--dry-run=server")
    kubectl("get", "configmap", "c")


def test_explain_knows_every_field(admin: Kubectl) -> None:
    told = admin("explain", "statefulset.spec.persistentVolumeClaimRetentionPolicy")
    assert "whenScaled" in told
    assert "KIND:       StatefulSet" in told
    assert "volumeClaimTemplates" in admin("explain", "sts", "--recursive")
    assert "does not exist" in admin.fails("explain", "sts.spec.nope")


def test_what_is_served(admin: Kubectl) -> None:
    rows = {line.split()[0]: line.split() for line in admin("api-resources", "--no-headers").splitlines()}
    assert rows["statefulsets"] == ["statefulsets", "sts", "apps/v1", "true", "StatefulSet"]
    assert rows["persistentvolumes"] == ["persistentvolumes", "pv", "v1", "false", "PersistentVolume"]
    assert {"v1", "apps/v1", "storage.k8s.io/v1"} <= set(admin("api-versions").split())
    assert "Server Version: v1.36" in admin("version")
    assert "pods" in admin("api-resources", "--categories=all", "-o", "name")


def test_the_cluster_tells_where_it_is(admin: Kubectl) -> None:
    info = admin("cluster-info", "--namespace=kube-system")
    assert "Kubernetes control plane" in info
    assert "CoreDNS" in info
    assert admin("get", "--raw", "/readyz") == "ok"
    assert admin("get", "nodes", "--no-headers").split()[:3] == ["kit-control-plane", "Ready", "control-plane"]


def test_there_are_no_metrics(admin: Kubectl) -> None:
    assert "Metrics API not available" in admin.fails("top", "pods")
    assert "Metrics API not available" in admin.fails("top", "nodes")


def test_permissions_are_asked_and_enforced(kubectl: Kubectl) -> None:
    assert kubectl("auth", "can-i", "create", "statefulsets") == "yes\n"
    assert "kubernetes-admin" in kubectl("auth", "whoami")
    assert kubectl.run("auth", "can-i", "list", "pods", "--as=bob").returncode == 1
    assert 'User "bob" cannot list resource "pods"' in kubectl.fails("get", "pods", "--as=bob")
    kubectl("create", "rolebinding", "bob", "--clusterrole=view", "--user=bob")
    assert kubectl("auth", "can-i", "list", "pods", "--as=bob") == "yes\n"
    kubectl("get", "pods", "--as=bob")
    assert "cannot delete resource" in kubectl.fails("delete", "pod", "any", "--as=bob")
    assert "cannot list" in kubectl.fails("get", "pods", "-A", "--as=bob")
    assert "pods" in kubectl("auth", "can-i", "--list", "--as=bob")


def test_a_token_works_in_its_namespace_only(kubectl: Kubectl) -> None:
    kubectl("create", "serviceaccount", "learner")
    kubectl("create", "rolebinding", "learner", "--clusterrole=admin", f"--serviceaccount={kubectl.namespace}:learner")
    token = f"--token={kubectl('create', 'token', 'learner')}"
    # A kubeconfig's client certificate would win over the token.
    server = kubectl("config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}")
    authority = kubectl.kubeconfig.parent / "pki" / "ca.crt"
    alone = [f"--server={server}", f"--certificate-authority={authority}", "--kubeconfig=/dev/null", token]
    assert kubectl("get", "pods", *alone) == ""
    assert "Forbidden" in kubectl.fails("get", "pods", "--namespace=kube-system", *alone)
    assert "Forbidden" in kubectl.fails("get", "nodes", *alone)


def test_a_node_is_drained_and_comes_back(running: Kubectl) -> None:
    running("cordon", "kit-control-plane")
    try:
        assert "SchedulingDisabled" in running("get", "nodes")
        running("delete", "pod", "web-1")
        running("wait", "pod/web-1", "--for=create", "--timeout=20s")
        running("wait", "pod/web-1", "--for=jsonpath={.status.conditions[0].reason}=Unschedulable", "--timeout=20s")
    finally:
        running("uncordon", "kit-control-plane")
    running("wait", "pod/web-1", "--for=condition=Ready", "--timeout=20s")


def test_a_deleted_namespace_takes_everything_with_it(running: Kubectl) -> None:
    running("delete", "namespace", running.namespace)
    assert running("get", "pods,pvc,statefulset,service,events", "-o", "name") == ""
    volumes = running.json("get", "pv")["items"]
    assert running.namespace not in {
        v["spec"]["claimRef"]["namespace"] for v in volumes if v["status"]["phase"] == "Bound"
    }
    running("create", "namespace", running.namespace)


def test_mistakes_are_told_in_one_line(kubectl: Kubectl) -> None:
    for arguments, told in (
        (("get", "pod", "nope"), 'Error from server (NotFound): pods "nope" not found'),
        (("get", "gadgets"), 'error: the server doesn\'t have a resource type "gadgets"'),
        (("apply", "-f", "-"), 'no matches for kind "StatefullSet" in version "apps/v1"'),
        (("scale", "statefulset", "nope", "--replicas=1"), 'statefulsets.apps "nope" not found'),
        (("get", "pods", "--field-selector=spec.nope=1"), "field label not supported: spec.nope"),
        (("get", "pods", "-l", "a in b"), "unable to parse requirement"),
        (("rollout", "undo", "statefulset/nope"), "not found"),
    ):
        said = kubectl.fails(*arguments, stdin="apiVersion: apps/v1\nkind: StatefullSet\nmetadata: {name: x}\n")
        assert told in said, arguments
