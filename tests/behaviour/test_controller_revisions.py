"""[sig-apps] ControllerRevision: its life through the API, beside the controller that made it."""

from __future__ import annotations

from typing import Any

from tests.behaviour.rest import STRATEGIC, Rest
from tests.behaviour.stateful_sets import LABELS, StatefulSets
from tests.behaviour.workloads import selector_text, unique
from tests.support.patience import Patience


def test_the_lifecycle_of_a_revision(sets: StatefulSets, rest: Rest, namespace: str, patience: Patience) -> None:
    """ControllerRevision should manage the lifecycle of a ControllerRevision, with a StatefulSet as the owner"""
    path = f"/apis/apps/v1/namespaces/{namespace}/controllerrevisions"
    mark, of_set = unique("mark"), selector_text(LABELS).replace(",", "%2C").replace("=", "%3D")

    def names(selector: str = of_set) -> list[str]:
        return sorted(item["metadata"]["name"] for item in rest.get(f"{path}?labelSelector={selector}")["items"])

    name = sets.create(1)
    sets.wait_ready(1)
    first = sets.get(name).status.current_revision
    [initial] = rest.get(f"{path}?labelSelector={of_set}")["items"]
    assert (initial["metadata"]["name"], initial["revision"]) == (first, 1)
    [ref] = initial["metadata"]["ownerReferences"]
    assert (ref["kind"], ref["name"], ref["controller"]) == ("StatefulSet", name, True)

    patched = rest.patched(f"{path}/{first}", {"metadata": {"labels": {mark: "patched"}}}, STRATEGIC)
    assert (patched["metadata"]["labels"][mark], patched["data"]) == ("patched", initial["data"])
    everywhere = rest.get(f"/apis/apps/v1/controllerrevisions?labelSelector={mark}%3Dpatched")["items"]
    assert [item["metadata"]["name"] for item in everywhere] == [first]

    second = {"metadata": {"name": unique("own"), "labels": LABELS}, "data": initial["data"], "revision": 2}
    made = rest.made(path, second)
    assert names() == sorted([first, made["metadata"]["name"]])
    refused: Any = rest("PUT", f"{path}/{made['metadata']['name']}", made | {"data": {"spec": {}}})
    assert (refused.status, refused.json["details"]["causes"][0]["field"]) == (422, "data")
    rest.patched(f"{path}/{made['metadata']['name']}", {"metadata": {"labels": {mark: "updated"}}, "revision": 3})
    assert rest("DELETE", f"{path}/{made['metadata']['name']}").status == 200
    patience.until(lambda: names() == [first], "the second revision to go")

    assert rest("DELETE", f"{path}?labelSelector={mark}%3Dpatched").status == 200
    patience.until(lambda: names() == [], "the collection to go")
    sets.set_replicas(name, 2)
    sets.wait_ready(2)
    assert names() == [first], "the next sync makes it again, under its name"
    assert {sets.revision(pod) for pod in sets.pods()} == {first}
