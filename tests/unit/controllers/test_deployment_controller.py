from __future__ import annotations

from typing import Any

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from tests.unit.controllers.world import World, template

DEPLOY, RS = "deployments.apps", "replicasets.apps"


def deployment(*, replicas: int = 3, image: str = "nginx:1.25", **spec: Any) -> Object:
    return {
        "metadata": {"name": "dep", "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": template(image),
            **spec,
        },
    }


def image(name: str) -> Object:
    return {"spec": {"template": template(name)}}


def sizes(world: World) -> dict[str, int]:
    return {
        rs["spec"]["template"]["spec"]["containers"][0]["image"]: rs["spec"]["replicas"]
        for rs in world.client.list(RS, "default")
    }


def status(world: World) -> Object:
    return world.client.get(DEPLOY, "dep", "default")["status"]


def reasons(world: World) -> dict[str, tuple[str, str]]:
    return {c["type"]: (c["status"], c["reason"]) for c in status(world)["conditions"]}


def test_a_deployment_makes_pods_through_a_replica_set(world: World) -> None:
    world.client.create(DEPLOY, deployment())
    world.settle()
    [rs] = world.client.list(RS, "default")
    code = objects.labels(rs)["pod-template-hash"]
    assert objects.name(rs) == f"dep-{code}"
    assert set(code) <= set("456789bcdf")
    assert all(name.startswith(f"dep-{code}-") for name in world.pods())
    assert objects.annotations(rs)["deployment.kubernetes.io/revision"] == "1"
    assert status(world)["availableReplicas"] == 3
    assert "unavailableReplicas" not in status(world)
    assert reasons(world) == {
        "Available": ("True", "MinimumReplicasAvailable"),
        "Progressing": ("True", "NewReplicaSetAvailable"),
    }
    assert world.events("dep") == [f"Scaled up replica set dep-{code} from 0 to 3"]


def test_rolling_update_keeps_enough_available_and_never_too_many(world: World) -> None:
    world.client.create(DEPLOY, deployment(replicas=4))
    world.settle()
    seen = {"most": 0, "least": 9}

    def count(_: object) -> None:
        pods = [pod for pod in world.client.list("pods", "default") if not objects.is_terminating(pod)]
        ready = [pod for pod in pods if pod["status"]["phase"] == "Running"]
        seen["most"], seen["least"] = max(seen["most"], len(pods)), min(seen["least"], len(ready))

    world.client.subscribe("pods", count, replay=False)
    world.edit(DEPLOY, "dep", image("nginx:1.26"))
    assert sizes(world) == {"nginx:1.25": 0, "nginx:1.26": 4}
    assert seen["most"] <= 5
    assert seen["least"] >= 3
    assert status(world)["updatedReplicas"] == 4


def test_a_broken_rollout_stops_and_recovers_when_reverted(world: World) -> None:
    world.kubelet.unready = lambda pod: pod["spec"]["containers"][0]["image"] == "broken"
    world.client.create(DEPLOY, deployment(progressDeadlineSeconds=30))
    world.settle()
    world.edit(DEPLOY, "dep", image("broken"))
    assert sizes(world) == {"nginx:1.25": 3, "broken": 1}
    assert reasons(world)["Available"][0] == "True"
    world.advance(33)
    assert reasons(world)["Progressing"] == ("False", "ProgressDeadlineExceeded")
    world.edit(DEPLOY, "dep", image("nginx:1.25"))
    assert sizes(world) == {"nginx:1.25": 3, "broken": 0}
    by_size = {rs["spec"]["replicas"]: rs for rs in world.client.list(RS, "default")}
    assert objects.annotations(by_size[3])["deployment.kubernetes.io/revision"] == "3"
    assert objects.annotations(by_size[3])["deployment.kubernetes.io/revision-history"] == "1"
    assert reasons(world)["Progressing"] == ("True", "NewReplicaSetAvailable")


def test_recreate_waits_until_old_pods_are_gone(world: World) -> None:
    world.client.create(DEPLOY, deployment(replicas=2, strategy={"type": "Recreate"}))
    world.settle()
    last = world.pods()[0]
    world.kubelet.undying.add(last)
    world.edit(DEPLOY, "dep", image("nginx:1.26"))
    assert world.pods() == [last]
    world.kubelet.undying.clear()
    world.delete("pods", last, grace_period_seconds=0)
    assert sizes(world) == {"nginx:1.25": 0, "nginx:1.26": 2}
    assert len(world.pods()) == 2


def test_resize_in_the_middle_of_a_rollout_is_proportional(world: World) -> None:
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 3, "maxUnavailable": 2}}
    world.kubelet.unready = lambda pod: pod["spec"]["containers"][0]["image"] == "broken"
    world.client.create(DEPLOY, deployment(replicas=10, strategy=rolling))
    world.settle()
    world.edit(DEPLOY, "dep", image("broken"))
    assert sizes(world) == {"nginx:1.25": 8, "broken": 5}
    world.edit(DEPLOY, "dep", {"spec": {"replicas": 30}})
    assert sizes(world) == {"nginx:1.25": 20, "broken": 13}


def test_paused_deployments_scale_but_do_not_roll(world: World) -> None:
    world.client.create(DEPLOY, deployment())
    world.settle()
    world.edit(DEPLOY, "dep", {"spec": {"paused": True}})
    world.edit(DEPLOY, "dep", {"spec": {"replicas": 5, "template": template("nginx:1.26")}})
    assert sizes(world) == {"nginx:1.25": 5}
    world.edit(DEPLOY, "dep", {"spec": {"paused": None}})
    assert sizes(world) == {"nginx:1.25": 0, "nginx:1.26": 5}


def test_old_replica_sets_are_cleaned_up(world: World) -> None:
    world.client.create(DEPLOY, deployment(revisionHistoryLimit=1))
    world.settle()
    for tag in ("a", "b", "c"):
        world.edit(DEPLOY, "dep", image(f"nginx:{tag}"))
    assert sizes(world) == {"nginx:b": 0, "nginx:c": 3}


def test_replica_set_prefers_to_give_up_unready_pods(world: World) -> None:
    world.client.create(
        RS,
        {
            "metadata": {"name": "rs", "namespace": "default"},
            "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}, "template": template()},
        },
    )
    world.settle()
    victim = world.pods()[1]
    world.make_ready(victim, ready=False)
    world.edit(RS, "rs", {"spec": {"replicas": 2}})
    assert victim not in world.pods()
    assert f"Deleted pod: {victim}" in world.events("rs")
    released = world.pods()[0]
    world.edit("pods", released, {"metadata": {"labels": {"app": "other"}}})
    assert len(world.pods()) == 3
    assert objects.owner_references(world.pod(released)) == []
