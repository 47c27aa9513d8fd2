"""Which pods a ReplicaSet gives up first."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.apimachinery.times import format_time
from kitlib.embedded.controllers.victims import choose

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def pod(
    uid: str,
    *,
    node: str = "n1",
    phase: str = "Running",
    ready: float | None = 1000,
    age: float = 1000,
    restarts: Sequence[int] = (),
    sidecar: int | None = None,
    cost: str | None = None,
) -> Object:
    """A pod that has been Ready for `ready` seconds (None: it is not) and was made `age` seconds ago."""
    conditions: list[Any] = []
    if ready is not None:
        since = format_time(NOW - timedelta(seconds=ready))
        conditions = [{"type": "Ready", "status": "True", "lastTransitionTime": since}]
    status: Object = {"phase": phase, "conditions": conditions}
    status["containerStatuses"] = [{"name": f"c{n}", "restartCount": count} for n, count in enumerate(restarts)]
    spec: Object = {"nodeName": node}
    if sidecar is not None:
        spec["initContainers"] = [{"name": "s", "restartPolicy": "Always"}, {"name": "i"}]
        status["initContainerStatuses"] = [
            {"name": "s", "restartCount": sidecar},
            {"name": "i", "restartCount": 9 - sidecar},
        ]
    made = format_time(NOW - timedelta(seconds=age))
    metadata: Object = {"name": uid, "uid": uid, "creationTimestamp": made}
    if cost is not None:
        metadata["annotations"] = {"controller.kubernetes.io/pod-deletion-cost": cost}
    return {"metadata": metadata, "spec": spec, "status": status}


CROWD = [pod(f"x{n}", node="full") for n in range(3)]

FIRST = [
    pytest.param(pod("b", node="", phase="Pending", ready=None), pod("a", phase="Pending", ready=None), id="no node"),
    pytest.param(pod("b", phase="Pending", ready=None), pod("a", ready=None), id="pending"),
    pytest.param(pod("b", ready=None), pod("a"), id="not ready"),
    pytest.param(pod("b", cost="-5"), pod("a"), id="cheap"),
    pytest.param(pod("b", cost="junk"), pod("a", cost="1"), id="a cost that is no number is 0"),
    pytest.param(pod("b", node="full"), pod("a"), id="crowded"),
    pytest.param(pod("b", ready=10), pod("a", ready=1000), id="ready for less long"),
    pytest.param(pod("a", ready=3, restarts=[0]), pod("b", ready=4, restarts=[5]), id="ready for about as long"),
    pytest.param(pod("b", ready=4), pod("a", ready=5), id="a power of two nanoseconds between them"),
    pytest.param(pod("b", restarts=[0, 3]), pod("a", restarts=[2, 2]), id="the most restarts of one container"),
    pytest.param(pod("b", sidecar=2), pod("a", sidecar=1), id="the most restarts of a sidecar"),
    pytest.param(pod("b", restarts=[1], sidecar=0), pod("a", restarts=[0], sidecar=9), id="containers before sidecars"),
    pytest.param(pod("b", age=1100), pod("a", age=2200), id="newer"),
    pytest.param(pod("a", age=1100), pod("b", age=1200), id="about as old"),
]


@pytest.mark.parametrize(("first", "second"), FIRST)
def test_who_goes_first(first: Object, second: Object) -> None:
    for pods in ([first, second], [second, first]):
        assert [objects.uid(one) for one in choose(pods, 1, related=CROWD, now=NOW)] == [objects.uid(first)]


def test_the_order_is_one_whatever_order_pods_are_listed_in() -> None:
    pods = [
        pod(f"p{n}", ready=ready, restarts=[count], age=2000 + n)
        for n, (ready, count) in enumerate((ready, count) for ready in (None, 2, 900, 900, 5000) for count in (0, 1, 7))
    ]
    wanted = [objects.uid(one) for one in choose(pods, len(pods) - 1, related=(), now=NOW)]
    for seed in range(20):
        shuffled = random.Random(seed).sample(pods, len(pods))
        assert [objects.uid(one) for one in choose(shuffled, len(pods) - 1, related=(), now=NOW)] == wanted
