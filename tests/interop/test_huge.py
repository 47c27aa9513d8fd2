"""Millions of replicas are asked for by mistake; the cluster answers, and takes it back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.kubectl import Kubectl


@pytest.mark.parametrize("policy", ["OrderedReady", "Parallel"])
def test_a_mistake_in_replicas_can_be_taken_back(kubectl: Kubectl, web: Path, policy: str) -> None:
    web.write_text(web.read_text().replace("  replicas: 2\n", f"  replicas: 2\n  podManagementPolicy: {policy}\n"))
    kubectl("apply", "-f", str(web))
    kubectl("wait", "sts/web", "--for=jsonpath={.status.readyReplicas}=2", "--timeout=20s")
    kubectl("scale", "sts/web", "--replicas=3000000")
    kubectl("wait", "sts/web", "--for=jsonpath={.status.observedGeneration}=2", "--timeout=20s")
    assert "3000000" in kubectl("get", "sts/web", "--request-timeout=10s")
    kubectl("scale", "sts/web", "--replicas=2", "--request-timeout=10s")
    kubectl("wait", "sts/web", "--for=jsonpath={.status.replicas}=2", "--timeout=60s")
