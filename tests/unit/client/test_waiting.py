import pytest

from kitlib.client.waiting import wait
from kitlib.errors import UsageError


class Found:
    """Stands where a cluster would: one object after the other."""

    def __init__(self, *states):
        self.states = list(states)

    def find(self, kind, name, *, namespace):
        return self.states.pop(0)


def volume(phase):
    return {"kind": "PersistentVolume", "metadata": {"name": "disk"}, "status": {"phase": phase}}


def test_a_phase_is_waited_for_by_its_name():
    seen = Found(None, volume("Bound"), volume("Released"), volume("Available"))
    found = wait(seen, "pv", "disk", until="Released", namespace="", timeout=60.0, progress=None)
    assert found == volume("Released") and len(seen.states) == 1


def test_what_cannot_be_waited_for():
    with pytest.raises(UsageError, match="'released'") as raised:
        wait(Found(), "pv", "disk", until="released", namespace="", timeout=1.0, progress=None)
    assert "Released" in raised.value.fix


def test_an_object_is_terminating_from_its_deletion_on():
    going = {"kind": "Pod", "metadata": {"name": "a", "deletionTimestamp": "now"}, "status": {"phase": "Running"}}
    seen = Found({"kind": "Pod", "metadata": {"name": "a"}, "status": {"phase": "Running"}}, going)
    assert wait(seen, "pod", "a", until="Terminating", namespace="", timeout=60.0, progress=None) == going


def test_a_node_is_ready_or_not_in_the_lines_of_a_wait():
    states = [{"kind": "Node", "status": {"conditions": [{"type": "Ready", "status": s}]}} for s in ("Unknown", "True")]
    said = []
    wait(Found(*states), "node", "a", until="ready", namespace="", timeout=60.0, progress=said.append)
    assert said == ["node/a: NotReady", "node/a: Ready"]
