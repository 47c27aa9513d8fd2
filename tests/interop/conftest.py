"""One embedded cluster for all of these tests; a namespace for each of them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from kitlib.environments import ClusterInfo
from kitlib.environments.embedded import EmbeddedProvider
from tests.support.kubectl import Kubectl


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterInfo]:
    provider = EmbeddedProvider(tmp_path_factory.mktemp("interop"))
    provider.create("interop")
    provider.stop("interop")  # back from its disk it knows no past: revisions before now are compacted
    yield provider.create("interop")
    provider.delete("interop")


@pytest.fixture(scope="session")
def admin(cluster: ClusterInfo, tmp_path_factory: pytest.TempPathFactory) -> Kubectl:
    return Kubectl(cluster.kubeconfig, tmp_path_factory.mktemp("home"))


@pytest.fixture
def kubectl(admin: Kubectl) -> Iterator[Kubectl]:
    """Kubectl in a namespace of this test alone."""
    namespace = f"t-{uuid.uuid4().hex[:8]}"
    admin("create", "namespace", namespace)
    yield Kubectl(admin.kubeconfig, admin.home, namespace)
    admin("delete", "namespace", namespace, "--wait=false")


@pytest.fixture
def web(tmp_path: Path) -> Path:
    """The lab's manifests: a headless service and a StatefulSet of nginx with a claim per pod."""
    path = tmp_path / "web.yaml"
    path.write_text(WEB)
    return path


@pytest.fixture
def running(kubectl: Kubectl, web: Path) -> Kubectl:
    """A namespace in which `web` is applied and rolled out."""
    kubectl("apply", "-f", str(web))
    kubectl("rollout", "status", "statefulset/web", "--timeout=20s")
    return kubectl


def open_pod(kubectl: Kubectl) -> None:
    """Run a pod `web` of nginx until it is ready."""
    kubectl("run", "web", "--image=nginx:1.25", "--labels=app=web", "--port=80")
    kubectl("wait", "pod/web", "--for=condition=Ready", "--timeout=20s")


WEB = """\
apiVersion: v1
kind: Service
metadata:
  name: nginx
  labels: {app: nginx}
spec:
  clusterIP: None
  ports: [{port: 80, name: web}]
  selector: {app: nginx}
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: web
spec:
  serviceName: nginx
  replicas: 2
  selector:
    matchLabels: {app: nginx}
  template:
    metadata:
      labels: {app: nginx}
    spec:
      terminationGracePeriodSeconds: 5
      containers:
      - name: nginx
        image: nginx:1.25
        ports: [{containerPort: 80, name: web}]
        volumeMounts: [{name: www, mountPath: /usr/share/nginx/html}]
  volumeClaimTemplates:
  - metadata: {name: www}
    spec:
      accessModes: [ReadWriteOnce]
      resources: {requests: {storage: 10Mi}}
"""
