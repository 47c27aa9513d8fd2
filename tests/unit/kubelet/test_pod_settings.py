"""What a pod's spec asks of its node beside containers and volumes: network, names, probes over gRPC, stop signals."""

from __future__ import annotations

from tests.unit.kubelet.node import OBEYS, Node, condition, main, phase

AGNHOST = "agnhost:2.53"


async def test_a_pod_on_the_nodes_network_has_its_address_and_name(node: Node) -> None:
    status = await node.running("p", spec={"hostNetwork": True})
    assert status["podIP"] == status["hostIP"]
    assert (await node.output("p", "hostname")) == (0, "n1\n")
    assert (await node.output("p", "sh", "-c", "grep -c 'host network' /etc/hosts"))[1] == "1\n"
    interfaces = (await node.output("p", "cat", "/proc/net/dev"))[1]
    assert "pods:" in interfaces  # the bridge of the kit's node
    await node.removed("p")
    await node.running("q")


async def test_grpc_probes_ask_the_health_service(node: Node) -> None:
    probe = {"grpc": {"port": 5000}, "periodSeconds": 1, "failureThreshold": 1}
    await node.running("p", "/agnhost", "grpc-health-checking", image=AGNHOST, readinessProbe=probe)
    assert (await node.output("p", "/usr/lib/kit/run", "wget", "-O-", "127.0.0.1:8080/make-not-serving"))[0] == 0
    await node.until("p", condition("Ready", "False"))
    unhealthy = ("Unhealthy", 'Readiness probe failed: service unhealthy (responded with "NOT_SERVING")')
    await node.told("p", *unhealthy)


async def test_a_grpc_probe_of_something_else_fails(node: Node) -> None:
    probe = {"grpc": {"port": 8080}, "periodSeconds": 1, "failureThreshold": 1, "timeoutSeconds": 1}
    node.pod("p", "/agnhost", "netexec", image=AGNHOST, livenessProbe=probe)
    await node.until("p", lambda status: main(status).get("restartCount", 0) > 0)


async def test_a_containers_own_stop_signal_is_sent(node: Node) -> None:
    trap = ["sh", "-c", "trap 'exit 7' USR1; trap 'exit 8' TERM; sleep 1000 & wait"]
    spec = {"restartPolicy": "Never", "os": {"name": "linux"}, "activeDeadlineSeconds": 3}
    node.pod("p", *trap, lifecycle={"stopSignal": "SIGUSR1"}, spec=spec)
    status = await node.until("p", phase("Failed"))
    assert main(status)["state"]["terminated"]["exitCode"] == 7


async def test_the_full_name_can_be_the_hostname(node: Node) -> None:
    spec = {"setHostnameAsFQDN": True, "hostname": "a", "subdomain": "b"}
    await node.running("p", spec=spec)
    assert await node.output("p", "hostname") == (0, "a.b.default.svc.cluster.local\n")
    node.pod("q", *OBEYS, spec=spec | {"subdomain": "b" * 60})
    await node.until("q", lambda _: any(reason == "FailedCreatePodSandBox" for reason, _ in node.events("q")))


async def test_the_grace_of_a_probe_counts_before_the_pods(node: Node) -> None:
    probe = {
        "exec": {"command": ["false"]},
        "periodSeconds": 1,
        "failureThreshold": 1,
        "terminationGracePeriodSeconds": 1,
    }
    spec = {"terminationGracePeriodSeconds": 3600, "restartPolicy": "Always"}
    node.pod("p", "sh", "-c", "trap '' TERM; while :; do sleep 1; done", livenessProbe=probe, spec=spec)
    status = await node.until("p", lambda status: main(status).get("restartCount", 0) > 0)
    assert main(status)["lastState"]["terminated"]["exitCode"] == 137


async def test_a_container_without_a_limit_may_use_what_its_node_has(node: Node) -> None:
    cpu = {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}}
    await node.running("p", env=[cpu])
    wanted = node.client.get("nodes", "n1")["status"]["allocatable"]["cpu"]
    assert await node.output("p", "sh", "-c", "echo $CPU") == (0, f"{wanted}\n")
