"""What becomes of volumes and claims: provisioning, protection, release, loss, growth, and what pods see of them."""

from __future__ import annotations

import pytest

from tests.behaviour.pods import Pods, mount, shell
from tests.behaviour.rest import MERGE, Json, Rest
from tests.behaviour.storage import CLASSES, VOLUMES, Storage

EXTERNAL = "example.com/external"
LOCAL_PATH = "rancher.io/local-path"


@pytest.fixture
def default_class(storage: Storage, rest: Rest) -> Json:
    """The default class; it must wait for a consumer, as that of kind does."""
    name = next(iter(storage.default_classes()), "")
    found: Json = rest.get(f"{CLASSES}/{name}") if name else {}
    if found.get("volumeBindingMode") != "WaitForFirstConsumer":
        pytest.skip("needs a default class that waits for the first consumer")
    return found


def test_a_volume_is_made_for_the_first_consumer(storage: Storage, pods: Pods, default_class: Json) -> None:
    """Dynamic provisioning from the claim to the end of the data."""
    provisioner = default_class["provisioner"]
    claim = storage.claim("10Mi", storageClassName=None)
    text = "waiting for first consumer to be created before binding"
    storage.told(claim, "Normal", "WaitForFirstConsumer", text)
    pod = storage.pod(claim, script="echo data > /v/f; sleep 1000")
    node = pods.ready(pod)["spec"]["nodeName"]
    bound = storage.get(claim)
    notes, name = bound["metadata"]["annotations"], f"pvc-{bound['metadata']['uid']}"
    assert notes["volume.kubernetes.io/selected-node"] == node
    assert notes["volume.kubernetes.io/storage-provisioner"] == provisioner
    assert notes["volume.beta.kubernetes.io/storage-provisioner"] == provisioner
    assert (bound["spec"]["volumeName"], bound["status"]["phase"]) == (name, "Bound")
    volume = storage.get_volume(name)
    assert volume["metadata"]["annotations"]["pv.kubernetes.io/provisioned-by"] == provisioner
    assert volume["spec"]["persistentVolumeReclaimPolicy"] == default_class["reclaimPolicy"]
    storage.told(claim, "Normal", "ExternalProvisioning", f"by the external provisioner '{provisioner}'")
    path = f"{pods.kubectl.namespace}/{claim}"
    storage.told(claim, "Normal", "Provisioning", f'External provisioner is provisioning volume for claim "{path}"')
    storage.told(claim, "Normal", "ProvisioningSucceeded", f"Successfully provisioned volume {name}")
    if provisioner == LOCAL_PATH:
        directory = f"/var/local-path-provisioner/{name}_{pods.kubectl.namespace}_{claim}"
        assert volume["spec"]["hostPath"] == {"path": directory, "type": "DirectoryOrCreate"}
        assert volume["metadata"]["annotations"]["local.path.provisioner/selected-node"] == node
        assert pods.sh(pod, "stat -c %a /v") == "777\n"
        pods.sh(pod, "head -c 20971520 /dev/zero > /v/big")  # the size that was asked for limits nothing
    pods.delete(pod)
    again = storage.pod(claim)
    pods.ready(again)
    assert pods.sh(again, "cat /v/f") == "data\n"
    pods.delete(again)
    storage.delete(claim)
    storage.volume_gone(name)


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({"selector": {"matchLabels": {"a": "b"}}}, "claim.Spec.Selector is not supported"),
        (
            {"accessModes": ["ReadWriteMany"]},
            "NodePath only supports ReadWriteOnce and ReadWriteOncePod (1.22+) access modes",
        ),
        ({"volumeMode": "Block"}, f"{LOCAL_PATH} does not support block volume provisioning"),
    ],
    ids=["selector", "access mode", "block"],
)
def test_what_the_provisioner_of_kind_refuses(storage: Storage, default_class: Json, spec: Json, problem: str) -> None:
    if default_class["provisioner"] != LOCAL_PATH:
        pytest.skip("is about another provisioner")
    claim = storage.claim(storageClassName=None, **spec)
    storage.pod(claim)
    storage.told(claim, "Warning", "ProvisioningFailed", problem)
    assert storage.get(claim)["status"]["phase"] == "Pending"


def test_an_external_provisioner(storage: Storage, rest: Rest) -> None:
    """It is told on the claim; the volume that it makes is bound, and is its own to delete."""
    name = storage.storage_class(provisioner=EXTERNAL)
    claim = storage.claim(storageClassName=name)
    storage.told(
        claim,
        "Normal",
        "ExternalProvisioning",
        f"Waiting for a volume to be created either by the external provisioner '{EXTERNAL}' or manually by the system "
        "administrator. If volume creation is delayed, please verify that the provisioner is running and correctly "
        "registered.",
    )
    found = storage.get(claim)
    assert found["metadata"]["annotations"] == {
        "volume.beta.kubernetes.io/storage-provisioner": EXTERNAL,
        "volume.kubernetes.io/storage-provisioner": EXTERNAL,
    }
    ref = {field: found["metadata"][field] for field in ("namespace", "name", "uid")}
    volume = storage.volume(
        storageClassName=name,
        claimRef={"apiVersion": "v1", "kind": "PersistentVolumeClaim"} | ref,
        persistentVolumeReclaimPolicy="Delete",
        meta={"annotations": {"pv.kubernetes.io/provisioned-by": EXTERNAL}},
    )
    assert storage.until(claim, "Bound")["spec"]["volumeName"] == volume
    storage.delete(claim)
    storage.volume_until(volume, "Released")
    storage.patience.stays(lambda: rest("GET", f"{VOLUMES}/{volume}").status == 200, "there", seconds=1)


def test_a_claim_in_use_is_protected(storage: Storage, pods: Pods, rest: Rest) -> None:
    """PVC Protection: not removed while a pod uses it, finished or not; no new pod is scheduled with it."""
    storage.volume()
    claim = storage.claim()
    storage.until(claim, "Bound")
    pod = storage.pod(claim, script="true")
    pods.ended(pod)
    assert rest("DELETE", f"{storage.claims}/{claim}").status == 200
    assert storage.get(claim)["metadata"]["deletionTimestamp"]
    assert "Terminating" in pods.kubectl("get", "pvc", claim)
    late = storage.pod(claim)
    storage.unscheduled(late, f'persistentvolumeclaim "{claim}" is being deleted')
    storage.patience.stays(lambda: rest("GET", f"{storage.claims}/{claim}").status == 200, "there", seconds=1)
    pods.delete(pod)
    storage.claim_gone(claim)
    storage.unscheduled(late, f'persistentvolumeclaim "{claim}" not found')


def test_a_bound_volume_is_protected(storage: Storage, pods: Pods, rest: Rest) -> None:
    """PV Protection: a bound volume outlives its deletion until its claim is gone."""
    volume, claim = storage.volume(), storage.claim()
    storage.until(claim, "Bound")
    storage.volume_until(volume, "Bound")
    assert rest("DELETE", f"{VOLUMES}/{volume}").status == 200
    assert "Terminating" in pods.kubectl("get", "pv", volume)
    storage.patience.stays(lambda: storage.get_volume(volume)["status"]["phase"] == "Bound", "Bound", seconds=1)
    storage.delete(claim)
    storage.volume_gone(volume)


def test_a_retained_volume_is_never_bound_again_by_itself(storage: Storage, pods: Pods, rest: Rest) -> None:
    """Released, with the data and the UID of its claim, until a person clears the claimRef."""
    volume = storage.volume(nodeAffinity=storage.node())
    claim = storage.claim(meta={"name": "same"})
    storage.until(claim, "Bound")
    pods.ended(writer := storage.pod(claim, script="echo kept > /v/f"))
    uid = storage.get(claim)["metadata"]["uid"]
    pods.delete(writer)
    storage.delete(claim)
    assert storage.volume_until(volume, "Released")["spec"]["claimRef"]["uid"] == uid
    storage.claim(meta={"name": "same"})
    named = storage.claim(volumeName=volume)
    storage.told(named, "Warning", "FailedBinding", f'volume "{volume}" already bound to a different claim.')
    storage.patience.stays(lambda: storage.get("same")["status"]["phase"] == "Pending", "Pending", seconds=1)
    storage.delete(named)
    rest.patched(f"{VOLUMES}/{volume}", {"spec": {"claimRef": None}})
    storage.until("same", "Bound")
    reader = storage.pod("same", script="cat /v/f")
    pods.ended(reader)
    assert pods.log(reader) == "kept\n"


def test_volumes_to_delete(storage: Storage) -> None:
    """A static volume goes with its claim where a plugin can delete it; else it has failed."""
    gone = storage.volume(persistentVolumeReclaimPolicy="Delete")
    claim = storage.claim()
    storage.until(claim, "Bound")
    storage.delete(claim)
    storage.volume_gone(gone)
    path = f"/srv/{storage.own}"
    kept = storage.volume(persistentVolumeReclaimPolicy="Delete", hostPath={"path": path})
    claim = storage.claim()
    storage.until(claim, "Bound")
    storage.delete(claim)
    text = f"host_path deleter only supports /tmp/.+ but received provided {path}"
    assert storage.volume_until(kept, "Failed")["status"]["message"] == text


def test_a_lost_volume(storage: Storage, rest: Rest) -> None:
    """A claim whose volume is gone says so, and has nothing of it any more."""
    volume, claim = storage.volume(), storage.claim()
    storage.until(claim, "Bound")
    storage.volume_until(volume, "Bound")
    rest("DELETE", f"{VOLUMES}/{volume}")
    rest.patched(f"{VOLUMES}/{volume}", {"metadata": {"finalizers": None}})
    text = "Bound claim has lost its PersistentVolume. Data on the volume is lost!"
    assert storage.until(claim, "Lost")["status"] == {"phase": "Lost"}
    storage.told(claim, "Warning", "ClaimLost", text)
    pod = storage.pod(claim)
    lost = f'persistentvolumeclaim "{claim}" bound to non-existent persistentvolume "{volume}"'
    storage.unscheduled(pod, lost)


def test_what_of_a_claim_may_change(storage: Storage, rest: Rest) -> None:
    """Nothing but growth, where the class allows it; what is bound never shrinks."""
    growing = storage.storage_class(provisioner=EXTERNAL, allowVolumeExpansion=True)
    storage.volume("1Gi", storageClassName=growing)
    storage.volume("1Gi")
    fixed, elastic, pending = storage.claim(), storage.claim(storageClassName=growing), storage.claim("9Gi")
    storage.until(fixed, "Bound")
    storage.until(elastic, "Bound")

    def change(name: str, spec: Json) -> tuple[int, str]:
        answer = rest("PATCH", f"{storage.claims}/{name}", {"spec": spec}, content_type=MERGE)
        return answer.status, answer.json.get("message", "")

    def size(amount: str) -> Json:
        return {"resources": {"requests": {"storage": amount}}}

    resize = (
        "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support "
        "resize"
    )
    assert change(fixed, size("2Gi")) == (403, f'persistentvolumeclaims "{fixed}" is forbidden: {resize}')
    only_bound = "Only bound persistent volume claims can be expanded"
    assert change(pending, size("10Gi")) == (403, f'persistentvolumeclaims "{pending}" is forbidden: {only_bound}')
    immutable = "spec is immutable after creation except resources.requests and volumeAttributesClassName"
    for spec in ({"accessModes": ["ReadWriteMany"]}, {"storageClassName": "x"}, {"volumeName": "x"}):
        status, message = change(fixed, spec)
        assert (status, immutable in message) == (422, True), message
    assert change(elastic, size("2Gi"))[0] == 200
    storage.told(elastic, "Normal", "ExternalExpanding", "waiting for an external controller to expand this PVC")
    assert storage.get(elastic)["status"]["capacity"] == {"storage": "1Gi"}
    status, message = change(elastic, size("1Mi"))
    assert (status, "field can not be less than status.capacity" in message) == (422, True), message


def test_a_claim_mounted_read_only(storage: Storage, pods: Pods) -> None:
    """readOnly of the volume holds whatever the mount says; sub paths of a claim are made."""
    storage.volume(nodeAffinity=storage.node())
    claim = storage.claim()
    storage.until(claim, "Bound")
    volume: Json = {"name": "v", "persistentVolumeClaim": {"claimName": claim}}
    writer = shell("echo one > /one/f; echo two > /v/two", volumeMounts=[mount(), mount("/one", subPath="sub/one")])
    assert pods.says(writer, volumes=[volume]) == ""
    volume["persistentVolumeClaim"]["readOnly"] = True
    reader = shell("cat /v/sub/one/f /v/two; touch /v/x || echo refused", volumeMounts=[mount()])
    text = pods.says(reader, volumes=[volume])
    assert text.startswith("one\ntwo\n")
    assert "refused\n" in text and "Read-only file system" in text  # of two streams, in either order


def test_a_device_is_no_file_system(storage: Storage, pods: Pods) -> None:
    """should fail to use a volume in a pod with mismatched mode"""
    storage.volume(volumeMode="Block", hostPath={"path": "/dev/none"})
    claim = storage.claim(volumeMode="Block")
    storage.until(claim, "Bound")
    pod = storage.pod(claim)
    storage.told(pod, "Warning", "FailedMount", "has volumeMode Block, but is specified in volumeMounts")
    assert pods.get(pod)["status"]["phase"] == "Pending"


def test_ephemeral_volumes(storage: Storage, pods: Pods, rest: Rest, default_class: Json) -> None:
    """A claim of the pod's own: made from its template, named after both, gone with the pod."""
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
    template = {"metadata": {"labels": {"of": "pod"}}, "spec": spec}
    container = shell("echo x > /v/f; sleep 1000", volumeMounts=[mount()])
    volumes = [{"name": "v", "ephemeral": {"volumeClaimTemplate": template}}]
    name = pods.create(container, volumes=volumes, terminationGracePeriodSeconds=0)
    uid = pods.ready(name)["metadata"]["uid"]
    claim = storage.get(f"{name}-v")
    assert claim["metadata"]["labels"] == {"of": "pod"}
    assert claim["metadata"]["ownerReferences"] == [
        {"apiVersion": "v1", "kind": "Pod", "name": name, "uid": uid, "controller": True, "blockOwnerDeletion": True}
    ]
    pods.delete(name)
    storage.claim_gone(f"{name}-v")
    storage.volume_gone(claim["spec"]["volumeName"])
    storage.claim(meta={"name": "taken-v"})
    pods.create(container, name="taken", volumes=volumes)
    path = f"{pods.kubectl.namespace}/taken"
    text = f"ephemeral volume v: PVC {path}-v was not created for pod {path} (pod is not owner)"
    storage.told("taken", "Warning", "FailedBinding", text)
