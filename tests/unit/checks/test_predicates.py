from kitlib.checks import State
from kitlib.checks.levels import claim_request, claims_bound, replicas_ready, service_headless, service_selects
from kitlib.checks.traces import claims_before_pods, claims_kept, pods_kept, started_in_order
from tests.unit.checks.story import Story


def stateful_set(replicas=2, templates=("www",)):
    return {
        "kind": "StatefulSet",
        "metadata": {"name": "web", "uid": "s"},
        "spec": {"replicas": replicas, "volumeClaimTemplates": [{"metadata": {"name": one}} for one in templates]},
    }


def pod(name, *, ready=True, owner="s"):
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    metadata = {"name": name, "uid": name, "ownerReferences": [{"uid": owner, "controller": True}]}
    return {"kind": "Pod", "metadata": metadata, "spec": {}, "status": {"phase": "Running", "conditions": conditions}}


def claim(name, *, volume="", storage="64Mi", modes=("ReadWriteOnce",)):
    spec = {"resources": {"requests": {"storage": storage}}, "accessModes": list(modes), "volumeName": volume}
    return {"metadata": {"name": name}, "spec": spec, "status": {"phase": "Bound" if volume else "Pending"}}


def service(**spec):
    return {"metadata": {"name": "web"}, "spec": spec}


def test_a_headless_service():
    seen = Story().observation
    assert service_headless("web")(seen(Service=[service(clusterIP="None")])).state is State.MET
    assert service_headless("web")(seen(Service=[service(clusterIP="10.96.0.7")])).state is State.UNMET
    assert service_headless("web")(seen()).state is State.UNMET


def test_a_selector_is_compared_as_a_set():
    test = service_selects("web", {"a": "1", "b": "2"})
    assert test(Story().observation(Service=[service(selector={"b": "2", "a": "1"})])).state is State.MET
    assert test(Story().observation(Service=[service(selector={"a": "1"})])).state is State.UNMET


def test_replicas():
    test, seen = replicas_ready("web", 2), Story().observation
    assert test(seen(StatefulSet=[stateful_set()], Pod=[pod("web-0"), pod("web-1")])).state is State.MET
    assert (
        test(seen(StatefulSet=[stateful_set()], Pod=[pod("web-0"), pod("web-1", ready=False)])).state is State.PENDING
    )
    assert test(seen(StatefulSet=[stateful_set(3)], Pod=[pod("web-0"), pod("web-1")])).state is State.UNMET
    surplus = [pod("web-0"), pod("web-1"), pod("web-2")]
    assert test(seen(StatefulSet=[stateful_set()], Pod=surplus)).state is State.PENDING


def test_pods_of_somebody_else_do_not_count():
    pods = [pod("web-0", owner="x"), pod("web-1", owner="x")]
    assert replicas_ready("web", 2)(Story().observation(StatefulSet=[stateful_set()], Pod=pods)).state is State.PENDING


def test_claims_need_volumes_of_their_own():
    test, seen = claims_bound(["www-web-0", "www-web-1"]), Story().observation
    assert (
        test(seen(PersistentVolumeClaim=[claim("www-web-0", volume="a"), claim("www-web-1", volume="b")])).state
        is State.MET
    )
    assert (
        test(seen(PersistentVolumeClaim=[claim("www-web-0", volume="a"), claim("www-web-1", volume="a")])).state
        is State.UNMET
    )
    loose = [claim("www-web-0", volume="a"), claim("www-web-1")]
    assert test(seen(PersistentVolumeClaim=loose, StatefulSet=[stateful_set()])).state is State.PENDING
    assert test(seen(PersistentVolumeClaim=loose)).state is State.UNMET


def test_a_missing_claim_is_awaited_only_if_a_template_makes_it():
    test, one = claims_bound(["www-web-0", "www-web-1"]), [claim("www-web-0", volume="a")]
    seen = Story().observation
    assert test(seen(PersistentVolumeClaim=one, StatefulSet=[stateful_set()])).state is State.PENDING
    assert test(seen(PersistentVolumeClaim=one, StatefulSet=[stateful_set(templates=["data"])])).state is State.UNMET
    assert test(seen(PersistentVolumeClaim=one, StatefulSet=[stateful_set(1)])).state is State.UNMET


def test_sizes_are_compared_by_value_and_told_apart():
    test = claim_request(["c"], "64Mi", ["ReadWriteOnce"])
    assert test(Story().observation(PersistentVolumeClaim=[claim("c", storage="65536Ki")])).state is State.MET
    found = test(Story().observation(PersistentVolumeClaim=[claim("c", storage="64M")]))
    assert found.state is State.UNMET and "64000000 bytes, not 67108864" in found.observed


def started(*events):
    story = Story()
    for type, name, state in events:
        story.pod(type, name, name, **state)
    return story


def test_order_is_read_from_revisions():
    good = started(("ADDED", "web-0", {}), ("MODIFIED", "web-0", {"ready": True}), ("ADDED", "web-1", {}))
    bad = started(("ADDED", "web-0", {}), ("ADDED", "web-1", {}), ("MODIFIED", "web-0", {"ready": True}))
    unseen = started(("ADDED", "web-0", {"ready": True}), ("ADDED", "web-1", {"initial": True}))
    assert started_in_order("web", 2)(good.observation()).state is State.MET
    assert started_in_order("web", 2)(bad.observation()).state is State.UNMET
    assert "not recorded" in started_in_order("web", 2)(unseen.observation()).observed


def test_order_waits_for_pods_that_are_coming():
    story = started(("ADDED", "web-0", {}))
    assert started_in_order("web", 2)(story.observation(StatefulSet=[stateful_set()])).state is State.PENDING
    assert started_in_order("web", 2)(story.observation()).state is State.UNMET


def test_claims_come_before_pods():
    good = Story().claim("ADDED", "www-web-0", "c").pod("ADDED", "web-0", "p")
    late = Story().pod("ADDED", "web-0", "p").claim("ADDED", "www-web-0", "c")
    assert claims_before_pods("web", "www", 1)(good.observation()).state is State.MET
    assert claims_before_pods("web", "www", 1)(late.observation()).state is State.UNMET


def test_a_kept_claim_is_one_object_with_one_volume():
    test = claims_kept(["c"])
    kept = Story().claim("ADDED", "c", "1").claim("MODIFIED", "c", "1", volume="v")
    assert test(kept.observation()).state is State.MET
    assert test(kept.claim("DELETED", "c", "1", volume="v").observation()).state is State.UNMET
    anew = kept.claim("ADDED", "c", "2", volume="w")
    assert "made anew" in test(anew.observation()).observed
    going = Story().claim("ADDED", "c", "1", volume="v").claim("MODIFIED", "c", "1", volume="v", terminating=True)
    assert "is being deleted" in test(going.observation()).observed


def test_a_kept_pod_is_one_object():
    story = Story().pod("ADDED", "p", "1")
    assert pods_kept(["p"])(story.observation()).state is State.MET
    assert pods_kept(["p"])(story.pod("DELETED", "p", "1").pod("ADDED", "p", "2").observation()).state is State.UNMET
