import pytest

from kitlib.client import connect
from kitlib.environments.embedded import EmbeddedProvider
from kitlib.lab import Course
from kitlib.lab.reset import ensure_namespace


@pytest.fixture(scope="session")
def provider(tmp_path_factory):
    return EmbeddedProvider(tmp_path_factory.mktemp("clusters"))


@pytest.fixture(scope="session")
def info(provider):
    yield provider.create("labs")
    provider.delete("labs")


@pytest.fixture(scope="session")
def cluster(info):
    return connect(info.kubeconfig, info.context)


@pytest.fixture(scope="session")
def files():
    """The lab that stands for all where any would do."""
    return Course.here().lab("05")


@pytest.fixture
def namespace(cluster, request):
    name = "t-" + request.node.name.replace("_", "-").partition("[")[0][:50].strip("-").lower()
    ensure_namespace(cluster, name, slug="tests")
    yield name
    cluster.delete("namespace", name)
