"""[sig-apps] ReplicaSet, and ReplicationController: the same with an older name."""

from __future__ import annotations

from typing import Any

import pytest

from tests.behaviour.workloads import (
    AGNHOST,
    PAUSE,
    Object,
    Watched,
    controller_uid,
    exists,
    is_running_and_ready,
    on_conflict_again,
    selector_text,
    unique,
    watch_from_list,
    webserver,
)
from tests.support.patience import Patience

MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"


def replica_set(name: str, replicas: int, *, image: str = AGNHOST, labels: Object | None = None) -> Object:
    labels = labels or {"name": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [webserver(image)]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    return {"metadata": {"name": name, "labels": labels}, "spec": spec}


def pods_of(core: Any, namespace: str, labels: Object) -> list[Any]:
    found = core.list_namespaced_pod(namespace, label_selector=selector_text(labels)).items
    return [pod for pod in found if not pod.metadata.deletion_timestamp]


def wait_ready(core: Any, namespace: str, patience: Patience, labels: Object, count: int) -> list[Any]:
    def ready() -> list[Any]:
        pods = pods_of(core, namespace, labels)
        assert len(pods) == count, f"{len(pods)} pods"
        assert all(is_running_and_ready(pod) for pod in pods)
        return pods or [None]

    return patience.until(ready, f"{count} ready pods")


def test_serves_an_image_on_each_replica(
    apps: Any, core: Any, kubectl: Any, namespace: str, patience: Patience
) -> None:
    """should serve a basic image on each replica with a public image [Conformance]"""
    name = unique("my-hostname-basic")
    apps.create_namespaced_replica_set(namespace, replica_set(name, 1))
    [pod] = wait_ready(core, namespace, patience, {"name": name}, 1)
    assert pod.metadata.name.startswith(f"{name}-")
    assert kubectl("exec", pod.metadata.name, "--", "hostname").strip() == pod.metadata.name


def test_adopts_and_releases(apps: Any, core: Any, namespace: str, patience: Patience) -> None:
    """should adopt matching pods on creation and release no longer matching pods [Conformance]"""
    name = unique("pod-adoption-release")
    orphan = {"metadata": {"name": name, "labels": {"name": name}}, "spec": {"containers": [webserver(AGNHOST)]}}
    core.create_namespaced_pod(namespace, orphan)
    made = apps.create_namespaced_replica_set(namespace, replica_set(name, 1))
    patience.until(
        lambda: controller_uid(core.read_namespaced_pod(name, namespace)) == made.metadata.uid, "the pod to be adopted"
    )
    patch = {"metadata": {"labels": {"name": "not-matching-name"}}}
    core.patch_namespaced_pod(name, namespace, patch)
    patience.until(lambda: not controller_uid(core.read_namespaced_pod(name, namespace)), "the pod to be released")
    wait_ready(core, namespace, patience, {"name": name}, 1)


def test_replace_and_patch(apps: Any, core: Any, namespace: str, patience: Patience) -> None:
    """Replace and Patch tests [Conformance]"""
    name = unique("test-rs")
    apps.create_namespaced_replica_set(namespace, replica_set(name, 1))
    wait_ready(core, namespace, patience, {"name": name}, 1)

    def grow() -> Any:
        found = apps.read_namespaced_replica_set(name, namespace)
        found.spec.replicas = 2
        return apps.replace_namespaced_replica_set(name, namespace, found)

    on_conflict_again(patience, grow)
    wait_ready(core, namespace, patience, {"name": name}, 2)
    template = {"spec": {"terminationGracePeriodSeconds": 0, "containers": [{"name": "webserver", "image": PAUSE}]}}
    patch = {"metadata": {"labels": {"test-rs": "patched"}}, "spec": {"replicas": 3, "template": template}}
    patched = apps.patch_namespaced_replica_set(name, namespace, patch, _content_type=STRATEGIC)
    assert patched.metadata.labels["test-rs"] == "patched"
    assert (patched.spec.replicas, patched.spec.template.spec.containers[0].image) == (3, PAUSE)
    patience.until(lambda: len(pods_of(core, namespace, {"name": name})) == 3, "three pods")


@pytest.mark.parametrize("kind", ["replica_set", "replication_controller"])
def test_scale_subresource(kind: str, apps: Any, core: Any, namespace: str, patience: Patience) -> None:
    """Replicaset should have a working scale subresource [Conformance]

    ReplicationController should get and update a ReplicationController scale [Conformance]
    """
    name = unique("scale")
    api, body = (apps, replica_set(name, 1)) if kind == "replica_set" else (core, controller(name, 1))
    getattr(api, f"create_namespaced_{kind}")(namespace, body)
    wait_ready(core, namespace, patience, {"name": name}, 1)
    read = getattr(api, f"read_namespaced_{kind}")
    patience.until(lambda: read(name, namespace).status.replicas == 1, "the status")
    scale = getattr(api, f"read_namespaced_{kind}_scale")(name, namespace)
    assert (scale.spec.replicas, scale.status.replicas, scale.status.selector) == (1, 1, f"name={name}")
    scale.metadata.resource_version = ""
    scale.spec.replicas = 2
    assert getattr(api, f"replace_namespaced_{kind}_scale")(name, namespace, scale).spec.replicas == 2
    assert read(name, namespace).spec.replicas == 2
    patch = {"spec": {"replicas": 4}}
    getattr(api, f"patch_namespaced_{kind}_scale")(name, namespace, patch, _content_type=MERGE)
    wait_ready(core, namespace, patience, {"name": name}, 4)


def test_list_and_delete_a_collection(apps: Any, core: Any, namespace: str, patience: Patience) -> None:
    """should list and delete a collection of ReplicaSets [Conformance]"""
    mark = unique("rs")
    apps.create_namespaced_replica_set(namespace, replica_set("test-rs", 3, labels={"name": mark}))
    wait_ready(core, namespace, patience, {"name": mark}, 3)
    everywhere = {"label_selector": f"name={mark}"}
    assert len(apps.list_replica_set_for_all_namespaces(**everywhere).items) == 1
    apps.delete_collection_namespaced_replica_set(namespace, **everywhere)
    patience.until(lambda: not apps.list_replica_set_for_all_namespaces(**everywhere).items, "the sets to go")


def condition_seen(watched: Watched, patience: Patience, kind: str) -> None:
    watched.until(patience.seconds, lambda seen: any(c.type == kind for c in seen[-1][1].status.conditions or ()))


def test_status_endpoints(apps: Any, core: Any, namespace: str, patience: Patience) -> None:
    """should validate Replicaset Status endpoints [Conformance]"""
    name = unique("test-rs")
    watched = watch_from_list(apps.list_namespaced_replica_set, namespace=namespace, label_selector=f"name={name}")
    apps.create_namespaced_replica_set(namespace, replica_set(name, 1))
    wait_ready(core, namespace, patience, {"name": name}, 1)

    def put() -> Any:
        found = apps.read_namespaced_replica_set_status(name, namespace)
        condition = {"type": "StatusUpdate", "status": "True", "reason": "E2E", "message": "Set from e2e test"}
        found.status.conditions = [*(found.status.conditions or []), condition]
        return apps.replace_namespaced_replica_set_status(name, namespace, found)

    on_conflict_again(patience, put)
    condition_seen(watched, patience, "StatusUpdate")
    patch = {"status": {"conditions": [{"type": "StatusPatched", "status": "True"}]}}
    apps.patch_namespaced_replica_set_status(name, namespace, patch, _content_type=MERGE)
    condition_seen(watched, patience, "StatusPatched")


def controller(name: str, replicas: int) -> Object:
    """A ReplicationController without selector: the template's labels are taken."""
    template = {"metadata": {"labels": {"name": name}}, "spec": {"containers": [webserver(AGNHOST)]}}
    return {"metadata": {"name": name}, "spec": {"replicas": replicas, "template": template}}


def test_replication_controller_adopts_and_releases(core: Any, namespace: str, patience: Patience) -> None:
    """ReplicationController should adopt matching pods on creation [Conformance]

    ReplicationController should release no longer matching pods [Conformance]
    """
    name = unique("pod-adoption")
    orphan = {"metadata": {"name": name, "labels": {"name": name}}, "spec": {"containers": [webserver(AGNHOST)]}}
    core.create_namespaced_pod(namespace, orphan)
    made = core.create_namespaced_replication_controller(namespace, controller(name, 1))
    assert made.spec.selector == {"name": name}
    patience.until(
        lambda: controller_uid(core.read_namespaced_pod(name, namespace)) == made.metadata.uid, "the pod to be adopted"
    )
    core.patch_namespaced_pod(name, namespace, {"metadata": {"labels": {"name": "other"}}})
    patience.until(lambda: not controller_uid(core.read_namespaced_pod(name, namespace)), "the pod to be released")
    wait_ready(core, namespace, patience, {"name": name}, 1)


def test_replication_controller_life_cycle(core: Any, namespace: str, patience: Patience) -> None:
    """ReplicationController should test the lifecycle of a ReplicationController [Conformance]"""
    name = unique("rc-test")
    core.create_namespaced_replication_controller(namespace, controller(name, 1))
    wait_ready(core, namespace, patience, {"name": name}, 1)
    patched = core.patch_namespaced_replication_controller(
        name, namespace, {"metadata": {"labels": {"test-rc": "patched"}}}, _content_type=STRATEGIC
    )
    assert patched.metadata.labels["test-rc"] == "patched"
    status = core.patch_namespaced_replication_controller_status(
        name, namespace, {"status": {"availableReplicas": 0}}, _content_type=MERGE
    )
    assert not status.status.available_replicas
    core.patch_namespaced_replication_controller_scale(name, namespace, {"spec": {"replicas": 2}}, _content_type=MERGE)
    wait_ready(core, namespace, patience, {"name": name}, 2)
    everywhere = {"label_selector": "test-rc=patched", "field_selector": f"metadata.name={name}"}
    assert len(core.list_replication_controller_for_all_namespaces(**everywhere).items) == 1
    core.delete_collection_namespaced_replication_controller(namespace, label_selector="test-rc=patched")
    patience.until(lambda: not exists(lambda: core.read_namespaced_replication_controller(name, namespace)), "it to go")
