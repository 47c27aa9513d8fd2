"""[sig-network] Services, API Server."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.behaviour.rest import Json, Rest
from tests.behaviour.serving import Serving, unique
from tests.support.patience import Patience

HTTP = [{"name": "http", "port": 80, "targetPort": 80, "protocol": "TCP"}]


def test_the_master_service(rest: Rest, serving: Serving) -> None:
    """Services should provide secure master service / API Server should provide secure master service"""
    service = rest.get("/api/v1/namespaces/default/services/kubernetes")
    assert service["spec"]["ports"][0] | {"targetPort": 0} == {
        "name": "https",
        "port": 443,
        "protocol": "TCP",
        "targetPort": 0,
    }
    serving.pod("client")
    code = serving.kubectl(
        *("exec", "client", "--", "curl", "-s", "-k", "-o", "/dev/null", "-w", "%{http_code}"),
        "https://kubernetes.default.svc/healthz",
    )
    assert code.strip() in ("200", "401", "403")


def test_basic_endpoint(rest: Rest, serving: Serving, patience: Patience) -> None:
    """Services should serve a basic endpoint from pods"""
    service = serving.service("web", HTTP)
    assert serving.endpoints("web") == {}
    serving.pod("client")
    assert serving.is_refused("client", service["spec"]["clusterIP"], 80)
    ips: Json = {}
    for name in ("one", "two"):
        ips[name] = serving.server(name, labels={"app": "web"})["status"]["podIP"]
        patience.until(lambda: serving.endpoints("web") == {"http:80/TCP": set(ips.values())}, "the endpoints")
        serving.reaches("client", f"http://{service['spec']['clusterIP']}/hostName", set(ips))
    for name in ("one", "two"):
        ips.pop(name)
        rest("DELETE", f"{serving.path}/pods/{name}?gracePeriodSeconds=0")
        patience.until(lambda: serving.endpoints("web") == ({"http:80/TCP": set(ips.values())} if ips else {}), "fewer")
    patience.until(lambda: serving.is_refused("client", service["spec"]["clusterIP"], 80), "a refusal")


def test_multiport_endpoints(serving: Serving, patience: Patience) -> None:
    """Services should serve multiport endpoints from pods"""
    ports = [
        {"name": "portname1", "port": 80, "targetPort": "svc1"},
        {"name": "portname2", "port": 81, "targetPort": "svc2"},
    ]
    service = serving.service("multi", ports)
    labels = {"app": "multi"}
    args = ["netexec", "--http-port=80"]
    one = serving.pod("one", labels=labels, args=args, ports=[{"name": "svc1", "containerPort": 80}])
    two = serving.pod("two", labels=labels, args=args, ports=[{"name": "svc2", "containerPort": 80}])
    wanted = {
        "portname1:80/TCP": {one["status"]["podIP"]},
        "portname2:80/TCP": {two["status"]["podIP"]},
    }
    patience.until(lambda: serving.endpoints("multi") == wanted, "both endpoints")
    serving.pod("client")
    address = service["spec"]["clusterIP"]
    serving.reaches("client", f"http://{address}:80/hostName", {"one"})
    serving.reaches("client", f"http://{address}:81/hostName", {"two"})


def test_same_port_of_two_protocols(serving: Serving, patience: Patience) -> None:
    """Services should serve endpoints on same port and different protocols"""
    ports = [{"name": "tcp", "port": 80, "protocol": "TCP"}, {"name": "udp", "port": 80, "protocol": "UDP"}]
    service = serving.service("both", ports)
    ip = serving.server("both")["status"]["podIP"]
    serving.pod("client")
    address = service["spec"]["clusterIP"]
    both = {"tcp:80/TCP": {ip}, "udp:80/UDP": {ip}}
    patience.until(lambda: serving.endpoints("both") == both, "both endpoints")
    serving.reaches("client", f"http://{address}/hostName", {"both"})
    patience.until(lambda: serving.asked_over_udp("client", address, 80) == "both", "an answer over UDP")
    serving.rest.patched(f"{serving.path}/services/both", {"spec": {"ports": ports[1:]}})
    patience.until(lambda: serving.is_refused("client", address, 80), "a refusal")
    patience.until(lambda: serving.asked_over_udp("client", address, 80) == "both", "an answer over UDP")
    serving.rest.patched(f"{serving.path}/services/both", {"spec": {"ports": ports[:1]}})
    serving.reaches("client", f"http://{address}/hostName", {"both"})
    assert serving.asked_over_udp("client", address, 80) == ""


def test_node_port(serving: Serving, patience: Patience) -> None:
    """Services should be able to create a functioning NodePort service"""
    service = serving.service("web", HTTP, type="NodePort")
    for name in ("one", "two"):
        serving.server(name, labels={"app": "web"})
    serving.pod("client")
    number = service["spec"]["ports"][0]["nodePort"]
    serving.reaches("client", f"http://{service['spec']['clusterIP']}/hostName", {"one", "two"})
    serving.reaches("client", f"http://{serving.node_address()}:{number}/hostName", {"one", "two"})


def test_node_port_over_udp(serving: Serving, patience: Patience) -> None:
    """Services should be able to update service type to NodePort listening on same port number but different
    protocols
    """
    serving.service("web", HTTP)
    serving.server("web")
    serving.pod("client")
    ports = [
        {"name": "tcp", "port": 80, "protocol": "TCP"},
        {"name": "udp", "port": 80, "protocol": "UDP"},
    ]
    changed = serving.changed("web", type="NodePort", ports=ports)
    numbers = {port["protocol"]: port["nodePort"] for port in changed["spec"]["ports"]}
    assert numbers["TCP"] == numbers["UDP"]
    node = serving.node_address()
    serving.reaches("client", f"http://{node}:{numbers['TCP']}/hostName", {"web"})
    patience.until(lambda: serving.asked_over_udp("client", node, numbers["UDP"]) == "web", "an answer over UDP")


def test_external_name_to_cluster_ip(serving: Serving) -> None:
    """Services should be able to change the type from ExternalName to ClusterIP"""
    serving.service("web", [], type="ExternalName", externalName="example.com", selector=None)
    serving.server("web")
    serving.pod("client")
    changed = serving.changed("web", type="ClusterIP", externalName=None, ports=HTTP, selector={"app": "web"})
    assert changed["spec"]["clusterIP"]
    assert "externalName" not in changed["spec"]
    serving.reaches("client", f"http://{changed['spec']['clusterIP']}/hostName", {"web"})
    serving.reaches("client", "http://web/hostName", {"web"})


def test_external_name_to_node_port(serving: Serving) -> None:
    """Services should be able to change the type from ExternalName to NodePort"""
    serving.service("web", [], type="ExternalName", externalName="example.com", selector=None)
    serving.server("web")
    serving.pod("client")
    changed = serving.changed("web", type="NodePort", externalName=None, ports=HTTP, selector={"app": "web"})
    number = changed["spec"]["ports"][0]["nodePort"]
    assert 30000 <= number <= 32767
    serving.reaches("client", f"http://{serving.node_address()}:{number}/hostName", {"web"})


@pytest.mark.parametrize("kind", ["ClusterIP", "NodePort"])
def test_to_external_name(serving: Serving, kind: str, patience: Patience) -> None:
    """Services should be able to change the type from ClusterIP to ExternalName /
    should be able to change the type from NodePort to ExternalName
    """
    serving.service("target", HTTP)
    serving.server("target")
    serving.service("web", HTTP, type=kind)
    serving.pod("client")
    name = f"target.{serving.kubectl.namespace}.svc.cluster.local"
    changed = serving.changed("web", type="ExternalName", externalName=name, clusterIP="")
    assert changed["spec"]["type"] == "ExternalName"
    assert not {"clusterIP", "clusterIPs"} & set(changed["spec"])
    assert not any(port.get("nodePort") for port in changed["spec"].get("ports", []))
    serving.reaches("client", "http://web/hostName", {"target"})


def answers(serving: Serving, url: str) -> set[str]:
    return {serving.asked("client", url).strip() for _ in range(12)} - {""}


@pytest.mark.parametrize("kind", ["ClusterIP", "NodePort"])
def test_session_affinity(serving: Serving, kind: str, patience: Patience) -> None:
    """Services should have session affinity work for service with type clusterIP /
    should have session affinity work for NodePort service
    """
    service = serving.service("web", HTTP, type=kind, sessionAffinity="ClientIP")
    assert service["spec"]["sessionAffinityConfig"] == {"clientIP": {"timeoutSeconds": 10800}}
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda name: serving.server(name, labels={"app": "web"}), ("one", "two", "three")))
    serving.pod("client")
    url = f"http://{service['spec']['clusterIP']}/hostName"
    if kind == "NodePort":
        url = f"http://{serving.node_address()}:{service['spec']['ports'][0]['nodePort']}/hostName"
    patience.until(lambda: len(serving.endpoints("web").get("http:80/TCP", ())) == 3, "three endpoints")
    patience.until(lambda: serving.asked("client", url), "an answer")
    assert len(answers(serving, url)) == 1


@pytest.mark.parametrize("kind", ["ClusterIP", "NodePort"])
def test_switching_session_affinity(serving: Serving, kind: str, patience: Patience) -> None:
    """Services should be able to switch session affinity for service with type clusterIP /
    should be able to switch session affinity for NodePort service
    """
    service = serving.service("web", HTTP, type=kind)
    for name in ("one", "two"):
        serving.server(name, labels={"app": "web"})
    serving.pod("client")
    url = f"http://{service['spec']['clusterIP']}/hostName"
    if kind == "NodePort":
        url = f"http://{serving.node_address()}:{service['spec']['ports'][0]['nodePort']}/hostName"
    serving.reaches("client", url, {"one", "two"})
    serving.changed("web", sessionAffinity="ClientIP")
    patience.until(lambda: len(answers(serving, url)) == 1, "affinity")
    serving.changed("web", sessionAffinity="None")
    serving.reaches("client", url, {"one", "two"})


def test_lifecycle_of_status(rest: Rest, serving: Serving) -> None:
    """Services should complete a service status lifecycle"""
    serving.service("web", HTTP, type="LoadBalancer", selector=None)
    path = f"{serving.path}/services/web"
    ingress = {"loadBalancer": {"ingress": [{"ip": "203.0.113.1"}]}}
    patched = rest.patched(f"{path}/status", {"metadata": {"annotations": {"patched": "true"}}, "status": ingress})
    assert patched["status"]["loadBalancer"]["ingress"][0]["ip"] == "203.0.113.1"
    assert patched["metadata"]["annotations"] == {"patched": "true"}
    condition = {"type": "StatusUpdate", "status": "True", "reason": "E2E", "message": "Set by a test"}
    found = rest.get(f"{path}/status")
    found["status"]["conditions"] = [condition]
    told = rest.put(f"{path}/status", found)
    assert told["status"]["conditions"][0]["type"] == "StatusUpdate"
    assert rest.get(f"{path}/status")["status"]["loadBalancer"] == patched["status"]["loadBalancer"]
    assert rest("DELETE", path).status == 200
    assert rest("GET", path).status == 404


def test_collection(rest: Rest, serving: Serving, patience: Patience) -> None:
    """Services should delete a collection of services"""
    path, label = f"{serving.path}/services", {"e2e-test-service": "delete"}
    for name, labels in (("one", label), ("two", label), ("three", {})):
        body = {"metadata": {"name": name, "labels": labels}, "spec": {"ports": HTTP, "selector": {"app": name}}}
        rest.made(path, body)
    assert rest("DELETE", f"{path}?labelSelector=e2e-test-service=delete").status == 200
    patience.until(lambda: [s["metadata"]["name"] for s in rest.get(path)["items"]] == ["three"], "one to be left")


def test_found_in_all_namespaces(rest: Rest, serving: Serving) -> None:
    """Services should find a service from listing all namespaces"""
    listed = rest.get("/api/v1/services")["items"]
    assert ("default", "kubernetes") in [(s["metadata"]["namespace"], s["metadata"]["name"]) for s in listed]


def test_what_terminates_still_serves(rest: Rest, serving: Serving, patience: Patience) -> None:
    """Services should fallback to local terminating endpoints when there are no ready endpoints with
    internalTrafficPolicy=Local
    """
    service = serving.service("web", HTTP, internalTrafficPolicy="Local")
    args = ["netexec", "--http-port=80", "--delay-shutdown=30"]
    serving.pod("web", args=args, terminationGracePeriodSeconds=60)
    serving.pod("client")
    url = f"http://{service['spec']['clusterIP']}/hostName"
    serving.reaches("client", url, {"web"})
    rest("DELETE", f"{serving.path}/pods/web")
    query = f"{serving.slices}?labelSelector=kubernetes.io/service-name=web"

    def leaving() -> bool:
        found = rest.get(query)["items"][0]["endpoints"]
        return found[0]["conditions"] == {"ready": False, "serving": True, "terminating": True}

    patience.until(leaving, "the endpoint to terminate")
    assert serving.asked("client", url).strip() == "web"
    rest("DELETE", f"{serving.path}/pods/web?gracePeriodSeconds=0")


def test_a_pod_reaches_itself(serving: Serving) -> None:
    """Hairpin: a pod is a backend of the service that it asks, as any other."""
    service = serving.service("web", HTTP)
    serving.server("web")
    serving.reaches("web", f"http://{service['spec']['clusterIP']}/hostName", {"web"})


def test_unready_pods(serving: Serving, patience: Patience) -> None:
    """Services should create endpoints for unready pods (publishNotReadyAddresses)"""
    labels = {"app": "web"}
    probe = {"readinessProbe": {"exec": {"command": ["/bin/false"]}}}
    container = {
        "name": "main",
        "image": "registry.k8s.io/e2e-test-images/agnhost:2.53",
        "args": ["netexec", "--http-port=80"],
    }
    body = {"metadata": {"name": "web", "labels": labels}, "spec": {"containers": [container | probe]}}
    serving.rest.made(f"{serving.path}/pods", body)
    service = serving.service("web", HTTP, publishNotReadyAddresses=True)
    serving.pod("client")
    serving.reaches("client", f"http://{service['spec']['clusterIP']}/hostName", {"web"})
    serving.changed("web", publishNotReadyAddresses=False)
    patience.until(lambda: serving.is_refused("client", service["spec"]["clusterIP"], 80), "a refusal")


def test_what_a_service_may_not_be(rest: Rest, serving: Serving) -> None:
    """Addresses are for life and nobody else's; node ports are in their range, and one service's."""
    one = serving.service("one", HTTP, type="NodePort")
    address, number = one["spec"]["clusterIP"], one["spec"]["ports"][0]["nodePort"]

    def refused(answer_to: Json, text: str) -> None:
        name = unique("svc")
        answer = rest("POST", f"{serving.path}/services", {"metadata": {"name": name}, "spec": answer_to})
        assert answer.status == 422, answer.text
        assert text in answer.json["message"]

    refused({"ports": HTTP, "clusterIP": address}, "provided IP is already allocated")
    refused({"ports": [HTTP[0] | {"nodePort": number}], "type": "NodePort"}, "provided port is already allocated")
    refused({"ports": [HTTP[0] | {"nodePort": 80}], "type": "NodePort"}, "30000-32767")
    refused({"ports": [{"port": 80}, {"port": 81}]}, "spec.ports[0].name: Required value")
    answer = rest(
        "PATCH",
        f"{serving.path}/services/one",
        {"spec": {"clusterIP": "10.96.250.250"}},
        content_type="application/merge-patch+json",
    )
    assert answer.status == 422
    assert "may not change once set" in answer.json["message"]


def test_host_port(serving: Serving, patience: Patience) -> None:
    """HostPort: reachable on the node's address; a second pod that wants it is refused by the node"""
    serving.server("web", ports=[{"containerPort": 80, "hostPort": 54323}])
    serving.pod("client")
    serving.reaches("client", f"http://{serving.node_address()}:54323/hostName", {"web"})
    node = serving.rest.get(f"{serving.path}/pods/web")["spec"]["nodeName"]
    container = {
        "name": "main",
        "image": "registry.k8s.io/pause:3.10",
        "ports": [{"containerPort": 1, "hostPort": 54323}],
    }
    body = {"metadata": {"name": "second"}, "spec": {"nodeName": node, "containers": [container]}}
    serving.rest.made(f"{serving.path}/pods", body)

    def rejected() -> Json | None:
        status: Json = serving.rest.get(f"{serving.path}/pods/second")["status"]
        return status if status["phase"] == "Failed" else None

    status = patience.until(rejected, "the second pod to fail")
    assert status is not None
    assert status["reason"] == "NodePorts"
    assert status["message"] == (
        "Pod was rejected: Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports"
    )
