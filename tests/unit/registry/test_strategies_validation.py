"""What the strategies refuse, with the API server's texts."""

from __future__ import annotations

import copy
import random
from datetime import UTC, datetime
from typing import Any

import pytest

from kitlib.embedded.apimachinery.decoding import decode
from kitlib.embedded.apimachinery.resources import by_name
from kitlib.embedded.registry.strategies import Context, strategy_for

Json = dict[str, Any]

TEMPLATE = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
SERVICES = [
    {
        "metadata": {"name": "taken", "uid": "t"},
        "spec": {"clusterIPs": ["10.96.0.10"], "ports": [{"port": 1, "protocol": "TCP", "nodePort": 30001}]},
    }
]


def context() -> Context:
    account = {"metadata": {"name": "default"}}
    return Context(
        now=datetime(2026, 1, 1, tzinfo=UTC),
        user="me",
        lookup=lambda resource, name, namespace: account if resource == "serviceaccounts" else None,
        objects=lambda resource, namespace: SERVICES if resource == "services" else [],
        random=random.Random(7),
        gates=frozenset({"MaxUnavailableStatefulSet"}),
    )


def made(resource: str, obj: Json) -> Json:
    obj = {"metadata": {"name": "x", "namespace": "d", "uid": "u"}} | copy.deepcopy(obj)
    strategy = strategy_for(by_name(resource))
    decode(obj, by_name(resource))
    strategy.default(obj)
    strategy.prepare_for_create(obj, context())
    return obj


def errors(resource: str, obj: Json) -> list[str]:
    return [str(error) for error in strategy_for(by_name(resource)).validate(made(resource, obj), context())]


def change_errors(resource: str, old: Json, change: Json) -> list[str]:
    """Errors of an update that merges `change` into a valid object."""
    before = made(resource, old)
    after = copy.deepcopy(before)
    for path, value in change.items():
        *parents, last = path.split(".")
        target: Any = after
        for name in parents:
            target = target[int(name) if name.isdigit() else name]
        if value is None:
            target.pop(last)
        else:
            target[last] = value
    strategy = strategy_for(by_name(resource))
    strategy.default(after)
    strategy.prepare_for_update(after, before, context())
    return [str(error) for error in strategy.validate_update(after, before, context())]


def workload(**spec: Any) -> Json:
    return {"spec": {"selector": {"matchLabels": {"app": "web"}}, "template": TEMPLATE} | spec}


def pod(*containers: Json, **spec: Any) -> Json:
    return {"spec": {"containers": list(containers)} | spec}


def container(**more: Any) -> Json:
    return {"name": "c", "image": "i"} | more


def template(**spec: Any) -> Json:
    return {"metadata": TEMPLATE["metadata"], "spec": {"containers": [container()]} | spec}


def claim_template(*, name: str = "data", **spec: Any) -> Json:
    wanted = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1"}}} | spec
    return {"metadata": {"name": name}, "spec": wanted}


MOUNTING = template(containers=[container(volumeMounts=[{"name": "data", "mountPath": "/data"}])])
CASES: list[tuple[str, Json, list[str]]] = [
    ("statefulsets.apps", workload(), []),
    ("statefulsets.apps", workload(selector=None), ["spec.selector: Required value"]),
    (
        "statefulsets.apps",
        workload(selector={}),
        ["spec.selector: Invalid value: {}: empty selector is invalid for statefulset"],
    ),
    (
        "statefulsets.apps",
        workload(selector={"matchLabels": {"app": "api"}}),
        ['spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`'],
    ),
    (
        "statefulsets.apps",
        workload(template=template(restartPolicy="Never")),
        ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
    ),
    (
        "statefulsets.apps",
        workload(template=template(activeDeadlineSeconds=5)),
        ["spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in StatefulSet is not Supported"],
    ),
    (
        "statefulsets.apps",
        workload(replicas=-1),
        ["spec.replicas: Invalid value: -1: must be greater than or equal to 0"],
    ),
    (
        "statefulsets.apps",
        workload(ordinals={"start": -2}),
        ["spec.ordinals.start: Invalid value: -2: must be greater than or equal to 0"],
    ),
    (
        "statefulsets.apps",
        workload(updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": -1}}),
        ["spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: must be greater than or equal to 0"],
    ),
    (
        "statefulsets.apps",
        workload(updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "101%"}}),
        ['spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%'],
    ),
    (
        "statefulsets.apps",
        workload(podManagementPolicy="Both"),
        ["spec.podManagementPolicy: Invalid value: \"Both\": must be 'OrderedReady' or 'Parallel'"],
    ),
    (
        "statefulsets.apps",
        workload(updateStrategy={"type": "Recreate"}),
        ["spec.updateStrategy: Invalid value: {\"type\":\"Recreate\"}: must be 'RollingUpdate' or 'OnDelete'"],
    ),
    (
        "statefulsets.apps",
        workload(persistentVolumeClaimRetentionPolicy={"whenScaled": "Keep"}),
        [
            "spec.persistentVolumeClaimRetentionPolicy.whenScaled: "
            'Unsupported value: "Keep": supported values: "Delete", "Retain"'
        ],
    ),
    (
        "statefulsets.apps",
        workload(template=template(containers=[{"name": "c"}])),
        ["spec.template.spec.containers[0].image: Required value"],
    ),
    ("statefulsets.apps", workload(template=MOUNTING, volumeClaimTemplates=[claim_template()]), []),
    (
        "statefulsets.apps",
        workload(template=template(**MOUNTING["spec"], volumes=[{"name": "data", "emptyDir": {}}] * 2)),
        ['spec.template.spec.volumes[1].name: Duplicate value: "data"'],
    ),
    (
        "statefulsets.apps",
        workload(
            template=template(**MOUNTING["spec"], volumes=[{"name": "data", "emptyDir": {}}]),
            volumeClaimTemplates=[claim_template()] * 2,
        ),
        [],
    ),
    (
        "statefulsets.apps",
        workload(template=MOUNTING, volumeClaimTemplates=[claim_template(name="other")]),
        ['spec.template.spec.containers[0].volumeMounts[0].name: Not found: "data"'],
    ),
    (
        "statefulsets.apps",
        workload(volumeClaimTemplates=[claim_template(accessModes=[], resources={})]),
        [
            "spec.volumeClaimTemplates[0].spec.accessModes: Required value: at least 1 access mode is required",
            "spec.volumeClaimTemplates[0].spec.resources[storage]: Required value",
        ],
    ),
    (
        "deployments.apps",
        workload(template=template(containers=[{"name": "c"}])),
        ["spec.template.spec.containers[0].image: Required value"],
    ),
    (
        "deployments.apps",
        workload(strategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}),
        ["spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0"],
    ),
    (
        "deployments.apps",
        workload(strategy={"type": "Recreate", "rollingUpdate": {}}),
        ["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"],
    ),
    ("pods", pod(), ["spec.containers: Required value"]),
    ("pods", pod({"image": "i"}), ["spec.containers[0].name: Required value"]),
    ("pods", pod(container(), container()), ['spec.containers[1].name: Duplicate value: "c"']),
    (
        "pods",
        pod(container(), initContainers=[container()]),
        ['spec.initContainers[0].name: Duplicate value: "c"'],
    ),
    (
        "pods",
        pod(container(volumeMounts=[{"name": "v", "mountPath": "/d"}])),
        ['spec.containers[0].volumeMounts[0].name: Not found: "v"'],
    ),
    (
        "pods",
        pod(container(ports=[{"containerPort": 70000}])),
        ["spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive"],
    ),
    (
        "pods",
        pod(container(ports=[{"containerPort": 1, "name": "a"}, {"containerPort": 2, "name": "a"}])),
        ['spec.containers[0].ports[1].name: Duplicate value: "a"'],
    ),
    (
        "pods",
        pod(container(resources={"limits": {"cpu": "1"}, "requests": {"cpu": "2"}})),
        ['spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'],
    ),
    (
        "pods",
        pod(container(livenessProbe={"periodSeconds": 1})),
        ["spec.containers[0].livenessProbe: Required value: must specify a handler type"],
    ),
    (
        "pods",
        pod(container(livenessProbe={"exec": {"command": ["x"]}, "successThreshold": 2})),
        ["spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1"],
    ),
    (
        "pods",
        pod(container(), restartPolicy="Sometimes"),
        ['spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "Never", "OnFailure"'],
    ),
    (
        "pods",
        pod(container(), volumes=[{"name": "v", "emptyDir": {}, "hostPath": {"path": "/x"}}]),
        ["spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type"],
    ),
    (
        "pods",
        pod(container(env=[{"name": "A", "value": "1", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}])),
        ['spec.containers[0].env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty'],
    ),
    ("services", {"spec": {"selector": {"a": "b"}}}, ["spec.ports: Required value"]),
    (
        "services",
        {"spec": {"ports": [{"port": 1}, {"port": 2}]}},
        ["spec.ports[0].name: Required value", "spec.ports[1].name: Required value"],
    ),
    (
        "services",
        {"spec": {"ports": [{"port": 1, "name": "a"}, {"port": 1, "name": "b"}]}},
        ['spec.ports[1]: Duplicate value: {"protocol":"TCP","port":1}'],
    ),
    (
        "services",
        {"spec": {"clusterIP": "10.96.0.10", "ports": [{"port": 1}]}},
        [
            'spec.clusterIPs: Invalid value: ["10.96.0.10"]: '
            "failed to allocate IP 10.96.0.10: provided IP is already allocated"
        ],
    ),
    (
        "services",
        {"spec": {"type": "NodePort", "ports": [{"port": 1, "nodePort": 30001}]}},
        ["spec.ports[0].nodePort: Invalid value: 30001: provided port is already allocated"],
    ),
    (
        "services",
        {"spec": {"type": "NodePort", "ports": [{"port": 1, "nodePort": 80}]}},
        [
            "spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. "
            "The range of valid ports is 30000-32767"
        ],
    ),
    (
        "persistentvolumeclaims",
        {"spec": {}},
        [
            "spec.accessModes: Required value: at least 1 access mode is required",
            "spec.resources[storage]: Required value",
        ],
    ),
    (
        "persistentvolumes",
        {"spec": {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}}},
        ["spec: Required value: must specify a volume type"],
    ),
    (
        "persistentvolumes",
        {"spec": {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "local": {"path": "/x"}}},
        ["spec.nodeAffinity: Required value: Local volume requires node affinity"],
    ),
    (
        "configmaps",
        {"data": {"a": "1"}, "binaryData": {"a": "MQ=="}},
        ['data[a]: Invalid value: "a": duplicate of key present in data: a'],
    ),
    ("secrets", {"type": "kubernetes.io/tls"}, ["data[tls.crt]: Required value", "data[tls.key]: Required value"]),
    (
        "roles.rbac.authorization.k8s.io",
        {"rules": [{"apiGroups": [""], "resources": ["pods"]}]},
        ["rules[0].verbs: Required value: verbs must contain at least one value"],
    ),
    (
        "clusterrolebindings.rbac.authorization.k8s.io",
        {"roleRef": {"kind": "Role", "name": "r"}},
        ['roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"'],
    ),
    (
        "poddisruptionbudgets.policy",
        {"spec": {"minAvailable": "x"}},
        [
            'spec.minAvailable: Invalid value: "x": a valid percent string must be a numeric string '
            "followed by an ending '%' (e.g. '1%',  or '93%')"
        ],
    ),
    (
        "poddisruptionbudgets.policy",
        {"spec": {"minAvailable": 1, "unhealthyPodEvictionPolicy": "Never"}},
        [
            'spec.unhealthyPodEvictionPolicy: Unsupported value: "Never": '
            'supported values: "AlwaysAllow", "IfHealthyBudget"'
        ],
    ),
    (
        "services",
        {"spec": {"ports": [{"port": 1}], "externalTrafficPolicy": "Local", "allocateLoadBalancerNodePorts": False}},
        [
            'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services',
            "spec.allocateLoadBalancerNodePorts: Forbidden: may only be used when `type` is 'LoadBalancer'",
        ],
    ),
    (
        "services",
        {
            "spec": {
                "ports": [{"port": 1}],
                "sessionAffinity": "ClientIP",
                "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 86401}},
            }
        },
        [
            "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: "
            "must be greater than 0 and less than 86400"
        ],
    ),
    (
        "persistentvolumes",
        {
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "capacity": {"storage": "1Gi"},
                "hostPath": {"path": "/x"},
                "nodeAffinity": {"required": {"nodeSelectorTerms": []}},
            }
        },
        ["spec.nodeAffinity.required.nodeSelectorTerms: Required value: must have at least one node selector term"],
    ),
    (
        "endpointslices.discovery.k8s.io",
        {
            "addressType": "IPv4",
            "endpoints": [{"addresses": ["127.0.0.1"]}, {"addresses": ["::1"]}, {"addresses": ["x"]}],
            "ports": [{"port": 1}, {"port": 2}],
        },
        [
            'endpoints[0].addresses[0]: Invalid value: "127.0.0.1": '
            "may not be in the loopback range (127.0.0.0/8, ::1/128)",
            'endpoints[1].addresses[0]: Invalid value: "::1": must be an IPv4 address',
            'endpoints[2].addresses[0]: Invalid value: "x": '
            "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
            'ports[1].name: Duplicate value: ""',
        ],
    ),
    (
        "priorityclasses.scheduling.k8s.io",
        {"metadata": {"name": "system-mine"}, "value": 1},
        ["metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only"],
    ),
    (
        "leases.coordination.k8s.io",
        {"spec": {"leaseDurationSeconds": 0}},
        ["spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0"],
    ),
    (
        "events",
        {"involvedObject": {"namespace": "other"}},
        ['involvedObject.namespace: Invalid value: "other": does not match event.namespace'],
    ),
]


@pytest.mark.parametrize(("resource", "obj", "wanted"), CASES)
def test_what_is_refused_on_create(resource: str, obj: Json, wanted: list[str]) -> None:
    assert errors(resource, obj) == wanted


@pytest.mark.parametrize(
    ("resource", "name", "word"),
    [
        ("statefulsets.apps", "a.b", "RFC 1123 label"),
        ("services", "1.a", "RFC 1123 label"),
        ("pods", "A", "RFC 1123 subdomain"),
        ("roles.rbac.authorization.k8s.io", "a/b", "may not contain '/'"),
    ],
)
def test_names_follow_the_rule_of_the_kind(resource: str, name: str, word: str) -> None:
    obj = made(resource, workload() | {"spec": {"ports": [{"port": 1}]}} if resource == "services" else workload())
    obj["metadata"]["name"] = name
    first = str(strategy_for(by_name(resource)).validate(obj, context())[0])
    assert first.startswith(f'metadata.name: Invalid value: "{name}"')
    assert word in first


def test_metadata_is_checked_for_every_kind() -> None:
    metadata = {
        "name": "x",
        "labels": {"bad key": "ok", "good": "not ok"},
        "annotations": {"a/b/c": "x"},
        "ownerReferences": [
            {"apiVersion": "v1", "kind": "Pod", "name": "a", "uid": "1", "controller": True},
            {"apiVersion": "v1", "kind": "Pod", "name": "b", "controller": True},
        ],
    }
    found = errors("configmaps", {"metadata": metadata})
    assert [text.partition(":")[0] for text in found] == [
        "metadata.labels",
        "metadata.labels",
        "metadata.annotations",
        "metadata.ownerReferences[1].uid",
        "metadata.ownerReferences",
    ]
    assert (
        'Only one reference can have Controller set to true. Found "true" in references for Pod/a and Pod/b' in found[4]
    )


FORBIDDEN = (
    "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
    "'updateStrategy', 'revisionHistoryLimit', "
    "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)
CLAIM = {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}
VOLUME = {
    "spec": {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "hostPath": {"path": "/x"}},
}
SERVICE = {"spec": {"ports": [{"port": 1}], "clusterIP": "10.96.1.1"}}
CHANGES: list[tuple[str, Json, Json, list[str]]] = [
    (
        "statefulsets.apps",
        workload(),
        {"spec.replicas": 5, "spec.minReadySeconds": 3, "spec.revisionHistoryLimit": 1},
        [],
    ),
    ("statefulsets.apps", workload(), {"spec.ordinals": {"start": 3}}, []),
    ("statefulsets.apps", workload(), {"spec.template.spec.containers": [container(image="j")]}, []),
    ("statefulsets.apps", workload(), {"spec.serviceName": "other"}, [FORBIDDEN]),
    (
        "statefulsets.apps",
        workload(),
        {"spec.template.spec.containers.0.image": ""},
        ["spec.template.spec.containers[0].image: Required value"],
    ),
    # A set that was stored with a wrong pod spec stays changeable.
    (
        "statefulsets.apps",
        workload(template=template(containers=[{"name": "c"}])),
        {"spec.replicas": 5, "spec.template.spec.containers.0.name": "d"},
        [],
    ),
    ("statefulsets.apps", workload(), {"spec.podManagementPolicy": "Parallel"}, [FORBIDDEN]),
    ("statefulsets.apps", workload(), {"spec.volumeClaimTemplates": [{"metadata": {"name": "v"}}]}, [FORBIDDEN]),
    (
        "deployments.apps",
        workload(template={"metadata": {"labels": {"app": "web", "x": "y"}}, "spec": TEMPLATE["spec"]}),
        {"spec.selector": {"matchLabels": {"x": "y"}}},
        ['spec.selector: Invalid value: {"matchLabels":{"x":"y"}}: field is immutable'],
    ),
    ("pods", pod(container()), {"spec.containers.0.image": "j"}, []),
    ("pods", pod(container()), {"spec.activeDeadlineSeconds": 5}, []),
    ("pods", pod(container(), activeDeadlineSeconds=5), {"spec.activeDeadlineSeconds": 4}, []),
    ("pods", pod(container()), {"metadata.labels": {"a": "b"}}, []),
    ("services", SERVICE, {"spec.selector": {"a": "b"}}, []),
    (
        "services",
        SERVICE,
        {"spec.clusterIP": "10.96.1.2", "spec.clusterIPs": ["10.96.1.2"]},
        ['spec.clusterIPs[0]: Invalid value: ["10.96.1.2"]: may not change once set'],
    ),
    (
        "persistentvolumeclaims",
        CLAIM,
        {"spec.accessModes": ["ReadWriteMany"]},
        [
            "spec: Forbidden: spec is immutable after creation except resources.requests "
            "and volumeAttributesClassName for bound claims"
        ],
    ),
    (
        "persistentvolumes",
        VOLUME,
        {"spec.hostPath.path": "/y"},
        ["spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation"],
    ),
    ("persistentvolumes", VOLUME, {"spec.claimRef": {"name": "c"}}, []),
    (
        "configmaps",
        {"data": {"a": "1"}, "immutable": True},
        {"data.a": "2"},
        ["data: Forbidden: field is immutable when `immutable` is set"],
    ),
    ("configmaps", {"data": {"a": "1"}}, {"data.a": "2"}, []),
    (
        "secrets",
        {"immutable": True},
        {"immutable": None},
        ["immutable: Forbidden: field is immutable when `immutable` is set"],
    ),
    ("secrets", {}, {"type": "x/y"}, ['type: Invalid value: "x/y": field is immutable']),
    (
        "storageclasses.storage.k8s.io",
        {"provisioner": "p"},
        {"provisioner": "q", "volumeBindingMode": "WaitForFirstConsumer"},
        [
            "provisioner: Forbidden: updates to provisioner are forbidden.",
            'volumeBindingMode: Invalid value: "WaitForFirstConsumer": field is immutable',
        ],
    ),
    (
        "roles.rbac.authorization.k8s.io",
        {"rules": []},
        {"rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]},
        [],
    ),
    (
        "rolebindings.rbac.authorization.k8s.io",
        {"roleRef": {"kind": "Role", "name": "r"}},
        {"roleRef.name": "s"},
        [
            'roleRef: Invalid value: {"kind":"Role","name":"s","apiGroup":"rbac.authorization.k8s.io"}: '
            "cannot change roleRef"
        ],
    ),
    (
        "priorityclasses.scheduling.k8s.io",
        {"value": 1},
        {"value": 2},
        ["value: Forbidden: may not be changed in an update."],
    ),
]


@pytest.mark.parametrize(("resource", "old", "change", "wanted"), CHANGES)
def test_what_may_change(resource: str, old: Json, change: Json, wanted: list[str]) -> None:
    assert change_errors(resource, old, change) == wanted


@pytest.mark.parametrize(
    ("old", "change"),
    [
        (pod(container()), {"spec.nodeName": "n"}),
        (pod(container()), {"spec.containers.0.args": ["x"]}),
        (pod(container(), activeDeadlineSeconds=5), {"spec.activeDeadlineSeconds": 6}),
        (pod(container(), activeDeadlineSeconds=5), {"spec.activeDeadlineSeconds": None}),
        (pod(container(), tolerations=[{"key": "a", "operator": "Exists"}]), {"spec.tolerations": []}),
        (pod(container()), {"spec.terminationGracePeriodSeconds": 1}),
    ],
)
def test_pods_hardly_change(old: Json, change: Json) -> None:
    [text] = change_errors("pods", old, change)
    assert text.startswith("spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`")


COUNTED = {"replicas": 2, "readyReplicas": 2, "availableReplicas": 1, "collisionCount": 1}


@pytest.mark.parametrize(
    ("resource", "status", "wanted"),
    [
        ("statefulsets.apps", {"replicas": 3, "conditions": [{"type": "A", "status": "True"}]}, []),
        (
            "statefulsets.apps",
            {"readyReplicas": -2, "availableReplicas": -2},
            [
                "status.readyReplicas: Invalid value: -2: must be greater than or equal to 0",
                "status.availableReplicas: Invalid value: -2: must be greater than or equal to 0",
            ],
        ),
        (
            "statefulsets.apps",
            {"currentReplicas": 3},
            ["status.currentReplicas: Invalid value: 3: cannot be greater than status.replicas"],
        ),
        (
            "statefulsets.apps",
            {"readyReplicas": 1, "availableReplicas": 2},
            ["status.availableReplicas: Invalid value: 2: cannot be greater than status.readyReplicas"],
        ),
        (
            "replicasets.apps",
            {"fullyLabeledReplicas": 3, "readyReplicas": 1, "availableReplicas": 2},
            [
                "status.fullyLabeledReplicas: Invalid value: 3: cannot be greater than status.replicas",
                "status.availableReplicas: Invalid value: 2: cannot be greater than readyReplicas",
            ],
        ),
        ("deployments.apps", {"readyReplicas": 0}, []),
        ("deployments.apps", {"collisionCount": 0}, ["status.collisionCount: Invalid value: 0: cannot be decremented"]),
    ],
)
def test_counters_of_a_status_fit_together(resource: str, status: Json, wanted: list[str]) -> None:
    before = made(resource, workload()) | {"status": COUNTED}
    after = before | {"status": COUNTED | status}
    found = strategy_for(by_name(resource)).validate_update(after, before, context())
    assert [str(error) for error in found] == wanted
