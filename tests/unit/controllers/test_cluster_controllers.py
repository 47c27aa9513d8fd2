from __future__ import annotations

from typing import Any

from kitlib.embedded.apimachinery import objects
from kitlib.embedded.apimachinery.objects import Object
from tests.unit.controllers.world import World, stateful_set

SLICES = "endpointslices.discovery.k8s.io"


def config_map(name: str, *owners: Object, namespace: str = "default", block: bool = True) -> Object:
    refs = [objects.owner_reference(owner, controller=False) | {"blockOwnerDeletion": block} for owner in owners]
    return {"metadata": {"name": name, "namespace": namespace, "ownerReferences": refs}, "data": {}}


def service(**spec: Any) -> Object:
    body = {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80}], **spec}
    return {"metadata": {"name": "nginx", "namespace": "default"}, "spec": body}


def test_every_namespace_gets_an_account_and_the_ca(world: World) -> None:
    world.client.create("namespaces", {"metadata": {"name": "lab"}})
    world.settle()
    assert world.client.find("serviceaccounts", "default", "lab") is not None
    assert world.client.get("configmaps", "kube-root-ca.crt", "lab")["data"] == {"ca.crt": "PEM"}
    world.delete("serviceaccounts", "default", "lab")
    world.edit("configmaps", "kube-root-ca.crt", {"data": {"ca.crt": "forged"}}, namespace="lab")
    assert world.client.find("serviceaccounts", "default", "lab") is not None
    assert world.client.get("configmaps", "kube-root-ca.crt", "lab")["data"] == {"ca.crt": "PEM"}


def test_a_deleted_namespace_is_emptied_pods_first(world: World) -> None:
    world.client.create("namespaces", {"metadata": {"name": "lab"}})
    world.settle()
    moved = stateful_set(claims=True)
    moved["metadata"]["namespace"] = "lab"
    world.client.create("statefulsets.apps", moved)
    world.client.create("configmaps", config_map("kept", namespace="lab"))
    world.settle()
    world.kubelet.undying.add("web-1")
    world.delete("namespaces", "lab", "")
    assert world.pods("lab") == ["web-1"]
    assert world.client.find("configmaps", "kept", "lab") is not None
    conditions = {c["type"]: c["status"] for c in world.client.get("namespaces", "lab")["status"]["conditions"]}
    assert conditions["NamespaceContentRemaining"] == "True"
    world.kubelet.undying.clear()
    world.delete("pods", "web-1", "lab", grace_period_seconds=0)
    assert world.client.find("namespaces", "lab") is None
    assert world.client.list("persistentvolumes") == []


def test_dependents_follow_their_last_owner(world: World) -> None:
    first = world.client.create("configmaps", config_map("first"))
    second = world.client.create("configmaps", config_map("second"))
    world.client.create("configmaps", config_map("both", first, second))
    world.settle()
    world.delete("configmaps", "first")
    [ref] = objects.owner_references(world.client.get("configmaps", "both", "default"))
    assert ref["name"] == "second"
    world.delete("configmaps", "second")
    assert world.client.find("configmaps", "both", "default") is None


def test_an_owner_that_never_was(world: World) -> None:
    ghost = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "ghost", "uid": "no-such-uid"}}
    world.client.create("configmaps", config_map("child", ghost))
    world.settle()
    assert world.client.find("configmaps", "child", "default") is None


def test_foreground_goes_from_the_leaves(world: World) -> None:
    gone: list[str] = []
    root = world.client.create("configmaps", config_map("root"))
    child = world.client.create("configmaps", config_map("child", root))
    world.client.create("configmaps", config_map("leaf", child))
    world.settle()
    world.client.subscribe(
        "configmaps", lambda e: gone.append(objects.name(e.object)) if e.type == "DELETED" else None, replay=False
    )
    world.delete("configmaps", "root", propagation_policy="Foreground")
    assert gone == ["leaf", "child", "root"]


def test_a_circle_of_owners_does_not_live_for_ever(world: World) -> None:
    left = world.client.create("configmaps", config_map("left"))
    right = world.client.create("configmaps", config_map("right", left))
    world.edit("configmaps", "left", {"metadata": {"ownerReferences": [objects.owner_reference(right)]}})
    world.delete("configmaps", "left", propagation_policy="Foreground")
    assert world.client.find("configmaps", "left", "default") is None
    assert world.client.find("configmaps", "right", "default") is None


def test_endpoints_follow_readiness(world: World) -> None:
    world.client.create("services", service(clusterIP="None"))
    world.client.create("statefulsets.apps", stateful_set(replicas=2))
    world.settle()
    [piece] = world.client.list(SLICES, "default", label_selector="kubernetes.io/service-name=nginx")
    assert objects.name(piece).startswith("nginx-")
    assert [e["hostname"] for e in piece["endpoints"]] == ["web-0", "web-1"]
    assert piece["ports"] == [{"name": "http", "port": 80, "protocol": "TCP"}]
    assert objects.labels(piece)["service.kubernetes.io/headless"] == ""
    world.make_ready("web-1", ready=False)
    [piece] = world.client.list(SLICES, "default", label_selector="kubernetes.io/service-name=nginx")
    assert [e["conditions"]["ready"] for e in piece["endpoints"]] == [True, False]
    [subset] = world.client.get("endpoints", "nginx", "default")["subsets"]
    assert [a["hostname"] for a in subset["addresses"]] == ["web-0"]
    assert [a["hostname"] for a in subset["notReadyAddresses"]] == ["web-1"]
    world.edit("services", "nginx", {"spec": {"publishNotReadyAddresses": True}})
    [piece] = world.client.list(SLICES, "default", label_selector="kubernetes.io/service-name=nginx")
    assert [e["conditions"]["ready"] for e in piece["endpoints"]] == [True, True]
    world.delete("services", "nginx")
    assert world.client.list(SLICES, "default", label_selector="kubernetes.io/service-name=nginx") == []
    assert world.client.find("endpoints", "nginx", "default") is None


def test_disruption_budget_counts(world: World) -> None:
    world.client.create("statefulsets.apps", stateful_set())
    world.client.create(
        "poddisruptionbudgets.policy",
        {
            "metadata": {"name": "pdb", "namespace": "default"},
            "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "web"}}},
        },
    )
    world.settle()

    def allowed() -> int:
        return world.client.get("poddisruptionbudgets.policy", "pdb", "default")["status"]["disruptionsAllowed"]

    assert allowed() == 1
    world.make_ready("web-0", ready=False)
    assert allowed() == 0


def test_pods_of_a_vanished_node_are_removed(world: World) -> None:
    world.client.create("statefulsets.apps", stateful_set(replicas=1))
    world.settle()
    uid = objects.uid(world.pod("web-0"))
    world.delete("nodes", "kit-control-plane", "")
    world.advance(41)
    assert objects.uid(world.pod("web-0")) != uid
    assert "nodeName" not in world.pod("web-0")["spec"]
