from kitlib.checks import State
from kitlib.checks.volumes import (
    bound_to,
    chosen_by_cluster,
    claims_ask,
    phase_reached,
    users_of,
    volumes_are,
    volumes_offer,
)
from tests.unit.checks.story import Story

PV, PVC = "PersistentVolume", "PersistentVolumeClaim"


def volume(name="disk", *, size="64Mi", modes=("ReadWriteOnce",), phase="Available", policy="Retain", path="/srv/a"):
    spec = {
        "capacity": {"storage": size},
        "accessModes": list(modes),
        "storageClassName": "manual",
        "persistentVolumeReclaimPolicy": policy,
        "hostPath": {"path": path},
    }
    return {"metadata": {"name": name}, "spec": spec, "status": {"phase": phase}}


def claim(name="data", *, has="", size="64Mi", modes=("ReadWriteOnce",), chosen=True):
    spec = {
        "resources": {"requests": {"storage": size}},
        "accessModes": list(modes),
        "storageClassName": "manual",
        **({"volumeName": has} if has else {}),
    }
    notes = {"pv.kubernetes.io/bound-by-controller": "yes"} if has and chosen else {}
    status = {"phase": "Bound" if has else "Pending"}
    return {"metadata": {"name": name, "annotations": notes}, "spec": spec, "status": status}


def state(test, story=None, **objects):
    return test((story or Story()).observation(**objects)).state


def test_what_a_volume_offers():
    test = volumes_offer((("disk", "64Mi", ("ReadWriteOnce", "ReadOnlyMany")),))
    both = ("ReadOnlyMany", "ReadWriteOnce")
    assert state(test, PersistentVolume=[volume(size="65536Ki", modes=both)]) is State.MET
    assert state(test, PersistentVolume=[volume(size="64M", modes=both)]) is State.UNMET
    assert state(test, PersistentVolume=[volume(modes=("ReadWriteOnce",))]) is State.UNMET
    assert state(test, PersistentVolume=[volume("other", modes=both)]) is State.UNMET
    assert state(test, PersistentVolume=[volume(size="a lot", modes=both)]) is State.UNMET


def test_what_kind_of_volume_it_is():
    test = volumes_are(("disk",), storage_class="manual", policy="Retain", folder="/srv")
    assert state(test, PersistentVolume=[volume()]) is State.MET
    assert state(test, PersistentVolume=[volume(policy="Delete")]) is State.UNMET
    assert state(test, PersistentVolume=[volume(path="/srvx/a")]) is State.UNMET
    assert state(test) is State.UNMET


def test_a_phase_that_was_reached_once():
    test = phase_reached(PV, ("disk",), "Available")
    tale = Story().add("ADDED", PV, "disk", "v", phase="Pending")
    assert state(test, tale, PersistentVolume=[volume(phase="Pending")]) is State.PENDING
    tale.add("MODIFIED", PV, "disk", "v", phase="Available").add("MODIFIED", PV, "disk", "v", phase="Bound")
    assert state(test, tale, PersistentVolume=[volume(phase="Bound")]) is State.MET
    assert state(test, PersistentVolume=[volume(phase="Failed")]) is State.UNMET


def test_what_claims_ask_for():
    test = claims_ask((("data", "64Mi", ("ReadWriteOnce",)),), storage_class="manual")
    assert state(test, PersistentVolumeClaim=[claim(size="65536Ki")]) is State.MET
    assert state(test, PersistentVolumeClaim=[claim(modes=("ReadWriteMany",))]) is State.UNMET
    other = claim()
    other["spec"]["storageClassName"] = "fast"
    assert state(test, PersistentVolumeClaim=[other]) is State.UNMET
    assert state(test) is State.UNMET


def test_which_volume_a_claim_has():
    test = bound_to((("data", "disk"),))
    assert state(test, PersistentVolumeClaim=[claim(has="disk")]) is State.MET
    assert state(test, PersistentVolumeClaim=[claim(has="other")]) is State.UNMET
    assert state(test, PersistentVolumeClaim=[claim()], PersistentVolume=[volume()]) is State.PENDING
    assert state(test, PersistentVolumeClaim=[claim()], PersistentVolume=[volume(phase="Released")]) is State.UNMET


def test_who_chose_the_volume():
    test = chosen_by_cluster(("data",))
    assert state(test, PersistentVolumeClaim=[claim(has="disk")]) is State.MET
    assert state(test, PersistentVolumeClaim=[claim(has="disk", chosen=False)]) is State.UNMET
    assert state(test, PersistentVolumeClaim=[claim()]) is State.UNMET


def test_the_pods_that_used_a_claim():
    tale = (
        Story()
        .pod("ADDED", "a", "1", claims=["data"])
        .pod("MODIFIED", "a", "1", claims=["data"], ready=True)
        .pod("DELETED", "a", "1", claims=["data"])
        .pod("ADDED", "b", "2", claims=["data"])
        .pod("ADDED", "c", "3", claims=["other"], ready=True)
    )
    assert [life.name for life in users_of(tale.observation(), "data")] == ["a"]
