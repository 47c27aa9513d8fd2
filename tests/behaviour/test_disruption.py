"""[sig-apps] DisruptionController."""

from __future__ import annotations

from typing import Any

import pytest
from kubernetes.client import PolicyV1Api
from kubernetes.client.exceptions import ApiException

from tests.behaviour.test_replica_sets import MERGE, replica_set, wait_ready
from tests.behaviour.workloads import AGNHOST, Object, exists, on_conflict_again, unique, webserver
from tests.support.patience import Patience

LABELS = {"foo": "bar"}


@pytest.fixture
def policy(client: Any) -> Any:

    return PolicyV1Api(client)


def budget(name: str = "foo", **spec: Any) -> Object:
    return {
        "metadata": {"name": name, "labels": LABELS},
        "spec": {"selector": {"matchLabels": LABELS}, **spec},
    }


def wait_processed(policy: Any, namespace: str, patience: Patience, name: str = "foo") -> Any:
    def processed() -> Any:
        found = policy.read_namespaced_pod_disruption_budget(name, namespace)
        assert found.status.observed_generation
        assert found.status.observed_generation >= found.metadata.generation
        return found

    return patience.until(processed, "the budget to be processed")


def make_pods(core: Any, namespace: str, patience: Patience, count: int) -> list[str]:
    names = [f"pod-{index}" for index in range(count)]
    for name in names:
        body = {"metadata": {"name": name, "labels": LABELS}, "spec": {"containers": [webserver(AGNHOST)]}}
        core.create_namespaced_pod(namespace, body)
    wait_ready(core, namespace, patience, LABELS, count)
    return names


def test_list_and_delete_a_collection(policy: Any, namespace: str, patience: Patience) -> None:
    """Listing PodDisruptionBudgets for all namespaces should list and delete a collection of PodDisruptionBudgets
    [Conformance]
    """
    mark = unique("pdb")
    for index in range(3):
        body = budget(f"foo{index}", minAvailable=1)
        body["metadata"]["labels"] = {"mark": mark}
        policy.create_namespaced_pod_disruption_budget(namespace, body)
    everywhere = {"label_selector": f"mark={mark}"}
    assert len(policy.list_pod_disruption_budget_for_all_namespaces(**everywhere).items) == 3
    policy.delete_collection_namespaced_pod_disruption_budget(namespace, **everywhere)
    patience.until(lambda: not policy.list_pod_disruption_budget_for_all_namespaces(**everywhere).items, "them to go")


def test_create_change_and_delete(policy: Any, namespace: str, patience: Patience) -> None:
    """should create a PodDisruptionBudget [Conformance]"""
    policy.create_namespaced_pod_disruption_budget(namespace, budget(minAvailable=1))
    wait_processed(policy, namespace, patience)

    def update() -> Any:
        found = policy.read_namespaced_pod_disruption_budget("foo", namespace)
        found.spec.min_available = 2
        return policy.replace_namespaced_pod_disruption_budget("foo", namespace, found)

    assert on_conflict_again(patience, update).spec.min_available == 2
    wait_processed(policy, namespace, patience)
    patch = {"spec": {"minAvailable": "3%"}}
    assert policy.patch_namespaced_pod_disruption_budget("foo", namespace, patch).spec.min_available == "3%"
    wait_processed(policy, namespace, patience)
    policy.delete_namespaced_pod_disruption_budget("foo", namespace)
    patience.until(
        lambda: not exists(lambda: policy.read_namespaced_pod_disruption_budget("foo", namespace)), "it to go"
    )


def test_status_is_observed(policy: Any, core: Any, namespace: str, patience: Patience) -> None:
    """should observe PodDisruptionBudget status updated [Conformance]"""
    policy.create_namespaced_pod_disruption_budget(namespace, budget(minAvailable=1))
    make_pods(core, namespace, patience, 3)

    def counted() -> bool:
        status = policy.read_namespaced_pod_disruption_budget("foo", namespace).status
        return (status.disruptions_allowed, status.current_healthy, status.expected_pods) == (2, 3, 3)

    patience.until(counted, "two disruptions to be allowed")


def test_status_can_be_written(policy: Any, core: Any, namespace: str, patience: Patience) -> None:
    """should update/patch PodDisruptionBudget status [Conformance]"""
    policy.create_namespaced_pod_disruption_budget(namespace, budget(minAvailable=1))
    [name] = make_pods(core, namespace, patience, 1)

    def note() -> Any:
        found = policy.read_namespaced_pod_disruption_budget_status("foo", namespace)
        found.status.disrupted_pods = {name: core.read_namespaced_pod(name, namespace).metadata.creation_timestamp}
        return policy.replace_namespaced_pod_disruption_budget_status("foo", namespace, found)

    assert name in on_conflict_again(patience, note).status.disrupted_pods
    patch = {"status": {"disruptedPods": {name: None}}}
    patched = policy.patch_namespaced_pod_disruption_budget_status("foo", namespace, patch, _content_type=MERGE)
    assert name not in (patched.status.disrupted_pods or {})


def test_eviction_is_blocked_until_the_budget_allows_it(
    policy: Any, core: Any, namespace: str, patience: Patience
) -> None:
    """should block an eviction until the PDB is updated to allow it [Conformance]"""
    make_pods(core, namespace, patience, 3)
    policy.create_namespaced_pod_disruption_budget(namespace, budget(minAvailable=3))
    wait_processed(policy, namespace, patience)
    eviction = {"metadata": {"name": "pod-0", "namespace": namespace}}
    patience.until(
        lambda: policy.read_namespaced_pod_disruption_budget("foo", namespace).status.current_healthy == 3,
        "three healthy pods",
    )
    with pytest.raises(ApiException) as caught:
        core.create_namespaced_pod_eviction("pod-0", namespace, eviction)
    assert caught.value.status == 429
    assert "DisruptionBudget" in caught.value.body
    policy.patch_namespaced_pod_disruption_budget("foo", namespace, {"spec": {"minAvailable": 2}})

    def evicted() -> bool:
        try:
            core.create_namespaced_pod_eviction("pod-0", namespace, eviction)
        except ApiException as error:
            assert error.status != 429, "still blocked"
            raise
        return True

    patience.until(evicted, "the eviction to be allowed")
    patience.until(lambda: not exists(lambda: core.read_namespaced_pod("pod-0", namespace)), "pod-0 to go")


@pytest.mark.parametrize(
    ("spec", "allowed"),
    [
        ({"maxUnavailable": "30%"}, 3),
        ({"minAvailable": "90%"}, 1),
        ({"maxUnavailable": 1}, 1),
        ({"minAvailable": 10}, 0),
    ],
)
def test_evictions_of_a_replica_set(
    spec: Object, allowed: int, policy: Any, apps: Any, core: Any, namespace: str, patience: Patience
) -> None:
    """evictions: maxUnavailable allow single eviction, percentage => should allow an eviction"""
    apps.create_namespaced_replica_set(namespace, replica_set("rs", 10, labels=LABELS))
    wait_ready(core, namespace, patience, LABELS, 10)
    policy.create_namespaced_pod_disruption_budget(namespace, budget(**spec))

    def counted() -> bool:
        status = wait_processed(policy, namespace, patience).status
        assert status.current_healthy == 10
        assert status.disruptions_allowed == allowed, f"{status.disruptions_allowed} allowed"
        return True

    patience.until(counted, f"{allowed} disruptions to be allowed")
