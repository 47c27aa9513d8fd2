"""Three nodes, of which some fail: what kubectl shows of it, and what becomes of the pods."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kitlib.environments.embedded import EmbeddedProvider
from kitlib.errors import UsageError
from tests.support.kubectl import Kubectl
from tests.support.patience import Patience

Kit = Callable[..., str]

WORKERS = ["kit-worker", "kit-worker2"]
PATIENCE = Patience(30)
SET = """\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: web
  replicas: 2
  podManagementPolicy: Parallel
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 2
      containers: [{name: nginx, image: nginx:1.25}]
"""
SERVICE = """\
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {clusterIP: None, selector: {app: web}, ports: [{port: 80}]}
"""
CLAIM = """\
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
"""


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("nodes")
    EmbeddedProvider(folder).create("nodes", nodes=3, node_timeouts="fast")
    yield folder
    EmbeddedProvider(folder).delete("nodes")


@pytest.fixture
def kubectl(state: Path, tmp_path: Path) -> Iterator[Kubectl]:
    info = EmbeddedProvider(state).create("nodes")
    admin = Kubectl(info.kubeconfig, tmp_path)
    namespace = f"t-{uuid.uuid4().hex[:8]}"
    admin("create", "namespace", namespace)
    yield Kubectl(info.kubeconfig, tmp_path, namespace)
    for node in WORKERS:
        admin("annotate", "node", node, "kit.embedded/machine-")
        admin("uncordon", node)
    admin("delete", "namespace", namespace, "--wait=false")
    PATIENCE.until(lambda: all(ready(admin, node) == "True" for node in WORKERS), "every node to be Ready")


@pytest.fixture
def kit(state: Path) -> Kit:
    def run(*arguments: str) -> str:
        environment = {**os.environ, "KIT_STATE_DIR": str(state), "KIT_CLUSTER": "nodes"}
        command = [str(Path(sys.executable).with_name("kit")), *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def ready(kubectl: Kubectl, node: str) -> str:
    path = '{.status.conditions[?(@.type=="Ready")].status}'
    return kubectl("get", "node", node, "-o", f"jsonpath={path}")


def field(kubectl: Kubectl, pod: str, path: str) -> str:
    return kubectl("get", "pod", pod, "--ignore-not-found", "-o", f"jsonpath={{{path}}}")


def applied(kubectl: Kubectl, text: str) -> Kubectl:
    kubectl("apply", "-f", "-", stdin=text)
    kubectl("rollout", "status", "statefulset/web", "--timeout=25s")
    return kubectl


def answers(kubectl: Kubectl, pod: str, url: str) -> bool:
    return kubectl.run("exec", pod, "--", "curl", "-s", "-m", "2", "-o", "/dev/null", url).returncode == 0


def test_nodes_are_kinds(kubectl: Kubectl) -> None:
    nodes = kubectl.json("get", "nodes")["items"]
    assert [node["metadata"]["name"] for node in nodes] == ["kit-control-plane", *WORKERS]
    assert len({node["spec"]["podCIDR"] for node in nodes}) == 3
    assert len({node["status"]["addresses"][0]["address"] for node in nodes}) == 3
    assert [node["spec"].get("taints") for node in nodes] == [
        [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}],
        None,
        None,
    ]
    leases = kubectl("get", "leases", "-n", "kube-node-lease", "-o", "name").split()
    assert leases == [f"lease.coordination.k8s.io/{node['metadata']['name']}" for node in nodes]


def test_pods_of_different_nodes_reach_each_other_by_name(kubectl: Kubectl) -> None:
    applied(kubectl, SET + SERVICE)
    assert {field(kubectl, pod, ".spec.nodeName") for pod in ("web-0", "web-1")} == set(WORKERS)
    for pod, other in (("web-0", "web-1"), ("web-1", "web-0")):
        assert answers(kubectl, pod, f"http://{other}.web")
        address, node = field(kubectl, pod, ".status.podIP"), field(kubectl, pod, ".spec.nodeName")
        assert address.rpartition(".")[0] in kubectl("get", "node", node, "-o", "jsonpath={.spec.podCIDR}")


def test_drain_moves_what_a_controller_replaces_and_cordon_keeps_it_away(kubectl: Kubectl) -> None:
    applied(kubectl, SET)
    kubectl("drain", "kit-worker", "--ignore-daemonsets", "--delete-emptydir-data", "--force", "--timeout=25s")
    kubectl("rollout", "status", "statefulset/web", "--timeout=25s")
    assert {field(kubectl, pod, ".spec.nodeName") for pod in ("web-0", "web-1")} == {"kit-worker2"}
    assert "Ready,SchedulingDisabled" in kubectl("get", "node", "kit-worker")
    kubectl("cordon", "kit-worker2")
    kubectl("run", "late", "--image=nginx:1.25")
    expected = (
        "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) were unschedulable. "
        "preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
    )
    message = '{.status.conditions[?(@.type=="PodScheduled")].message}'
    PATIENCE.until(lambda: kubectl("get", "pod", "late", "-o", f"jsonpath={message}") == expected, "the reason")
    kubectl("uncordon", "kit-worker")
    kubectl("wait", "pod/late", "--for=condition=Ready", "--timeout=25s")
    assert field(kubectl, "late", ".spec.nodeName") == "kit-worker"


def test_drain_respects_a_disruption_budget(kubectl: Kubectl) -> None:
    applied(kubectl, SET)
    kubectl("create", "poddisruptionbudget", "web", "--selector=app=web", "--min-available=2")
    said = kubectl.fails("drain", "kit-worker", "--ignore-daemonsets", "--force", "--timeout=3s")
    assert "Cannot evict pod as it would violate the pod's disruption budget." in said


def test_a_local_volume_keeps_its_pod_on_its_node(kubectl: Kubectl) -> None:
    applied(kubectl, SET + CLAIM)
    node, uid = field(kubectl, "web-0", ".spec.nodeName"), field(kubectl, "web-0", ".metadata.uid")
    kubectl("cordon", node)
    kubectl("delete", "pod", "web-0")
    PATIENCE.until(lambda: field(kubectl, "web-0", ".metadata.uid") not in ("", uid), "a new web-0")
    message = '.status.conditions[?(@.type=="PodScheduled")].message'
    reason = "1 node(s) didn't match PersistentVolume's node affinity"
    PATIENCE.until(lambda: reason in field(kubectl, "web-0", message), "the reason")
    kubectl("uncordon", node)
    kubectl("wait", "pod/web-0", "--for=condition=Ready", "--timeout=25s")
    assert field(kubectl, "web-0", ".spec.nodeName") == node


def test_a_node_that_is_cut_off_is_not_ready_and_its_pods_wait_for_it(kubectl: Kubectl, kit: Kit) -> None:
    applied(kubectl, SET)
    node, uid = field(kubectl, "web-1", ".spec.nodeName"), field(kubectl, "web-1", ".metadata.uid")
    address = field(kubectl, "web-1", ".status.podIP")
    kit("node", "stop", node)
    kubectl("wait", f"node/{node}", "--for=condition=Ready=Unknown", "--timeout=25s")
    kubectl("wait", "pod/web-1", "--for=condition=Ready=False", "--timeout=25s")
    assert f"{node:<20} is cut off" in kit("node", "list")
    assert "error dialing backend" in kubectl.fails("logs", "web-1")
    PATIENCE.until(lambda: field(kubectl, "web-1", ".metadata.deletionTimestamp"), "the pod to be marked")
    # Nobody knows whether it runs, so it has no successor. It does run.
    PATIENCE.stays(lambda: field(kubectl, "web-1", ".metadata.uid") == uid, "the one web-1", seconds=2)
    assert answers(kubectl, "web-0", f"http://{address}")
    kit("node", "start", node)
    PATIENCE.until(lambda: field(kubectl, "web-1", ".metadata.uid") not in ("", uid), "a new web-1")
    kubectl("rollout", "status", "statefulset/web", "--timeout=25s")
    PATIENCE.until(lambda: not answers(kubectl, "web-0", f"http://{address}"), "the old web-1 to end")


def test_deleting_by_force_makes_two_of_one_identity(kubectl: Kubectl, kit: Kit) -> None:
    applied(kubectl, SET)
    node, address = field(kubectl, "web-1", ".spec.nodeName"), field(kubectl, "web-1", ".status.podIP")
    kit("node", "stop", node)
    kubectl("wait", f"node/{node}", "--for=condition=Ready=Unknown", "--timeout=25s")
    kubectl("delete", "pod", "web-1", "--force", "--grace-period=0")
    kubectl("rollout", "status", "statefulset/web", "--timeout=25s")
    assert field(kubectl, "web-1", ".spec.nodeName") not in ("", node)
    second = field(kubectl, "web-1", ".status.podIP")
    assert address != second
    assert answers(kubectl, "web-0", f"http://{address}")
    assert answers(kubectl, "web-0", f"http://{second}")
    kit("node", "start", node)
    PATIENCE.until(lambda: not answers(kubectl, "web-0", f"http://{address}"), "the first web-1 to end")
    assert answers(kubectl, "web-0", f"http://{second}")


def test_a_pod_that_is_kept_runs_on_through_a_cut_and_begins_again_after_a_power_cut(
    kubectl: Kubectl, kit: Kit
) -> None:
    overrides = '{"spec": {"nodeName": "kit-worker", "tolerations": [{"operator": "Exists"}]}}'
    kubectl("run", "p", "--image=nginx:1.25", f"--overrides={overrides}")
    kubectl("wait", "pod/p", "--for=condition=Ready", "--timeout=25s")
    for stop, restarts in ((["stop", "kit-worker"], "0"), (["stop", "kit-worker", "--power-off"], "1")):
        kit("node", *stop)
        kubectl("wait", "node/kit-worker", "--for=condition=Ready=Unknown", "--timeout=25s")
        kubectl("wait", "pod/p", "--for=condition=Ready=False", "--timeout=25s")
        kit("node", "start", "kit-worker")
        kubectl("wait", "pod/p", "--for=condition=Ready", "--timeout=25s")
        assert field(kubectl, "p", ".status.containerStatuses[0].restartCount") == restarts


def test_an_out_of_service_node_gives_its_pods_up(kubectl: Kubectl, kit: Kit) -> None:
    applied(kubectl, SET)
    node, uid = field(kubectl, "web-1", ".spec.nodeName"), field(kubectl, "web-1", ".metadata.uid")
    kit("node", "stop", node, "--power-off")
    kubectl("wait", f"node/{node}", "--for=condition=Ready=Unknown", "--timeout=25s")
    taint = "node.kubernetes.io/out-of-service"
    kubectl("taint", "node", node, f"{taint}=nodeshutdown:NoExecute")
    PATIENCE.until(lambda: field(kubectl, "web-1", ".metadata.uid") not in ("", uid), "a new web-1 elsewhere")
    kubectl("rollout", "status", "statefulset/web", "--timeout=25s")
    kubectl("taint", "node", node, f"{taint}-")


def test_a_node_that_was_deleted_registers_when_it_is_started(kubectl: Kubectl, kit: Kit) -> None:
    kubectl("delete", "node", "kit-worker2")
    assert "there is no node" in kit_fails(kit, "node", "stop", "kit-worker2")
    kit("node", "start", "kit-worker2")
    assert kubectl("get", "node", "kit-worker2", "-o", "jsonpath={.spec.podCIDR}") == "10.244.2.0/24"


def kit_fails(kit: Kit, *arguments: str) -> str:
    with pytest.raises(AssertionError) as caught:
        kit(*arguments)
    return str(caught.value)


def test_a_running_cluster_keeps_its_number_of_nodes(kubectl: Kubectl, state: Path) -> None:
    with pytest.raises(UsageError, match="runs already with --nodes 3"):
        EmbeddedProvider(state).create("nodes", nodes=2)
    for wrong in ("slow", "1", "0,1"):
        with pytest.raises(UsageError, match="how long a node may be silent"):
            EmbeddedProvider(state).create("other", node_timeouts=wrong)


def test_a_worker_that_is_taken_away_takes_its_pods_along(tmp_path: Path) -> None:
    provider = EmbeddedProvider(tmp_path)
    try:
        info = provider.create("shrinks", nodes=3, node_timeouts="fast")
        kubectl = applied(Kubectl(info.kubeconfig, tmp_path), SET)
        provider.stop("shrinks")
        provider.create("shrinks", nodes=2)
        kubectl("rollout", "status", "statefulset/web", "--timeout=25s")
        PATIENCE.until(
            lambda: {field(kubectl, pod, ".spec.nodeName") for pod in ("web-0", "web-1")} == {"kit-worker"}, "the move"
        )
        assert kubectl("get", "nodes", "-o", "name").split() == ["node/kit-control-plane", "node/kit-worker"]
        provider.stop("shrinks")
        provider.create("shrinks")  # as many as it had
        assert kubectl("get", "nodes", "-o", "name").split() == ["node/kit-control-plane", "node/kit-worker"]
    finally:
        provider.delete("shrinks")


HOLLOW = """\
apiVersion: v1
kind: Pod
metadata: {name: pretends}
spec:
  nodeSelector: {kit.embedded/hollow: "true"}
  tolerations: [{key: kit.embedded/hollow, operator: Exists}]
  containers: [{name: c, image: nginx}]
"""


def test_hollow_nodes_pretend_to_run_what_asks_for_them(tmp_path: Path) -> None:
    provider = EmbeddedProvider(tmp_path)
    try:
        kubectl = Kubectl(provider.create("hollow", hollow_nodes=2).kubeconfig, tmp_path)
        kubectl("apply", "-f", "-", stdin=HOLLOW)
        kubectl("run", "real", "--image=nginx")
        kubectl("wait", "pod", "--all", "--for=condition=Ready", "--timeout=25s")
        assert field(kubectl, "pretends", ".spec.nodeName").startswith("hollow-node-")
        assert field(kubectl, "pretends", ".status.podIP").startswith("10.244.2")
        assert field(kubectl, "real", ".spec.nodeName") == "kit-control-plane"
        kubectl("delete", "pod", "pretends", "--timeout=25s")
    finally:
        provider.delete("hollow")
