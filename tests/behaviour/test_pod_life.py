"""[sig-node] Pods, Pod Generation, QOS, Probing, InitContainer, Container Lifecycle Hook, Container Runtime."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.behaviour.pods import Pods, condition, shell, status
from tests.behaviour.rest import STRATEGIC, Json

FAST = {"periodSeconds": 1, "failureThreshold": 1}


def restarts(count: int) -> Any:
    return lambda pod: status(pod)["restartCount"] >= count


def test_generation(pods: Pods) -> None:
    """Pod Generation: pod generation should start at 1 and increment per update"""
    name = pods.create({"args": ["pause"]})
    path = f"{pods.base}/pods/{name}"
    assert pods.ready(name)["metadata"]["generation"] == 1
    labelled = pods.rest.patched(path, {"metadata": {"labels": {"a": "b"}}})
    assert labelled["metadata"]["generation"] == 1
    assert pods.rest.patched(path, {"spec": {"activeDeadlineSeconds": 5000}})["metadata"]["generation"] == 2
    pods.until(name, lambda pod: pod["status"].get("observedGeneration") == 2, "the kubelet's notice")
    pods.delete(name, 1)


@pytest.mark.parametrize(
    ("resources", "wanted"),
    [
        ({}, "BestEffort"),
        ({"requests": {"cpu": "100m", "memory": "64Mi"}}, "Burstable"),
        ({"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": "100m", "memory": "64Mi"}}, "Guaranteed"),
    ],
)
def test_quality_of_service(pods: Pods, resources: Json, wanted: str) -> None:
    """Pods Set QOS Class should be set on Pods with matching resource requests and limits"""
    assert pods.get(pods.create({"resources": resources}))["status"]["qosClass"] == wanted


def test_a_deadline(pods: Pods) -> None:
    """Pods should allow activeDeadlineSeconds to be updated"""
    name = pods.create({"args": ["pause"]}, terminationGracePeriodSeconds=1)
    pods.ready(name)
    pods.rest.patched(f"{pods.base}/pods/{name}", {"spec": {"activeDeadlineSeconds": 1}})
    ended = pods.ended(name)["status"]
    assert (ended["phase"], ended["reason"]) == ("Failed", "DeadlineExceeded")


PROBES: list[tuple[str, Json, Json]] = [
    (
        "should be restarted with a exec liveness probe",
        shell("echo ok > /tmp/health; sleep 1; rm /tmp/health; sleep 600"),
        {"exec": {"command": ["cat", "/tmp/health"]}, "initialDelaySeconds": 1},
    ),
    (
        "should be restarted with a /healthz http liveness probe",
        {"args": ["liveness"]},
        {"httpGet": {"path": "/healthz", "port": 8080}, "initialDelaySeconds": 10},
    ),
    (
        "should be restarted with a GRPC liveness probe",
        {"args": ["grpc-health-checking"]},
        {"grpc": {"port": 2333}, "initialDelaySeconds": 1},
    ),
]
STAYING: list[tuple[str, Json, Json]] = [
    (
        "should *not* be restarted with a exec liveness probe",
        shell("echo ok > /tmp/health; sleep 600"),
        {"exec": {"command": ["cat", "/tmp/health"]}},
    ),
    (
        "should *not* be restarted with a tcp:8080 liveness probe",
        {"args": ["netexec", "--http-port=8080"]},
        {"tcpSocket": {"port": 8080}},
    ),
    (
        "should *not* be restarted with a /healthz http liveness probe",
        {"args": ["test-webserver"]},
        {"httpGet": {"path": "/", "port": 80}},
    ),
    (
        "should *not* be restarted with a GRPC liveness probe",
        {"args": ["grpc-health-checking"]},
        {"grpc": {"port": 5000}},
    ),
]


@pytest.mark.parametrize(("container", "probe"), [p[1:] for p in PROBES], ids=[p[0] for p in PROBES])
def test_failing_liveness(pods: Pods, container: Json, probe: Json) -> None:
    """Probing container should be restarted with a failing liveness probe"""
    name = pods.create(container | {"livenessProbe": probe | FAST}, terminationGracePeriodSeconds=1)
    pods.until(name, restarts(1), "a restart")
    pods.delete(name, 0)


@pytest.mark.parametrize(("container", "probe"), [p[1:] for p in STAYING], ids=[p[0] for p in STAYING])
def test_passing_liveness(pods: Pods, container: Json, probe: Json) -> None:
    """Probing container should *not* be restarted with a passing liveness probe"""
    probe = probe | FAST | {"initialDelaySeconds": 1}
    name = pods.create(container | {"livenessProbe": probe, "readinessProbe": probe})
    pods.ready(name)
    pods.patience.stays(lambda: status(pods.get(name))["restartCount"] == 0, "no restart", seconds=2)
    pods.delete(name, 0)


def test_readiness(pods: Pods) -> None:
    """Probing container with readiness probe that fails should never be ready and never restart"""
    failing = {"exec": {"command": ["false"]}, **FAST}
    name = pods.create(shell("sleep 600", readinessProbe=failing))
    pods.until(name, lambda pod: "running" in status(pod)["state"], "its start")
    pods.patience.stays(lambda: condition(pods.get(name), "Ready") == "False", "unready", seconds=2)
    assert status(pods.get(name))["restartCount"] == 0
    pods.delete(name, 0)


def test_readiness_waits_for_its_delay(pods: Pods) -> None:
    """Probing container with readiness probe should not be ready before initial delay and never restart"""
    probe = {"exec": {"command": ["true"]}, "initialDelaySeconds": 3, "periodSeconds": 1}
    name = pods.create(shell("sleep 600", readinessProbe=probe))
    running = status(pods.until(name, lambda pod: "running" in status(pod)["state"], "its start"))
    assert running["started"] is True
    pod = pods.ready(name)
    ready = next(c for c in pod["status"]["conditions"] if c["type"] == "Ready")
    begun = running["state"]["running"]["startedAt"]
    assert _seconds(ready["lastTransitionTime"]) - _seconds(begun) >= 2  # both are cut to whole seconds
    assert status(pod)["restartCount"] == 0


def _seconds(stamp: str) -> float:
    return time.mktime(time.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ"))


def test_a_growing_number_of_restarts(pods: Pods) -> None:
    """Probing container should have monotonically increasing restart count"""
    name = pods.create(
        shell("sleep 600", livenessProbe={"exec": {"command": ["false"]}, **FAST}), terminationGracePeriodSeconds=1
    )
    seen = 0
    while seen < 3:
        count = status(pods.until(name, restarts(seen + 1), "one more restart"))["restartCount"]
        assert count > seen
        seen = count
    pods.delete(name, 0)


def test_startup_probes(pods: Pods) -> None:
    """Probing container should be restarted startup probe fails; should *not* be restarted by liveness probe because
    startup probe delays it; should be ready immediately after startupProbe succeeds
    """
    fails, passes = {"exec": {"command": ["false"]}}, {"exec": {"command": ["true"]}}
    failing = pods.create(shell("sleep 600", startupProbe=fails | FAST), terminationGracePeriodSeconds=1)
    slow = fails | {"periodSeconds": 1, "failureThreshold": 60}
    delayed = pods.create(shell("sleep 600", startupProbe=slow, livenessProbe=fails | FAST, readinessProbe=passes))
    script = shell("sleep 2; touch /tmp/started; sleep 600")
    started = {"exec": {"command": ["cat", "/tmp/started"]}, "periodSeconds": 1, "failureThreshold": 60}
    prompt = pods.create(script | {"startupProbe": started, "readinessProbe": passes | {"periodSeconds": 600}})
    pods.ready(prompt)
    pods.until(failing, restarts(1), "a restart")
    found = status(pods.get(delayed))
    assert (found["restartCount"], found["ready"], found["started"]) == (0, False, False)
    for name in (failing, delayed, prompt):
        pods.delete(name, 0)


def test_redirects(pods: Pods) -> None:
    """Probing container should be restarted with a local redirect http liveness probe; should *not* be restarted with a
    non-local redirect http liveness probe
    """
    probe = {"initialDelaySeconds": 2, **FAST}
    local = {"httpGet": {"path": "/redirect?loc=%2Fno-such", "port": 8080}} | probe
    far = {"httpGet": {"path": "/redirect?loc=http%3A%2F%2F0.0.0.0%2F", "port": 8080}} | probe
    names = [
        pods.create({"args": ["liveness"], "livenessProbe": each}, terminationGracePeriodSeconds=1)
        for each in (local, far)
    ]
    pods.until(names[0], restarts(1), "a restart")
    warnings = f"{pods.base}/events?fieldSelector=involvedObject.name={names[1]},reason=ProbeWarning"
    [event, *_] = pods.patience.until(lambda: pods.rest.get(warnings)["items"], "a warning about the redirect")
    assert event["message"].startswith("Liveness probe warning: Probe terminated redirects, Response body: <a href=")
    assert status(pods.get(names[1]))["restartCount"] == 0
    for name in names:
        pods.delete(name, 0)


def test_readiness_of_what_ends(pods: Pods) -> None:
    """Probing container should mark readiness on pods to false while pod is in progress of terminating when a pod has a
    readiness probe; and disable its liveness probes
    """
    script = "trap 'rm /tmp/ready; sleep 6; exit 0' TERM; touch /tmp/ready; while :; do sleep 0.1; done"
    probe = {"exec": {"command": ["cat", "/tmp/ready"]}, **FAST}
    name = pods.create(shell(script, readinessProbe=probe, livenessProbe=probe), terminationGracePeriodSeconds=20)
    pods.ready(name)
    pods.delete(name)
    pods.until(name, lambda pod: condition(pod, "Ready") == "False", "unready while it ends")
    pods.gone(name)
    path = f"{pods.base}/events?fieldSelector=involvedObject.name={name},reason=Unhealthy"
    told = [event["message"] for event in pods.rest.get(path)["items"]]
    assert not [text for text in told if text.startswith("Liveness")]


def test_a_probes_own_grace(pods: Pods) -> None:
    """Probing container should override timeoutGracePeriodSeconds when LivenessProbe field is set; when StartupProbe
    field is set
    """
    for kind in ("livenessProbe", "startupProbe"):
        probe = {"exec": {"command": ["false"]}, "terminationGracePeriodSeconds": 1, **FAST}
        script = "trap '' TERM; while :; do sleep 0.1; done"
        name = pods.create(shell(script, **{kind: probe}), terminationGracePeriodSeconds=1000)
        pods.until(name, restarts(1), "a restart long before the pod's own grace is over")
        pods.delete(name, 0)


@pytest.mark.parametrize(
    ("policy", "code", "phase"), [("Never", 1, "Failed"), ("Never", 0, "Running"), ("Always", 0, "Running")]
)
def test_init_containers(pods: Pods, policy: str, code: int, phase: str) -> None:
    """InitContainer should (not) start app containers / invoke init containers on a RestartNever/RestartAlways pod"""
    init = [{"name": f"init{n}", "image": "busybox", **shell(f"exit {code if n else 0}")} for n in (1, 2)]
    name = pods.create({"args": ["pause"]}, initContainers=init, restartPolicy=policy)
    pod = pods.until(name, lambda pod: pod["status"]["phase"] == phase, phase)
    first = status(pod, "init1")["state"]["terminated"]
    assert first["exitCode"] == code
    if code:
        assert "waiting" in status(pod)["state"]
        assert condition(pod, "Initialized") == "False"
    else:
        assert condition(pod, "Initialized") == "True"
    pods.rest("DELETE", f"{pods.base}/pods/{name}?gracePeriodSeconds=0")


def test_failing_init_containers_of_a_pod_that_goes_on(pods: Pods) -> None:
    """InitContainer should not start app containers if init containers fail on a RestartAlways pod"""
    init = [{"name": "init1", "image": "busybox", **shell("exit 1")}]
    name = pods.create({"args": ["pause"]}, initContainers=init)
    pod = pods.until(name, lambda pod: status(pod, "init1")["restartCount"] >= 1, "a second try")
    assert pod["status"]["phase"] == "Pending"
    assert status(pod)["state"]["waiting"]["reason"] == "PodInitializing"
    pods.delete(name, 0)


@pytest.mark.parametrize("when", ["postStart", "preStop"])
@pytest.mark.parametrize("how", ["exec", "http"])
def test_hooks(pods: Pods, when: str, how: str) -> None:
    """Container Lifecycle Hook should execute poststart/prestop exec/http hook properly"""
    handler = pods.create({"args": ["netexec", "--http-port=8080"]})
    address = pods.ready(handler)["status"]["podIP"]
    pods.patience.until(lambda: "HTTP server" in pods.log(handler), "the handler")
    url = f"/echo?msg={when}"
    if how == "exec":
        action: Json = {"exec": {"command": ["sh", "-c", f"wget -qO- 'http://{address}:8080{url}'"]}}
    else:
        action = {"httpGet": {"host": address, "port": 8080, "path": url}}
    name = pods.create({"args": ["pause"], "lifecycle": {when: action}}, terminationGracePeriodSeconds=5)
    pods.ready(name)
    if when == "preStop":
        assert "GET /echo" not in pods.log(handler)
        pods.delete(name)
        pods.gone(name)
    pods.tells(handler, "GET /echo")


def test_pre_stop_tells_a_server(pods: Pods) -> None:
    """PreStop should call prestop when killing a pod"""
    server = pods.create({"args": ["nettest"]})
    address = pods.ready(server)["status"]["podIP"]
    told = f"wget -qO- http://{address}:8080/read"
    pods.patience.until(lambda: pods.kubectl.run("exec", server, "--", "sh", "-c", told).returncode == 0, "the server")
    command = f"wget -qO- --post-data='{json.dumps({'Source': 'prestop'})}' http://{address}:8080/write"
    hook = {"preStop": {"exec": {"command": ["sh", "-c", command]}}}
    name = pods.create(shell("sleep 600", lifecycle=hook), terminationGracePeriodSeconds=3)
    pods.ready(name)
    pods.delete(name)
    pods.gone(name)
    assert json.loads(pods.sh(server, told))["Received"] == {"prestop": 1}


MESSAGES = [
    ("File", "printf DONE > /dev/termination-log", "DONE", {}),
    ("FallbackToLogsOnError", "printf DONE; false", "DONE", {}),
    ("FallbackToLogsOnError", "printf DONE", "", {}),
    ("FallbackToLogsOnError", "printf OK > /dev/termination-log; echo DONE", "OK", {}),
    (
        "File",
        "printf DONE > /dev/termination-custom-log",
        "DONE",
        {"terminationMessagePath": "/dev/termination-custom-log", "securityContext": {"runAsUser": 1000}},
    ),
]


@pytest.mark.parametrize(("policy", "script", "wanted", "more"), MESSAGES)
def test_termination_messages(pods: Pods, policy: str, script: str, wanted: str, more: Json) -> None:
    """Container Runtime on terminated container should report termination message"""
    name = pods.create(shell(script, terminationMessagePolicy=policy, **more), restartPolicy="Never")
    assert status(pods.ended(name))["state"]["terminated"].get("message", "") == wanted


@pytest.mark.parametrize(
    ("policy", "phase", "count"), [("Always", "Running", 1), ("OnFailure", "Succeeded", 1), ("Never", "Failed", 0)]
)
def test_expected_status(pods: Pods, policy: str, phase: str, count: int) -> None:
    """Container Runtime when starting a container that exits should run with the expected status"""
    # Fails at first; then it succeeds, or goes on.
    last = "sleep 600" if policy == "Always" else "exit 0"
    script = f"if [ -f /v/again ]; then {last}; fi; touch /v/again; exit 1"
    container = shell(script, volumeMounts=[{"name": "v", "mountPath": "/v"}])
    name = pods.create(container, volumes=[{"name": "v", "emptyDir": {}}], restartPolicy=policy)

    def there(pod: Json) -> bool:
        goes_on = policy != "Always" or ("running" in status(pod)["state"] and status(pod)["restartCount"] > 0)
        return pod["status"]["phase"] == phase and goes_on

    pod = pods.until(name, there, phase)
    assert status(pod)["restartCount"] == count
    assert status(pod)["ready"] == (policy == "Always")
    pods.rest("DELETE", f"{pods.base}/pods/{name}?gracePeriodSeconds=0")


def test_hosts_file(pods: Pods) -> None:
    """KubeletManagedEtcHosts should test kubelet managed /etc/hosts file"""
    volumes = [{"name": "host", "hostPath": {"path": "/etc/hosts", "type": "FileOrCreate"}}]
    own = shell("sleep 600", volumeMounts=[{"name": "host", "mountPath": "/etc/hosts"}])
    name = pods.create(shell("sleep 600"), own, volumes=volumes)
    pods.ready(name)
    managed = "# Kubernetes-managed hosts file."
    assert managed in pods.sh(name, "cat /etc/hosts")
    assert managed not in pods.sh(name, "cat /etc/hosts", "c1")
    host = pods.create(shell("sleep 600"), hostNetwork=True)
    pods.ready(host)
    assert managed not in pods.sh(host, "cat /etc/hosts")
    for left in (name, host):
        pods.delete(left, 0)


def test_aliases_in_the_hosts_file(pods: Pods) -> None:
    """Kubelet when scheduling a busybox Pod with hostAliases should write entries to /etc/hosts"""
    aliases = [{"ip": "123.45.67.89", "hostnames": ["foo", "bar"]}]
    assert "123.45.67.89\tfoo\tbar" in pods.says(shell("cat /etc/hosts"), hostAliases=aliases)


def test_patched_status(pods: Pods) -> None:
    """Pods should patch a pod status"""
    name = pods.create({"args": ["pause"]})
    pods.ready(name)
    change = {"status": {"message": "Patched by e2e test", "reason": "E2E"}}
    patched = pods.rest.patched(f"{pods.base}/pods/{name}/status", change, STRATEGIC)
    assert (patched["status"]["message"], patched["status"]["reason"]) == ("Patched by e2e test", "E2E")
    pods.delete(name, 0)


def test_a_collection_is_deleted(pods: Pods) -> None:
    """Pods should delete a collection of pods"""
    names = [pods.create({"args": ["pause"]}, meta={"labels": {"type": "Testing"}}) for _ in range(3)]
    assert pods.rest("DELETE", f"{pods.base}/pods?labelSelector=type%3DTesting&gracePeriodSeconds=1").status == 200
    for name in names:
        pods.gone(name)
