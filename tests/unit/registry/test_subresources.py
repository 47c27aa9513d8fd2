"""Scale, binding, eviction, and the recorder of events."""

from __future__ import annotations

from typing import Any

import pytest

from kitlib.embedded.apimachinery.resources import by_name
from kitlib.embedded.apimachinery.status import StatusError
from kitlib.embedded.registry import pods, scale
from kitlib.embedded.registry.events import EventRecorder, expire
from kitlib.embedded.registry.eviction import evict
from kitlib.embedded.registry.options import WriteOptions
from tests.unit.registry.harness import Harness

Json = dict[str, Any]
SETS, EVENTS = by_name("statefulsets.apps"), by_name("events")
OPTIONS = WriteOptions(user="me")


@pytest.fixture
def api() -> Harness:
    return Harness()


# -- scale ---------------------------------------------------------------------------------------------------------


def test_a_scale_is_a_window_on_the_set(api: Harness) -> None:
    made = api.stateful_set()["metadata"]
    shown = scale.get_scale(api.registry, SETS, "web", "default")
    assert (shown["kind"], shown["apiVersion"]) == ("Scale", "autoscaling/v1")
    assert (shown["metadata"]["uid"], shown["spec"]) == (made["uid"], {"replicas": 1})
    assert shown["status"] == {"replicas": 0, "selector": "a=b"}


def test_scaling_changes_the_replicas_alone(api: Harness) -> None:
    before = api.stateful_set()
    shown = scale.get_scale(api.registry, SETS, "web", "default")
    shown["spec"]["replicas"] = 3
    scale.update_scale(api.registry, SETS, "web", shown, namespace="default", options=OPTIONS)
    after = api.registry.get(SETS, "web", "default")
    assert after["spec"] == {**before["spec"], "replicas": 3}
    assert after["metadata"]["generation"] == 2
    with pytest.raises(StatusError) as stale:
        scale.update_scale(api.registry, SETS, "web", shown, namespace="default", options=OPTIONS)
    assert stale.value.code == 409
    with pytest.raises(StatusError, match="does not match the name on the URL"):
        other = {"metadata": {"name": "other"}, "spec": {"replicas": 5}}
        scale.update_scale(api.registry, SETS, "web", other, namespace="default", options=OPTIONS)
    free = {"spec": {"replicas": 0}}
    scale.update_scale(api.registry, SETS, "web", free, namespace="default", options=OPTIONS)
    assert api.registry.get(SETS, "web", "default")["spec"]["replicas"] == 0


def test_managed_fields_say_that_replicas_came_through_scale(api: Harness) -> None:
    api.stateful_set()
    options = WriteOptions(user="me", manager="kubectl")
    body = {"spec": {"replicas": 3}}
    scale.update_scale(api.registry, SETS, "web", body, namespace="default", options=options)
    entries = api.registry.get(SETS, "web", "default")["metadata"]["managedFields"]
    [entry] = [one for one in entries if one.get("subresource") == "scale"]
    assert (entry["manager"], entry["operation"], entry["apiVersion"]) == ("kubectl", "Update", "apps/v1")
    assert entry["fieldsV1"]["f:spec"] == {"f:replicas": {}}


@pytest.mark.parametrize("kind", ["merge", "strategic"])
def test_a_scale_is_patched(api: Harness, kind: Any) -> None:
    api.stateful_set()
    patch = {"spec": {"replicas": 4}}
    shown = scale.patch_scale(api.registry, SETS, "web", patch, namespace="default", patch_type=kind, options=OPTIONS)
    assert shown["spec"]["replicas"] == 4


@pytest.mark.parametrize(("replicas", "code"), [(-1, 422), ("3", 400), (True, 400), (1.5, 400)])
def test_replicas_are_a_number_of_pods(api: Harness, replicas: object, code: int) -> None:
    api.stateful_set()
    body = {"spec": {"replicas": replicas}}
    with pytest.raises(StatusError) as caught:
        scale.update_scale(api.registry, SETS, "web", body, namespace="default", options=OPTIONS)
    assert caught.value.code == code


# -- binding -------------------------------------------------------------------------------------------------------


def test_a_pod_is_bound_once(api: Harness) -> None:
    api.pod()
    pods.bind(api.registry, "p", "n1", namespace="default", options=OPTIONS)
    bound = api.find("pods", "p") or {}
    assert bound["spec"]["nodeName"] == "n1"
    [condition] = [c for c in bound["status"]["conditions"] if c["type"] == "PodScheduled"]
    assert condition["status"] == "True"
    with pytest.raises(StatusError, match='pod p is already assigned to node "n1"'):
        pods.bind(api.registry, "p", "n2", namespace="default", options=OPTIONS)


def test_a_pod_that_ends_is_not_bound(api: Harness) -> None:
    api.pod(finalizers=["lab/hold"])
    api.delete("pods", "p")
    with pytest.raises(StatusError, match="is being deleted, cannot be assigned to a host"):
        pods.bind(api.registry, "p", "n", namespace="default", options=OPTIONS)


# -- eviction ------------------------------------------------------------------------------------------------------


def budgeted(
    api: Harness, *, allowed: int, phase: str = "Running", ready: bool = True, healthy: int = 1, policy: str = ""
) -> None:
    api.pod(node="n", labels={"app": "web"})
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    api.merge("pods", "p", {"status": {"phase": phase, "conditions": conditions}}, subresource="status")
    spec: Json = {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}
    spec |= {"unhealthyPodEvictionPolicy": policy} if policy else {}
    api.create("poddisruptionbudgets.policy", {"metadata": {"name": "b"}, "spec": spec})
    status = {"disruptionsAllowed": allowed, "currentHealthy": healthy, "desiredHealthy": 1, "expectedPods": 1}
    status["observedGeneration"] = 1
    api.merge("poddisruptionbudgets.policy", "b", {"status": status}, subresource="status")


def allowed(api: Harness) -> int:
    budget = api.find("poddisruptionbudgets.policy", "b") or {}
    return int(budget["status"]["disruptionsAllowed"])


def test_an_eviction_spends_the_budget(api: Harness) -> None:
    budgeted(api, allowed=1)
    assert evict(api.registry, "p", namespace="default", eviction={})["status"] == "Success"
    assert (api.find("pods", "p") or {})["metadata"]["deletionTimestamp"]
    assert allowed(api) == 0


def test_an_eviction_is_noted_on_budget_and_pod(api: Harness) -> None:
    budgeted(api, allowed=2)
    evict(api.registry, "p", namespace="default", eviction={})
    assert list((api.find("poddisruptionbudgets.policy", "b") or {})["status"]["disruptedPods"]) == ["p"]
    [mark] = [c for c in (api.find("pods", "p") or {})["status"]["conditions"] if c["type"] == "DisruptionTarget"]
    assert (mark["reason"], mark["message"]) == ("EvictionByEvictionAPI", "Eviction API: evicting")


@pytest.mark.parametrize(
    ("policy", "healthy", "goes"),
    [("", 1, True), ("", 0, False), ("IfHealthyBudget", 0, False), ("AlwaysAllow", 0, True)],
)
def test_an_unhealthy_pod_may_go_where_enough_others_are_healthy(
    api: Harness, policy: str, healthy: int, goes: bool
) -> None:
    budgeted(api, allowed=0, ready=False, healthy=healthy, policy=policy)
    if goes:
        evict(api.registry, "p", namespace="default", eviction={})
        return
    with pytest.raises(StatusError, match="violate the pod's disruption budget"):
        evict(api.registry, "p", namespace="default", eviction={})


def test_a_budget_that_changed_must_be_counted_first(api: Harness) -> None:
    budgeted(api, allowed=1)
    api.merge("poddisruptionbudgets.policy", "b", {"spec": {"minAvailable": 0}})
    with pytest.raises(StatusError) as caught:
        evict(api.registry, "p", namespace="default", eviction={})
    message = "The disruption budget b is still being processed by the server."
    assert caught.value.details["causes"] == [{"reason": "DisruptionBudget", "message": message}]
    assert caught.value.details["retryAfterSeconds"] == 10


def test_two_budgets_over_one_pod_are_too_many(api: Harness) -> None:
    budgeted(api, allowed=1)
    spec = {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}
    api.create("poddisruptionbudgets.policy", {"metadata": {"name": "c"}, "spec": spec})
    with pytest.raises(StatusError, match="more than one PodDisruptionBudget") as caught:
        evict(api.registry, "p", namespace="default", eviction={})
    assert caught.value.code == 500


def test_an_eviction_beyond_the_budget_is_refused(api: Harness) -> None:
    budgeted(api, allowed=0)
    with pytest.raises(StatusError) as caught:
        evict(api.registry, "p", namespace="default", eviction={})
    assert (caught.value.code, caught.value.reason) == (429, "TooManyRequests")
    assert caught.value.details["causes"][0]["reason"] == "DisruptionBudget"
    assert "deletionTimestamp" not in (api.find("pods", "p") or {})["metadata"]


def test_a_dry_run_of_an_eviction_spends_nothing(api: Harness) -> None:
    budgeted(api, allowed=1)
    evict(api.registry, "p", namespace="default", eviction={"deleteOptions": {"dryRun": ["All"]}})
    assert allowed(api) == 1
    assert "deletionTimestamp" not in (api.find("pods", "p") or {})["metadata"]


@pytest.mark.parametrize("phase", ["Pending", "Succeeded", "Failed"])
def test_a_pod_that_does_not_serve_costs_nothing(api: Harness, phase: str) -> None:
    budgeted(api, allowed=0, phase=phase)
    evict(api.registry, "p", namespace="default", eviction={})


# -- events --------------------------------------------------------------------------------------------------------


def events(api: Harness) -> list[Json]:
    return api.registry.list(EVENTS, "default").items


def test_repeats_are_counted(api: Harness) -> None:
    recorder = EventRecorder(api.registry, "kubelet", host="n")
    pod = api.pod()
    for _ in range(3):
        recorder.record(pod, "Warning", "BackOff", "again", field_path="spec.containers{c}")
        api.clock.advance(60)
    [event] = events(api)
    assert (event["count"], event["type"], event["reason"], event["message"]) == (3, "Warning", "BackOff", "again")
    assert (event["firstTimestamp"], event["lastTimestamp"]) == ("2026-01-01T00:00:00Z", "2026-01-01T00:02:00Z")
    assert event["source"] == {"component": "kubelet", "host": "n"}
    involved = event["involvedObject"]
    assert (involved["name"], involved["uid"], involved["fieldPath"]) == (
        "p",
        pod["metadata"]["uid"],
        "spec.containers{c}",
    )


def test_another_message_or_object_is_another_event(api: Harness) -> None:
    recorder = EventRecorder(api.registry, "kubelet")
    pod = api.pod()
    recorder.record(pod, "Normal", "Pulled", "one")
    recorder.record(pod, "Normal", "Pulled", "two")
    api.delete("pods", "p")
    recorder.record(api.pod(), "Normal", "Pulled", "one")
    assert [e["message"] for e in events(api)] == ["one", "two", "one"]


def test_events_of_one_moment_are_listed_as_they_happened(api: Harness) -> None:
    recorders = [EventRecorder(api.registry, name) for name in ("scheduler", "kubelet")]
    pod = api.pod()
    for number in range(20):
        recorders[number % 2].record(pod, "Normal", "Step", f"{number}")
    assert [e["message"] for e in events(api)] == [str(n) for n in range(20)]


def test_events_are_forgotten_an_hour_after_the_last_repeat(api: Harness) -> None:
    recorder = EventRecorder(api.registry, "kubelet")
    pod = api.pod()
    recorder.record(pod, "Normal", "Once", "once")
    recorder.record(pod, "Normal", "Often", "often")
    api.clock.advance(1800)
    recorder.record(pod, "Normal", "Often", "often")
    api.clock.advance(1801)
    assert expire(api.registry) == 1
    assert [e["reason"] for e in events(api)] == ["Often"]
    recorder.record(pod, "Normal", "Once", "once")
    assert [e["count"] for e in events(api) if e["reason"] == "Once"] == [1]


def test_an_event_never_stops_the_work_it_tells_of(api: Harness) -> None:
    recorder = EventRecorder(api.registry, "kubelet")
    recorder.record({"metadata": {"name": "p", "namespace": "nowhere"}}, "Normal", "Gone", "gone")
    assert events(api) == []
    recorder.record({"kind": "Node", "metadata": {"name": "n"}}, "Normal", "NodeReady", "ready")
    assert [e["involvedObject"]["name"] for e in events(api)] == ["n"]
