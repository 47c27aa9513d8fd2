"""Which claim gets which volume, and when: static volumes, selectors, classes, reservations, the first consumer."""

from __future__ import annotations

from typing import Any

import pytest

from tests.behaviour.pods import Pods
from tests.behaviour.rest import Json, Rest
from tests.behaviour.storage import DEFAULT, VOLUMES, Storage

LEGACY = "volume.beta.kubernetes.io/storage-class"


def test_a_claim_takes_a_volume_whole(storage: Storage) -> None:
    """A claim gets the capacity of its volume; both are marked, and say so of each other."""
    volume = storage.volume("2Gi")
    assert storage.volume_until(volume, "Available")["metadata"]["finalizers"] == ["kubernetes.io/pv-protection"]
    claim = storage.claim("1Gi")
    bound = storage.until(claim, "Bound")
    assert bound["metadata"]["finalizers"] == ["kubernetes.io/pvc-protection"]
    assert bound["metadata"]["annotations"] == {
        "pv.kubernetes.io/bind-completed": "yes",
        "pv.kubernetes.io/bound-by-controller": "yes",
    }
    assert (bound["spec"]["volumeName"], bound["spec"]["volumeMode"]) == (volume, "Filesystem")
    assert bound["status"]["capacity"] == {"storage": "2Gi"}
    assert bound["status"]["accessModes"] == ["ReadWriteOnce"]
    found = storage.volume_until(volume, "Bound")
    assert found["spec"]["claimRef"]["uid"] == bound["metadata"]["uid"]
    assert found["metadata"]["annotations"] == {"pv.kubernetes.io/bound-by-controller": "yes"}
    assert found["status"]["lastPhaseTransitionTime"]


def test_the_smallest_sufficient_volume(storage: Storage) -> None:
    sizes = {size: storage.volume(size) for size in ("9Gi", "1Gi", "5Gi")}
    for volume in sizes.values():
        storage.volume_until(volume, "Available")
    assert storage.until(storage.claim("2Gi"), "Bound")["spec"]["volumeName"] == sizes["5Gi"]
    assert storage.until(storage.claim("2Gi"), "Bound")["spec"]["volumeName"] == sizes["9Gi"]
    assert storage.until(storage.claim("2Gi"), "Pending")["status"] == {"phase": "Pending"}


def test_the_fewest_access_modes_come_before_the_size(storage: Storage) -> None:
    both = storage.volume("1Gi", accessModes=["ReadWriteOnce", "ReadWriteMany"])
    one = storage.volume("5Gi")
    for volume in (both, one):
        storage.volume_until(volume, "Available")
    assert storage.until(storage.claim(), "Bound")["spec"]["volumeName"] == one
    many = storage.claim(accessModes=["ReadWriteMany"])
    assert storage.until(many, "Bound")["status"]["accessModes"] == ["ReadWriteOnce", "ReadWriteMany"]


def test_selector_modes_and_volume_mode_must_match(storage: Storage) -> None:
    volume = storage.volume(meta={"labels": {"disk": "slow"}})
    storage.volume_until(volume, "Available")
    fast = storage.claim(selector={"matchExpressions": [{"key": "disk", "operator": "In", "values": ["fast"]}]})
    many = storage.claim(accessModes=["ReadWriteMany"])
    block = storage.claim(volumeMode="Block")
    for claim in (fast, many, block):
        storage.told(claim, "Warning", "ProvisioningFailed", f'storageclass.storage.k8s.io "{storage.own}" not found')
        assert storage.get(claim)["status"]["phase"] == "Pending"
    slow = storage.claim(selector={"matchLabels": {"disk": "slow"}})
    assert storage.until(slow, "Bound")["spec"]["volumeName"] == volume
    device = storage.volume(volumeMode="Block", hostPath={"path": "/dev/none"})
    assert storage.until(block, "Bound")["spec"]["volumeName"] == device


def test_a_volume_reserved_for_a_claim_comes_first(storage: Storage) -> None:
    """A claimRef without a UID reserves; class and labels don't matter to it, and nobody else gets the volume."""
    name = "reserved-for"
    ref = {"namespace": storage.pods.kubectl.namespace, "name": name}
    small, large = storage.volume("1Gi"), storage.volume("9Gi", claimRef=ref, storageClassName="another")
    for volume in (small, large):
        storage.volume_until(volume, "Available")
    storage.claim(meta={"name": name})
    bound = storage.until(name, "Bound")
    assert bound["spec"]["volumeName"] == large
    found = storage.volume_until(large, "Bound")
    assert "annotations" not in found["metadata"]  # a person has bound it, not the controller
    assert storage.until(storage.claim(), "Bound")["spec"]["volumeName"] == small


@pytest.mark.parametrize(
    ("volume", "problem"),
    [
        ({"size": "1Mi"}, "requested PV is too small"),
        ({"storageClassName": "another"}, "storageClassName does not match"),
        ({"accessModes": ["ReadWriteMany"]}, "incompatible accessMode"),
        ({"volumeMode": "Block"}, "incompatible volumeMode"),
    ],
    ids=["size", "class", "access mode", "volume mode"],
)
def test_a_named_volume_must_fit(storage: Storage, volume: Json, problem: str) -> None:
    name = storage.volume(**volume)
    storage.volume_until(name, "Available")
    claim = storage.claim(volumeName=name)
    storage.told(claim, "Warning", "VolumeMismatch", f'Cannot bind to requested volume "{name}": {problem}')
    assert storage.get(claim)["status"]["phase"] == "Pending"
    assert storage.get_volume(name)["status"]["phase"] == "Available"


def test_a_named_volume_and_no_other(storage: Storage) -> None:
    """Labels don't matter to a claim that names its volume; it waits for one that is not there, or another's."""
    other, late = storage.volume("1Gi"), "volume-of-" + storage.own
    storage.volume_until(other, "Available")
    waiting = storage.claim(volumeName=late, selector={"matchLabels": {"no": "body"}})
    storage.patience.stays(lambda: storage.get(waiting)["status"]["phase"] == "Pending", "Pending", seconds=1)
    body = storage.get_volume(other)
    spec = {field: value for field, value in body["spec"].items() if field != "claimRef"}
    storage.made.append(f"{VOLUMES}/{late}")
    storage.rest.made(VOLUMES, {"metadata": {"name": late}, "spec": spec})
    bound = storage.until(waiting, "Bound")
    assert "pv.kubernetes.io/bound-by-controller" not in bound["metadata"]["annotations"]
    second = storage.claim(volumeName=late)
    storage.told(second, "Warning", "FailedBinding", f'volume "{late}" already bound to a different claim.')
    assert storage.get(second)["status"]["phase"] == "Pending"


def test_no_class_no_volume(storage: Storage) -> None:
    claim = storage.claim(storageClassName="", selector={"matchLabels": {"no": storage.own}})
    text = "no persistent volumes available for this claim and no storage class is set"
    storage.told(claim, "Normal", "FailedBinding", text)
    assert storage.get(claim)["spec"]["storageClassName"] == ""


def test_a_class_without_a_provisioner(storage: Storage) -> None:
    name = storage.storage_class()
    claim = storage.claim(storageClassName=name)
    text = "no volume plugin matched name: kubernetes.io/no-provisioner"
    storage.told(claim, "Warning", "ProvisioningFailed", text)
    storage.volume(storageClassName=name)
    storage.until(claim, "Bound")


def test_waiting_for_the_first_consumer(storage: Storage, pods: Pods) -> None:
    """Nothing is bound before a pod is scheduled, but for what names its volume or has one reserved."""
    name = storage.storage_class(volumeBindingMode="WaitForFirstConsumer")
    volumes = [storage.volume(storageClassName=name, nodeAffinity=storage.node()) for _ in range(3)]
    for volume in volumes:
        storage.volume_until(volume, "Available")
    named = storage.claim(storageClassName=name, volumeName=volumes[0])
    storage.until(named, "Bound")
    claim = storage.claim(storageClassName=name)
    text = "waiting for first consumer to be created before binding"
    storage.told(claim, "Normal", "WaitForFirstConsumer", text)
    assert storage.get(claim)["status"]["phase"] == "Pending"
    stuck = storage.pod(claim, nodeSelector={"no": "such-node"})
    storage.unscheduled(stuck, "didn't match Pod's node affinity/selector")
    storage.told(claim, "Normal", "WaitForPodScheduled", f"waiting for pod {stuck} to be scheduled")
    assert storage.get(claim)["status"]["phase"] == "Pending"
    pods.delete(stuck)
    pods.gone(stuck)
    pods.ready(storage.pod(claim))
    bound = storage.until(claim, "Bound")
    assert bound["spec"]["volumeName"] in volumes[1:]
    assert "volume.kubernetes.io/selected-node" not in bound["metadata"]["annotations"]


def test_a_pod_waits_where_no_volume_can_be_bound(storage: Storage, pods: Pods) -> None:
    name = storage.storage_class(volumeBindingMode="WaitForFirstConsumer")
    pod = storage.pod(storage.claim("2Gi", storageClassName=name))
    storage.unscheduled(pod, "didn't find available persistent volumes to bind")
    storage.volume("1Gi", storageClassName=name)
    elsewhere = {"key": "kubernetes.io/hostname", "operator": "In", "values": ["nowhere"]}
    affinity = {"required": {"nodeSelectorTerms": [{"matchExpressions": [elsewhere]}]}}
    storage.volume("3Gi", storageClassName=name, nodeAffinity=affinity)
    far = storage.claim(storageClassName=name, volumeName=storage.volume(storageClassName=name, nodeAffinity=affinity))
    storage.until(far, "Bound")
    storage.unscheduled(storage.pod(far), "node affinity")
    storage.unscheduled(pod, "didn't find available persistent volumes to bind")
    storage.volume("4Gi", storageClassName=name)
    pods.ready(pod)


def test_topologies_of_a_class(storage: Storage) -> None:
    """A class whose topologies no node has makes no volume for any."""
    terms = [{"matchLabelExpressions": [{"key": "topology.kubernetes.io/zone", "values": ["nowhere"]}]}]
    name = storage.storage_class(
        provisioner="example.com/zonal", volumeBindingMode="WaitForFirstConsumer", allowedTopologies=terms
    )
    pod = storage.pod(storage.claim(storageClassName=name))
    storage.unscheduled(pod, "didn't find available persistent volumes to bind")


def test_the_old_annotation_of_the_class_wins(storage: Storage, rest: Rest) -> None:
    """On both sides; whoever still uses it is warned, and it is immutable as the field is."""
    notes = {"annotations": {LEGACY: storage.own}}
    volume = storage.volume(storageClassName="other", meta=notes)
    storage.volume_until(volume, "Available")
    answer = rest("POST", storage.claims, storage.claim_body(storageClassName=None, meta={"name": "old"} | notes))
    assert answer.status == 201
    warning = answer.headers["Warning"].replace("\\", "")
    assert f'[{LEGACY}]: deprecated since v1.8; use "storageClassName" attribute instead' in warning
    bound = storage.until("old", "Bound")
    assert bound["spec"]["volumeName"] == volume
    assert "storageClassName" not in bound["spec"]
    changed = {"metadata": {"annotations": {LEGACY: "another"}}}
    refused = rest("PATCH", f"{storage.claims}/old", changed, content_type="application/merge-patch+json")
    assert refused.status == 422
    assert "field is immutable" in refused.json["message"]


def test_default_classes(storage: Storage) -> None:
    """The newest default is written into a claim that says nothing; an empty class stays; a default may come late."""
    with storage.no_default_class():
        claims = [storage.claim(storageClassName=value) for value in (None, "")]
        text = "no persistent volumes available for this claim and no storage class is set"
        for claim in claims:
            storage.told(claim, "Normal", "FailedBinding", text)
        assert "storageClassName" not in storage.get(claims[0])["spec"]
        marked: Json = {"annotations": {DEFAULT: "true"}}
        first = storage.storage_class(meta=marked)
        storage.patience.until(lambda: storage.get(claims[0])["spec"].get("storageClassName") == first, "the class")
        stamp = storage.rest.get(storage.made[-1])["metadata"]["creationTimestamp"]

        def newer() -> str:
            """Creation times are whole seconds."""
            name = storage.storage_class(meta=marked)
            made = storage.rest.get(storage.made[-1])["metadata"]["creationTimestamp"]
            return name if made > stamp else ""

        second = storage.patience.until(newer, "a later second")
        assert storage.get(storage.claim(storageClassName=None))["spec"]["storageClassName"] == second
        assert storage.get(claims[1])["spec"]["storageClassName"] == ""
        for path in storage.made:
            storage.rest("DELETE", path)


def test_a_claim_without_a_class_takes_a_volume_without_one(storage: Storage) -> None:
    """Before a default class comes."""
    labels = {"volume": storage.own}
    with storage.no_default_class():
        claim = storage.claim(storageClassName=None, selector={"matchLabels": labels})
        storage.volume(storageClassName=None, meta={"labels": labels})
        assert "storageClassName" not in storage.until(claim, "Bound")["spec"]


def test_what_a_pod_waits_for(storage: Storage, pods: Pods) -> None:
    pod = storage.pod("later")
    storage.unscheduled(pod, 'persistentvolumeclaim "later" not found')
    storage.claim(meta={"name": "later"})
    storage.unscheduled(pod, "pod has unbound immediate PersistentVolumeClaims")
    storage.volume()
    pods.ready(pod)


def test_claims_for_one_pod_alone(storage: Storage, pods: Pods) -> None:
    """ReadWriteOnce is for a node, ReadWriteOncePod for a pod: the second waits until the first is gone."""
    one = storage.claim(volumeName=storage.volume(nodeAffinity=storage.node()))
    for pod in (storage.pod(one), storage.pod(one)):
        pods.ready(pod)
    storage.volume(accessModes=["ReadWriteOncePod"])
    alone = storage.claim(accessModes=["ReadWriteOncePod"])
    storage.until(alone, "Bound")
    first = storage.pod(alone)
    pods.ready(first)
    second = storage.pod(alone)
    storage.unscheduled(second, "ReadWriteOncePod access mode already in-use by another pod")
    pods.delete(first)
    pods.ready(second)


def test_the_only_pod_of_a_claim_may_be_preempted(storage: Storage, pods: Pods, rest: Rest) -> None:
    storage.volume(accessModes=["ReadWriteOncePod"])
    claim = storage.claim(accessModes=["ReadWriteOncePod"])
    storage.until(claim, "Bound")
    first = storage.pod(claim)
    pods.ready(first)
    path = "/apis/scheduling.k8s.io/v1/priorityclasses"
    storage.made.append(f"{path}/{storage.own}")
    rest.made(path, {"metadata": {"name": storage.own}, "value": 1000})
    pods.ready(storage.pod(claim, priorityClassName=storage.own))
    pods.gone(first)


def test_access_modes_are_checked(storage: Storage, rest: Rest) -> None:
    modes: list[tuple[Any, str]] = [
        ([], "at least 1 access mode is required"),
        (["ReadWriteOncePod", "ReadWriteOnce"], "may not use ReadWriteOncePod with other access modes"),
    ]
    for given, text in modes:
        answer = rest("POST", storage.claims, storage.claim_body(accessModes=given))
        assert answer.status == 422
        assert text in answer.json["message"]
