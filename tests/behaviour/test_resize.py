"""Resizing a running pod in place: what is allocated, what restarts, what waits for room, what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.behaviour.pods import Pods, shell
from tests.behaviour.rest import STRATEGIC, Answer, Json
from tests.support.kubectl import Kubectl

SMALL = {"requests": {"cpu": "10m", "memory": "20Mi"}, "limits": {"cpu": "20m", "memory": "40Mi"}}
LARGE = {"requests": {"cpu": "20m", "memory": "30Mi"}, "limits": {"cpu": "40m", "memory": "60Mi"}}
RESTARTS = [{"resourceName": "memory", "restartPolicy": "RestartContainer"}]


def resized(pods: Pods, name: str, resources: Json, container: str = "c", **more: Any) -> Answer:
    body = {"spec": {"containers": [{"name": container, "resources": resources, **more}]}}
    return pods.rest("PATCH", f"{pods.base}/pods/{name}/resize", body, content_type=STRATEGIC)


def container(pod: Json) -> Json:
    found: Json = pod["status"]["containerStatuses"][0]
    return found


def pending(pod: Json) -> Json:
    return next((c for c in pod["status"]["conditions"] if c["type"] == "PodResizePending"), {})


def has(resources: Json) -> Any:
    def check(pod: Json) -> bool:
        status = container(pod)
        same = (status.get("resources"), status.get("allocatedResources")) == (resources, resources["requests"])
        return same and status["ready"] is True

    return check


@pytest.fixture
def running(pods: Pods) -> str:
    name = pods.create(shell("sleep 1000", resources=SMALL), terminationGracePeriodSeconds=1)
    pods.ready(name)
    return name


def test_a_container_is_resized_as_it_runs(pods: Pods, running: str) -> None:
    before = pods.until(running, has(SMALL), "its resources to be told")
    answer = resized(pods, running, LARGE)
    assert answer.status == 200, answer.text
    assert answer.json["spec"]["containers"][0]["resources"] == LARGE
    assert answer.json["metadata"]["generation"] == before["metadata"]["generation"] + 1
    after = pods.until(running, has(LARGE), "the new resources")
    assert container(after)["containerID"] == container(before)["containerID"]
    assert (container(after)["restartCount"], after["status"]["qosClass"]) == (0, "Burstable")
    kinds = {condition["type"] for condition in after["status"]["conditions"]}
    assert not kinds & {"PodResizePending", "PodResizeInProgress"}
    pods.until(running, lambda pod: pod["status"]["observedGeneration"] == 2, "the new generation to be observed")


def test_a_container_restarts_where_its_policy_says_so(pods: Pods) -> None:
    name = pods.create(
        shell("exec sleep 1000", resources=SMALL, resizePolicy=RESTARTS), terminationGracePeriodSeconds=1
    )
    pods.ready(name)
    only_cpu = {"requests": SMALL["requests"] | {"cpu": "15m"}, "limits": SMALL["limits"]}
    assert resized(pods, name, only_cpu).status == 200
    assert container(pods.until(name, has(only_cpu), "the new CPU"))["restartCount"] == 0
    assert resized(pods, name, LARGE).status == 200
    assert container(pods.until(name, has(LARGE), "the new memory"))["restartCount"] == 1


def test_a_new_memory_limit_holds(pods: Pods) -> None:
    hold = "while [ ! -e /tmp/go ]; do sleep 0.05; done; x=$(head -c 80000000 /dev/zero | tr '\\0' x); sleep 1000"
    roomy = {"requests": {"memory": "20Mi"}, "limits": {"memory": "1Gi"}}
    name = pods.create(shell(hold, resources=roomy), restartPolicy="Never")
    pods.ready(name)
    assert resized(pods, name, {"limits": {"memory": "40Mi"}}).status == 200
    pods.until(name, lambda pod: container(pod)["resources"]["limits"] == {"memory": "40Mi"}, "the new limit")
    pods.sh(name, "touch /tmp/go")
    ended = container(pods.ended(name))["state"]["terminated"]
    assert (ended["reason"], ended["exitCode"]) == ("OOMKilled", 137)


def test_what_no_node_has_is_infeasible_and_can_be_taken_back(pods: Pods, running: str) -> None:
    assert resized(pods, running, {"requests": {"cpu": "9000"}, "limits": {"cpu": "9000"}}).status == 200
    told = pods.until(running, pending, "the refusal")
    assert (pending(told)["status"], pending(told)["reason"]) == ("True", "Infeasible")
    assert pending(told)["message"].startswith("Node didn't have enough capacity: cpu, requested: 9000000, capacity: ")
    assert container(told)["allocatedResources"] == SMALL["requests"]
    other = pods.create(shell("sleep 1000", resources={"requests": {"cpu": "10m"}}))
    pods.ready(other)  # nobody reserves what can't be
    assert resized(pods, running, SMALL).status == 200
    pods.until(running, lambda pod: not pending(pod), "the refusal to be over")


def test_a_resize_waits_for_room(pods: Pods, running: str) -> None:
    node = pods.rest.get(f"/api/v1/nodes/{pods.get(running)['spec']['nodeName']}")
    whole = int(node["status"]["allocatable"]["cpu"])
    half = {"requests": {"cpu": f"{whole * 600}m"}}
    large = pods.create(shell("sleep 1000", resources=half), nodeName=node["metadata"]["name"])
    pods.ready(large)
    assert resized(pods, running, {"requests": half["requests"], "limits": half["requests"]}).status == 200
    told = pods.until(running, pending, "the resize to wait")
    assert pending(told)["reason"] == "Deferred"
    assert "Node didn't have enough resource: cpu, requested: " in pending(told)["message"]
    pods.delete(large, 0)
    after = pods.until(running, lambda pod: not pending(pod), "the resize to be done")
    assert (
        container(after)["allocatedResources"]["cpu"]
        == pods.get(running)["spec"]["containers"][0]["resources"]["requests"]["cpu"]
    )


@pytest.mark.parametrize(
    ("resources", "problem"),
    [
        (
            {"requests": {"cpu": "20m", "memory": "40Mi"}},
            'spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing',
        ),
        (
            {"limits": {"cpu": None}},
            "spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed",
        ),
        ({"limits": {"ephemeral-storage": "1Gi"}}, "spec: Forbidden: only cpu and memory resources are mutable"),
        (
            {"requests": {"cpu": "30m"}},
            'resources.requests: Invalid value: "30m": must be less than or equal to cpu limit of 20m',
        ),
    ],
)
def test_what_may_not_be_asked_for(pods: Pods, running: str, resources: Json, problem: str) -> None:
    answer = resized(pods, running, resources)
    assert answer.status == 422
    assert problem in answer.json["message"]


def test_only_resources_change_there_and_only_there(pods: Pods, running: str) -> None:
    answer = resized(pods, running, LARGE, image="other", command=["true"])
    assert answer.status == 200
    changed = answer.json["spec"]["containers"][0]
    before = pods.get(running)["spec"]["containers"][0]
    assert (changed["image"], changed["command"]) == (before["image"], before["command"])
    body = {"spec": {"containers": [{"name": "c", "resources": SMALL}]}}
    answer = pods.rest("PATCH", f"{pods.base}/pods/{running}", body, content_type=STRATEGIC)
    assert (answer.status, "pod updates may not change fields other than" in answer.text) == (422, True)
    answer = resized(pods, running, LARGE, container="another")
    assert "spec.containers: Forbidden: containers may not be added or removed on resize" in answer.json["message"]


@pytest.mark.parametrize(
    ("policies", "problem"),
    [
        (RESTARTS * 2, 'resizePolicy[1]: Duplicate value: "memory"'),
        ([{"resourceName": "gpu", "restartPolicy": "NotRequired"}], 'resizePolicy: Unsupported value: "gpu"'),
        (RESTARTS, "must be 'NotRequired' when `restartPolicy` is 'Never'"),
    ],
)
def test_policies_are_checked(pods: Pods, policies: list[Json], problem: str) -> None:
    spec = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "nginx", "resizePolicy": policies}]}
    answer = pods.rest("POST", f"{pods.base}/pods", {"metadata": {"name": "p"}, "spec": spec})
    assert answer.status == 422
    assert problem in answer.json["message"]


def test_kubectl_patches_the_subresource(pods: Pods, kubectl: Kubectl, running: str) -> None:
    patch = '{"spec":{"containers":[{"name":"c","resources":{"requests":{"cpu":"15m"}}}]}}'
    assert "patched" in kubectl("patch", "pod", running, "--subresource=resize", "-p", patch)
    pods.until(running, lambda pod: container(pod)["allocatedResources"]["cpu"] == "15m", "the new CPU")
