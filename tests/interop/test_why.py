"""`kit why` and the path it reads: open to whoever may read the object, seen by no client by chance."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.interop.conftest import WEB
from tests.support.kubectl import Kubectl

NEVER_READY = "readinessProbe: {exec: {command: ['false']}}"
BLOCKED = WEB.replace("        ports: [{containerPort", f"        {NEVER_READY}\n        ports: [{{containerPort")


def kit(kubectl: Kubectl, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = str(Path(sys.executable).with_name("kit"))
    variables = {**os.environ, "KIT_KUBECONFIG": str(kubectl.kubeconfig), "COLUMNS": "200"}
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=30, env=variables)


def test_the_reason_for_a_pod_that_is_not_there(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=BLOCKED)
    kubectl("wait", "pod/web-0", "--for=jsonpath={.status.phase}=Running", "--timeout=20s")
    told = kit(kubectl, "why", "pod/web-1", "--namespace", kubectl.namespace)
    assert (told.returncode, told.stderr) == (0, "")
    assert "pod/web-1 does not exist" in told.stdout
    assert "web-1 is not created: web-0 is not Ready, policy OrderedReady" in told.stdout.split("now")[-1]
    told = kit(kubectl, "why", "po", "web-0", "--namespace", kubectl.namespace)
    assert "default-scheduler" in told.stdout
    assert "web-0 is not Ready: the readiness probe of its container" in told.stdout.split("now")[-1]
    assert "Started: " in told.stdout  # its events are told in the same order of time


def test_questions_about_nothing(kubectl: Kubectl) -> None:
    unknown = kit(kubectl, "why", "pod/none", "--namespace", kubectl.namespace)
    assert (unknown.returncode, unknown.stdout.splitlines()[0]) == (0, "pod/none does not exist")
    for wrong, cause in (("web-0", "names no object"), ("gadget/web", "no kind 'gadget'")):
        refused = kit(kubectl, "why", wrong)
        assert refused.returncode == 1
        assert cause in refused.stderr
        assert len(refused.stderr.splitlines()) == 1


def test_decisions_are_for_those_who_may_read_the_object(kubectl: Kubectl, admin: Kubectl) -> None:
    kubectl("create", "serviceaccount", "learner")
    kubectl("create", "rolebinding", "learner", "--clusterrole=view", f"--serviceaccount={kubectl.namespace}:learner")
    path = f"/api/v1/namespaces/{kubectl.namespace}/pods/web-0/decisions"
    user = f"--as=system:serviceaccount:{kubectl.namespace}:learner"
    assert json.loads(kubectl("get", "--raw", path, user))["kind"] == "DecisionList"
    assert "Forbidden" in kubectl.fails("get", "--raw", path.replace(kubectl.namespace, "kube-system"), user)
    assert "decisions" not in admin("api-resources", "-o", "wide")
    assert "decisions" not in admin("get", "--raw", "/api/v1")
