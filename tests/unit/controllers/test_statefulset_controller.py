from __future__ import annotations

from typing import Any

import pytest

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.status import StatusError, forbidden
from kitlib.embedded.controllers.statefulset.control import StatefulPodControl
from kitlib.embedded.controllers.statefulset.model import DeletePod, Phase, Plan
from kitlib.embedded.registry.loopback import LoopbackClient
from tests.unit.controllers.world import World, stateful_set

STS = "statefulsets.apps"
REVISIONS = "controllerrevisions.apps"


def _template(image: str) -> dict:
    return {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": image}]}}}}


def _status(world: World, name: str = "web") -> dict:
    return world.client.get(STS, name, "default")["status"]


def _image(world: World, pod: str) -> str:
    return world.pod(pod)["spec"]["containers"][0]["image"]


def test_pods_come_up_in_order_with_their_identity(world: World) -> None:
    created: list[str] = []
    world.client.subscribe("pods", lambda e: created.append(objects.name(e.object)) if e.type == "ADDED" else None)
    world.client.create(STS, stateful_set())
    world.settle()
    assert created == ["web-0", "web-1", "web-2"]
    pod = world.pod("web-1")
    revision = world.client.list(REVISIONS, "default")[0]["metadata"]["name"]
    assert objects.labels(pod) == {
        "app": "web",
        "statefulset.kubernetes.io/pod-name": "web-1",
        "apps.kubernetes.io/pod-index": "1",
        "controller-revision-hash": revision,
    }
    assert (pod["spec"]["hostname"], pod["spec"]["subdomain"]) == ("web-1", "nginx")
    assert pod["metadata"]["generateName"] == "web-"
    assert _status(world) == {
        "observedGeneration": 1,
        "replicas": 3,
        "readyReplicas": 3,
        "availableReplicas": 3,
        "currentReplicas": 3,
        "updatedReplicas": 3,
        "currentRevision": revision,
        "updateRevision": revision,
        "collisionCount": 0,
    }
    assert sorted(world.events("web", "SuccessfulCreate")) == [
        f"create Pod web-{n} in StatefulSet web successful" for n in range(3)
    ]


def test_ordered_creation_waits_for_the_predecessor_and_says_so(world: World) -> None:
    world.kubelet.unready = lambda pod: objects.name(pod) == "web-1"
    world.client.create(STS, stateful_set())
    world.settle()
    assert world.pods() == ["web-0", "web-1"]
    *_, waits = world.cluster.registry.explanations.about("default", "pod/web-2")
    assert waits.text == "web-2 is not created: web-1 is not Ready, policy OrderedReady"
    assert (waits.component, waits.until) == ("statefulset-controller", None)
    assert "updatedReplicas" in _status(world)
    assert _status(world)["readyReplicas"] == 1
    world.make_ready("web-1")
    assert world.pods() == ["web-0", "web-1", "web-2"]
    decisions = world.cluster.registry.explanations.about("default", "pod/web-2")
    assert [decision.until for decision in decisions if decision.text == waits.text] != [None]


def test_parallel_creates_all_at_once(world: World) -> None:
    world.kubelet.unready = lambda pod: True
    world.client.create(STS, stateful_set(replicas=5, podManagementPolicy="Parallel"))
    world.settle()
    assert len(world.pods()) == 5


def test_scale_down_goes_from_the_top_and_halts_on_an_unhealthy_pod(world: World) -> None:
    world.client.create(STS, stateful_set())
    world.settle()
    for name in world.pods():
        world.make_ready(name, ready=False)
    world.edit(STS, "web", {"spec": {"replicas": 0}})
    assert world.pods() == ["web-0", "web-1", "web-2"]
    removed: list[str] = []
    world.client.subscribe(
        "pods", lambda e: removed.append(objects.name(e.object)) if e.type == "DELETED" else None, replay=False
    )
    world.make_ready("web-0")
    assert removed == []
    # Now the acting pod itself is the first unhealthy one, and may go.
    world.make_ready("web-1")
    assert removed == ["web-2", "web-1", "web-0"]
    assert _status(world)["replicas"] == 0
    assert "readyReplicas" not in _status(world)


def test_rolling_update_reverse_order_and_completion(world: World) -> None:
    world.client.create(STS, stateful_set())
    world.settle()
    first = _status(world)["currentRevision"]
    removed: list[str] = []
    world.client.subscribe(
        "pods", lambda e: removed.append(objects.name(e.object)) if e.type == "DELETED" else None, replay=False
    )
    world.edit(STS, "web", _template("nginx:1.26"))
    assert removed == ["web-2", "web-1", "web-0"]
    status = _status(world)
    assert status["currentRevision"] == status["updateRevision"] != first
    assert status["updatedReplicas"] == status["currentReplicas"] == 3


@pytest.mark.parametrize("strategy", [None, {"type": "RollingUpdate"}])
def test_rollback_uses_the_old_revision_again(world: World, strategy: dict | None) -> None:
    more = {"updateStrategy": strategy} if strategy else {}
    world.client.create(STS, stateful_set(**more))
    world.settle()
    first = _status(world)["updateRevision"]
    world.edit(STS, "web", _template("nginx:1.26"))
    second = _status(world)["updateRevision"]
    world.edit(STS, "web", _template("nginx:1.25"))
    assert _status(world)["updateRevision"] == _status(world)["currentRevision"] == first
    numbers = {objects.name(r): r["revision"] for r in world.client.list(REVISIONS, "default")}
    assert numbers == {first: 3, second: 2}
    assert {_image(world, pod) for pod in world.pods()} == {"nginx:1.25"}


def test_canary_pods_below_the_partition_return_at_the_old_revision(world: World) -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}
    world.client.create(STS, stateful_set(updateStrategy=strategy))
    world.settle()
    world.edit(STS, "web", _template("nginx:1.26"))
    images = ["nginx:1.25", "nginx:1.25", "nginx:1.26"]
    assert [_image(world, f"web-{n}") for n in range(3)] == images
    world.delete("pods", "web-0")
    world.delete("pods", "web-2")
    assert [_image(world, f"web-{n}") for n in range(3)] == images
    assert _status(world)["updatedReplicas"] == 1
    assert _status(world)["currentReplicas"] == 2
    world.edit(STS, "web", {"spec": {"updateStrategy": {"rollingUpdate": {"partition": 0}}}})
    assert [_image(world, f"web-{n}") for n in range(3)] == ["nginx:1.26"] * 3


def test_broken_rollout_stays_broken_until_the_pod_is_deleted(world: World) -> None:
    world.client.create(STS, stateful_set())
    world.settle()
    world.kubelet.unready = lambda pod: pod["spec"]["containers"][0]["image"] == "broken"
    world.edit(STS, "web", _template("broken"))
    assert [_image(world, f"web-{n}") for n in range(3)] == ["nginx:1.25", "nginx:1.25", "broken"]
    world.edit(STS, "web", _template("nginx:1.25"))
    assert _image(world, "web-2") == "broken"
    world.delete("pods", "web-2")
    assert [_image(world, f"web-{n}") for n in range(3)] == ["nginx:1.25"] * 3


def test_on_delete_updates_only_what_is_deleted(world: World) -> None:
    world.client.create(STS, stateful_set(updateStrategy={"type": "OnDelete"}))
    world.settle()
    old = _status(world)["currentRevision"]
    world.edit(STS, "web", _template("nginx:1.26"))
    world.delete("pods", "web-1")
    assert [_image(world, f"web-{n}") for n in range(3)] == ["nginx:1.25", "nginx:1.26", "nginx:1.25"]
    assert _status(world)["currentRevision"] == old


def test_claims_survive_scaling_and_are_used_again(world: World) -> None:
    world.client.create(STS, stateful_set(claims=True))
    world.settle()
    before = {objects.name(c): objects.uid(c) for c in world.client.list("persistentvolumeclaims", "default")}
    assert sorted(before) == ["www-web-0", "www-web-1", "www-web-2"]
    claim = world.client.get("persistentvolumeclaims", "www-web-0", "default")
    assert claim["status"]["phase"] == "Bound"
    assert objects.labels(claim) == {"app": "web"}
    assert "create Claim www-web-0 Pod web-0 in StatefulSet web success" in world.events("web")
    world.edit(STS, "web", {"spec": {"replicas": 0}})
    world.edit(STS, "web", {"spec": {"replicas": 3}})
    assert {objects.name(c): objects.uid(c) for c in world.client.list("persistentvolumeclaims", "default")} == before


def test_when_scaled_delete_removes_claims_of_condemned_pods(world: World) -> None:
    policy = {"whenScaled": "Delete", "whenDeleted": "Retain"}
    world.client.create(STS, stateful_set(claims=True, persistentVolumeClaimRetentionPolicy=policy))
    world.settle()
    world.edit(STS, "web", {"spec": {"replicas": 1}})
    assert [objects.name(c) for c in world.client.list("persistentvolumeclaims", "default")] == ["www-web-0"]
    assert len(world.directories.present) == 1
    world.edit(STS, "web", {"spec": {"replicas": 3}})
    assert world.pods() == ["web-0", "web-1", "web-2"]
    world.delete(STS, "web")
    assert world.pods() == []
    assert len(world.client.list("persistentvolumeclaims", "default")) == 3


def test_when_deleted_delete_removes_claims_with_the_set(world: World) -> None:
    policy = {"whenScaled": "Retain", "whenDeleted": "Delete"}
    world.client.create(STS, stateful_set(claims=True, persistentVolumeClaimRetentionPolicy=policy))
    world.settle()
    world.edit(STS, "web", {"spec": {"replicas": 1}})
    assert len(world.client.list("persistentvolumeclaims", "default")) == 3
    world.delete(STS, "web")
    assert world.client.list("persistentvolumeclaims", "default") == []
    assert world.client.list("persistentvolumes") == []
    assert world.directories.present == set()


def test_a_terminating_claim_delays_the_pod(world: World) -> None:
    world.client.create(STS, stateful_set(claims=True, replicas=1))
    world.settle()
    patch = {"metadata": {"finalizers": ["kubernetes.io/pvc-protection", "test/hold"]}}
    claim = world.edit("persistentvolumeclaims", "www-web-0", patch)
    world.delete("persistentvolumeclaims", "www-web-0")
    world.delete("pods", "web-0")
    assert world.pods() == []
    failed = "create Pod web-0 in StatefulSet web failed error: pvc www-web-0 is being deleted"
    assert failed in world.events("web", "FailedCreate")
    world.edit("persistentvolumeclaims", "www-web-0", {"metadata": {"finalizers": None}})
    world.advance(1)
    assert world.pods() == ["web-0"]
    assert objects.uid(world.client.get("persistentvolumeclaims", "www-web-0", "default")) != objects.uid(claim)


def test_a_claim_that_cannot_be_made_is_reported_twice(world: World) -> None:
    body = stateful_set(claims=True, replicas=1)
    body["spec"]["volumeClaimTemplates"][0]["metadata"]["labels"] = {"disk": "not a value"}
    world.client.create(STS, body)
    world.settle()
    assert world.pods() == []
    of_claim, of_pod = sorted(world.events("web", "FailedCreate"))
    assert of_claim.startswith(
        'create Claim www-web-0 for Pod web-0 in StatefulSet web failed error: PersistentVolumeClaim "www-web-0" is'
    )
    assert of_pod.startswith(
        "create Pod web-0 in StatefulSet web failed error: failed to create PVC www-web-0: PersistentVolumeClaim"
    )


class Refusing(LoopbackClient):
    """What a policy that protects pods does to a controller."""

    def delete(self, resource: str, *args: Any, **options: Any) -> None:
        if resource == "pods":
            raise forbidden("pods", args[0], "they are protected")
        super().delete(resource, *args, **options)


def test_a_pod_that_cannot_be_deleted_is_reported(world: World) -> None:
    world.client.create(STS, stateful_set())
    world.settle()
    stored = world.client.get(STS, "web", "default")
    plan = Plan((Phase((((DeletePod(world.pod("web-2")),)),), burst=False),), {}, ())
    client = Refusing(world.cluster.registry, "statefulset-controller")
    with pytest.raises(StatusError, match="they are protected"):
        StatefulPodControl(client, stored).execute(plan)
    text = 'delete Pod web-2 in StatefulSet web failed error: pods "web-2" is forbidden: they are protected'
    assert world.events("web", "FailedDelete") == [text]
    assert not world.events("web", "SuccessfulDelete")


def test_orphans_are_adopted_and_strangers_released(world: World) -> None:
    world.client.create(STS, stateful_set())
    world.settle()
    uids = [objects.uid(world.pod(f"web-{n}")) for n in range(3)]
    world.delete(STS, "web", propagation_policy="Orphan")
    assert objects.owner_references(world.pod("web-0")) == []
    world.client.create(STS, stateful_set())
    world.settle()
    assert [objects.uid(world.pod(f"web-{n}")) for n in range(3)] == uids
    assert objects.controller_of(world.pod("web-0"))["name"] == "web"
    world.edit("pods", "web-2", {"metadata": {"labels": {"app": "other"}}})
    assert objects.controller_of(world.pod("web-2")) is None


def test_deleting_the_set_takes_its_pods_and_revisions(world: World) -> None:
    world.client.create(STS, stateful_set())
    world.settle()
    world.delete(STS, "web")
    assert world.pods() == []
    assert world.client.list(REVISIONS, "default") == []


def test_foreground_deletion_keeps_the_set_until_its_pods_are_gone(world: World) -> None:
    world.client.create(STS, stateful_set())
    world.settle()
    world.kubelet.undying.add("web-1")
    world.delete(STS, "web", propagation_policy="Foreground")
    assert world.pods() == ["web-1"]
    assert objects.is_terminating(world.client.get(STS, "web", "default"))
    world.kubelet.undying.clear()
    world.delete("pods", "web-1", grace_period_seconds=0)
    assert world.client.find(STS, "web", "default") is None


def test_failed_pod_is_replaced(world: World) -> None:
    world.client.create(STS, stateful_set())
    world.settle()
    uid = objects.uid(world.pod("web-1"))
    world.kubelet.report(world.pod("web-1"), ready=False, phase="Failed")
    world.settle()
    assert objects.uid(world.pod("web-1")) != uid
    assert not world.events("web", "RecreatingFailedPod")


def test_min_ready_seconds_delays_the_next_pod(world: World) -> None:
    world.client.create(STS, stateful_set(minReadySeconds=10))
    world.settle()
    assert world.pods() == ["web-0"]
    assert _status(world)["readyReplicas"] == 1
    assert _status(world)["availableReplicas"] == 0
    world.advance(9)
    assert world.pods() == ["web-0"]
    world.advance(1)
    assert world.pods() == ["web-0", "web-1"]
    world.advance(20)
    assert _status(world)["availableReplicas"] == 3


def test_ordinals_start(world: World) -> None:
    world.client.create(STS, stateful_set(replicas=2, ordinals={"start": 5}))
    world.settle()
    assert world.pods() == ["web-5", "web-6"]
    world.edit(STS, "web", {"spec": {"ordinals": {"start": 6}}})
    assert world.pods() == ["web-6", "web-7"]


def test_history_is_truncated(world: World) -> None:
    world.client.create(STS, stateful_set(revisionHistoryLimit=2))
    world.settle()
    for minor in range(30, 36):
        world.edit(STS, "web", _template(f"nginx:1.{minor}"))
    assert len(world.client.list(REVISIONS, "default")) == 3


def test_client_conditions_persist(world: World) -> None:
    world.client.create(STS, stateful_set(replicas=1))
    world.settle()
    condition = {"type": "Mine", "status": "True"}
    world.client.patch(STS, "web", {"status": {"conditions": [condition]}}, namespace="default", subresource="status")
    world.edit(STS, "web", {"spec": {"replicas": 2}})
    assert _status(world)["conditions"] == [condition]
    assert _status(world)["replicas"] == 2


def test_drifted_labels_are_repaired(world: World) -> None:
    world.client.create(STS, stateful_set())
    world.settle()
    world.edit("pods", "web-0", {"metadata": {"labels": {"apps.kubernetes.io/pod-index": None}}})
    assert objects.labels(world.pod("web-0"))["apps.kubernetes.io/pod-index"] == "0"
    assert world.events("web", "SuccessfulUpdate") == ["update Pod web-0 in StatefulSet web successful"]
