"""The cluster that is judged, a namespace for each test, and patience that fits the cluster."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import config
from kubernetes.client import ApiClient, AppsV1Api, CoreV1Api

from kitlib.environments.embedded import EmbeddedProvider
from tests.behaviour.pods import Pods
from tests.behaviour.rest import Rest
from tests.behaviour.serving import Serving
from tests.behaviour.stateful_sets import StatefulSets, stateful_sets
from tests.behaviour.storage import Storage
from tests.support.kubectl import Kubectl
from tests.support.patience import Patience

NAMED = os.environ.get("KIT_TEST_KUBECONFIG", "")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A cluster that pulls images may take long."""
    for item in items if NAMED else ():
        item.add_marker(pytest.mark.timeout(1800))


@pytest.fixture(scope="session")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    if NAMED:
        yield Path(NAMED)
        return
    provider = EmbeddedProvider(tmp_path_factory.mktemp("behaviour"))
    yield provider.create("behaviour").kubeconfig
    provider.delete("behaviour")


@pytest.fixture(scope="session")
def patience() -> Patience:
    """How long to wait: a cluster that pulls images needs more than one that starts processes."""
    return Patience(300 if NAMED else 30)


@pytest.fixture(scope="session")
def embedded_only() -> Callable[[], None]:
    """Skip a test of what no cluster but the embedded one is set up for."""

    def skip_elsewhere() -> None:
        if NAMED:
            pytest.skip("needs what only the embedded cluster sets up")

    return skip_elsewhere


@pytest.fixture(scope="session")
def admin(kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory) -> Kubectl:
    return Kubectl(kubeconfig, tmp_path_factory.mktemp("home"), seconds=300 if NAMED else 40)


@pytest.fixture
def kubectl(admin: Kubectl, patience: Patience) -> Iterator[Kubectl]:
    """Kubectl in a namespace of this test alone, which is gone when the test ends."""
    namespace = f"behaviour-{uuid.uuid4().hex[:8]}"
    admin("create", "namespace", namespace)
    own = Kubectl(admin.kubeconfig, admin.home, namespace, seconds=admin.seconds)
    patience.until(lambda: own.run("get", "serviceaccount", "default").returncode == 0, "the default service account")
    yield own
    admin("delete", "namespace", namespace, "--wait=false")


@pytest.fixture
def namespace(kubectl: Kubectl) -> str:
    return kubectl.namespace


@pytest.fixture(scope="session")
def client(kubeconfig: Path) -> Iterator[ApiClient]:
    with config.new_client_from_config(str(kubeconfig)) as made:
        yield made


@pytest.fixture(scope="session")
def core(client: ApiClient) -> Any:
    return CoreV1Api(client)


@pytest.fixture(scope="session")
def apps(client: ApiClient) -> Any:
    return AppsV1Api(client)


@pytest.fixture
def sets(apps: Any, core: Any, kubectl: Kubectl, patience: Patience) -> Iterator[StatefulSets]:
    """StatefulSets with their governing service; when the test ends, nothing of them is left, volumes included."""
    with stateful_sets(apps, core, kubectl, patience) as made:
        yield made


@pytest.fixture
def gated_sets(request: pytest.FixtureRequest, tmp_path: Path, patience: Patience) -> Iterator[StatefulSets]:
    """StatefulSets where MaxUnavailableStatefulSet is on; a named cluster is taken as it is."""
    if NAMED:
        yield request.getfixturevalue("sets")
        return
    provider = EmbeddedProvider(tmp_path)
    kubeconfig = provider.create("gated", feature_gates="MaxUnavailableStatefulSet=true").kubeconfig
    kubectl = Kubectl(kubeconfig, tmp_path)
    try:
        with (
            config.new_client_from_config(str(kubeconfig)) as made,
            stateful_sets(AppsV1Api(made), CoreV1Api(made), kubectl, patience) as sets,
        ):
            yield sets
    finally:
        provider.delete("gated")


@pytest.fixture(scope="session")
def rest(client: ApiClient) -> Rest:
    return Rest(client)


@pytest.fixture
def serving(rest: Rest, kubectl: Kubectl, patience: Patience) -> Serving:
    return Serving(rest, kubectl, patience)


@pytest.fixture
def pods(rest: Rest, kubectl: Kubectl, patience: Patience) -> Pods:
    return Pods(rest, kubectl, patience)


@pytest.fixture
def storage(rest: Rest, pods: Pods) -> Iterator[Storage]:
    """Volumes, claims and classes; when the test ends, none of them is left."""
    made = Storage(rest, pods)
    yield made
    made.clean_up()
