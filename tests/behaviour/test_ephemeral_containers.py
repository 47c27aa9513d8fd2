"""Ephemeral containers: added to a running pod, run once, never changed; `kubectl debug`."""

from __future__ import annotations

from typing import Any

import pytest

from tests.behaviour.pods import AGNHOST, Pods, shell
from tests.behaviour.rest import STRATEGIC, Answer, Json, Rest
from tests.support.kubectl import Kubectl


def added(name: str, script: str, **more: Any) -> Json:
    return {"name": name, "image": AGNHOST, "command": ["sh", "-c", script], **more}


def add(pods: Pods, pod: str, *containers: Json) -> Answer:
    body = {"spec": {"ephemeralContainers": list(containers)}}
    return pods.rest("PATCH", f"{pods.base}/pods/{pod}/ephemeralcontainers", body, content_type=STRATEGIC)


def state(pod: Json, name: str) -> Json:
    found = [one for one in pod["status"].get("ephemeralContainerStatuses") or [] if one["name"] == name]
    return found[0]["state"] if found else {}


@pytest.fixture
def running(pods: Pods) -> str:
    name = pods.create(shell("echo kept > /tmp/file; sleep 1000; true"), terminationGracePeriodSeconds=1)
    pods.ready(name)
    return name


def test_one_is_added_to_a_running_pod(pods: Pods, running: str) -> None:
    """[sig-node] Ephemeral Containers will start an ephemeral container in an existing pod"""
    before = pods.get(running)
    answer = add(pods, running, added("look", "echo $HOSTNAME; sleep 1000", targetContainerName="c"))
    assert answer.status == 200, answer.text
    assert answer.json["metadata"]["generation"] == before["metadata"]["generation"] + 1
    kept = answer.json["spec"]["ephemeralContainers"][0]
    assert kept["terminationMessagePath"] == "/dev/termination-log"
    pods.until(running, lambda pod: "running" in state(pod, "look"), "the ephemeral container to run")
    pods.tells(running, running, "look")
    assert pods.kubectl("exec", running, "-c", "look", "--", "echo", "inside").strip() == "inside"
    now = pods.get(running)
    status = now["status"]["ephemeralContainerStatuses"][0]
    assert (status["ready"], status["restartCount"], "started" in status) == (False, 0, False)
    assert [c["restartCount"] for c in now["status"]["containerStatuses"]] == [0]
    assert now["status"]["phase"] == "Running"
    pods.until(running, lambda pod: pod["status"]["observedGeneration"] == 2, "the new generation to be observed")
    pods.delete(running)
    pods.gone(running)


def test_it_sees_the_processes_of_its_target(pods: Pods, running: str) -> None:
    script = "tr '\\0' ' ' < /proc/1/cmdline; cat /proc/1/root/tmp/file; kill -0 1 && echo reached; sleep 1000"
    assert add(pods, running, added("look", script, targetContainerName="c")).status == 200
    pods.tells(running, "reached", "look")
    assert "echo kept > /tmp/file" in pods.log(running, "look")
    assert "kept\n" in pods.log(running, "look")
    assert add(pods, running, added("apart", "tr '\\0' ' ' < /proc/1/cmdline; echo; sleep 1000")).status == 200
    pods.tells(running, "tr", "apart")
    assert "echo kept" not in pods.log(running, "apart")


def test_it_runs_once_and_its_end_changes_nothing(pods: Pods, running: str) -> None:
    assert add(pods, running, added("fails", "echo said; exit 3")).status == 200
    ended = pods.until(running, lambda pod: "terminated" in state(pod, "fails"), "the ephemeral container to end")
    assert state(ended, "fails")["terminated"]["exitCode"] == 3
    assert (ended["status"]["phase"], ended["status"]["containerStatuses"][0]["ready"]) == ("Running", True)
    assert pods.log(running, "fails").strip() == "said"
    assert add(pods, running, added("second", "sleep 1000")).status == 200
    both = pods.until(running, lambda pod: "running" in state(pod, "second"), "the second one to run")
    assert state(both, "fails") == state(ended, "fails")


def test_it_ends_with_the_pods_own_containers(pods: Pods) -> None:
    name = pods.create(shell("while [ ! -e /tmp/end ]; do sleep 0.05; done; sleep 0.5"), restartPolicy="Never")
    pods.ready(name)
    assert add(pods, name, added("look", "sleep 1000")).status == 200
    pods.until(name, lambda pod: "running" in state(pod, "look"), "the ephemeral container to run")
    pods.sh(name, "touch /tmp/end")
    assert pods.ended(name)["status"]["phase"] == "Succeeded"
    pods.until(name, lambda pod: "terminated" in state(pod, "look"), "the ephemeral container to end")


def test_what_was_added_stays_as_it_is(pods: Pods, running: str) -> None:
    """[sig-node] Ephemeral Containers should update the ephemeral containers in an existing pod; none is changed"""
    path = f"{pods.base}/pods/{running}/ephemeralcontainers"
    assert add(pods, running, added("look", "sleep 1000")).status == 200
    pod = pods.rest.get(path)
    del pod["metadata"]["resourceVersion"]  # the kubelet goes on writing
    pod["spec"]["ephemeralContainers"][0]["image"] = "busybox"
    answer = pods.rest("PUT", path, pod)
    assert answer.status == 422
    assert answer.json["message"].startswith(
        f'Pod "{running}" is invalid: spec.ephemeralContainers: Forbidden: '
        'existing ephemeral containers "look" may not be changed\n'
    )
    del pod["spec"]["ephemeralContainers"]
    answer = pods.rest("PUT", path, pod)
    assert answer.json["message"] == (
        f'Pod "{running}" is invalid: spec.ephemeralContainers: Forbidden: '
        'existing ephemeral containers "look" may not be removed\n'
    )
    answer = pods.rest("PUT", path.rpartition("/")[0], pod)
    assert (answer.status, "pod updates may not change fields other than" in answer.text) == (422, True)


def test_only_ephemeral_containers_change_there(pods: Pods, running: str) -> None:
    path = f"{pods.base}/pods/{running}/ephemeralcontainers"
    changed = pods.rest.patched(path, {"spec": {"activeDeadlineSeconds": 5, "containers": []}})
    assert changed["spec"] == pods.get(running)["spec"]
    assert "activeDeadlineSeconds" not in changed["spec"]


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"name": "c"}, 'name: Duplicate value: "c"'),
        ({"targetContainerName": "nobody"}, 'targetContainerName: Not found: "nobody"'),
        ({"ports": [{"containerPort": 80}]}, "ports: Forbidden: cannot be set for an Ephemeral Container"),
        (
            {"resources": {"requests": {"cpu": "1m"}}},
            "resources: Forbidden: cannot be set for an Ephemeral Container",
        ),
        (
            {"readinessProbe": {"exec": {"command": ["true"]}}},
            "readinessProbe: Forbidden: cannot be set for an Ephemeral Container",
        ),
    ],
)
def test_what_an_ephemeral_container_may_not_have(pods: Pods, running: str, wrong: Json, problem: str) -> None:
    answer = add(pods, running, added("look", "true") | wrong)
    assert answer.status == 422
    assert f"spec.ephemeralContainers[0].{problem}" in answer.json["message"]


def test_no_pod_is_made_with_one(rest: Rest, namespace: str) -> None:
    spec = {"containers": [{"name": "c", "image": AGNHOST}], "ephemeralContainers": [added("look", "true")]}
    answer = rest("POST", f"/api/v1/namespaces/{namespace}/pods", {"metadata": {"name": "p"}, "spec": spec})
    assert answer.status == 422
    assert "spec.ephemeralContainers: Forbidden: cannot be set on create" in answer.json["message"]
    template = {"metadata": {"labels": {"a": "b"}}, "spec": spec}
    body = {"metadata": {"name": "s"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template}}
    answer = rest("POST", f"/apis/apps/v1/namespaces/{namespace}/statefulsets", body)
    assert "spec.template.spec.ephemeralContainers: Forbidden: ephemeral containers not allowed" in answer.text


def test_kubectl_debug(kubectl: Kubectl, pods: Pods, running: str) -> None:
    command = ["debug", "-i", running, "--image=busybox", "--target=c", "-c", "debugger", "--profile=general"]
    said = kubectl(*command, "--", "sh", stdin="echo from the debugger; exit\n")
    assert "from the debugger" in said
    assert "debugger" in kubectl("describe", "pod", running)
