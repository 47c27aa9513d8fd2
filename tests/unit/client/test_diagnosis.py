from kitlib.client.diagnosis import diagnose

STANDARD = {"metadata": {"name": "standard", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}}


def pod(name="web-0", *, state=None, restarts=0, phase="Pending", conditions=(), claims=()):
    container = {"name": "nginx", "image": "ngnix", "ready": False, "restartCount": restarts, "state": state or {}}
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": claim}} for claim in claims]
    status = {"phase": phase, "containerStatuses": [container], "conditions": list(conditions)}
    return {"kind": "Pod", "metadata": {"name": name}, "spec": {"volumes": volumes}, "status": status}


def claim(name="www-web-0", storage_class="standard", phase="Pending"):
    spec = {"storageClassName": storage_class} if storage_class is not None else {}
    return {"kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": spec, "status": {"phase": phase}}


def event(kind, name, reason, message, when="2026-01-01T00:00:00Z"):
    return {"reason": reason, "message": message, "involvedObject": {"kind": kind, "name": name}, "lastTimestamp": when}


def reasons(**objects):
    return [(one.reason, one.stuck) for one in diagnose(**objects)]


def test_an_image_that_cannot_be_got():
    assert reasons(pods=[pod(state={"waiting": {"reason": "ImagePullBackOff"}})]) == [("Image", True)]


def test_a_crash_loop():
    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    assert reasons(pods=[pod(state=waiting, phase="Running", restarts=3)]) == [("CrashLoop", True)]


def test_a_class_that_does_not_exist():
    found = diagnose(claims=[claim(storage_class="fast")], classes=[STANDARD])
    assert found[0].reason == "StorageClassMissing" and "'fast'" in found[0].cause and "standard" in found[0].fix


def test_no_default_class():
    assert reasons(claims=[claim(storage_class=None)], classes=[]) == [("NoDefaultClass", True)]


def test_a_claim_that_waits_for_its_pod_is_no_obstacle():
    assert reasons(claims=[claim()], classes=[STANDARD]) == []


def test_a_pod_that_waits_for_its_claim_comes_after_the_cause():
    scheduled = {"type": "PodScheduled", "status": "False", "message": "0/1 nodes"}
    objects = {"pods": [pod(conditions=[scheduled], claims=["www-web-0"])], "claims": [claim(storage_class="fast")]}
    assert reasons(**objects, classes=[STANDARD]) == [("StorageClassMissing", True), ("ClaimPending", False)]


def test_unschedulable():
    scheduled = {"type": "PodScheduled", "status": "False", "message": "Insufficient cpu"}
    assert reasons(pods=[pod(conditions=[scheduled])]) == [("Unschedulable", True)]


def test_a_failing_probe_is_told_with_the_newest_event():
    events = [
        event("Pod", "web-0", "Unhealthy", "old"),
        event("Pod", "web-0", "Unhealthy", "new", "2026-01-02T00:00:00Z"),
    ]
    found = diagnose(pods=[pod(phase="Running")], events=events)
    assert found[0].reason == "ProbeFailing" and "new" in found[0].cause


def test_a_quota():
    stateful_set = {"metadata": {"name": "web"}, "spec": {"replicas": 2}, "status": {"replicas": 0}}
    events = [event("StatefulSet", "web", "FailedCreate", "exceeded quota: small")]
    assert reasons(sets=[stateful_set], events=events) == [("Quota", True)]


def test_the_set_names_the_pod_it_waits_for():
    stateful_set = {"metadata": {"name": "web"}, "spec": {"replicas": 2}, "status": {"replicas": 1}}
    found = diagnose(sets=[stateful_set], pods=[pod()])
    assert [one.reason for one in found] == ["OrderedReady"] and "web-0" in found[0].cause


def test_what_is_well_is_not_mentioned():
    ready = pod(phase="Running", conditions=[{"type": "Ready", "status": "True"}])
    assert diagnose(pods=[ready], claims=[claim(phase="Bound")], classes=[]) == ()


def test_an_event_about_a_former_object_of_the_name_is_no_news():
    now = claim()
    now["metadata"]["uid"] = "second"
    told = event("PersistentVolumeClaim", "www-web-0", "ProvisioningFailed", "disk full")
    told["involvedObject"]["uid"] = "first"
    assert reasons(claims=[now], classes=[STANDARD], events=[told]) == []
    told["involvedObject"]["uid"] = "second"
    assert reasons(claims=[now], classes=[STANDARD], events=[told]) == [("ClaimPending", True)]
