"""[sig-cli] Kubectl client."""

from __future__ import annotations

import http.client
import json
import socket
import urllib.request
from pathlib import Path

import pytest

from tests.behaviour.serving import AGNHOST
from tests.support.kubectl import Kubectl
from tests.support.patience import Patience

PAUSE = "registry.k8s.io/pause:3.10"
HTTPD = "registry.k8s.io/e2e-test-images/httpd:2.4.38-4"
DEPLOYMENT = f"""\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: httpd-deployment}}
spec:
  replicas: 1
  selector: {{matchLabels: {{app: httpd}}}}
  template:
    metadata: {{labels: {{app: httpd}}}}
    spec: {{containers: [{{name: httpd, image: "{HTTPD}"}}]}}
"""

CONTROLLER = f"""\
apiVersion: v1
kind: ReplicationController
metadata: {{name: update-demo}}
spec:
  replicas: 2
  selector: {{name: update-demo}}
  template:
    metadata: {{labels: {{name: update-demo}}}}
    spec: {{containers: [{{name: main, image: "{HTTPD}", ports: [{{containerPort: 80}}]}}]}}
"""


def create_controller(kubectl: Kubectl, patience: Patience) -> list[str]:
    """Make the replication controller and wait for its pods; return their names."""
    kubectl("create", "-f", "-", stdin=CONTROLLER)
    found = kubectl.json("get", "rc", "update-demo")
    wanted = found["spec"]["replicas"]

    def ready() -> bool:
        status = kubectl.json("get", "rc", "update-demo").get("status", {})
        return bool(status.get("readyReplicas") == wanted)

    patience.until(ready, "the pods of the replication controller")
    return [item["metadata"]["name"] for item in kubectl.json("get", "pods", "-l", "name=update-demo")["items"]]


def pod(name: str) -> str:
    return (
        f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, labels: {{name: {name}}}}}\n"
        f"spec: {{containers: [{{name: {name}, image: '{PAUSE}'}}]}}\n"
    )


def test_api_versions(kubectl: Kubectl) -> None:
    """Kubectl api-versions should check if v1 is in available api versions"""
    assert {"v1", "apps/v1", "policy/v1"} <= set(kubectl("api-versions").split())


def test_cluster_info(kubectl: Kubectl) -> None:
    """Kubectl cluster-info should check if Kubernetes control plane services is included in cluster-info"""
    assert "Kubernetes control plane" in kubectl("cluster-info")
    assert "is running at" in kubectl("cluster-info")


def test_describe(kubectl: Kubectl, patience: Patience) -> None:
    """Kubectl describe should check if kubectl describe prints relevant information for rc and pods"""
    names = create_controller(kubectl, patience)
    kubectl("expose", "rc", "update-demo", "--port=6379", "--target-port=80")
    told = kubectl("describe", "rc", "update-demo")
    for text in ("Name:", "Namespace:", "Selector:", "Labels:", "Annotations:", "Replicas:", "Pods Status:"):
        assert text in told
    for text in ("Pod Template:", f"Image:         {HTTPD}", "Replicas:     2 current / 2 desired"):
        assert text in told
    told = kubectl("describe", "pod", names[0])
    for text in ("Name:", "Namespace:", "Node:", "Labels:           name=update-demo", "Status:           Running"):
        assert text in told
    for text in ("Controlled By:  ReplicationController/update-demo", f"Image:          {HTTPD}", "QoS Class:"):
        assert text in told
    patience.until(lambda: "Started" in kubectl("describe", "pod", names[0]), "the event in the description")
    told = kubectl("describe", "service", "update-demo")
    for text in ("Selector:", "Type:", "IP:", "Port:", "Endpoints:", "Session Affinity:"):
        assert text in told
    node = kubectl.json("get", "pod", names[0])["spec"]["nodeName"]
    told = kubectl("describe", "node", node)
    for text in ("Name:", "Labels:", "Annotations:", "CreationTimestamp:", "Conditions:", "Addresses:", "Capacity:"):
        assert text in told
    for text in ("Version:", "Kernel Version:", "Kubelet Version:", "Pods:"):
        assert text in told
    told = kubectl("describe", "namespace", kubectl.namespace)
    assert "Status:       Active" in told


def test_diff(kubectl: Kubectl) -> None:
    """Kubectl diff should check if kubectl diff finds a difference for Deployments"""
    kubectl("create", "-f", "-", stdin=DEPLOYMENT)
    changed = DEPLOYMENT.replace(HTTPD, "registry.k8s.io/e2e-test-images/busybox:1.29")
    done = kubectl.run("diff", "-f", "-", stdin=changed)
    assert done.returncode == 1, done.stderr
    assert f"-      - image: {HTTPD}" in done.stdout
    assert "+      - image: registry.k8s.io/e2e-test-images/busybox:1.29" in done.stdout
    assert kubectl.run("diff", "--server-side", "-f", "-", stdin=DEPLOYMENT).returncode == 0


def test_expose(kubectl: Kubectl, patience: Patience) -> None:
    """Kubectl expose should create services for rc"""
    create_controller(kubectl, patience)

    def check(name: str, port: int) -> None:
        service = kubectl.json("get", "service", name)
        assert (service["spec"]["ports"][0]["port"], service["spec"]["ports"][0]["targetPort"]) == (port, 80)
        listed = patience.until(lambda: kubectl.json("get", "endpoints", name).get("subsets"), "an endpoint")
        assert listed[0]["ports"][0]["port"] == 80

    kubectl("expose", "rc", "update-demo", "--name=rm2", "--port=1234", "--target-port=80")
    check("rm2", 1234)
    kubectl("expose", "service", "rm2", "--name=rm3", "--port=2345", "--target-port=80")
    check("rm3", 2345)


def test_label(kubectl: Kubectl) -> None:
    """Kubectl label should update the label on a resource"""
    kubectl("create", "-f", "-", stdin=pod("pause"))
    kubectl("label", "pods", "pause", "testing-label=testing-label-value")
    assert "testing-label-value" in kubectl("get", "pod", "pause", "-L", "testing-label")
    kubectl("label", "pods", "pause", "testing-label-")
    assert "testing-label-value" not in kubectl("get", "pod", "pause", "-L", "testing-label")


def test_patch(kubectl: Kubectl, patience: Patience) -> None:
    """Kubectl patch should add annotations for pods in rc"""
    for name in create_controller(kubectl, patience):
        kubectl("patch", "pod", name, "-p", '{"metadata":{"annotations":{"x":"y"}}}')
        assert kubectl.json("get", "pod", name)["metadata"]["annotations"]["x"] == "y"


def test_replace(kubectl: Kubectl) -> None:
    """Kubectl replace should update a single-container pod's image"""
    kubectl("run", "e2e-test-httpd-pod", f"--image={HTTPD}", "--labels=run=e2e-test-httpd-pod")
    kubectl("wait", "pod/e2e-test-httpd-pod", "--for=condition=Ready", "--timeout=60s")
    found = kubectl.json("get", "pod", "e2e-test-httpd-pod")
    found["spec"]["containers"][0]["image"] = "registry.k8s.io/e2e-test-images/busybox:1.29"
    kubectl("replace", "-f", "-", stdin=json.dumps(found))
    image = kubectl.json("get", "pod", "e2e-test-httpd-pod")["spec"]["containers"][0]["image"]
    assert image == "registry.k8s.io/e2e-test-images/busybox:1.29"


def test_run_pod(kubectl: Kubectl) -> None:
    """Kubectl run pod should create a pod from an image when restart is Never"""
    kubectl("run", "e2e-test-httpd-pod", "--restart=Never", f"--image={HTTPD}")
    found = kubectl.json("get", "pod", "e2e-test-httpd-pod")
    assert found["spec"]["containers"][0]["image"] == HTTPD
    assert found["spec"]["restartPolicy"] == "Never"


def test_server_side_dry_run(kubectl: Kubectl) -> None:
    """Kubectl server-side dry-run should check if kubectl can dry-run update Pods"""
    kubectl("run", "e2e-test-httpd-pod", f"--image={HTTPD}", "--labels=run=e2e-test-httpd-pod")
    container = {"name": "e2e-test-httpd-pod", "image": "registry.k8s.io/e2e-test-images/busybox:1.29"}
    patch = json.dumps({"spec": {"containers": [container]}})
    kubectl("patch", "pod", "e2e-test-httpd-pod", "-p", patch, "--dry-run=server")
    assert kubectl.json("get", "pod", "e2e-test-httpd-pod")["spec"]["containers"][0]["image"] == HTTPD
    kubectl("delete", "pod", "e2e-test-httpd-pod", "--dry-run=server")
    assert kubectl.json("get", "pod", "e2e-test-httpd-pod")["metadata"].get("deletionTimestamp") is None
    kubectl("apply", "--dry-run=server", "-f", "-", stdin=DEPLOYMENT)
    assert "NotFound" in kubectl.fails("get", "deployment", "httpd-deployment")


def test_version(kubectl: Kubectl) -> None:
    """Kubectl version should check is all data is printed"""
    told = kubectl("version")
    for text in ("Client Version", "Server Version"):
        assert text in told


def test_logs(kubectl: Kubectl, patience: Patience) -> None:
    """Kubectl logs should be able to retrieve and filter logs"""
    image = AGNHOST
    kubectl(
        "run",
        "logs-generator",
        f"--image={image}",
        "--restart=Never",
        "--",
        "logs-generator",
        "--log-lines-total",
        "100",
        "--run-duration",
        "3s",
    )
    patience.until(lambda: len(kubectl("logs", "logs-generator").splitlines()) >= 5, "some lines")
    assert len(kubectl("logs", "logs-generator", "--tail=1").splitlines()) == 1
    assert len(kubectl("logs", "logs-generator", "--limit-bytes=1")) == 1
    stamped = kubectl("logs", "logs-generator", "--tail=1", "--timestamps")
    assert stamped[:2] == "20"
    assert "T" in stamped.split()[0]
    kubectl("wait", "pod/logs-generator", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=60s")
    assert len(kubectl("logs", "logs-generator").splitlines()) >= 100


def test_update_demo(kubectl: Kubectl, patience: Patience) -> None:
    """Kubectl Update Demo should create and stop a replication controller / should scale a replication controller"""
    create_controller(kubectl, patience)
    template = "{{range .items}}{{.metadata.name}} {{end}}"
    query = ("get", "pods", "-l", "name=update-demo", "-o", f"template={template}")
    for count in (1, 2):
        kubectl("scale", "rc", "update-demo", f"--replicas={count}", "--timeout=60s")
        patience.until(lambda count=count: len(kubectl(*query).split()) == count, f"{count} pods")
    kubectl("delete", "--grace-period=0", "--force", "-f", "-", stdin=CONTROLLER)
    patience.until(lambda: not kubectl.json("get", "pods", "-l", "name=update-demo")["items"], "no pods")


@pytest.mark.parametrize("listen", [("--port=0",), ("--unix-socket",)])
def test_proxy(kubectl: Kubectl, tmp_path: Path, listen: tuple[str, ...]) -> None:
    """Proxy server should support proxy with --port 0 / should support --unix-socket=/path"""
    unix = listen == ("--unix-socket",)
    arguments = (f"--unix-socket={tmp_path}/s",) if unix else listen
    running = kubectl.follow("proxy", *arguments, "--disable-filter=true")
    try:
        assert running.stdout is not None
        said = running.stdout.readline()
        while "Starting to serve" not in said:
            said = running.stdout.readline()
        if unix:
            connection = http.client.HTTPConnection("localhost")
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.connect(f"{tmp_path}/s")
            connection.request("GET", "/api/")
            answer = connection.getresponse().read()
        else:
            port = said.strip().rpartition(":")[2]
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/") as found:
                answer = found.read()
        assert "v1" in json.loads(answer)["versions"]
    finally:
        running.terminate()
        running.wait()


def test_server_side_apply(kubectl: Kubectl) -> None:
    """Conflicts name manager and field; force takes over; a field that is left out goes."""
    config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: '1', b: '2'}\n"
    kubectl("apply", "--server-side", "--field-manager=one", "-f", "-", stdin=config)
    other = config.replace("a: '1', b: '2'", "a: '3'")
    told = kubectl.fails("apply", "--server-side", "--field-manager=two", "-f", "-", stdin=other)
    assert 'Apply failed with 1 conflict: conflict with "one": .data.a' in told
    kubectl("apply", "--server-side", "--field-manager=two", "--force-conflicts", "-f", "-", stdin=other)
    assert kubectl.json("get", "configmap", "c")["data"] == {"a": "3", "b": "2"}
    kubectl("apply", "--server-side", "--field-manager=one", "-f", "-", stdin=config.replace("a: '1', b: '2'", ""))
    assert kubectl.json("get", "configmap", "c")["data"] == {"a": "3"}
    entries = kubectl.json("get", "configmap", "c", "--show-managed-fields")["metadata"]["managedFields"]
    assert {(entry["manager"], entry["operation"]) for entry in entries} >= {("two", "Apply")}
    kubectl("label", "configmap", "c", "x=y")
    entries = kubectl.json("get", "configmap", "c", "--show-managed-fields")["metadata"]["managedFields"]
    assert ("kubectl-label", "Update") in {(entry["manager"], entry["operation"]) for entry in entries}


def test_waiting(kubectl: Kubectl) -> None:
    """kubectl wait, for a condition, for a field, for the end; get all, events, explain, api-resources."""
    kubectl("create", "-f", "-", stdin=pod("pause"))
    kubectl("wait", "pod/pause", "--for=condition=Ready", "--timeout=60s")
    kubectl("wait", "pod/pause", "--for=jsonpath={.status.phase}=Running", "--timeout=60s")
    assert "pod/pause" in kubectl("get", "all")
    assert "Scheduled" in kubectl("events", "--for=pod/pause")
    assert "containers" in kubectl("explain", "pods.spec", "--recursive")
    wide = kubectl("api-resources", "-o", "wide")
    assert any(line.startswith("podtemplates ") for line in wide.splitlines())
    line = next(line for line in wide.splitlines() if line.startswith("statefulsets "))
    assert "create,delete,deletecollection,get,list,patch,update,watch" in line
    assert line.rstrip().endswith("all")
    kubectl("delete", "pod", "pause", "--wait=false", "--grace-period=1")
    kubectl("wait", "pod/pause", "--for=delete", "--timeout=60s")


def test_raw_forms(kubectl: Kubectl) -> None:
    """What kubectl asks the server for by its path."""
    assert kubectl("get", "--raw", "/readyz") == "ok"
    assert json.loads(kubectl("get", "--raw", "/version"))["minor"].rstrip("+").isdigit()
    assert kubectl("get", "--raw", "/livez?verbose").endswith("livez check passed\n")
    kubectl("create", "configmap", "raw")
    path = f"/api/v1/namespaces/{kubectl.namespace}/configmaps"
    # kubectl names no content type here.
    kubectl("delete", "--raw", f"{path}/raw", "-f", "-", stdin='{"gracePeriodSeconds":0}')
    assert "raw" not in kubectl("get", "--raw", path)


def guestbook(name: str, replicas: int, port: int, *arguments: str) -> str:
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "List",
            "items": [
                {
                    "apiVersion": "v1",
                    "kind": "Service",
                    "metadata": {"name": name},
                    "spec": {"selector": {"app": name}, "ports": [{"port": port}]},
                },
                {
                    "apiVersion": "apps/v1",
                    "kind": "Deployment",
                    "metadata": {"name": name},
                    "spec": {
                        "replicas": replicas,
                        "selector": {"matchLabels": {"app": name}},
                        "template": {
                            "metadata": {"labels": {"app": name}},
                            "spec": {
                                "containers": [{"name": "main", "image": AGNHOST, "args": ["guestbook", *arguments]}]
                            },
                        },
                    },
                },
            ],
        }
    )


def test_guestbook(kubectl: Kubectl, patience: Patience) -> None:
    """Kubectl Guestbook application should create and stop a working application (one front end)"""
    parts = {
        "agnhost-primary": guestbook("agnhost-primary", 1, 6379, "--http-port", "6379"),
        "agnhost-replica": guestbook(
            "agnhost-replica", 2, 6379, "--replicaof", "agnhost-primary", "--http-port", "6379"
        ),
        "frontend": guestbook("frontend", 1, 80, "--backend-port", "6379"),
    }
    for name, manifest in parts.items():
        kubectl("create", "-f", "-", stdin=manifest)
        kubectl("rollout", "status", f"deployment/{name}", "--timeout=60s")
    kubectl("run", "client", f"--image={AGNHOST}")
    kubectl("wait", "pod/client", "--for=condition=Ready", "--timeout=60s")

    def asked(query: str) -> str:
        url = f"http://frontend/guestbook?{query}"
        return kubectl.run("exec", "client", "--", "curl", "-s", "--max-time", "5", url).stdout

    patience.until(lambda: asked("cmd=get&key=messages&value=") == '{"data":""}', "the front end")
    assert asked("cmd=set&key=messages&value=TestEntry") == '{"message":"Updated"}'
    patience.until(lambda: asked("cmd=get&key=messages&value=") == '{"data":"TestEntry"}', "the entry")
    for manifest in parts.values():
        kubectl("delete", "--grace-period=0", "--force", "-f", "-", stdin=manifest)
