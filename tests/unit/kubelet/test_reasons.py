"""What a kubelet says of a pod that is not as it should be."""

from __future__ import annotations

import pytest

from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.kubelet.reasons import pod_reasons

RUNNING: Object = {"running": {"startedAt": "2026-01-01T00:00:00Z"}}


def container(name: str = "c", **status: object) -> Object:
    return {"name": name, "state": RUNNING, "ready": True, "started": True, **status}


def waiting(reason: str, message: str = "") -> Object:
    return {"state": {"waiting": {"reason": reason, "message": message}}, "ready": False, "started": False}


@pytest.mark.parametrize(
    ("status", "texts"),
    [
        ({"containerStatuses": [container()]}, []),
        (
            {"containerStatuses": [container(**waiting("ErrImagePull", "no such image"))]},
            ["web-0 waits for its container c: ErrImagePull: no such image"],
        ),
        (
            {"containerStatuses": [container(started=False, ready=False)]},
            ["web-0 waits for its container c: the startup probe has not succeeded yet"],
        ),
        (
            {"containerStatuses": [container(ready=False)]},
            ["web-0 is not Ready: the readiness probe of its container c does not succeed"],
        ),
        (
            {
                "initContainerStatuses": [container("first", **waiting("CrashLoopBackOff", "back-off 10s"))],
                "containerStatuses": [container(**waiting("PodInitializing"))],
            },
            ["web-0 waits for its container first: CrashLoopBackOff: back-off 10s"],
        ),
        (
            {"phase": "Failed", "reason": "Evicted", "message": "The node was low"},
            ["web-0 has failed: The node was low"],
        ),
        ({"phase": "Succeeded"}, ["web-0 has succeeded: its containers have ended and are not restarted"]),
    ],
)
def test_a_living_pod(status: Object, texts: list[str]) -> None:
    pod: Object = {"metadata": {"name": "web-0"}, "spec": {}}
    assert [(one.subject, one.text) for one in pod_reasons(pod, status)] == [("pod/web-0", text) for text in texts]


def test_a_pod_that_is_ending() -> None:
    meta = {"name": "web-0", "deletionTimestamp": "2026-01-01T00:00:00Z", "deletionGracePeriodSeconds": 30}
    status = {"containerStatuses": [container(), container("done", state={"terminated": {}})]}
    [reason] = pod_reasons({"metadata": meta, "spec": {}}, status)
    assert reason.text == "web-0 is ending: c still runs, for 30 s at most"


def test_a_gate_that_nobody_opens() -> None:
    pod: Object = {"metadata": {"name": "web-0"}, "spec": {"readinessGates": [{"conditionType": "kit.test/open"}]}}
    [reason] = pod_reasons(pod, {"containerStatuses": [container()], "conditions": []})
    assert reason.text == "web-0 is not Ready: nobody has set its readiness gate kit.test/open"
    opened = {"conditions": [{"type": "kit.test/open", "status": "True"}], "containerStatuses": [container()]}
    assert pod_reasons(pod, opened) == []
