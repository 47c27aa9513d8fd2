import pytest

from kitlib.checks import State, met, pending, unmet
from kitlib.checks.combining import every
from kitlib.checks.services import endpoints_ready, listed, named_port, service_type
from tests.unit.checks.story import Story
from tests.unit.checks.test_predicates import pod


def slice_of(*addresses, service="web", ready=True):
    endpoints = [{"addresses": [one], "conditions": {"ready": ready}} for one in addresses]
    return {"metadata": {"name": "s", "labels": {"kubernetes.io/service-name": service}}, "endpoints": endpoints}


def labelled(name, *, ready=True):
    found = pod(name, ready=ready)
    found["metadata"]["labels"] = {"app": "web", "more": "x"}
    return found


SERVICE = {
    "metadata": {"name": "web"},
    "spec": {"selector": {"app": "web"}, "type": "NodePort", "ports": [{"port": 80}]},
}


def test_the_type_of_a_service():
    assert service_type("web", "NodePort")(Story().observation(Service=[SERVICE])).state is State.MET
    assert service_type("web", "ClusterIP")(Story().observation(Service=[SERVICE])).state is State.UNMET
    assert service_type("db", "NodePort")(Story().observation(Service=[SERVICE])).state is State.UNMET


@pytest.mark.parametrize(
    ("pods", "slices", "state"),
    [
        ([labelled("a"), labelled("b")], [slice_of("1", "2")], State.MET),
        ([labelled("a"), labelled("b")], [slice_of("1"), slice_of("2")], State.MET),
        ([labelled("a"), labelled("b", ready=False)], [slice_of("1"), slice_of("2", ready=False)], State.PENDING),
        ([labelled("a"), labelled("b")], [slice_of("1")], State.PENDING),
        ([labelled("a"), labelled("b")], [slice_of("1"), slice_of("2", service="db")], State.PENDING),
        ([labelled("a")], [slice_of("1")], State.UNMET),
        ([pod("a"), pod("b")], [], State.UNMET),
    ],
)
def test_who_stands_behind_a_service(pods, slices, state):
    observation = Story().observation(Service=[SERVICE], Pod=pods, EndpointSlice=slices)
    assert endpoints_ready("web", 2)(observation).state is state


@pytest.mark.parametrize(
    ("ports", "state"),
    [
        ([{"port": 443, "name": "https"}, {"port": 80, "name": "http"}], State.MET),
        ([{"port": 80}], State.UNMET),
        ([{"port": 80, "name": "web"}], State.UNMET),
        ([{"port": 8080, "name": "http"}], State.UNMET),
        ([], State.UNMET),
    ],
)
def test_a_port_has_its_name(ports, state):
    service = {"metadata": {"name": "web"}, "spec": {"ports": ports}}
    assert named_port("web", "http", 80)(Story().observation(Service=[service])).state is state
    assert named_port("db", "http", 80)(Story().observation(Service=[service])).state is State.UNMET


def test_who_was_listed_at_a_moment():
    story = (
        Story()
        .add("ADDED", "EndpointSlice", "web-a", "a", service="web", ready=["1", "2"])
        .add("ADDED", "EndpointSlice", "web-b", "b", service="web", ready=["3"])
        .add("ADDED", "EndpointSlice", "db-c", "c", service="db", ready=["9"])
        .add("MODIFIED", "EndpointSlice", "web-a", "a", service="web", ready=["2"])
        .add("DELETED", "EndpointSlice", "web-b", "b", service="web", ready=["3"])
        .add("MODIFIED", "EndpointSlice", "web-a", "a", service="web")
    )
    moments = [listed(story.history, "web", revision) for revision in range(7)]
    assert moments == [set(), {"1", "2"}, {"1", "2", "3"}, {"1", "2", "3"}, {"2", "3"}, {"2"}, set()]


def test_of_several_the_worst_counts():
    good, waiting, bad = (lambda _: met("a", "x")), (lambda _: pending("b", "y")), (lambda _: unmet("c", "z"))
    assert every(good, waiting, bad)(Story().observation()) == unmet("c", "z")
    assert every(good, waiting)(Story().observation()) == pending("b", "y")
    assert every(good, good)(Story().observation()) == met("a", "x")
    assert every(bad, lambda _: unmet("d", "z"))(Story().observation()) == unmet("c; d", "z")
