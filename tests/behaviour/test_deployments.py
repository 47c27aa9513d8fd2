"""[sig-apps] Deployment."""

from __future__ import annotations

from typing import Any

from tests.behaviour.test_replica_sets import MERGE, STRATEGIC, condition_seen, replica_set, wait_ready
from tests.behaviour.workloads import AGNHOST, AGNHOST_BEFORE, Object, exists, unique, watch_from_list, webserver
from tests.support.patience import Patience

REVISION = "deployment.kubernetes.io/revision"


def deployment(name: str, replicas: int, *, image: str = AGNHOST, **spec: Any) -> Object:
    labels = {"name": name}
    pod = {"containers": [webserver(image)], "terminationGracePeriodSeconds": 0}
    template = {"metadata": {"labels": labels}, "spec": pod}
    body = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template, **spec}
    return {"metadata": {"name": name, "labels": labels}, "spec": body}


def with_image(image: str) -> Object:
    return {"spec": {"template": {"spec": {"containers": [{"name": "webserver", "image": image}]}}}}


def wait_complete(apps: Any, namespace: str, patience: Patience, name: str) -> Any:
    """Wait until the rollout is complete and its status says so."""

    def complete() -> Any:
        found = apps.read_namespaced_deployment(name, namespace)
        status, wanted = found.status, found.spec.replicas
        assert (status.observed_generation or 0) >= found.metadata.generation
        counters = (status.replicas, status.updated_replicas, status.ready_replicas, status.available_replicas)
        assert counters == (wanted,) * 4, f"{counters}"
        return found

    return patience.until(complete, f"the rollout of {name}")


def sets_of(apps: Any, namespace: str, name: str) -> list[Any]:
    """The ReplicaSets, by revision."""
    found = apps.list_namespaced_replica_set(namespace, label_selector=f"name={name}").items
    return sorted(found, key=lambda rs: int((rs.metadata.annotations or {}).get(REVISION, 0)))


def test_rolling_update_of_an_adopted_replica_set(apps: Any, core: Any, namespace: str, patience: Patience) -> None:
    """RollingUpdateDeployment should delete old pods and create new ones [Conformance]"""
    name = unique("test-rolling-update")
    body = replica_set(f"{name}-controller", 1, image=AGNHOST_BEFORE, labels={"name": name})
    body["metadata"]["annotations"] = {REVISION: "3546343826724305832"}
    apps.create_namespaced_replica_set(namespace, body)
    [old] = wait_ready(core, namespace, patience, {"name": name}, 1)
    apps.create_namespaced_deployment(namespace, deployment(name, 1))
    made = wait_complete(apps, namespace, patience, name)
    assert made.metadata.annotations[REVISION] == "3546343826724305833"
    before, after = sets_of(apps, namespace, name)
    assert (before.metadata.name, before.spec.replicas, after.spec.replicas) == (f"{name}-controller", 0, 1)
    patience.until(lambda: not exists(lambda: core.read_namespaced_pod(old.metadata.name, namespace)), "the old pod")


def test_recreate(apps: Any, core: Any, namespace: str, patience: Patience) -> None:
    """RecreateDeployment should delete old pods and create new ones [Conformance]"""
    name = unique("test-recreate")
    apps.create_namespaced_deployment(namespace, deployment(name, 1, strategy={"type": "Recreate"}))
    wait_complete(apps, namespace, patience, name)
    watched = watch_from_list(core.list_namespaced_pod, namespace=namespace, label_selector=f"name={name}")
    apps.patch_namespaced_deployment(name, namespace, with_image(AGNHOST_BEFORE), _content_type=STRATEGIC)
    wait_complete(apps, namespace, patience, name)
    alive, both = 1, []

    def replaced(seen: list[tuple[str, Any]]) -> bool:
        nonlocal alive
        kind, pod = seen[-1]
        alive += {"ADDED": 1, "DELETED": -1}.get(kind, 0)
        both.append(alive)
        return pod.status.phase == "Running" and pod.spec.containers[0].image == AGNHOST_BEFORE

    watched.until(patience.seconds, replaced)
    assert max(both) == 1, "old and new pods ran at the same time"


def test_old_replica_sets_are_deleted(apps: Any, core: Any, namespace: str, patience: Patience) -> None:
    """deployment should delete old replica sets [Conformance]"""
    name = unique("test-cleanup")
    apps.create_namespaced_replica_set(
        namespace, replica_set(f"{name}-controller", 1, image=AGNHOST_BEFORE, labels={"name": name})
    )
    wait_ready(core, namespace, patience, {"name": name}, 1)
    apps.create_namespaced_deployment(namespace, deployment(name, 1, revisionHistoryLimit=0))
    wait_complete(apps, namespace, patience, name)
    patience.until(lambda: len(sets_of(apps, namespace, name)) == 1, "the old ReplicaSet to go")


def test_rollover(apps: Any, core: Any, namespace: str, patience: Patience) -> None:
    """deployment should support rollover [Conformance]"""
    name = unique("test-rollover")
    rolling = {"maxUnavailable": 0, "maxSurge": 1}
    strategy = {"type": "RollingUpdate", "rollingUpdate": rolling}
    apps.create_namespaced_replica_set(
        namespace, replica_set(f"{name}-controller", 1, image=AGNHOST_BEFORE, labels={"name": name})
    )
    wait_ready(core, namespace, patience, {"name": name}, 1)
    missing = "registry.k8s.io/redis-slave:nonexistent"
    apps.create_namespaced_deployment(
        namespace, deployment(name, 1, image=missing, strategy=strategy, minReadySeconds=3)
    )
    patience.until(lambda: len(sets_of(apps, namespace, name)) == 2, "the first rollout")
    apps.patch_namespaced_deployment(name, namespace, with_image(AGNHOST), _content_type=STRATEGIC)
    wait_complete(apps, namespace, patience, name)
    sizes = [rs.spec.replicas for rs in sets_of(apps, namespace, name)]
    assert sorted(sizes) == [0, 0, 1]
    assert sizes[-1] == 1


def test_proportional_scaling(apps: Any, core: Any, namespace: str, patience: Patience) -> None:
    """deployment should support proportional scaling [Conformance]"""
    name = unique("webserver-deployment")
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 3, "maxUnavailable": 2}}
    apps.create_namespaced_deployment(namespace, deployment(name, 10, strategy=strategy))
    wait_complete(apps, namespace, patience, name)
    apps.patch_namespaced_deployment(name, namespace, with_image("webserver:404"), _content_type=STRATEGIC)

    def sizes() -> list[int]:
        return [rs.spec.replicas for rs in sets_of(apps, namespace, name)]

    patience.until(lambda: sizes() == [8, 5], "the rollout to get stuck")
    patience.until(
        lambda: apps.read_namespaced_deployment(name, namespace).status.available_replicas == 8, "8 available pods"
    )
    apps.patch_namespaced_deployment(name, namespace, {"spec": {"replicas": 30}}, _content_type=MERGE)
    patience.until(lambda: sizes() == [20, 13], "both ReplicaSets to grow in proportion")


def test_scale_subresource(apps: Any, core: Any, namespace: str, patience: Patience) -> None:
    """Deployment should have a working scale subresource [Conformance]"""
    name = unique("test-new-deployment")
    apps.create_namespaced_deployment(namespace, deployment(name, 1))
    wait_complete(apps, namespace, patience, name)
    scale = apps.read_namespaced_deployment_scale(name, namespace)
    assert (scale.spec.replicas, scale.status.replicas) == (1, 1)
    scale.metadata.resource_version = ""
    scale.spec.replicas = 2
    assert apps.replace_namespaced_deployment_scale(name, namespace, scale).spec.replicas == 2
    assert apps.read_namespaced_deployment(name, namespace).spec.replicas == 2
    apps.patch_namespaced_deployment_scale(name, namespace, {"spec": {"replicas": 4}}, _content_type=STRATEGIC)
    assert wait_complete(apps, namespace, patience, name).spec.replicas == 4


def test_life_cycle(apps: Any, namespace: str, patience: Patience) -> None:
    """should run the lifecycle of a Deployment [Conformance]"""
    name = unique("test-deployment")
    listed = {"label_selector": "test-deployment-static=true"}
    watched = watch_from_list(apps.list_namespaced_deployment, namespace=namespace, **listed)
    body = deployment(name, 2, image=AGNHOST_BEFORE)
    body["metadata"]["labels"]["test-deployment-static"] = "true"
    apps.create_namespaced_deployment(namespace, body)
    watched.until(patience.seconds, lambda seen: seen[-1][1].status.ready_replicas == 2)
    patch = with_image(AGNHOST) | {"metadata": {"labels": {"test-deployment": "patched"}}}
    patch["spec"] |= {"replicas": 1}
    apps.patch_namespaced_deployment(name, namespace, patch, _content_type=STRATEGIC)
    found = wait_complete(apps, namespace, patience, name)
    assert found.metadata.labels["test-deployment"] == "patched"
    everywhere = apps.list_deployment_for_all_namespaces(**listed).items
    assert name in [each.metadata.name for each in everywhere]
    none_ready = {"readyReplicas": 0, "availableReplicas": 0}
    apps.patch_namespaced_deployment_status(name, namespace, {"status": none_ready}, _content_type=MERGE)
    patience.until(
        lambda: apps.read_namespaced_deployment_status(name, namespace).status.ready_replicas == 1,
        "the controller to put its status right",
    )
    apps.delete_collection_namespaced_deployment(namespace, **listed)
    watched.until(patience.seconds, lambda seen: seen[-1][0] == "DELETED")


def test_status_endpoints(apps: Any, namespace: str, patience: Patience) -> None:
    """should validate Deployment Status endpoints [Conformance]"""
    name = unique("test-deployment")
    watched = watch_from_list(apps.list_namespaced_deployment, namespace=namespace, label_selector=f"name={name}")
    apps.create_namespaced_deployment(namespace, deployment(name, 1))
    wait_complete(apps, namespace, patience, name)
    patch = {"status": {"conditions": [{"type": "StatusPatched", "status": "True"}]}}
    apps.patch_namespaced_deployment_status(name, namespace, patch, _content_type=MERGE)
    condition_seen(watched, patience, "StatusPatched")
