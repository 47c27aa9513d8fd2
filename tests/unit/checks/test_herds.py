from kitlib.checks import State
from kitlib.checks.herds import (
    deployment_pods,
    deployment_ready,
    set_pods,
    started_together,
    stopped_in_reverse,
    stopped_together,
)
from tests.unit.checks.story import Story


def herd(*, ready_after=3):
    """Three cows of a Deployment; the first is Ready after so many were created."""
    story = Story().add("ADDED", "Deployment", "cattle", "d").add("ADDED", "ReplicaSet", "cattle-1", "r", owner="d")
    for n in range(3):
        if n == ready_after:
            story.pod("MODIFIED", "cattle-1-a", "a", ready=True, owner="r")
        story.pod("ADDED", f"cattle-1-{'abc'[n]}", "abc"[n], owner="r")
    return story.pod("MODIFIED", "cattle-1-a", "a", ready=True, owner="r")


def stopping(*events):
    """Three pets that are Ready, and then begin to stop (`-n`) or are gone (`n`)."""
    story = Story().add("ADDED", "StatefulSet", "pets", "s")
    for n in range(3):
        story.pod("ADDED", f"pets-{n}", str(n), owner="s", ready=True)
    for event in events:
        name = event.removeprefix("-")
        if event.startswith("-"):
            story.pod("MODIFIED", f"pets-{name}", name, owner="s", terminating=True)
        else:
            story.pod("DELETED", f"pets-{name}", name, owner="s", terminating=True)
    return story


def deployment(asked=3, **status):
    return {
        "metadata": {"name": "cattle", "uid": "d", "generation": 2},
        "spec": {"replicas": asked},
        "status": {"observedGeneration": 2, **status},
    }


def test_pods_are_found_through_their_replica_set():
    story = herd().pod("ADDED", "other", "x", owner="elsewhere")
    assert [life.uid for life in deployment_pods(story.history, "cattle")] == ["a", "b", "c"]
    assert [life.uid for life in set_pods(stopping().history, "pets")] == ["0", "1", "2"]


def test_a_deployment_is_ready_when_nothing_is_left_of_its_rollout():
    test, whole = deployment_ready("cattle", 3), {"replicas": 3, "updatedReplicas": 3, "readyReplicas": 3}
    assert test(Story().observation(Deployment=[deployment(**whole)])).state is State.MET
    for field, value in (("replicas", 4), ("updatedReplicas", 2), ("readyReplicas", 2), ("observedGeneration", 1)):
        seen = test(Story().observation(Deployment=[deployment(**whole | {field: value})]))
        assert seen.state is State.PENDING, field
    assert test(Story().observation(Deployment=[deployment(2, **whole)])).state is State.UNMET
    assert test(Story().observation()).state is State.UNMET


def test_together_means_before_the_first_is_ready():
    test = started_together("cattle", 3)
    assert test(herd().observation()).state is State.MET
    assert test(herd(ready_after=2).observation()).state is State.UNMET
    assert test(Story().observation()).state is State.UNMET
    assert test(Story().observation(Deployment=[deployment()])).state is State.PENDING


def test_stopping_in_reverse():
    test = stopped_in_reverse("pets", 3)
    assert test(stopping("-2", "2", "-1", "1", "-0", "0").observation()).state is State.MET
    assert test(stopping("2", "1", "0").observation()).state is State.MET  # without a grace period
    assert test(stopping("-2", "-1", "2", "1", "-0", "0").observation()).state is State.UNMET
    assert test(stopping("-0", "0", "-1", "1", "-2", "2").observation()).state is State.UNMET
    going = {"metadata": {"name": "pets"}, "spec": {"replicas": 0}}
    assert test(stopping("-2", "2").observation(StatefulSet=[going])).state is State.PENDING
    assert test(stopping("-2", "2").observation()).state is State.UNMET


def test_stopping_together():
    test = stopped_together(lambda history: set_pods(history, "pets"), 3, "pets")
    assert test(stopping("-2", "-1", "-0", "0", "1", "2").observation()).state is State.MET
    assert test(stopping("-2", "-1", "-0").observation()).state is State.PENDING
    assert test(stopping("-2", "2", "-1", "-0", "0", "1").observation()).state is State.UNMET
    assert test(stopping("-2").observation()).state is State.UNMET
