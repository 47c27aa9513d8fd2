from kitlib.checks import State
from kitlib.checks.scaling import created_together, leaving, removed_from_the_top, removed_together, resized
from tests.unit.checks.story import Story


def stateful_set(replicas, *, start=0):
    spec = {"replicas": replicas} | ({"ordinals": {"start": start}} if start else {})
    return {"metadata": {"name": "web", "uid": "s"}, "spec": spec}


def state(test, story, **objects):
    return test(story.observation(**objects)).state


def born(story, ordinal):
    return story.pod("ADDED", f"web-{ordinal}", f"p{ordinal}")


def ready(story, ordinal):
    return story.pod("MODIFIED", f"web-{ordinal}", f"p{ordinal}", ready=True)


def doomed(story, ordinal):
    return story.pod("MODIFIED", f"web-{ordinal}", f"p{ordinal}", ready=True, terminating=True)


def gone(story, ordinal):
    return story.pod("DELETED", f"web-{ordinal}", f"p{ordinal}", terminating=True)


def running(*ordinals):
    story = Story()
    for ordinal in ordinals:
        ready(born(story, ordinal), ordinal)
    return story


def test_the_last_change_to_a_number():
    story = Story()
    for replicas in (3, 1, 3, 3):
        story.add("MODIFIED", "StatefulSet", "web", "s", replicas=replicas)
    found = resized(story.observation(), "web", to=3)
    assert found is not None and found.revision == 3
    # A set that begins with a number was not scaled to it.
    assert resized(Story().add("ADDED", "StatefulSet", "web", "s", replicas=3).observation(), "web", to=3) is None
    assert resized(story.observation(), "web", to=2) is None


def test_when_a_pod_leaves():
    story = gone(doomed(running(0), 0), 0)
    [life] = story.history.lives("Pod", "web-0")
    change = leaving(life)
    assert change is not None and change.type == "MODIFIED"
    forced = running(0).pod("DELETED", "web-0", "p0").history.lives("Pod", "web-0")[0]
    last = leaving(forced)
    assert last is not None and last.type == "DELETED"
    assert leaving(running(0).history.lives("Pod", "web-0")[0]) is None


def test_removed_one_by_one():
    test = removed_from_the_top("web", (2, 1))
    ordered = gone(doomed(gone(doomed(running(1, 2), 2), 2), 1), 1)
    together = gone(gone(doomed(doomed(running(1, 2), 2), 1), 2), 1)
    upwards = gone(doomed(gone(doomed(running(1, 2), 1), 1), 2), 2)
    assert state(test, ordered) is State.MET
    assert state(test, together) is State.UNMET
    assert state(test, upwards) is State.UNMET
    assert state(test, running(1)) is State.UNMET


def test_removal_is_pending_only_if_the_set_wants_it():
    test = removed_from_the_top("web", (2, 1))
    half = gone(doomed(running(1, 2), 2), 2)
    assert state(test, half, StatefulSet=[stateful_set(1)]) is State.PENDING
    assert state(test, half, StatefulSet=[stateful_set(2)]) is State.UNMET
    assert state(test, half, StatefulSet=[stateful_set(1, start=1)]) is State.UNMET
    assert state(test, half) is State.UNMET


def test_created_together():
    test = created_together("web", (0, 1))
    assert state(test, ready(ready(born(born(Story(), 0), 1), 0), 1)) is State.MET
    assert state(test, running(0, 1)) is State.UNMET
    assert state(test, running(0)) is State.UNMET
    assert state(test, running(0), StatefulSet=[stateful_set(2)]) is State.PENDING


def test_removed_together():
    test = removed_together("web", (1, 0))
    together = gone(gone(doomed(doomed(running(0, 1), 1), 0), 0), 1)
    ordered = gone(doomed(gone(doomed(running(0, 1), 1), 1), 0), 0)
    assert state(test, together) is State.MET
    assert state(test, ordered) is State.UNMET
    assert state(test, running(0)) is State.UNMET
    assert state(test, running(0, 1), StatefulSet=[stateful_set(0)]) is State.PENDING
    assert state(test, running(0, 1), StatefulSet=[stateful_set(2)]) is State.UNMET
