from kitlib.checks import Observation, State
from kitlib.checks.classes import class_is, class_of, provisioned_by

LEGACY = "volume.beta.kubernetes.io/storage-class"


def storage_class(**changed):
    fields = {"provisioner": "a/b", "reclaimPolicy": "Retain", "volumeBindingMode": "Immediate"}
    return {"metadata": {"name": "fast"}} | fields | changed


def claim(*, volume="", asked=True, **notes):
    asking = {"volume.kubernetes.io/storage-provisioner": "a/b"} if asked else {}
    return {
        "metadata": {"name": "data", "annotations": asking | notes},
        "spec": {"storageClassName": "fast", **({"volumeName": volume} if volume else {})},
        "status": {"phase": "Bound" if volume else "Pending"},
    }


def state(test, **objects):
    return test(Observation("lab", objects={kind: (found,) for kind, found in objects.items()})).state


def test_the_fields_of_a_class():
    test = class_is("fast", provisioner="a/b", policy="Retain", binding="Immediate")
    assert state(test, StorageClass=storage_class()) is State.MET
    for field, other in (("provisioner", "c/d"), ("reclaimPolicy", "Delete"), ("volumeBindingMode", "Wait")):
        assert state(test, StorageClass=storage_class(**{field: other})) is State.UNMET
    assert state(test) is State.UNMET


def test_who_made_the_volume_of_a_claim():
    test = provisioned_by("data", "a/b")
    volume = {"metadata": {"name": "v", "annotations": {"pv.kubernetes.io/provisioned-by": "a/b"}}}
    assert state(test, PersistentVolumeClaim=claim(volume="v"), PersistentVolume=volume) is State.MET
    by_hand = {"metadata": {"name": "v"}}
    assert state(test, PersistentVolumeClaim=claim(volume="v"), PersistentVolume=by_hand) is State.UNMET
    assert state(test, PersistentVolumeClaim=claim()) is State.PENDING
    assert state(test, PersistentVolumeClaim=claim(asked=False)) is State.UNMET
    assert state(test) is State.UNMET


def test_the_annotation_of_old_is_the_class():
    assert class_of(claim()) == "fast"
    assert class_of(claim(**{LEGACY: "slow"})) == "slow"
    assert class_of(claim(**{LEGACY: ""})) == ""
