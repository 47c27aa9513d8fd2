import pytest

from kitlib.client import connect
from kitlib.environments.embedded import EmbeddedProvider
from kitlib.lab.reset import ensure_namespace
from tests.faults.churn import SET
from tests.faults.machine import processes_of

NAMESPACE = "lab"


@pytest.fixture
def provider(tmp_path):
    provider = EmbeddedProvider(tmp_path)
    yield provider
    for name in provider.names():
        provider.delete(name)
    assert processes_of(tmp_path) == []


@pytest.fixture
def info(provider):
    """A cluster with a StatefulSet that is ready."""
    info = provider.create("faults")
    cluster = connect(info.kubeconfig, info.context)
    ensure_namespace(cluster, NAMESPACE, slug="tests")
    cluster.apply(SET, namespace=NAMESPACE)
    cluster.wait("sts", "web", namespace=NAMESPACE)
    return info


@pytest.fixture
def cluster(info):
    return connect(info.kubeconfig, info.context)


@pytest.fixture
def directory(provider, info):
    return provider.directory(info.name)
