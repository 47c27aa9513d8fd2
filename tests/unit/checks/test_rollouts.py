from kitlib.checks import State
from kitlib.checks.rollouts import (
    never_more_than_one_out,
    partition_is,
    replaced_from_the_top,
    rolled_out,
    strategy_is,
    stretch_of,
    stretches_of,
)
from tests.unit.checks.story import Story

OLD, NEW = "nginx", "nginx:1.19"


def stateful_set(image=NEW, *, kind="RollingUpdate", partition=None, replicas=2, complete=True, policy="OrderedReady"):
    strategy = {"type": kind} | ({} if partition is None else {"rollingUpdate": {"partition": partition}})
    return {
        "metadata": {"name": "web", "uid": "s"},
        "spec": {
            "replicas": replicas,
            "podManagementPolicy": policy,
            "updateStrategy": strategy,
            "template": {"spec": {"containers": [{"image": image}]}},
        },
        "status": {"currentRevision": "web-b" if complete else "web-a", "updateRevision": "web-b"},
    }


def pod(ordinal, image=NEW, *, ready=True, terminating=False):
    return {
        "metadata": {
            "name": f"web-{ordinal}",
            "ownerReferences": [{"uid": "s", "controller": True}],
            **({"deletionTimestamp": "now"} if terminating else {}),
        },
        "spec": {"containers": [{"image": image}]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True" if ready else "False"}]},
    }


def state(test, story=None, **objects):
    return test((story or Story()).observation(**objects)).state


def running(count=2):
    """A set of pods that are Ready with the old image."""
    story = Story().add("ADDED", "StatefulSet", "web", "s", images=[OLD])
    for ordinal in range(count):
        story.pod("ADDED", f"web-{ordinal}", f"old{ordinal}", images=[OLD])
        story.pod("MODIFIED", f"web-{ordinal}", f"old{ordinal}", images=[OLD], ready=True)
    return story


def template(story, image=NEW, **facts):
    return story.add("MODIFIED", "StatefulSet", "web", "s", images=[image], **facts)


def goes(story, ordinal, image=OLD, *, uid=None):
    uid = uid or f"old{ordinal}"
    story.pod("MODIFIED", f"web-{ordinal}", uid, images=[image], ready=True, terminating=True)
    return story.pod("DELETED", f"web-{ordinal}", uid, images=[image])


def comes(story, ordinal, image=NEW, *, ready=True):
    story.pod("ADDED", f"web-{ordinal}", f"new{ordinal}", images=[image])
    return story.pod("MODIFIED", f"web-{ordinal}", f"new{ordinal}", images=[image], ready=ready)


def test_stretches_of_an_image():
    story = template(template(template(template(running(0), partition=2), partition=1), partition=2), OLD)
    assert stretch_of(story.history, "web", "other") is None
    [only] = stretches_of(story.history, "web", NEW)
    assert only.values("partition") == (2, 1, 2)
    assert only.end is not None and not only.holds(only.end) and only.holds(only.begin)
    template(story)
    first, second = stretches_of(story.history, "web", NEW)
    assert first.end is not None and second.end is None
    assert stretch_of(story.history, "web", NEW) == second


def test_a_deleted_set_ends_a_stretch():
    story = template(running(0)).add("DELETED", "StatefulSet", "web", "s", images=[NEW])
    found = stretch_of(story.history, "web", NEW)
    assert found is not None and found.end is not None and len(found.changes) == 1


def test_rolled_out():
    test = rolled_out("web", NEW, 2)
    both = [pod(0), pod(1)]
    assert state(test) is State.UNMET
    assert state(test, StatefulSet=[stateful_set()], Pod=both) is State.MET
    assert state(test, StatefulSet=[stateful_set(OLD)], Pod=both) is State.UNMET
    assert state(test, StatefulSet=[stateful_set(replicas=3)], Pod=both) is State.UNMET
    assert state(test, StatefulSet=[stateful_set(complete=False)], Pod=both) is State.PENDING
    assert state(test, StatefulSet=[stateful_set()], Pod=[pod(0, OLD), pod(1, ready=False)]) is State.PENDING


def test_an_update_that_will_not_go_on_is_not_pending():
    test = rolled_out("web", NEW, 2)
    mixed = [pod(0, OLD), pod(1)]
    assert state(test, StatefulSet=[stateful_set(complete=False)], Pod=mixed) is State.PENDING
    assert state(test, StatefulSet=[stateful_set(partition=1, complete=False)], Pod=mixed) is State.UNMET
    assert state(test, StatefulSet=[stateful_set(kind="OnDelete")], Pod=mixed) is State.UNMET
    stuck = [pod(0), pod(1, "nginx:broken", ready=False)]
    assert state(test, StatefulSet=[stateful_set(complete=False)], Pod=stuck) is State.UNMET
    assert state(test, StatefulSet=[stateful_set(complete=False, policy="Parallel")], Pod=stuck) is State.PENDING
    leaving = [pod(0), pod(1, "nginx:broken", ready=False, terminating=True)]
    assert state(test, StatefulSet=[stateful_set(complete=False)], Pod=leaving) is State.PENDING


def test_partition_and_strategy():
    assert state(partition_is("web", 0), StatefulSet=[stateful_set()]) is State.MET
    assert state(partition_is("web", 2), StatefulSet=[stateful_set(partition=2)]) is State.MET
    assert state(partition_is("web", 2), StatefulSet=[stateful_set(partition=1)]) is State.UNMET
    assert state(partition_is("web", 0), StatefulSet=[stateful_set(kind="OnDelete")]) is State.UNMET
    assert state(partition_is("web", 0)) is State.UNMET
    assert state(strategy_is("web", "OnDelete"), StatefulSet=[stateful_set(kind="OnDelete")]) is State.MET
    assert state(strategy_is("web", "OnDelete"), StatefulSet=[stateful_set()]) is State.UNMET


def test_the_order_of_replacement():
    test = replaced_from_the_top("web", NEW, 2)
    downwards = comes(goes(comes(goes(template(running()), 1), 1), 0), 0)
    upwards = comes(goes(comes(goes(template(running()), 0), 0), 1), 1)
    assert state(test, downwards) is State.MET
    assert state(test, upwards) is State.UNMET
    assert state(test, running()) is State.UNMET


def test_the_order_is_pending_only_while_the_controller_goes_on():
    test = replaced_from_the_top("web", NEW, 2)
    half = comes(goes(template(running()), 1), 1)
    pods = [pod(0, OLD), pod(1)]
    assert state(test, half, StatefulSet=[stateful_set()], Pod=pods) is State.PENDING
    assert state(test, half, StatefulSet=[stateful_set(partition=1)], Pod=pods) is State.UNMET


def test_a_new_set_has_replaced_nothing():
    story = template(Story())
    assert state(replaced_from_the_top("web", NEW, 2), comes(comes(story, 1), 0)) is State.UNMET


def test_one_at_a_time():
    test = never_more_than_one_out("web", NEW, 2)
    one_by_one = comes(goes(comes(goes(template(running()), 1), 1), 0), 0)
    together = comes(comes(goes(goes(template(running()), 1), 0), 0), 1)
    too_soon = goes(comes(goes(template(running()), 1), 1, ready=False), 0)
    assert state(test, one_by_one) is State.MET
    assert state(test, together) is State.UNMET
    assert state(test, too_soon) is State.UNMET
    assert state(test, template(running(1))) is State.UNMET
    assert state(test, running()) is State.UNMET
