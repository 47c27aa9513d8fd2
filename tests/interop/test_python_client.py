"""The official Python client, as notebooks and operators use it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from kubernetes import client, config, dynamic, watch
from kubernetes.client.exceptions import ApiException
from kubernetes.stream import portforward, stream

from kitlib.environments import ClusterInfo
from tests.support.kubectl import Kubectl


@pytest.fixture(scope="module")
def connection(cluster: ClusterInfo) -> Iterator[client.ApiClient]:
    with config.new_client_from_config(str(cluster.kubeconfig), cluster.context) as made:
        yield made


@pytest.fixture
def core(connection: client.ApiClient) -> client.CoreV1Api:
    return client.CoreV1Api(connection)


@pytest.fixture
def pod(kubectl: Kubectl) -> tuple[str, str]:
    kubectl("run", "web", "--image=nginx:1.25", "--port=80")
    kubectl("wait", "pod/web", "--for=condition=Ready", "--timeout=20s")
    return "web", kubectl.namespace


def streaming(connection: client.ApiClient) -> client.CoreV1Api:
    """A client of its own: `stream` changes the one that it is given."""
    return client.CoreV1Api(client.ApiClient(connection.configuration))


def test_every_served_list_fits_its_model(
    connection: client.ApiClient, core: client.CoreV1Api, running: Kubectl
) -> None:
    for read in (core.list_node, core.list_persistent_volume, core.list_event_for_all_namespaces, core.list_namespace):
        assert read().items
    apps, namespace = client.AppsV1Api(connection), running.namespace
    assert apps.list_namespaced_stateful_set(namespace).items[0].status.replicas == 2
    assert apps.list_namespaced_controller_revision(namespace).items[0].revision == 1
    for read in (core.list_namespaced_pod, core.list_namespaced_service, core.list_namespaced_endpoints):
        assert read(namespace).items
    slices = client.DiscoveryV1Api(connection).list_namespaced_endpoint_slice(namespace)
    assert slices.items[0].endpoints[0].addresses
    assert client.EventsV1Api(connection).list_namespaced_event(namespace).items
    assert client.StorageV1Api(connection).list_storage_class().items
    assert client.VersionApi(connection).get_code().major == "1"


def test_scale_and_patch(connection: client.ApiClient, running: Kubectl) -> None:
    apps = client.AppsV1Api(connection)
    scale = apps.read_namespaced_stateful_set_scale("web", running.namespace)
    scale.spec.replicas = 1
    scaled = apps.replace_namespaced_stateful_set_scale("web", running.namespace, scale)
    assert scaled.spec.replicas == 1
    patched = apps.patch_namespaced_stateful_set("web", running.namespace, {"metadata": {"labels": {"tier": "front"}}})
    assert patched.metadata.labels == {"tier": "front"}
    apps.delete_namespaced_stateful_set("web", running.namespace, propagation_policy="Orphan")
    running("wait", "statefulset/web", "--for=delete", "--timeout=20s")
    assert running("get", "pod", "web-0", "-o", "name") == "pod/web-0\n"


def test_a_watch_starts_where_the_list_ended(core: client.CoreV1Api, kubectl: Kubectl) -> None:
    listed = core.list_namespaced_config_map(kubectl.namespace)
    for number in range(3):
        kubectl("create", "configmap", f"c{number}")
    kubectl("delete", "configmap", "c1")
    seen = []
    follower = watch.Watch()
    for event in follower.stream(
        core.list_namespaced_config_map,
        kubectl.namespace,
        resource_version=listed.metadata.resource_version,
        timeout_seconds=20,
    ):
        name = event["object"].metadata.name
        if name.startswith("c"):
            seen.append((event["type"], name))
        if len(seen) == 4:
            follower.stop()
    assert seen == [("ADDED", "c0"), ("ADDED", "c1"), ("ADDED", "c2"), ("DELETED", "c1")]


def test_a_watch_from_a_forgotten_revision_starts_over(core: client.CoreV1Api) -> None:
    with pytest.raises(ApiException) as caught:
        list(watch.Watch().stream(core.list_namespace, resource_version="1", timeout_seconds=5))
    assert caught.value.status == 410


def test_exec_tells_output_and_exit_code(connection: client.ApiClient, pod: tuple[str, str]) -> None:
    connect = streaming(connection).connect_get_namespaced_pod_exec
    said = stream(connect, *pod, command=["sh", "-c", "echo out; echo err >&2"], stdout=True, stderr=True)
    assert sorted(said.split()) == ["err", "out"]
    session = stream(connect, *pod, command=["sh", "-c", "exit 3"], stdout=True, _preload_content=False)
    session.run_forever(timeout=20)
    assert session.returncode == 3


def test_exec_takes_input(connection: client.ApiClient, pod: tuple[str, str]) -> None:
    connect = streaming(connection).connect_get_namespaced_pod_exec
    session = stream(connect, *pod, command=["sh"], stdin=True, stdout=True, stderr=True, _preload_content=False)
    session.write_stdin("echo $((40+2))\n")
    assert session.readline_stdout(timeout=20) == "42"
    session.write_stdin("exit 4\n")
    session.run_forever(timeout=20)
    assert session.returncode == 4


def test_logs(core: client.CoreV1Api, pod: tuple[str, str]) -> None:
    # Client 36 turns a text answer into the text of a bytes literal: take the answer itself.
    assert b"start worker process" in core.read_namespaced_pod_log(*pod, _preload_content=False).data
    assert core.read_namespaced_pod_log(*pod, tail_lines=1, _preload_content=False).data.count(b"\n") == 1


def test_port_forward(connection: client.ApiClient, pod: tuple[str, str]) -> None:
    forward = portforward(streaming(connection).connect_get_namespaced_pod_portforward, *pod, ports="80")
    with contextlib.closing(forward.socket(80)) as channel:
        channel.settimeout(20)
        channel.sendall(b"GET / HTTP/1.0\r\nHost: web\r\n\r\n")
        answer = b""
        while chunk := channel.recv(65536):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert forward.error(80) is None


def test_port_forward_to_a_closed_port_says_so(connection: client.ApiClient, pod: tuple[str, str]) -> None:
    forward = portforward(streaming(connection).connect_get_namespaced_pod_portforward, *pod, ports="81")
    with contextlib.closing(forward.socket(81)) as channel:
        channel.settimeout(20)
        assert channel.recv(1) == b""
    assert "81" in forward.error(81)


def test_the_dynamic_client_finds_its_way(connection: client.ApiClient, kubectl: Kubectl) -> None:
    found = dynamic.DynamicClient(connection)
    sets = found.resources.get(api_version="apps/v1", kind="StatefulSet")
    assert sets.get(namespace=kubectl.namespace).items == []
    maps = found.resources.get(api_version="v1", kind="ConfigMap")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "d"}, "data": {"a": "b"}}
    maps.server_side_apply(body, namespace=kubectl.namespace, field_manager="tests")
    assert maps.get(name="d", namespace=kubectl.namespace).data.a == "b"


def test_errors_carry_their_status(core: client.CoreV1Api) -> None:
    with pytest.raises(ApiException) as caught:
        core.read_namespaced_pod("none", "default")
    assert (caught.value.status, caught.value.reason) == (404, "Not Found")
    assert '"reason":"NotFound"' in caught.value.body
