"""What a pod counts for while it is resized: the higher number, unless the new one can never be."""

from __future__ import annotations

from typing import Any

import pytest

from kitlib.embedded.scheduler.node_info import pod_requests

Json = dict[str, Any]


def pod(asked: str, given: str, *conditions: Json) -> Json:
    container = {"name": "c", "resources": {"requests": {"cpu": asked}}}
    status = {"name": "c", "allocatedResources": {"cpu": given}}
    return {"spec": {"containers": [container]}, "status": {"containerStatuses": [status], "conditions": conditions}}


@pytest.mark.parametrize(
    ("asked", "given", "condition", "counts"),
    [
        ("200m", "100m", {"type": "PodResizePending", "reason": "Deferred"}, 200),
        ("100m", "200m", {"type": "PodResizeInProgress"}, 200),
        ("9000", "100m", {"type": "PodResizePending", "reason": "Infeasible"}, 100),
        ("200m", "100m", {"type": "Ready"}, 200),
    ],
)
def test_the_higher_number_counts(asked: str, given: str, condition: Json, counts: int) -> None:
    assert pod_requests(pod(asked, given, condition)) == {"cpu": counts}
