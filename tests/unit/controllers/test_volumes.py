from __future__ import annotations

from typing import Any

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from tests.unit.controllers.world import NODE, World, stateful_set

PVC, PV = "persistentvolumeclaims", "persistentvolumes"
NODE_AFFINITY = {
    "required": {
        "nodeSelectorTerms": [
            {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [NODE]}]}
        ]
    }
}


def claim(name: str = "data", *, size: str = "1Gi", **spec: Any) -> Object:
    body = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}, **spec}
    return {"metadata": {"name": name, "namespace": "default"}, "spec": body}


def volume(name: str, *, size: str = "1Gi", labels: dict[str, str] | None = None, **spec: Any) -> Object:
    body = {
        "capacity": {"storage": size},
        "accessModes": ["ReadWriteOnce"],
        "hostPath": {"path": f"/data/{name}"},
        "storageClassName": "manual",
        **spec,
    }
    return {"metadata": {"name": name, "labels": labels or {}}, "spec": body}


def pod(name: str, *claims: str) -> Object:
    volumes = [{"name": c, "persistentVolumeClaim": {"claimName": c}} for c in claims]
    spec = {"containers": [{"name": "c", "image": "nginx"}], "volumes": volumes}
    return {"metadata": {"name": name, "namespace": "default"}, "spec": spec}


def phase(world: World, resource: str, name: str) -> str:
    found = world.client.find(resource, name, "default" if resource == PVC else "")
    return found["status"]["phase"] if found else "gone"


def test_dynamic_volume_waits_for_its_consumer_and_dies_with_its_claim(world: World) -> None:
    world.client.create(PVC, claim())
    world.settle()
    assert phase(world, PVC, "data") == "Pending"
    assert world.events("data") == ["waiting for first consumer to be created before binding"]
    world.client.create("pods", pod("p", "data"))
    world.settle()
    bound = world.client.get(PVC, "data", "default")
    name = f"pvc-{objects.uid(bound)}"
    assert bound["spec"]["volumeName"] == name
    assert bound["status"] == {"phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}}
    made = world.client.get(PV, name)
    path = f"/var/local-path-provisioner/{name}_default_data"
    assert made["spec"]["hostPath"] == {"path": path, "type": "DirectoryOrCreate"}
    assert objects.annotations(made)["local.path.provisioner/selected-node"] == NODE
    assert world.directories.present == {path}
    assert world.pod("p")["spec"]["nodeName"] == NODE
    assert set(world.events("data")) >= {
        'External provisioner is provisioning volume for claim "default/data"',
        f"Successfully provisioned volume {name}",
    }
    world.delete(PVC, "data")
    assert objects.is_terminating(world.client.get(PVC, "data", "default"))
    world.delete("pods", "p")
    assert phase(world, PVC, "data") == "gone"
    assert phase(world, PV, name) == "gone"
    assert world.directories.present == set()


def test_the_smallest_sufficient_volume_is_taken(world: World) -> None:
    for name, size in (("small", "1Gi"), ("large", "9Gi"), ("middle", "5Gi")):
        world.client.create(PV, volume(name, size=size))
    world.client.create(PVC, claim(size="2Gi", storageClassName="manual"))
    world.settle()
    bound = world.client.get(PVC, "data", "default")
    assert bound["spec"]["volumeName"] == "middle"
    assert bound["status"]["capacity"] == {"storage": "5Gi"}
    assert (phase(world, PV, "middle"), phase(world, PV, "small")) == ("Bound", "Available")


def test_selector_and_class_must_match(world: World) -> None:
    world.client.create(PV, volume("a", labels={"disk": "slow"}))
    world.client.create(PVC, claim(storageClassName="manual", selector={"matchLabels": {"disk": "fast"}}))
    world.settle()
    assert phase(world, PVC, "data") == "Pending"
    assert world.events("data", "ProvisioningFailed") == ['storageclass.storage.k8s.io "manual" not found']
    world.client.create(PV, volume("b", labels={"disk": "fast"}))
    world.settle()
    assert world.client.get(PVC, "data", "default")["spec"]["volumeName"] == "b"


def test_no_class_means_static_volumes_only(world: World) -> None:
    world.client.create(PVC, claim(storageClassName=""))
    world.settle()
    text = "no persistent volumes available for this claim and no storage class is set"
    assert world.events("data", "FailedBinding") == [text]


def test_a_named_volume_that_does_not_fit(world: World) -> None:
    world.client.create(PV, volume("tiny", size="1Mi"))
    world.client.create(PVC, claim(storageClassName="manual", volumeName="tiny"))
    world.settle()
    text = 'Cannot bind to requested volume "tiny": requested PV is too small'
    assert world.events("data", "VolumeMismatch") == [text]
    assert phase(world, PVC, "data") == "Pending"


def test_retained_volume_is_rebound_only_after_an_admin_clears_it(world: World) -> None:
    world.client.create(PV, volume("keep"))
    world.client.create(PVC, claim(storageClassName="manual"))
    world.settle()
    world.delete(PVC, "data")
    assert phase(world, PV, "keep") == "Released"
    world.client.create(PVC, claim(storageClassName="manual"))
    world.settle()
    assert phase(world, PVC, "data") == "Pending"
    world.edit(PV, "keep", {"spec": {"claimRef": None}}, namespace="")
    assert (phase(world, PVC, "data"), phase(world, PV, "keep")) == ("Bound", "Bound")


def test_a_volume_to_delete_that_nobody_can_delete_has_failed(world: World) -> None:
    delete: Object = {"persistentVolumeReclaimPolicy": "Delete"}
    local = volume("b", size="2Gi", **delete, nodeAffinity=NODE_AFFINITY)
    local["spec"] |= {"local": {"path": local["spec"].pop("hostPath")["path"]}}
    world.client.create(PV, volume("a", hostPath={"path": "/srv/a"}, **delete))
    world.client.create(PV, local)
    world.client.create(PV, volume("c", size="3Gi", hostPath={"path": "/tmp/c"}, **delete))
    for size in ("1Gi", "2Gi", "3Gi"):
        world.client.create(PVC, claim(f"of-{size.lower()}", size=size, storageClassName="manual"))
        world.settle()
        world.delete(PVC, f"of-{size.lower()}")
    assert [phase(world, PV, name) for name in ("a", "b", "c")] == ["Failed", "Failed", "gone"]
    messages = [world.client.get(PV, name)["status"]["message"] for name in ("a", "b")]
    assert messages == [
        "host_path deleter only supports /tmp/.+ but received provided /srv/a",
        'error getting deleter volume plugin for volume "b": no deletable volume plugin matched',
    ]
    world.edit(PV, "a", {"spec": {"claimRef": None, "persistentVolumeReclaimPolicy": "Retain"}}, namespace="")
    assert phase(world, PV, "a") == "Available"


def test_a_claim_that_loses_its_volume(world: World) -> None:
    world.client.create(PV, volume("v"))
    world.client.create(PVC, claim(storageClassName="manual"))
    world.settle()
    world.edit(PV, "v", {"metadata": {"finalizers": None}}, namespace="")
    world.client.patch(PV, "v", {"metadata": {"finalizers": None}})
    world.delete(PV, "v", "")
    assert phase(world, PVC, "data") == "Lost"
    assert world.events("data", "ClaimLost") == [
        "Bound claim has lost its PersistentVolume. Data on the volume is lost!"
    ]


def test_missing_and_immediate_claims_keep_a_pod_unscheduled(world: World) -> None:
    world.client.create("pods", pod("p", "data"))
    world.settle()
    [message] = world.events("p", "FailedScheduling")
    assert message.startswith('0/1 nodes are available: persistentvolumeclaim "data" not found.')
    condition = world.pod("p")["status"]["conditions"][0]
    assert (condition["type"], condition["status"], condition["reason"]) == ("PodScheduled", "False", "Unschedulable")
    world.client.create(PVC, claim(storageClassName=""))
    world.settle()
    assert any("pod has unbound immediate PersistentVolumeClaims" in text for text in world.events("p"))
    world.client.create(PV, volume("v", storageClassName=""))
    world.settle()
    assert world.pod("p")["spec"]["nodeName"] == NODE


def test_read_write_once_pod_serves_one_pod(world: World) -> None:
    world.client.create(PVC, claim(accessModes=["ReadWriteOncePod"]))
    world.client.create("pods", pod("first", "data"))
    world.settle()
    world.client.create("pods", pod("second", "data"))
    world.settle()
    assert "nodeName" not in world.pod("second")["spec"]
    world.delete("pods", "first")
    assert world.pod("second")["spec"]["nodeName"] == NODE


def test_a_claim_of_a_pod_without_a_node_may_go(world: World) -> None:
    world.edit("nodes", NODE, {"spec": {"unschedulable": True}}, namespace="")
    world.client.create("statefulsets.apps", stateful_set(replicas=1, claims=True))
    world.settle()
    before = objects.uid(world.client.get("persistentvolumeclaims", "www-web-0", "default"))
    world.delete("persistentvolumeclaims", "www-web-0")
    assert objects.uid(world.client.get("persistentvolumeclaims", "www-web-0", "default")) != before
    world.edit("nodes", NODE, {"spec": {"unschedulable": None}}, namespace="")
    world.advance(2)
    assert world.pod("web-0")["status"]["phase"] == "Running"


def test_the_scheduler_takes_the_volume_of_the_node(world: World) -> None:
    """A smaller volume elsewhere is no use to a pod that can only run here."""
    world.add_node("other")
    manual = {"provisioner": "kubernetes.io/no-provisioner", "volumeBindingMode": "WaitForFirstConsumer"}
    world.client.create("storageclasses.storage.k8s.io", {"metadata": {"name": "manual"}} | manual)
    for name, size, node in (("there", "1Gi", "other"), ("here", "9Gi", NODE)):
        term = {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}]}
        world.client.create(PV, volume(name, size=size, nodeAffinity={"required": {"nodeSelectorTerms": [term]}}))
    world.client.create(PVC, claim(storageClassName="manual"))
    world.settle()
    consumer = pod("p", "data")
    consumer["spec"]["nodeSelector"] = {"kubernetes.io/hostname": NODE}
    world.client.create("pods", consumer)
    world.settle()
    assert world.client.get(PVC, "data", "default")["spec"]["volumeName"] == "here"
    assert world.pod("p")["spec"]["nodeName"] == NODE
    assert phase(world, PV, "there") == "Available"


def test_a_node_that_went_before_the_volume_was_made(world: World) -> None:
    body = claim()
    body["metadata"]["annotations"] = {"volume.kubernetes.io/selected-node": "gone"}
    world.client.create(PVC, body)
    world.settle()
    assert world.events("data", "ProvisioningFailed") == ['failed to get target node: nodes "gone" not found']
    world.client.create("pods", pod("p", "data"))
    world.settle()
    assert phase(world, PVC, "data") == "Bound"


def test_a_volume_whose_claim_went_elsewhere_is_free_again(world: World) -> None:
    """What a person has reserved stays reserved by name, what the controller took is anybody's."""
    for name in ("chosen", "reserved", "taken"):
        world.client.create(PV, volume(name))
    world.client.create(PVC, claim(storageClassName="manual", volumeName="chosen"))
    world.settle()
    ref = {"namespace": "default", "name": "data", "uid": objects.uid(world.client.get(PVC, "data", "default"))}
    world.edit(PV, "reserved", {"spec": {"claimRef": ref}}, namespace="")
    notes = {"pv.kubernetes.io/bound-by-controller": "yes"}
    world.edit(PV, "taken", {"metadata": {"annotations": notes}, "spec": {"claimRef": ref}}, namespace="")
    reserved, taken = world.client.get(PV, "reserved"), world.client.get(PV, "taken")
    assert [each["status"]["phase"] for each in (reserved, taken)] == ["Available", "Available"]
    assert reserved["spec"]["claimRef"] == {"namespace": "default", "name": "data"}
    assert "claimRef" not in taken["spec"]
    assert not objects.annotations(taken)


def test_a_reserved_volume_of_another_kind_is_told_to_both(world: World) -> None:
    world.client.create(PVC, claim(storageClassName="manual"))
    world.settle()
    ref = {"namespace": "default", "name": "data", "uid": objects.uid(world.client.get(PVC, "data", "default"))}
    world.client.create(PV, volume("device", volumeMode="Block", claimRef=ref))
    world.settle()
    text = 'Cannot bind PersistentVolume "device" to requested PersistentVolumeClaim due to incompatible volumeMode.'
    assert world.events("data", "VolumeMismatch") == [text]
