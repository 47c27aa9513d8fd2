import pytest

from kitlib.client.failures import Unreachable
from kitlib.client.kubeconfig import Access
from kitlib.client.mapping import Mapper
from kitlib.client.transport import Transport


@pytest.fixture
def mapper(tmp_path):
    return Mapper(Transport(Access("http://127.0.0.1:9", "x", "default", tmp_path)))


@pytest.mark.parametrize("name", ["sts", "statefulset", "StatefulSet", "statefulsets", "statefulsets.apps"])
def test_every_name_of_a_kind(mapper, name):
    resource = mapper.named(name)
    assert (
        resource.path(namespace="lab", name="web", subresource="scale")
        == "/apis/apps/v1/namespaces/lab/statefulsets/web/scale"
    )


def test_kinds_without_a_namespace(mapper):
    assert mapper.named("pv").path(namespace="lab") == "/api/v1/persistentvolumes"


def test_known_kinds_need_no_server_and_unknown_ones_ask(mapper):
    assert mapper.of("v1", "Service").plural == "services"
    with pytest.raises(Unreachable, match="nothing listens there"):
        mapper.named("widgets")
