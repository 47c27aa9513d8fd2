"""[sig-network] DNS, as pods see it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.behaviour.pods import Pods, shell
from tests.behaviour.rest import Json


@pytest.fixture
def querier(pods: Pods) -> Iterator[str]:
    """A pod that others find by its hostname and subdomain, behind a headless and an ordinary service."""
    selector, ports = {"dns": "yes"}, [{"name": "http", "port": 80, "protocol": "TCP"}]
    for name, more in (("headless", {"clusterIP": "None"}), ("plain", {})):
        spec = {"selector": selector, "ports": ports} | more
        pods.rest.made(f"{pods.base}/services", {"metadata": {"name": name}, "spec": spec})
    name = pods.create(
        {"args": ["pause"]},
        name="querier",
        meta={"labels": selector},
        hostname="querier-2",
        subdomain="headless",
    )
    pods.ready(name)
    yield name
    pods.delete(name, 0)


def answers(pods: Pods, query: str) -> list[str]:
    command = f"dig +notcp +short +search {query}"
    assert pods.sh("querier", command.replace("+notcp", "+tcp"))
    return pods.sh("querier", command).splitlines()


def test_names_of_services_and_pods(pods: Pods, querier: str) -> None:
    """should provide DNS for the cluster; for services; for pods for Hostname and Subdomain; partial qualified names"""
    space, address = pods.kubectl.namespace, pods.get(querier)["status"]["podIP"]
    plain = pods.rest.get(f"{pods.base}/services/plain")["spec"]["clusterIP"]
    kubernetes = pods.rest.get("/api/v1/namespaces/default/services/kubernetes")["spec"]["clusterIP"]
    pods.patience.until(lambda: pods.sh(querier, "dig +short +search headless; true").strip() == address, "the record")
    for name in ("kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"):
        assert answers(pods, f"{name} A") == [kubernetes]
    for name in ("plain", f"plain.{space}", f"plain.{space}.svc"):
        assert answers(pods, f"{name} A") == [plain]
    assert answers(pods, f"querier-2.headless.{space}.svc.cluster.local A") == [address]
    target = f"querier-2.headless.{space}.svc.cluster.local."
    assert answers(pods, f"_http._tcp.headless.{space}.svc SRV") == [f"0 100 80 {target}"]
    assert answers(pods, f"-x {plain}") == [f"plain.{space}.svc.cluster.local."]
    assert target in answers(pods, f"-x {address}")
    assert answers(pods, f"{address.replace('.', '-')}.{space}.pod.cluster.local A") == [address]


def test_the_hosts_file(pods: Pods, querier: str) -> None:
    """should provide /etc/hosts entries for the cluster; for pods for Hostname"""
    full = f"querier-2.headless.{pods.kubectl.namespace}.svc.cluster.local"
    address = pods.get(querier)["status"]["podIP"]
    assert pods.sh(querier, f"getent hosts {full}").split()[0] == address
    assert pods.sh(querier, "getent hosts querier-2").split()[0] == address
    assert pods.sh(querier, "hostname -f").strip() == full


def test_external_names(pods: Pods, querier: str) -> None:
    """should provide DNS for ExternalName services"""
    path = f"{pods.base}/services/outside"
    spec = {"type": "ExternalName", "externalName": "foo.example.com"}
    pods.rest.made(f"{pods.base}/services", {"metadata": {"name": "outside"}, "spec": spec})
    name = f"outside.{pods.kubectl.namespace}.svc.cluster.local CNAME"
    assert answers(pods, name) == ["foo.example.com."]
    pods.rest.patched(path, {"spec": {"externalName": "bar.example.com"}})
    assert answers(pods, name) == ["bar.example.com."]
    change = {"type": "ClusterIP", "externalName": None, "ports": [{"port": 80, "name": "http"}]}
    address = pods.rest.patched(path, {"spec": change})["spec"]["clusterIP"]
    assert answers(pods, name.replace("CNAME", "A")) == [address]


def test_configured_servers(pods: Pods) -> None:
    """should support configurable pod DNS nameservers; should support configurable pod resolv.conf"""
    config: Json = {"nameservers": ["192.0.2.1"], "searches": ["resolv.conf.local"]}
    config["options"] = [{"name": "ndots", "value": "2"}]
    name = pods.create({"args": ["pause"]}, dnsPolicy="None", dnsConfig=config)
    pods.ready(name)
    assert pods.sh(name, "/agnhost dns-suffix") == "resolv.conf.local"
    assert pods.sh(name, "/agnhost dns-server-list") == "192.0.2.1"
    assert "options ndots:2" in pods.sh(name, "cat /etc/resolv.conf")
    pods.delete(name, 0)


def test_a_plain_pods_resolv_conf(pods: Pods) -> None:
    """should resolve DNS of partial qualified names for services: the search list of ClusterFirst"""
    space = pods.kubectl.namespace
    lines = pods.says(shell("cat /etc/resolv.conf")).splitlines()
    assert lines[0].startswith(f"search {space}.svc.cluster.local svc.cluster.local cluster.local")
    assert lines[-1] == "options ndots:5"
