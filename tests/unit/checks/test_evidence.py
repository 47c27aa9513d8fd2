import pytest

from kitlib.checks import Observation, State
from kitlib.checks.evidence import fault_named, warning_quoted

FACTS = {
    "object": "PersistentVolumeClaim/data-web-0",
    "evidence": 'storageclass.storage.k8s.io\n  "fast" not found',
    "culprit": "StatefulSet/web",
    "field": "storageClassName",
}


def event(message, *, kind="PersistentVolumeClaim", name="data-web-0", type="Warning"):
    return {"type": type, "message": message, "involvedObject": {"kind": kind, "name": name}}


EVENTS = (
    event("waiting for first consumer to be created", type="Normal"),
    event('storageclass.storage.k8s.io "fast" not found'),
    event("0/3 nodes are available", kind="Pod", name="web-0"),
)


def observed(events=EVENTS, **changes):
    data = {key: value for key, value in (FACTS | changes).items() if value is not None}
    note = {"kind": "ConfigMap", "metadata": {"name": "diagnosis"}, "data": data}
    return Observation("lab", objects={"ConfigMap": (note,)}, events=tuple(events))


QUOTED = warning_quoted("diagnosis", kind="PersistentVolumeClaim")
FAULT = fault_named("diagnosis", [("StatefulSet/web", "storageClassName"), ("ConfigMap/web", "data")])


@pytest.mark.parametrize(
    "thing", ["PersistentVolumeClaim/data-web-0", "pvc/data-web-0", "persistentvolumeclaims/data-web-0"]
)
def test_a_part_of_a_warning_is_evidence(thing):
    assert QUOTED(observed(object=thing)).state is State.MET


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"object": "Pod/web-0", "evidence": "0/3 nodes are available"}, "Pod/web-0"),
        ({"object": "PersistentVolumeClaim/data-web-1"}, "there is none"),
        ({"object": None}, "no object"),
        ({"evidence": None}, "no evidence"),
        ({"evidence": "not found"}, "too short"),
        ({"evidence": "waiting for first consumer"}, "the last one says: storageclass"),
    ],
)
def test_what_is_no_evidence(changes, said):
    found = QUOTED(observed(**changes))
    assert found.state is State.UNMET and said in found.observed


def test_a_quote_may_have_to_name_something():
    naming = warning_quoted("diagnosis", kind="PersistentVolumeClaim", naming=lambda _: {"slow"})
    assert "does not say what is wrong" in naming(observed()).observed
    naming = warning_quoted("diagnosis", kind="PersistentVolumeClaim", naming=lambda _: {"slow", "fast"})
    assert naming(observed()).state is State.MET


@pytest.mark.parametrize(
    ("culprit", "field", "state"),
    [
        ("StatefulSet/web", "storageClassName", State.MET),
        ("sts/web", "spec.volumeClaimTemplates[0].spec.storageClassName", State.MET),
        ("configmap web", "data", State.MET),
        ("StatefulSet/web", "data", State.UNMET),
        ("Pod/web", "storageClassName", State.UNMET),
        (None, "storageClassName", State.UNMET),
    ],
)
def test_the_fault_is_an_object_and_a_field(culprit, field, state):
    assert FAULT(observed(culprit=culprit, field=field)).state is state


def test_nothing_written_down():
    empty = Observation("lab")
    assert {QUOTED(empty).state, FAULT(empty).state} == {State.UNMET}
