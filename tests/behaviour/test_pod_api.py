"""[sig-node] Pods as objects of the API: made, changed, watched, counted, spoken to over WebSockets, taken away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from kubernetes.client import ApiClient
from kubernetes.stream import ws_client

from tests.behaviour.pods import Pods, condition, shell, status
from tests.behaviour.rest import MERGE, STRATEGIC, Json
from tests.behaviour.workloads import unique


def labelled(pods: Pods, value: str) -> str:
    return f"{pods.base}/pods?" + urlencode({"labelSelector": f"time={value}"})


def test_submitted_and_removed(pods: Pods) -> None:
    """Pods should be submitted and removed"""
    value = unique("v")
    listed = pods.rest.get(labelled(pods, value))
    assert listed["items"] == []
    version = listed["metadata"]["resourceVersion"]
    with pods.rest.watching(f"{labelled(pods, value)}&watch=true&resourceVersion={version}") as events:
        name = pods.create({"args": ["pause"]}, meta={"labels": {"time": value}}, terminationGracePeriodSeconds=30)
        assert next(events)["type"] == "ADDED"
        assert [pod["metadata"]["name"] for pod in pods.rest.get(labelled(pods, value))["items"]] == [name]
        pods.ready(name)
        pods.delete(name)
        last: Json = {}
        for event in events:
            assert event["type"] in ("MODIFIED", "DELETED")
            last = event["object"]
            if event["type"] == "DELETED":
                break
    assert last["metadata"]["deletionTimestamp"]
    assert last["spec"]["terminationGracePeriodSeconds"] == 30
    assert pods.rest.get(labelled(pods, value))["items"] == []


def test_updated(pods: Pods) -> None:
    """Pods should be updated"""
    value, later = unique("v"), unique("v")
    name = pods.create({"args": ["pause"]}, meta={"labels": {"time": value}})
    pods.ready(name)

    def update() -> bool:
        pod = pods.get(name)
        pod["metadata"]["labels"]["time"] = later
        return pods.rest("PUT", f"{pods.base}/pods/{name}", pod).status == 200

    pods.patience.until(update, "an update that meets no other")
    assert [pod["metadata"]["name"] for pod in pods.rest.get(labelled(pods, later))["items"]] == [name]
    assert pods.rest.get(labelled(pods, value))["items"] == []


def test_life_cycle(pods: Pods) -> None:
    """Pods should run through the lifecycle of Pods and PodStatus"""
    value = unique("v")
    version = pods.rest.get(f"{pods.base}/pods")["metadata"]["resourceVersion"]
    with pods.rest.watching(f"{labelled(pods, value)}&watch=true&resourceVersion={version}") as events:
        name = pods.create({"args": ["pause"]}, meta={"labels": {"time": value}})
        path = f"{pods.base}/pods/{name}"

        def wait(holds: Callable[[Json], bool]) -> Json:
            return next(event["object"] for event in events if holds(event))

        wait(lambda event: event["type"] == "ADDED")
        wait(lambda event: condition(event["object"], "Ready") == "True")
        change: Json = {"metadata": {"labels": {"patched": "yes"}}, "spec": {"activeDeadlineSeconds": 3600}}
        pods.rest.patched(path, change, STRATEGIC)
        wait(lambda event: event["object"]["metadata"]["labels"].get("patched") == "yes")
        conditions = [{"type": "Ready", "status": "False"}]
        pods.rest.patched(f"{path}/status", {"status": {"conditions": conditions}}, STRATEGIC)
        seen = wait(lambda event: condition(event["object"], "Ready") == "False")
        assert seen["metadata"]["name"] == name

        def replaced() -> bool:
            pod = pods.rest.get(f"{path}/status")
            told = [c | {"status": "True"} if c["type"] == "Ready" else c for c in pod["status"]["conditions"]]
            pod["status"]["conditions"] = told
            return pods.rest("PUT", f"{path}/status", pod).status == 200

        pods.patience.until(replaced, "a status that meets no other")
        assert pods.rest("DELETE", f"{labelled(pods, value)}&gracePeriodSeconds=1").status == 200
        wait(lambda event: event["type"] == "DELETED")


def test_host_ip(pods: Pods) -> None:
    """Pods should get a host IP"""
    name = pods.create({"args": ["pause"]})
    pod = pods.ready(name)
    node = pods.rest.get(f"/api/v1/nodes/{pod['spec']['nodeName']}")
    addresses = [each["address"] for each in node["status"]["addresses"] if each["type"] == "InternalIP"]
    assert pod["status"]["hostIP"] in addresses
    assert pod["status"]["hostIPs"][0] == {"ip": pod["status"]["hostIP"]}
    assert pod["status"]["podIPs"][0] == {"ip": pod["status"]["podIP"]}


def dialled(client: ApiClient, path: str, protocol: str) -> Any:
    headers: dict[str, str] = {"sec-websocket-protocol": protocol}
    client.update_params_for_auth(headers, [], ["BearerToken"])
    host = client.configuration.host.replace("https://", "wss://", 1)
    return ws_client.create_websocket(client.configuration, host + path, headers)


def test_commands_over_websockets(pods: Pods, client: ApiClient) -> None:
    """Pods should support remote command execution over websockets"""
    name = pods.create({"args": ["pause"]})
    pods.ready(name)
    query = urlencode({"stderr": 1, "stdout": 1, "container": "c"}) + "&command=echo&command=remote+execution+test"
    connection = dialled(client, f"{pods.base}/pods/{name}/exec?{query}", "channel.k8s.io")
    received = b""
    while data := connection.recv():
        text = data if isinstance(data, bytes) else data.encode()
        assert text[:1] in (b"\x01", b"\x02")
        received += text[1:]
        if b"remote execution test\n" in received:
            break
    connection.close()
    assert received == b"remote execution test\n"


def test_logs_over_websockets(pods: Pods, client: ApiClient) -> None:
    """Pods should support retrieving logs from the container over websockets"""
    name = pods.create(shell("echo container is alive; sleep 600"))
    pods.tells(name, "alive")
    connection = dialled(client, f"{pods.base}/pods/{name}/log?container=c", "binary.k8s.io")
    received = b""
    while data := connection.recv():
        received += data if isinstance(data, bytes) else data.encode()
    connection.close()
    assert received == b"container is alive\n"


def test_a_generation_that_is_asked_for(pods: Pods) -> None:
    """Pod Generation: custom-set generation on new pods and graceful delete"""
    name = pods.create({"args": ["pause"]}, meta={"generation": 100, "finalizers": ["example.com/keep"]})
    path = f"{pods.base}/pods/{name}"
    assert pods.ready(name)["metadata"]["generation"] == 1
    pods.delete(name, 1)
    assert (
        pods.until(name, lambda pod: "deletionTimestamp" in pod["metadata"], "its end")["metadata"]["generation"] == 2
    )
    pods.rest.patched(path, {"metadata": {"finalizers": None}})
    pods.gone(name)


def test_many_generations(pods: Pods) -> None:
    """Pod Generation: issue 500 podspec updates and verify generation and observedGeneration eventually converge"""
    name = pods.create({"args": ["pause"]})
    pods.ready(name)
    for number in range(500):
        change = {"spec": {"activeDeadlineSeconds": 10000 - number}}
        assert pods.rest("PATCH", f"{pods.base}/pods/{name}", change, content_type=MERGE).status == 200
    assert pods.get(name)["metadata"]["generation"] == 501
    pods.until(name, lambda pod: pod["status"].get("observedGeneration") == 501, "the kubelet's notice of all")


def test_the_generation_of_a_rejected_pod(pods: Pods) -> None:
    """Pod Generation: pod rejected by kubelet should have updated generation and observedGeneration"""
    somewhere = pods.ready(pods.create({"args": ["pause"]}))["spec"]["nodeName"]
    too_much = {"requests": {"cpu": "1000000"}}
    name = pods.create({"args": ["pause"], "resources": too_much}, nodeName=somewhere)
    ended = pods.ended(name)
    assert (ended["status"]["phase"], ended["status"]["reason"]) == ("Failed", "OutOfcpu")
    assert ended["status"]["observedGeneration"] == ended["metadata"]["generation"] == 1


def test_the_generation_in_conditions(pods: Pods) -> None:
    """Pod Generation: pod observedGeneration field set in pod conditions"""
    name = pods.create({"args": ["pause"]})
    pods.ready(name)

    def all_say(generation: int) -> Callable[[Json], bool]:
        return lambda pod: {c.get("observedGeneration") for c in pod["status"]["conditions"]} == {generation}

    pods.until(name, all_say(1), "conditions of generation 1")
    pods.rest.patched(f"{pods.base}/pods/{name}", {"spec": {"activeDeadlineSeconds": 5000}})
    pods.until(name, all_say(2), "conditions of generation 2")


def test_a_command_that_always_fails(pods: Pods) -> None:
    """Kubelet when scheduling a busybox command that always fails in a pod should have an terminated reason; should be
    possible to delete
    """
    name = pods.create({"command": ["/bin/false"]})

    def terminated(pod: Json) -> bool:
        found = status(pod)
        return bool((found["state"].get("terminated") or found["lastState"].get("terminated") or {}).get("reason"))

    found = status(pods.until(name, terminated, "a reason"))
    assert (found["state"].get("terminated") or found["lastState"]["terminated"])["reason"] == "Error"
    pods.delete(name)
    pods.gone(name)


def test_output_in_logs(pods: Pods) -> None:
    """Kubelet when scheduling a busybox command in a pod should print the output to logs"""
    assert pods.says(shell("echo 'Hello World'; sleep 0")) == "Hello World\n"


SECURITY: list[tuple[str, Json, str, str]] = [
    ("should run the container with uid 65534", {"runAsUser": 65534}, "id -u", "65534\n"),
    ("should run the container with uid 0", {"runAsUser": 0}, "id -u", "0\n"),
    ("should run the container with gid", {"runAsUser": 1000, "runAsGroup": 2000}, "id -g", "2000\n"),
    ("readonly rootfs", {"readOnlyRootFilesystem": True}, "touch /file 2>/dev/null || echo refused", "refused\n"),
    ("writable rootfs", {"readOnlyRootFilesystem": False}, "touch /file && echo written", "written\n"),
    (
        "should run the container as unprivileged when false",
        {"privileged": False},
        "ip link add dummy1 type dummy 2>/dev/null || echo refused",
        "refused\n",
    ),
    (
        "should not allow privilege escalation when false",
        {"allowPrivilegeEscalation": False, "runAsUser": 1000},
        "grep NoNewPrivs /proc/self/status | tr -d '\\t'",
        "NoNewPrivs:1\n",
    ),
]


@pytest.mark.parametrize(("context", "script", "wanted"), [s[1:] for s in SECURITY], ids=[s[0] for s in SECURITY])
def test_security_contexts(pods: Pods, context: Json, script: str, wanted: str) -> None:
    """Security Context: runAsUser, readOnlyRootFilesystem, privileged false, allowPrivilegeEscalation false; Kubelet
    when scheduling a read only busybox container should not write to root filesystem
    """
    assert pods.says(shell(script, securityContext=context)) == wanted


def test_not_as_root(pods: Pods) -> None:
    """Security Context When creating a container with runAsNonRoot should not run with an explicit root user ID; should
    not run without a specified user ID; should run with an explicit non-root user ID
    """
    for context in ({"runAsNonRoot": True, "runAsUser": 0}, {"runAsNonRoot": True}):
        pods.fails_to_start(pods.create(shell("id", securityContext=context), restartPolicy="Never"))
    assert pods.says(shell("id -u", securityContext={"runAsNonRoot": True, "runAsUser": 1234})) == "1234\n"


def test_deletion_where_a_volume_can_not_be_had(pods: Pods) -> None:
    """Ephemeralstorage When pod refers to non-existent ephemeral storage should allow deletion of pod with invalid
    volume
    """
    missing: list[Json] = [
        {"configMap": {"name": "no-such"}},
        {"secret": {"secretName": "no-such"}},
        {"projected": {"sources": [{"secret": {"name": "no-such"}}]}},
    ]
    mounts = [{"name": "v", "mountPath": "/v"}]
    names = [pods.create({"volumeMounts": mounts}, volumes=[{"name": "v"} | volume]) for volume in missing]
    for name in names:
        pods.until(name, lambda pod: pod["spec"].get("nodeName"), "its node")
        assert "waiting" in status(pods.get(name))["state"] or status(pods.get(name))["state"] == {}
        pods.delete(name)
        pods.gone(name)
