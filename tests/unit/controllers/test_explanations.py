"""Every controller says why: the sentences that hold about an object now, and that they end with their cause."""

from __future__ import annotations

from typing import Any

import pytest

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from tests.unit.controllers.test_cluster_controllers import config_map, service
from tests.unit.controllers.test_volumes import claim, pod, volume
from tests.unit.controllers.world import NODE, World, stateful_set, template

PVC, PV, STS = "persistentvolumeclaims", "persistentvolumes", "statefulsets.apps"


def standing(world: World, subject: str, namespace: str = "default") -> list[str]:
    """Return the reasons about an object that hold."""
    return [d.text for d in world.cluster.registry.explanations.about(namespace, subject) if d.until is None]


def workload(kind: str, name: str = "web", **spec: Any) -> Object:
    body = {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}, "template": template(), **spec}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": "default"}, "spec": body}


def test_why_a_claim_has_no_volume(world: World) -> None:
    for one in (
        volume("small", size="1Mi"),
        volume("other", storageClassName="other"),
        volume("labelled", labels={"disk": "hdd"}),
        volume("taken", claimRef={"namespace": "default", "name": "someone"}),
        volume("many", accessModes=["ReadOnlyMany"]),
        volume("raw", volumeMode="Block"),
    ):
        world.client.create(PV, one)
    world.client.create(PVC, claim(storageClassName="manual", selector={"matchLabels": {"disk": "ssd"}}))
    world.settle()
    assert set(standing(world, "persistentvolumeclaim/data")) == {
        'data is not bound: storageclass.storage.k8s.io "manual" not found',
        "data can't have volume small: requested PV is too small",
        "data can't have volume other: storageClassName does not match",
        "data can't have volume labelled: the claim's selector does not match its labels",
        "data can't have volume taken: it belongs to claim default/someone",
        "data can't have volume many: incompatible accessMode",
        "data can't have volume raw: incompatible volumeMode",
    }
    world.client.create(PV, volume("fits", labels={"disk": "ssd"}))
    world.settle()
    assert standing(world, "persistentvolumeclaim/data") == ["data is bound to volume fits"]
    world.delete(PVC, "data")
    assert standing(world, "persistentvolumeclaim/data") == []
    world.client.create(PVC, claim("next", storageClassName="manual", selector={"matchLabels": {"disk": "ssd"}}))
    world.settle()
    text = "next can't have volume fits: it is Released: claim default/data was its last"
    assert text in standing(world, "persistentvolumeclaim/next")


def test_why_a_claim_waits_and_why_a_deleted_one_stays(world: World) -> None:
    world.client.create(PVC, claim())
    world.settle()
    text = "data is not bound: waiting for first consumer to be created before binding"
    assert standing(world, "persistentvolumeclaim/data") == [text]
    world.client.create("pods", pod("user", "data"))
    world.settle()
    world.delete(PVC, "data")
    text = "data is to be deleted, but stays while pod user uses it"
    assert text in standing(world, "persistentvolumeclaim/data")
    bound = world.client.get(PVC, "data", "default")["spec"]["volumeName"]
    world.delete(PV, bound, "")
    text = f"{bound} is to be deleted, but stays while it is bound to claim default/data"
    assert standing(world, f"persistentvolume/{bound}", "") == [text]
    world.delete("pods", "user")
    assert standing(world, "persistentvolumeclaim/data") == []


def test_why_a_lost_claim_is_lost(world: World) -> None:
    world.client.create(PVC, claim(storageClassName="manual", volumeName="mine"))
    world.settle()
    text = "data waits for volume mine, which does not exist"
    assert standing(world, "persistentvolumeclaim/data") == [text]
    world.client.create(PV, volume("mine"))
    world.settle()
    world.edit(PV, "mine", {"metadata": {"finalizers": None}}, namespace="")
    world.delete(PV, "mine", "")
    world.edit(PV, "mine", {"metadata": {"finalizers": None}}, namespace="")
    [text] = standing(world, "persistentvolumeclaim/data")
    assert text.startswith("data is Lost: Bound claim has lost its PersistentVolume")


def test_why_a_namespace_stays(world: World) -> None:
    world.client.create("namespaces", {"metadata": {"name": "lab"}})
    world.client.create("configmaps", config_map("kept", namespace="lab") | {"metadata": _with_finalizer("kept")})
    world.settle()
    world.delete("namespaces", "lab", "")
    assert standing(world, "namespace/lab", "") == ["lab is not gone yet: configmap/kept must go first"]
    world.edit("configmaps", "kept", {"metadata": {"finalizers": None}}, namespace="lab")
    assert world.client.find("namespaces", "lab") is None
    assert standing(world, "namespace/lab", "") == []


def _with_finalizer(name: str) -> Object:
    return {"name": name, "namespace": "lab", "finalizers": ["kit.test/stay"]}


def test_why_a_dependent_goes(world: World) -> None:
    owner = world.client.create("configmaps", config_map("owner"))
    child = config_map("child", owner)
    child["metadata"]["finalizers"] = ["kit.test/stay"]
    world.client.create("configmaps", child)
    world.settle()
    world.delete("configmaps", "owner")
    assert standing(world, "configmap/child") == ["child is deleted: its owner ConfigMap owner is gone"]
    world.edit("configmaps", "child", {"metadata": {"finalizers": None}})
    assert standing(world, "configmap/child") == []


def test_why_a_service_reaches_nobody(world: World) -> None:
    world.client.create("services", service())
    world.settle()
    assert standing(world, "service/nginx") == ["nginx has no endpoints: no running pod has the labels app=web"]
    world.kubelet.unready = lambda one: True
    world.client.create(STS, stateful_set(replicas=1))
    world.settle()
    assert standing(world, "service/nginx") == []
    assert "web-0 gets no traffic from Service nginx: it is not Ready" in standing(world, "pod/web-0")
    world.make_ready("web-0")
    assert "web-0 gets no traffic from Service nginx: it is not Ready" not in standing(world, "pod/web-0")


@pytest.mark.parametrize(
    ("named", "why"),
    [("nginx", []), ("ngnix", ["its subdomain is ngnix"]), (None, ["it has no subdomain"])],
)
def test_why_a_pod_has_no_name(world: World, named: str | None, why: list[str]) -> None:
    headless = service()
    headless["spec"]["clusterIP"] = "None"
    world.client.create("services", headless)
    wanted = stateful_set(replicas=1)
    wanted["spec"]["serviceName"] = named
    world.client.create(STS, wanted)
    world.settle()
    told = [one for one in standing(world, "pod/web-0") if "name" in one]
    assert told == [f"web-0 has no name of its own below Service nginx: {one}" for one in why]
    world.edit("services", "nginx", {"spec": {"selector": {"app": "wbe"}}})
    assert standing(world, "service/nginx") == ["nginx has no endpoints: no running pod has the labels app=wbe"]


def test_why_a_replicaset_deletes_and_a_rollout_waits(world: World) -> None:
    world.client.create("deployments.apps", workload("Deployment"))
    world.settle()
    world.kubelet.unready = lambda one: one["spec"]["containers"][0]["image"] == "nginx:bad"
    world.edit("deployments.apps", "web", {"spec": {"template": template("nginx:bad")}})
    [text] = standing(world, "deployment/web")
    assert text.endswith("at most 4 pods in all, at least 3 available; 3 are available now")
    world.edit("deployments.apps", "web", {"spec": {"template": template("nginx:1.25")}})
    assert standing(world, "deployment/web") == []
    world.kubelet.undying.update(world.pods())
    world.edit("deployments.apps", "web", {"spec": {"replicas": 2}})
    ended = [
        d.text for name in world.pods() for d in world.cluster.registry.explanations.about("default", f"pod/{name}")
    ]
    assert any("has more pods than it wants, and this one is missed least" in text for text in ended)


def test_why_a_pod_is_deleted_by_force(world: World) -> None:
    world.client.create("pods", pod("p"))
    world.settle()
    world.delete("nodes", world.pod("p")["spec"]["nodeName"], "")
    world.advance(60)
    texts = [decision.text for decision in world.cluster.registry.explanations.about("default", "pod/p")]
    assert "p is deleted by force: its node kit-control-plane does not exist any more" in texts


def test_why_a_budget_refuses(world: World) -> None:
    world.client.create(STS, stateful_set())
    budget = {"metadata": {"name": "most", "namespace": "default"}}
    spec = {"selector": {"matchLabels": {"app": "web"}}, "minAvailable": 3}
    world.client.create("poddisruptionbudgets.policy", budget | {"spec": spec})
    world.settle()
    text = "most allows 0 disruptions: of 3 expected pods 3 are healthy, 3 must be"
    assert standing(world, "poddisruptionbudget/most") == [text]


def test_reasons_about_a_deleted_workload_end(world: World) -> None:
    world.client.create("replicasets.apps", workload("ReplicaSet", replicas=1))
    created = world.client.create(
        "replicasets.apps",
        workload(
            "ReplicaSet",
            "other",
            selector={"matchLabels": {"a": "b"}},
            template=template() | {"metadata": {"labels": {"a": "b"}}},
        ),
    )
    world.settle()
    assert objects.name(created) == "other"
    for name in ("web", "other"):
        world.delete("replicasets.apps", name)
        assert standing(world, f"replicaset/{name}") == []


def test_nothing_holds_about_a_pod_that_is_gone(world: World) -> None:
    world.client.create(STS, stateful_set())
    world.settle()
    assert f"web-2 is assigned to {NODE}" in standing(world, "pod/web-2")
    world.edit(STS, "web", {"spec": {"replicas": 2}})
    assert standing(world, "pod/web-2") == []
