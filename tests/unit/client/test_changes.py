from kitlib.client.changes import Change, compact

POD = {
    "kind": "Pod",
    "metadata": {
        "name": "web-0",
        "uid": "u1",
        "resourceVersion": "7",
        "labels": {"controller-revision-hash": "web-1"},
        "ownerReferences": [{"controller": True, "uid": "s1", "name": "web"}],
    },
    "spec": {"volumes": [{"name": "www", "persistentVolumeClaim": {"claimName": "www-web-0"}}], "containers": []},
    "status": {"phase": "Running", "podIP": "10.0.0.1", "conditions": [{"type": "Ready", "status": "True"}]},
}


def test_a_pod_keeps_the_facts_of_its_story():
    state = compact(POD)
    assert state["ready"] and state["ip"] == "10.0.0.1" and state["claims"] == ["www-web-0"] and state["owner"] == "s1"
    assert "reason" not in state


def test_a_change_survives_its_line():
    change = Change.of("ADDED", POD, time=1.5)
    assert Change.parse(change.line()) == change
    assert change.revision == 7


def test_a_terminating_pod_is_not_ready():
    dying = {**POD, "metadata": {**POD["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}}
    assert compact(dying)["terminating"] and not compact(dying)["ready"]


def test_a_class_tells_whether_it_is_the_default():
    mark = {"storageclass.kubernetes.io/is-default-class": "true"}
    one = {"kind": "StorageClass", "metadata": {"name": "fast", "annotations": mark}, "provisioner": "a/b"}
    assert compact(one) == {"provisioner": "a/b", "default": True}
    other = {**one, "metadata": {"name": "fast", "annotations": dict.fromkeys(mark, "false")}}
    assert compact(other) == {"provisioner": "a/b", "default": False}
