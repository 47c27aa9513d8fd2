from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.controllers.statefulset import claims, core, identity, revisions
from kitlib.embedded.controllers.statefulset.model import (
    CreateClaim,
    CreatePod,
    DeletePod,
    Snapshot,
    UpdateClaim,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def make_set(**spec: Any) -> Object:
    body = {
        "replicas": 3,
        "serviceName": "nginx",
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "new"}]}},
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
        "volumeClaimTemplates": [{"metadata": {"name": "www"}, "spec": {"accessModes": ["ReadWriteOnce"]}}],
        **spec,
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "web", "namespace": "default", "uid": "set-uid", "generation": 1},
        "spec": body,
        "status": {},
    }


def revision(stateful_set: Object, name: str, image: str) -> Object:
    template = objects.deep_copy(stateful_set["spec"]["template"])
    template["spec"]["containers"][0]["image"] = image
    made = revisions.build(stateful_set | {"spec": stateful_set["spec"] | {"template": template}}, 1, 0)
    made["metadata"]["name"] = name
    return made


class Simulation:
    """Plays API server and kubelet for the pure core: what it says is done, one action at a time."""

    def __init__(self, stateful_set: Object, *, max_unavailable: bool = False) -> None:
        self.set = stateful_set
        self.max_unavailable = max_unavailable
        self.revisions = {name: revision(stateful_set, name, name) for name in ("old", "new")}
        self.current = self.update = "old"
        self.pods: dict[str, Object] = {}
        self.claims: dict[str, Object] = {}
        self.created: list[int] = []
        self.deleted: list[Object] = []
        self.uids = 0

    def sync(self) -> core.Plan:
        snapshot = Snapshot(
            stateful_set=self.set,
            pods=tuple(self.pods.values()),
            claims=dict(self.claims),
            current=self.revisions[self.current],
            update=self.revisions[self.update],
            now=NOW,
            max_unavailable=self.max_unavailable,
        )
        plan = core.decide(snapshot)
        for action in plan.actions:
            self.perform(action)
        self.set = self.set | {"status": plan.status}
        self.current = plan.status["currentRevision"]
        return plan

    def perform(self, action: object) -> None:
        match action:
            case CreateClaim():
                assert objects.name(action.claim) not in self.claims
                self.claims[objects.name(action.claim)] = action.claim
            case UpdateClaim():
                self.claims[objects.name(action.claim)] = action.claim
            case CreatePod():
                name = objects.name(action.pod)
                assert name not in self.pods, "two pods of one identity"
                self.uids += 1
                pod = objects.deep_copy(action.pod)
                pod["metadata"]["uid"] = str(self.uids)
                pod["status"] = {"phase": "Pending"}
                self.pods[name] = pod
                self.created.append(int(name.rsplit("-", 1)[1]))
            case DeletePod():
                pod = self.pods[objects.name(action.pod)]
                assert not objects.is_terminating(pod), "deleted twice"
                pod["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
                self.deleted.append(action.pod)

    def set_state(self, name: str, state: str) -> None:
        pod = self.pods.get(name)
        if pod is None:
            return
        if state == "gone":
            if objects.is_terminating(pod):
                del self.pods[name]
        elif state == "evicted":
            pod["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        elif state in ("Failed", "Succeeded"):
            pod["status"] = {"phase": state}
        else:
            ready = {"type": "Ready", "status": state, "lastTransitionTime": "2025-12-31T00:00:00Z"}
            pod["status"] = {"phase": "Running", "conditions": [ready]}

    def run_to_rest(self) -> None:
        """A healthy world: everything that starts becomes ready, everything that stops goes."""
        for _ in range(200):
            plan = self.sync()
            healthy = not any(self.unhealthy(name) for name in self.pods)
            for name, pod in list(self.pods.items()):
                if pod["status"]["phase"] in ("Failed", "Succeeded") or objects.is_terminating(pod):
                    self.set_state(name, "gone")
                else:
                    self.set_state(name, "True")
            if not plan.actions and healthy:
                return
        raise AssertionError("never comes to rest")

    def unhealthy(self, name: str) -> bool:
        pod = self.pods.get(name)
        conditions = (pod or {}).get("status", {}).get("conditions") or [{}]
        return pod is None or objects.is_terminating(pod) or conditions[0].get("status") != "True"


STATES = st.sampled_from(["True", "False", "gone", "evicted", "Failed", "Succeeded"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("sync"), st.none()),
        st.tuples(st.just("state"), st.tuples(st.integers(0, 5), STATES)),
        st.tuples(st.just("scale"), st.integers(0, 5)),
        st.tuples(st.just("revision"), st.sampled_from(["old", "new"])),
    ),
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(steps=STEPS, partition=st.integers(0, 4), parallel=st.booleans(), max_unavailable=st.booleans())
def test_invariants_hold_in_any_order_of_events(
    steps: list, partition: int, parallel: bool, max_unavailable: bool
) -> None:
    policy = "Parallel" if parallel else "OrderedReady"
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": partition, "maxUnavailable": 2}}
    world = Simulation(make_set(podManagementPolicy=policy, updateStrategy=strategy), max_unavailable=max_unavailable)
    for kind, value in steps:
        if kind == "sync":
            check_sync(world, partition=partition, ordered=not parallel, strict=not max_unavailable)
        elif kind == "state":
            world.set_state(f"web-{value[0]}", value[1])
        elif kind == "scale":
            world.set = world.set | {"spec": world.set["spec"] | {"replicas": value}}
        else:
            world.update = value
    world.run_to_rest()
    wanted = [identity.pod_name(world.set, n) for n in identity.ordinal_range(world.set)]
    assert sorted(world.pods) == sorted(wanted)
    assert all(
        identity.revision_of(pod) == world.update
        for name, pod in world.pods.items()
        if int(name.rsplit("-", 1)[1]) >= partition
    )


def check_sync(world: Simulation, *, partition: int, ordered: bool, strict: bool) -> None:
    before, claims_before = {name: objects.deep_copy(pod) for name, pod in world.pods.items()}, set(world.claims)
    world.created.clear()
    world.deleted.clear()
    sick = {name for name in [f"web-{n}" for n in range(6)] if world.unhealthy(name)}
    world.sync()
    assert claims_before <= set(world.claims), "a claim vanished"
    wanted = identity.ordinal_range(world.set)
    for pod in world.deleted:
        ordinal = identity.ordinal_of(world.set, pod)
        assert ordinal is not None
        finished = before[objects.name(pod)]["status"]["phase"] in ("Failed", "Succeeded")
        if ordinal in wanted and not finished:
            assert ordinal >= partition, "the partition was not honoured"
    if not ordered:
        return
    assert world.created == sorted(world.created)
    assert len(world.created) <= 1
    for ordinal in world.created:
        assert not {f"web-{n}" for n in wanted if n < ordinal} & sick, "created above an unhealthy pod"
    if strict:
        assert len(world.deleted) <= 1
    for pod in world.deleted:
        ordinal = identity.ordinal_of(world.set, pod)
        if ordinal not in wanted:
            higher = {name for name in before if int(name.rsplit("-", 1)[1]) > ordinal} - {objects.name(pod)}
            assert not higher - {identity.pod_name(world.set, n) for n in wanted}, "not from the top"


def settled(**spec: Any) -> Simulation:
    world = Simulation(make_set(**spec))
    world.run_to_rest()
    return world


@pytest.mark.parametrize(
    ("value", "replicas", "budget"), [(2, 5, 2), ("50%", 5, 2), ("10%", 5, 1), (1, 5, 1), ("100%", 4, 4)]
)
def test_max_unavailable_rounds_down_to_at_least_one(value: int | str, replicas: int, budget: int) -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 0, "maxUnavailable": value}}
    world = Simulation(make_set(replicas=replicas, updateStrategy=strategy), max_unavailable=True)
    world.run_to_rest()
    world.update = "new"
    world.deleted.clear()
    world.sync()
    names = [f"web-{n}" for n in range(replicas - 1, replicas - 1 - budget, -1)]
    assert [objects.name(pod) for pod in world.deleted] == names


def test_the_gate_is_off_by_default() -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 0, "maxUnavailable": 3}}
    world = settled(replicas=5, updateStrategy=strategy)
    world.update = "new"
    world.sync()
    assert [objects.name(pod) for pod in world.deleted] == ["web-4"]


def test_update_never_runs_while_scaling_is_halted() -> None:
    world = settled()
    world.update = "new"
    world.set_state("web-0", "False")
    plan = world.sync()
    assert not plan.actions
    assert [reason.text for reason in plan.reasons] == [
        f"web-{n} is not updated to new: web-0 is not Ready, policy OrderedReady" for n in range(3)
    ]


def test_first_unhealthy_condemned_pod_may_go() -> None:
    world = settled()
    world.set = world.set | {"spec": world.set["spec"] | {"replicas": 2}}
    world.set_state("web-2", "False")
    world.sync()
    assert [objects.name(pod) for pod in world.deleted] == ["web-2"]


@pytest.mark.parametrize(
    ("scaled", "deleted", "in_range", "condemned"),
    [
        ("Retain", "Retain", None, None),
        ("Retain", "Delete", "StatefulSet", "StatefulSet"),
        ("Delete", "Retain", None, "Pod"),
        ("Delete", "Delete", "StatefulSet", "Pod"),
    ],
)
def test_owners_of_claims(scaled: str, deleted: str, in_range: str | None, condemned: str | None) -> None:
    world = settled(persistentVolumeClaimRetentionPolicy={"whenScaled": scaled, "whenDeleted": deleted})
    world.set = world.set | {"spec": world.set["spec"] | {"replicas": 2}}
    world.sync()

    def owner(claim: str) -> str | None:
        ref = objects.controller_of(world.claims[claim])
        return ref["kind"] if ref else None

    assert (owner("www-web-0"), owner("www-web-2")) == (in_range, condemned)


def test_a_claim_of_another_controller_is_left_alone() -> None:
    world = settled(persistentVolumeClaimRetentionPolicy={"whenScaled": "Delete", "whenDeleted": "Delete"})
    foreign = {"apiVersion": "v1", "kind": "Thing", "name": "x", "uid": "y", "controller": True}
    world.claims["www-web-2"]["metadata"]["ownerReferences"] = [foreign]
    world.set = world.set | {"spec": world.set["spec"] | {"replicas": 2}}
    world.sync()
    assert world.claims["www-web-2"]["metadata"]["ownerReferences"] == [foreign]


@pytest.mark.parametrize("policy", ["Delete", "Retain"])
def test_beside_another_controller_the_set_gives_its_own_reference_up(policy: str) -> None:
    world = settled(persistentVolumeClaimRetentionPolicy={"whenScaled": policy, "whenDeleted": policy})
    foreign = {"apiVersion": "v1", "kind": "Thing", "name": "x", "uid": "y", "controller": True}
    ours = objects.owner_reference(world.set) | {"controller": False}
    world.claims["www-web-2"]["metadata"]["ownerReferences"] = [ours, foreign]
    world.sync()
    assert world.claims["www-web-2"]["metadata"]["ownerReferences"] == [foreign]


def test_a_plain_owner_is_kept_and_only_kubernetes_own_set_is_ours() -> None:
    world = settled(persistentVolumeClaimRetentionPolicy={"whenScaled": "Retain", "whenDeleted": "Delete"})
    others = [
        {"apiVersion": "v1", "kind": "Thing", "name": "x", "uid": "y"},
        {"apiVersion": "apps.example.com/v1", "kind": "StatefulSet", "name": "web", "uid": "z"},
    ]
    world.claims["www-web-2"]["metadata"]["ownerReferences"] = others
    world.sync()
    owner = objects.owner_reference(world.set)
    assert world.claims["www-web-2"]["metadata"]["ownerReferences"] == [*others, owner]


def test_a_claim_has_what_its_template_has() -> None:
    stateful_set = make_set()
    [template] = stateful_set["spec"]["volumeClaimTemplates"]
    stateful_set["spec"]["selector"] = {"matchLabels": {"app": "web", "tier": "set"}}
    template["metadata"] |= {
        "labels": {"tier": "template", "disk": "ssd"},
        "annotations": {"note": "kept"},
        "finalizers": ["example.com/backup"],
    }
    [claim] = claims.claims_for(stateful_set, 7)
    assert claim["metadata"] == {
        "name": "www-web-7",
        "namespace": "default",
        "labels": {"app": "web", "tier": "set", "disk": "ssd"},
        "annotations": {"note": "kept"},
        "finalizers": ["example.com/backup"],
    }


def test_a_stale_claim_keeps_its_pod_waiting() -> None:
    policy = {"whenScaled": "Delete", "whenDeleted": "Retain"}
    world = Simulation(make_set(replicas=1, persistentVolumeClaimRetentionPolicy=policy))
    claim = claims.claims_for(world.set, 0)[0]
    claim["metadata"]["ownerReferences"] = [{"apiVersion": "v1", "kind": "Pod", "name": "web-0", "uid": "gone"}]
    world.claims["www-web-0"] = claim
    plan = world.sync()
    assert not plan.actions
    assert "predecessor" in plan.reasons[0].text


def test_nil_rolling_update_uses_the_number_of_current_pods() -> None:
    stateful_set = make_set(updateStrategy={"type": "RollingUpdate"}) | {"status": {"currentReplicas": 2}}
    old, new = revision(stateful_set, "old", "old"), revision(stateful_set, "new", "new")
    chosen = [objects.name(revisions.for_ordinal(stateful_set, n, old, new)) for n in range(3)]
    assert chosen == ["old", "old", "new"]


def test_golden_revision_hash() -> None:
    container = {
        "image": "test",
        "imagePullPolicy": "Always",
        "name": "test",
        "resources": {},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
    }
    spec = {
        "containers": [container],
        "dnsPolicy": "ClusterFirst",
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "terminationGracePeriodSeconds": 30,
    }
    metadata = {"annotations": {"test": "value"}, "labels": {"app": "foo"}}
    made = revisions.build(make_set(template={"metadata": metadata, "spec": spec}), 1, 0)
    assert objects.name(made) == "web-776999688b"
    assert objects.labels(made) == {"app": "foo", "controller.kubernetes.io/hash": "776999688b"}


def test_an_unhealthy_condemned_pod_waits_for_an_unhealthy_one_below() -> None:
    world = settled()
    world.set = world.set | {"spec": world.set["spec"] | {"replicas": 1}}
    world.set_state("web-1", "False")
    world.set_state("web-2", "False")
    assert not world.sync().actions
    world.set_state("web-1", "True")
    world.sync()
    assert [objects.name(pod) for pod in world.deleted] == ["web-2"]
