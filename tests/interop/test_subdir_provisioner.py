"""The kit's provisioner image in a pod: what it may, what it makes, and what it leaves."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import kitlib.embedded.kubelet.images as images
from tests.support.kubectl import Kubectl
from tests.support.patience import Patience

PATIENCE = Patience(30)
OBJECTS = """\
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {{name: {class_name}}}
provisioner: {class_name}/subdir
parameters: {{archiveOnDelete: "{archive}"}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {{name: provisioner}}
---
apiVersion: v1
kind: Pod
metadata: {{name: provisioner}}
spec:
  serviceAccountName: provisioner
  terminationGracePeriodSeconds: 0
  containers:
  - name: main
    image: subdir-provisioner:1.0
    env:
    - {{name: PROVISIONER_NAME, value: {class_name}/subdir}}
    - {{name: NODE_NAME, valueFrom: {{fieldRef: {{fieldPath: spec.nodeName}}}}}}
    - {{name: HOST_PATH, value: /srv/{class_name}}}
    volumeMounts: [{{name: root, mountPath: /persistentvolumes}}]
  volumes: [{{name: root, hostPath: {{path: /srv/{class_name}, type: DirectoryOrCreate}}}}]
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: data}}
spec:
  storageClassName: {class_name}
  accessModes: [ReadWriteMany]
  resources: {{requests: {{storage: 1Mi}}}}
"""
ROLE = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {{name: {name}}}
rules:
- {{apiGroups: [""], resources: [persistentvolumeclaims], verbs: [get, list, watch]}}
- {{apiGroups: [""], resources: [persistentvolumes], verbs: [get, list, watch, create, delete]}}
- {{apiGroups: [storage.k8s.io], resources: [storageclasses], verbs: [get, list, watch]}}
- {{apiGroups: [""], resources: [events], verbs: [create]}}
"""

Start = Callable[[str], None]


@pytest.fixture
def start(kubectl: Kubectl, tmp_path: Path) -> Iterator[Start]:
    """Start a provisioner of a class named after the namespace, with a claim of that class; it has no rights."""
    name = kubectl.namespace

    def started(archive: str) -> None:
        (tmp_path / "objects.yaml").write_text(OBJECTS.format(class_name=name, archive=archive))
        kubectl("apply", "-f", str(tmp_path / "objects.yaml"))
        kubectl("wait", "pod/provisioner", "--for=condition=Ready", "--timeout=20s")

    yield started
    kubectl("delete", "clusterrolebinding,clusterrole,storageclass", name, "--ignore-not-found")


def log(kubectl: Kubectl) -> str:
    return kubectl("logs", "provisioner")


def grant(kubectl: Kubectl, file: Path) -> None:
    """Give the provisioner its rights; its next try then makes a volume for the claim."""
    name = kubectl.namespace
    file.write_text(ROLE.format(name=name))
    kubectl("apply", "-f", str(file))
    kubectl("create", "clusterrolebinding", name, f"--clusterrole={name}", f"--serviceaccount={name}:provisioner")
    kubectl("wait", "pvc/data", "--for=jsonpath={.status.phase}=Bound", "--timeout=20s")


def volume(kubectl: Kubectl) -> dict:
    name = kubectl("get", "pvc", "data", "-o", "jsonpath={.spec.volumeName}")
    return dict(json.loads(kubectl("get", "pv", name, "-o", "json")))


def directories(kubectl: Kubectl) -> list[str]:
    return kubectl("exec", "provisioner", "--", "ls", "/persistentvolumes").split()


def test_it_is_refused_until_it_has_its_rights(kubectl: Kubectl, start: Start, tmp_path: Path) -> None:
    start("true")
    account = f"system:serviceaccount:{kubectl.namespace}:provisioner"
    refusal = f'403 Forbidden: persistentvolumeclaims is forbidden: User "{account}"'
    PATIENCE.until(lambda: refusal in log(kubectl), "a refusal in the log")
    assert kubectl("get", "pvc", "data", "-o", "jsonpath={.status.phase}") == "Pending"
    grant(kubectl, tmp_path / "role.yaml")
    made = volume(kubectl)
    folder = f"{kubectl.namespace}-data-{made['metadata']['name']}"
    assert made["spec"]["hostPath"]["path"] == f"/srv/{kubectl.namespace}/{folder}"
    assert made["spec"]["capacity"] == {"storage": "1Mi"} and made["spec"]["accessModes"] == ["ReadWriteMany"]
    (term,) = made["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
    node = kubectl("get", "pod", "provisioner", "-o", "jsonpath={.spec.nodeName}")
    assert term == {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}]}
    assert directories(kubectl) == [folder]
    PATIENCE.until(lambda: "ProvisioningSucceeded" in kubectl("get", "events"), "its event")


@pytest.mark.parametrize(("archive", "left"), [("true", "archived-"), ("false", "")])
def test_what_it_leaves_of_a_deleted_claim(
    kubectl: Kubectl, start: Start, tmp_path: Path, archive: str, left: str
) -> None:
    start(archive)
    grant(kubectl, tmp_path / "role.yaml")
    made = volume(kubectl)["metadata"]["name"]
    kubectl("delete", "pvc", "data")
    kubectl("wait", f"pv/{made}", "--for=delete", "--timeout=20s")
    assert directories(kubectl) == ([f"{left}{kubectl.namespace}-data-{made}"] if left else [])


def test_it_needs_nothing_of_the_kit() -> None:
    """So that its image for other clusters is a Python with these files."""
    folder = Path(images.__file__).parent
    environment = {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-S", "-s", "-m", "programs", "subdir-provisioner"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, env=environment, cwd="/")
    assert done.returncode == 1 and done.stderr.endswith("environment variable PROVISIONER_NAME is not set\n")
