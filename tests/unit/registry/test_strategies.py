"""Defaults, allocation and admission of the strategies; what they refuse is in test_strategies_validation."""

from __future__ import annotations

import copy
import random
from datetime import UTC, datetime
from typing import Any

import pytest

from kitlib.embedded.apimachinery import hashing
from kitlib.embedded.apimachinery.decoding import decode
from kitlib.embedded.apimachinery.resources import RESOURCES, by_name
from kitlib.embedded.apimachinery.status import StatusError
from kitlib.embedded.registry.strategies import Context, strategy_for
from kitlib.embedded.registry.strategies.pods import qos_class

Json = dict[str, Any]

_GOLDEN_TEMPLATE = {
    "metadata": {"annotations": {"test": "value"}, "labels": {"app": "foo"}},
    "spec": {"containers": [{"name": "test", "image": "test"}]},
}


def context(*existing: tuple[str, Json]) -> Context:
    """A context over some objects; the default service account is always there."""
    account = {"metadata": {"name": "default", "namespace": "d"}}
    stored = [("serviceaccounts", account), *existing]

    def lookup(resource: str, name: str, namespace: str) -> Json | None:
        return next((o for r, o in stored if r == resource and o["metadata"]["name"] == name), None)

    def objects(resource: str, namespace: str) -> list[Json]:
        return [o for r, o in stored if r == resource]

    now = datetime(2026, 1, 1, tzinfo=UTC)
    return Context(now=now, user="me", lookup=lookup, objects=objects, random=random.Random(7))


def create(resource: str, obj: Json, ctx: Context | None = None) -> Json:
    """Do what the registry does up to validation, and require that nothing is wrong."""
    ctx = ctx or context()
    obj = {"metadata": {"name": "x", "namespace": "d"}} | copy.deepcopy(obj)
    kind = by_name(resource)
    strategy = strategy_for(kind)
    assert decode(obj, kind) == []
    strategy.default(obj)
    strategy.prepare_for_create(obj, ctx)
    assert [str(error) for error in strategy.validate(obj, ctx)] == []
    return obj


def update(resource: str, new: Json, old: Json, ctx: Context | None = None) -> Json:
    ctx = ctx or context()
    strategy = strategy_for(by_name(resource))
    new = copy.deepcopy(new)
    strategy.default(new)
    strategy.prepare_for_update(new, old, ctx)
    assert [str(error) for error in strategy.validate_update(new, old, ctx)] == []
    return new


def stateful_set(**spec: Any) -> Json:
    return {"spec": {"selector": {"matchLabels": {"app": "foo"}}, "template": _GOLDEN_TEMPLATE} | spec}


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda r: r.qualified)
def test_defaulting_is_idempotent_and_survives_an_empty_object(resource: Any) -> None:
    obj: Json = {"metadata": {"name": "x"}}
    strategy_for(resource).default(obj)
    once = copy.deepcopy(obj)
    strategy_for(resource).default(obj)
    assert obj == once


def test_defaulted_template_hashes_to_the_name_of_a_real_cluster() -> None:
    created = create("statefulsets.apps", stateful_set())
    assert hashing.revision_hash(hashing.revision_data(created["spec"]["template"])) == "776999688b"


def test_stateful_set_defaults() -> None:
    claim = {
        "metadata": {"name": "www"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    created = create("statefulsets.apps", stateful_set(volumeClaimTemplates=[claim]) | {"status": {"replicas": 7}})
    spec = created["spec"]
    assert created["status"] == {"replicas": 0, "availableReplicas": 0}
    assert {field: spec[field] for field in spec if field not in ("template", "selector", "volumeClaimTemplates")} == {
        "podManagementPolicy": "OrderedReady",
        "replicas": 1,
        "revisionHistoryLimit": 10,
        "serviceName": "",
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
    }
    [template] = spec["volumeClaimTemplates"]
    assert (template["apiVersion"], template["kind"]) == ("v1", "PersistentVolumeClaim")
    assert template["status"] == {"phase": "Pending"}
    assert template["spec"]["volumeMode"] == "Filesystem"


@pytest.mark.parametrize(
    ("given", "defaulted"),
    [
        (None, {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}),
        ({}, {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}),
        ({"type": ""}, {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}),
        ({"type": "RollingUpdate"}, {"type": "RollingUpdate"}),
        ({"type": "RollingUpdate", "rollingUpdate": {}}, {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}),
        ({"type": "OnDelete"}, {"type": "OnDelete"}),
    ],
)
def test_rolling_update_appears_only_without_a_type(given: Json | None, defaulted: Json) -> None:
    spec = {} if given is None else {"updateStrategy": given}
    assert create("statefulsets.apps", stateful_set(**spec))["spec"]["updateStrategy"] == defaulted


def test_pod_defaults_and_admission() -> None:
    container = {
        "name": "c",
        "image": "nginx:1.27",
        "resources": {"limits": {"cpu": "1"}},
        "ports": [{"containerPort": 80}],
    }
    container["readinessProbe"] = {"httpGet": {"port": 80}}
    pod = create("pods", {"spec": {"containers": [container], "volumes": [{"name": "v"}]}})
    spec = pod["spec"]
    assert pod["status"] == {"phase": "Pending", "qosClass": "Burstable"}
    assert spec["serviceAccountName"] == spec["serviceAccount"] == "default"
    assert (spec["priority"], spec["preemptionPolicy"], spec["enableServiceLinks"]) == (0, "PreemptLowerPriority", True)
    assert [t["tolerationSeconds"] for t in spec["tolerations"]] == [300, 300]
    assert spec["volumes"][0] == {"name": "v", "emptyDir": {}}
    token = spec["volumes"][1]
    assert token["name"].startswith("kube-api-access-")
    assert [next(iter(s)) for s in token["projected"]["sources"]] == ["serviceAccountToken", "configMap", "downwardAPI"]
    [made] = spec["containers"]
    assert made["volumeMounts"] == [
        {"name": token["name"], "readOnly": True, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}
    ]
    assert made["imagePullPolicy"] == "IfNotPresent"
    assert made["resources"]["requests"] == {"cpu": "1"}
    assert made["ports"] == [{"containerPort": 80, "protocol": "TCP"}]
    assert made["readinessProbe"] == {
        "httpGet": {"port": 80, "path": "/", "scheme": "HTTP"},
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    }


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("nginx:1", "IfNotPresent"),
        ("host:5000/nginx", "Always"),
        ("host:5000/nginx:1", "IfNotPresent"),
        ("nginx@sha256:abc", "IfNotPresent"),
    ],
)
def test_pull_policy_follows_the_tag(image: str, policy: str) -> None:
    pod = create("pods", {"spec": {"containers": [{"name": "c", "image": image}]}})
    assert pod["spec"]["containers"][0]["imagePullPolicy"] == policy


def test_pod_admission_needs_account_and_priority_class() -> None:
    pod = {"spec": {"containers": [{"name": "c", "image": "i"}], "serviceAccountName": "other"}}
    with pytest.raises(StatusError) as caught:
        create("pods", pod)
    assert caught.value.code == 403
    assert caught.value.message == (
        'pods "x" is forbidden: error looking up service account d/other: serviceaccount "other" not found'
    )
    pod = {"spec": {"containers": [{"name": "c", "image": "i"}], "priorityClassName": "fast"}}
    with pytest.raises(StatusError, match="no PriorityClass with name fast was found"):
        create("pods", pod)
    fast = {"metadata": {"name": "fast"}, "value": 9, "preemptionPolicy": "Never"}
    spec = create("pods", pod, context(("priorityclasses.scheduling.k8s.io", fast)))["spec"]
    assert (spec["priority"], spec["preemptionPolicy"]) == (9, "Never")


def test_a_pod_may_do_without_a_token() -> None:
    pod = {"spec": {"containers": [{"name": "c", "image": "i"}], "automountServiceAccountToken": False}}
    assert "volumes" not in create("pods", pod)["spec"]


@pytest.mark.parametrize(
    ("spec", "requested", "grace"),
    [
        ({"nodeName": "n", "terminationGracePeriodSeconds": 30}, None, 30),
        ({"nodeName": "n", "terminationGracePeriodSeconds": 30}, 5, 5),
        ({"nodeName": "n", "terminationGracePeriodSeconds": 30}, 0, 0),
        ({"nodeName": "n"}, -1, 1),
        ({"terminationGracePeriodSeconds": 30}, None, 0),
    ],
)
def test_grace_period(spec: Json, requested: int | None, grace: int) -> None:
    strategy = strategy_for(by_name("pods"))
    assert strategy.grace_period({"spec": spec, "status": {"phase": "Running"}}, requested) == grace
    assert strategy.grace_period({"spec": spec, "status": {"phase": "Failed"}}, requested) == 0


@pytest.mark.parametrize(
    ("resources", "qos"),
    [
        ({}, "BestEffort"),
        ({"requests": {"cpu": "1"}}, "Burstable"),
        ({"limits": {"cpu": "1", "memory": "1Gi"}}, "Guaranteed"),
        ({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1000m", "memory": "1024Mi"}}, "Guaranteed"),
        ({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "500m"}}, "Burstable"),
        ({"limits": {"cpu": "1"}}, "Burstable"),
    ],
)
def test_qos_class(resources: Json, qos: str) -> None:
    assert qos_class({"containers": [{"resources": resources}]}) == qos


def service(**spec: Any) -> Json:
    return {"spec": {"ports": [{"port": 80}], "selector": {"app": "web"}} | spec}


def test_service_defaults_and_allocation() -> None:
    created = create("services", service())
    spec = created["spec"]
    assert created["status"] == {"loadBalancer": {}}
    assert spec["clusterIP"].startswith("10.96.")
    assert spec.pop("clusterIPs") == [spec.pop("clusterIP")]
    assert spec == {
        "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}],
        "selector": {"app": "web"},
        "type": "ClusterIP",
        "sessionAffinity": "None",
        "internalTrafficPolicy": "Cluster",
        "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack",
    }


def test_addresses_and_ports_are_never_given_twice() -> None:
    ctx_objects: list[tuple[str, Json]] = []
    for index in range(20):
        made = create("services", service(type="NodePort"), context(*ctx_objects))
        made["metadata"]["uid"] = str(index)
        ctx_objects.append(("services", made))
    made_specs = [made["spec"] for _, made in ctx_objects]
    assert len({spec["clusterIP"] for spec in made_specs}) == 20
    ports = {spec["ports"][0]["nodePort"] for spec in made_specs}
    assert len(ports) == 20
    assert all(30000 <= port <= 32767 for port in ports)


def test_headless_and_external_services_have_no_address() -> None:
    headless = create("services", service(clusterIP="None"))["spec"]
    assert (headless["clusterIP"], headless["clusterIPs"]) == ("None", ["None"])
    assert create("services", {"spec": {"clusterIP": "None", "selector": {"a": "b"}}})["spec"]["ipFamilies"] == ["IPv4"]
    external = create("services", {"spec": {"type": "ExternalName", "externalName": "example.com"}})["spec"]
    assert not {"clusterIP", "clusterIPs", "ipFamilies", "internalTrafficPolicy"} & set(external)


def test_an_update_that_leaves_out_what_was_allocated_keeps_it() -> None:
    old = create("services", service(type="NodePort"))
    new = update("services", {"metadata": old["metadata"], **service(type="NodePort")}, old)
    assert new["spec"] == old["spec"]
    narrowed = update("services", {"metadata": old["metadata"], "spec": old["spec"] | {"type": "ClusterIP"}}, old)
    assert narrowed["spec"]["clusterIP"] == old["spec"]["clusterIP"]
    assert narrowed["spec"]["ports"] == [{"port": 80, "protocol": "TCP", "targetPort": 80}]
    widened = update("services", {"metadata": old["metadata"], **service(type="NodePort")}, narrowed)
    assert 30000 <= widened["spec"]["ports"][0]["nodePort"] <= 32767


def claim(**spec: Any) -> Json:
    wanted = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    return {"spec": wanted | spec}


def storage_class(name: str, created: str, **more: Any) -> tuple[str, Json]:
    annotations = {"storageclass.kubernetes.io/is-default-class": "true"}
    metadata = {"name": name, "annotations": annotations, "creationTimestamp": created}
    return "storageclasses.storage.k8s.io", {"metadata": metadata, "provisioner": "p"} | more


def test_claims_get_the_newest_default_class_unless_they_say_otherwise() -> None:
    ctx = context(storage_class("old", "2025-01-01T00:00:00Z"), storage_class("new", "2026-01-01T00:00:00Z"))
    created = create("persistentvolumeclaims", claim(), ctx)
    assert created["spec"]["storageClassName"] == "new"
    assert created["metadata"]["finalizers"] == ["kubernetes.io/pvc-protection"]
    assert created["status"] == {"phase": "Pending"}
    assert create("persistentvolumeclaims", claim(storageClassName=""), ctx)["spec"]["storageClassName"] == ""
    annotated = claim() | {
        "metadata": {"name": "x", "annotations": {"volume.beta.kubernetes.io/storage-class": "slow"}}
    }
    assert "storageClassName" not in create("persistentvolumeclaims", annotated, ctx)["spec"]
    assert strategy_for(by_name("persistentvolumeclaims")).warnings(annotated) == [
        "metadata.annotations[volume.beta.kubernetes.io/storage-class]: "
        'deprecated since v1.8; use "storageClassName" attribute instead'
    ]
    assert "storageClassName" not in create("persistentvolumeclaims", claim())["spec"]


def test_claims_grow_only_where_the_class_allows_it() -> None:
    rigid, elastic = storage_class("s", "x"), storage_class("s", "x", allowVolumeExpansion=True)
    old = create("persistentvolumeclaims", claim(), context(rigid))
    old["spec"]["volumeName"], old["status"] = "pv", {"phase": "Bound", "capacity": {"storage": "1Gi"}}
    new = copy.deepcopy(old)
    new["spec"]["resources"]["requests"]["storage"] = "2Gi"
    with pytest.raises(StatusError, match="only dynamically provisioned pvc can be resized") as caught:
        update("persistentvolumeclaims", new, old, context(rigid))
    assert caught.value.code == 403
    assert update("persistentvolumeclaims", new, old, context(elastic))["spec"]["resources"]["requests"] == {
        "storage": "2Gi"
    }


def test_binding_may_set_volume_and_late_class() -> None:
    old = create("persistentvolumeclaims", claim())
    new = copy.deepcopy(old)
    new["spec"] |= {"volumeName": "pv", "storageClassName": "late"}
    assert update("persistentvolumeclaims", new, old)["spec"]["volumeName"] == "pv"


def test_namespaces_are_active_labelled_and_finalized() -> None:
    made = create("namespaces", {"metadata": {"name": "lab"}})
    assert made["metadata"]["labels"] == {"kubernetes.io/metadata.name": "lab"}
    assert made["spec"] == {"finalizers": ["kubernetes"]}
    assert made["status"] == {"phase": "Active"}


def test_string_data_becomes_data() -> None:
    made = create("secrets", {"data": {"a": "eA=="}, "stringData": {"b": "y", "a": "z"}})
    assert made["data"] == {"a": "eg==", "b": "eQ=="}
    assert made["type"] == "Opaque"
    assert "stringData" not in made


@pytest.mark.parametrize(
    ("resource", "obj", "wanted"),
    [
        (
            "storageclasses.storage.k8s.io",
            {"provisioner": "p"},
            {"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"},
        ),
        (
            "poddisruptionbudgets.policy",
            {"spec": {"minAvailable": 1}},
            {"status": {"currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0}},
        ),
        ("priorityclasses.scheduling.k8s.io", {}, {"value": 0, "preemptionPolicy": "PreemptLowerPriority"}),
        ("endpointslices.discovery.k8s.io", {"addressType": "IPv4"}, {"endpoints": []}),
        ("nodes", {"status": {"phase": "x"}}, {"status": {"phase": "x"}}),
        ("controllerrevisions.apps", {"data": {}}, {"revision": 0}),
    ],
)
def test_small_kinds(resource: str, obj: Json, wanted: Json) -> None:
    made = create(resource, obj)
    assert {field: made[field] for field in wanted} == wanted


def test_deployment_and_volume_defaults() -> None:
    deployment = create("deployments.apps", stateful_set())
    assert deployment["spec"]["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"},
    }
    assert deployment["spec"]["progressDeadlineSeconds"] == 600
    spec = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/d"}}
    volume = create("persistentvolumes", {"spec": spec})
    assert volume["metadata"]["finalizers"] == ["kubernetes.io/pv-protection"]
    assert volume["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
    assert volume["spec"]["hostPath"] == {"path": "/d", "type": ""}
    assert volume["status"] == {"phase": "Pending", "lastPhaseTransitionTime": "2026-01-01T00:00:00Z"}


def test_role_bindings_default_their_groups() -> None:
    subjects = [{"kind": "User", "name": "ann"}, {"kind": "ServiceAccount", "name": "s", "namespace": "d"}]
    made = create(
        "rolebindings.rbac.authorization.k8s.io", {"roleRef": {"kind": "Role", "name": "r"}, "subjects": subjects}
    )
    assert made["roleRef"]["apiGroup"] == "rbac.authorization.k8s.io"
    assert [subject.get("apiGroup") for subject in made["subjects"]] == ["rbac.authorization.k8s.io", None]
