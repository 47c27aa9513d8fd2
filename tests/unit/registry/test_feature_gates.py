from __future__ import annotations

import pytest

from kitlib.embedded.apimachinery.feature_gates import format_gates, parse_gates
from kitlib.errors import UsageError
from tests.support.cluster import MemoryCluster
from tests.unit.controllers.world import stateful_set

STS = "statefulsets.apps"
GATE = "MaxUnavailableStatefulSet"


def rolling(cluster: MemoryCluster) -> dict:
    return cluster.client().get(STS, "web", "default")["spec"]["updateStrategy"]["rollingUpdate"]


def strategy(**fields: int) -> dict:
    return {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": fields}}


def test_a_field_behind_a_closed_gate_is_dropped() -> None:
    cluster = MemoryCluster()
    cluster.client().create(STS, stateful_set(**strategy(maxUnavailable=2)))
    assert rolling(cluster) == {"partition": 0}
    cluster.client().patch(STS, "web", {"spec": strategy(maxUnavailable=2)}, namespace="default")
    assert rolling(cluster) == {"partition": 0}


def test_with_the_gate_the_field_is_kept_and_defaulted() -> None:
    cluster = MemoryCluster(gates=frozenset({GATE}))
    cluster.client().create(STS, stateful_set())
    assert rolling(cluster) == {"partition": 0, "maxUnavailable": 1}
    cluster.client().patch(STS, "web", {"spec": strategy(maxUnavailable=2)}, namespace="default")
    assert rolling(cluster)["maxUnavailable"] == 2


def test_gates_are_written_as_kubernetes_writes_them() -> None:
    assert parse_gates("") == frozenset()
    assert parse_gates(f" {GATE}=True, ") == {GATE}
    assert parse_gates(format_gates({GATE})) == {GATE}
    with pytest.raises(UsageError, match="does not exist"):
        parse_gates("Nonsense=true")
    with pytest.raises(UsageError, match="true or"):
        parse_gates(f"{GATE}=yes")
