"""[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic]: identity, adoption, subresources."""

from __future__ import annotations

import json
from typing import Any

from kubernetes import dynamic

from tests.behaviour.stateful_sets import LABELS, SERVICE, StatefulSets, set_body
from tests.behaviour.workloads import (
    AGNHOST,
    PAUSE,
    controller_uid,
    exists,
    is_running_and_ready,
    on_conflict_again,
    revision_number,
    selector_text,
    unique,
    watch_from_list,
    webserver,
)
from tests.support.patience import Patience

PORT = 21017


def check_mount(sets: StatefulSets, path: str) -> None:
    """The volume is there and can be written."""
    for command in (f"ls -idlh {path}", f"find {path}", f"touch {path}/{unique('file')}"):
        sets.run_in_all(command)


def test_basic_identity(sets: StatefulSets, patience: Patience) -> None:
    """should provide basic identity"""
    name = sets.create(3, claims=True, probe="pause")
    sets.saturate(3)
    check_mount(sets, "/data")
    for pod in sets.pods():
        assert sets.run(pod.metadata.name, "printf $(hostname)") == pod.metadata.name
        index = pod.metadata.name.rpartition("-")[2]
        assert pod.metadata.labels["apps.kubernetes.io/pod-index"] == index
        assert pod.metadata.labels["statefulset.kubernetes.io/pod-name"] == pod.metadata.name
        assert pod.spec.subdomain == SERVICE
    assert sets.get(name).spec.service_name == SERVICE
    sets.run_in_all("echo $(hostname) | dd of=/data/hostname conv=fsync")
    sets.run_in_all("ln -s /data/hostname /data/hostname-symlink")
    sets.scale(name, 0)
    sets.set_replicas(name, 3)
    sets.wait_ready(3)
    check_mount(sets, "/data")
    for path in ("/data/hostname", "/data/hostname-symlink"):
        sets.run_in_all(f'if [ "$(cat {path})" = "$(hostname)" ]; then exit 0; else exit 1; fi')


def test_adopts_matching_orphans(sets: StatefulSets, patience: Patience) -> None:
    """should adopt matching orphans and release non-matching pods"""
    name = sets.create(1, claims=True, probe="pause")
    sets.wait_running(1, 0)
    uid, pod_name = sets.get(name).metadata.uid, f"{name}-0"
    pod_uid = sets.pod(pod_name).metadata.uid
    assert [controller_uid(pod) for pod in sets.pods()] == [uid]

    def put(change: Any) -> None:
        def attempt() -> None:
            pod = sets.pod(pod_name)
            change(pod)
            sets.core.replace_namespaced_pod(pod_name, sets.namespace, pod)

        on_conflict_again(patience, attempt)

    put(lambda pod: setattr(pod.metadata, "owner_references", None))
    patience.until(lambda: controller_uid(sets.pod(pod_name)) == uid, "the orphan to be adopted")
    put(lambda pod: setattr(pod.metadata, "labels", None))
    patience.until(lambda: not controller_uid(sets.pod(pod_name)), "the stranger to be released")
    put(lambda pod: setattr(pod.metadata, "labels", dict(LABELS)))
    patience.until(lambda: controller_uid(sets.pod(pod_name)) == uid, "the pod to be adopted again")
    assert sets.pod(pod_name).metadata.uid == pod_uid


def test_predecessor_that_fails(sets: StatefulSets) -> None:
    """should not deadlock when a pod's predecessor fails"""
    name = sets.create(2, claims=True, probe="pause")
    sets.wait_running(1, 0)
    sets.resume_next()
    sets.wait_running(2, 1)
    sets.delete_pod(f"{name}-0")
    sets.wait_running(2, 1)
    sets.resume_next()
    sets.wait_ready(2)


def test_evicted_pod_is_recreated(sets: StatefulSets, core: Any, namespace: str, patience: Patience) -> None:
    """Should recreate evicted statefulset [Conformance]"""
    nodes = [node for node in core.list_node().items if not node.spec.unschedulable and not node.spec.taints]
    node, port = nodes[0].metadata.name, {"containerPort": PORT, "hostPort": PORT, "name": "conflict"}
    blocker: dict[str, Any] = {
        "metadata": {"name": "test-pod"},
        "spec": {"nodeName": node, "containers": [{"name": "webserver", "image": AGNHOST, "ports": [port]}]},
    }
    core.create_namespaced_pod(namespace, blocker)
    patience.until(lambda: sets.pod("test-pod").status.phase == "Running", "test-pod to run")
    body = set_body("ss", 1, probe="")
    body["spec"]["template"]["spec"] |= {"nodeName": node}
    body["spec"]["template"]["spec"]["containers"][0]["ports"] = [port]
    watched = watch_from_list(core.list_namespaced_pod, namespace=namespace, field_selector="metadata.name=ss-0")
    sets.create_body(body)

    def failed_and_gone(seen: list[tuple[str, Any]]) -> bool:
        uid = seen[0][1].metadata.uid
        phases = {pod.status.phase for _, pod in seen if pod.metadata.uid == uid}
        return "Failed" in phases and any(kind == "DELETED" and pod.metadata.uid == uid for kind, pod in seen)

    first = watched.until(patience.seconds, failed_and_gone)[0][1].metadata.uid
    core.delete_namespaced_pod("test-pod", namespace, grace_period_seconds=0)

    def runs() -> bool:
        found = next((pod for pod in sets.pods() if pod.metadata.name == "ss-0"), None)
        return found is not None and found.metadata.uid != first and found.status.phase == "Running"

    patience.until(runs, "ss-0 to run again")


def test_scale_subresource(sets: StatefulSets, apps: Any, namespace: str) -> None:
    """should have a working scale subresource [Conformance]"""
    name = sets.create(1)
    sets.wait_ready(1)
    scale = apps.read_namespaced_stateful_set_scale(name, namespace)
    assert (scale.spec.replicas, scale.status.replicas) == (1, 1)
    scale.metadata.resource_version = ""
    scale.spec.replicas = 2
    assert apps.replace_namespaced_stateful_set_scale(name, namespace, scale).spec.replicas == 2
    assert sets.get(name).spec.replicas == 2
    answer = json.loads(
        sets.kubectl(
            "patch",
            "statefulset",
            name,
            "--subresource=scale",
            "-p",
            '{"spec":{"replicas":4}}',
            "--type=merge",
            "-ojson",
        )
    )
    assert (answer["kind"], answer["apiVersion"]) == ("Scale", "autoscaling/v1")
    patch = {"spec": {"replicas": 4}}
    strategic = {"_content_type": "application/strategic-merge-patch+json"}
    apps.patch_namespaced_stateful_set_scale(name, namespace, patch, **strategic)
    assert sets.get(name).spec.replicas == 4
    sets.wait_ready(4)


def test_list_patch_and_delete_a_collection(sets: StatefulSets, apps: Any, namespace: str, patience: Patience) -> None:
    """should list, patch and delete a collection of StatefulSets [Conformance]"""
    mark = unique("patched")
    sets.create_body(set_body("test-ss", 1, probe=""))
    sets.wait_ready(1)
    before = sets.get("test-ss")
    patch = {
        "metadata": {"labels": {"test-ss": mark}},
        "spec": {
            "replicas": 2,
            "template": {
                "metadata": {"labels": {"test-ss": mark}},
                "spec": {
                    "terminationGracePeriodSeconds": 1,
                    # The arguments stay, and are no business of the new image's.
                    "containers": [{"name": "webserver", "image": PAUSE, "command": []}],
                },
            },
        },
    }
    patched = apps.patch_namespaced_stateful_set(
        "test-ss", namespace, patch, _content_type="application/strategic-merge-patch+json"
    )
    assert revision_number(patched) > revision_number(before)
    assert patched.metadata.labels["test-ss"] == mark
    assert patched.spec.replicas == 2
    assert patched.spec.template.spec.termination_grace_period_seconds == 1
    assert [c.image for c in patched.spec.template.spec.containers] == [PAUSE]
    sets.wait_status("test-ss", replicas=2, ready_replicas=2, updated_replicas=2)
    everywhere = {"label_selector": f"test-ss={mark}"}
    assert [s.metadata.name for s in apps.list_stateful_set_for_all_namespaces(**everywhere).items] == ["test-ss"]
    apps.delete_collection_namespaced_stateful_set(namespace, grace_period_seconds=1, **everywhere)
    patience.until(
        lambda: not apps.list_stateful_set_for_all_namespaces(**everywhere).items, "the collection to be deleted"
    )
    patience.until(lambda: not sets.pods(), "its pods to go")


def test_status_endpoints(sets: StatefulSets, apps: Any, client: Any, namespace: str, patience: Patience) -> None:
    """should validate Statefulset Status endpoints [Conformance]"""
    name = unique("ss")
    body = set_body(name, 1)
    body["metadata"]["labels"] = {"e2e": name}
    arguments = {"namespace": namespace, "label_selector": f"e2e={name}"}
    old_list = apps.list_namespaced_stateful_set(**arguments).metadata.resource_version
    sets.create_body(body)
    sets.wait_ready(1)
    resource = dynamic.DynamicClient(client).resources.get(api_version="apps/v1", kind="StatefulSet")
    read = resource.subresources["status"].get(name=name, namespace=namespace).to_dict()
    assert read["status"]["replicas"] == 1
    assert not read["status"].get("conditions")

    def put() -> Any:
        found = resource.subresources["status"].get(name=name, namespace=namespace).to_dict()
        condition = {"type": "StatusUpdate", "status": "True", "reason": "E2E", "message": "Set from e2e test"}
        found["status"].setdefault("conditions", []).append(condition)
        return resource.subresources["status"].replace(body=found, namespace=namespace)

    replaced = on_conflict_again(patience, put).to_dict()
    assert [c["type"] for c in replaced["status"]["conditions"]] == ["StatusUpdate"]
    put_seen = watch_from_list(apps.list_namespaced_stateful_set, **arguments)

    def has_condition(kind: str) -> Any:
        def done(seen: list[tuple[str, Any]]) -> bool:
            last = seen[-1][1]
            return last.metadata.name == name and any(c.type == kind for c in last.status.conditions or ())

        return done

    type(put_seen)(put_seen.call, old_list, arguments).until(patience.seconds, has_condition("StatusUpdate"))
    patch = {"status": {"conditions": [{"type": "StatusPatched", "status": "True"}]}}
    patched = apps.patch_namespaced_stateful_set_status(
        name, namespace, patch, _content_type="application/merge-patch+json"
    )
    assert [c.type for c in patched.status.conditions] == ["StatusPatched"]
    put_seen.until(patience.seconds, has_condition("StatusPatched"))
    sets.set_replicas(name, 2)
    sets.wait_ready(2)
    assert [c.type for c in sets.get(name).status.conditions] == ["StatusPatched"]


def test_deleting_the_set_deletes_its_pods(sets: StatefulSets, apps: Any, namespace: str, patience: Patience) -> None:
    """The clean-up of every upstream test: orphanDependents=false takes the pods along."""
    name = sets.create(2)
    sets.wait_ready(2)
    apps.delete_namespaced_stateful_set(name, namespace, orphan_dependents=False)
    patience.until(lambda: not exists(lambda: sets.get(name)), "the set to go")
    patience.until(lambda: not sets.pods(), "its pods to go")
    revisions = apps.list_namespaced_controller_revision(namespace, label_selector=selector_text(LABELS))
    patience.until(
        lambda: not apps.list_namespaced_controller_revision(namespace, label_selector=selector_text(LABELS)).items,
        f"its {len(revisions.items)} revisions to go",
    )


def test_a_ready_pod_has_the_image_asked_for(sets: StatefulSets) -> None:
    """Any registry prefix names the same image."""
    sets.create_body(set_body("ss", 1) | {})
    sets.wait_ready(1)
    [pod] = sets.pods()
    assert is_running_and_ready(pod)
    assert pod.spec.containers[0].image == pod.status.container_statuses[0].image == webserver()["image"]
