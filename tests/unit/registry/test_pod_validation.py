"""What a pod spec may not say, with the API server's fields and texts; one line a rule."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.registry.test_strategies_validation import container, errors, pod

Json = dict[str, Any]
IP = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
ID = "must be between 0 and 2147483647, inclusive"
OPERATOR = "not a valid selector operator"
IN = "must be specified when `operator` is 'In' or 'NotIn'"
REQUIRED, PREFERRED = (
    "requiredDuringSchedulingIgnoredDuringExecution",
    "preferredDuringSchedulingIgnoredDuringExecution",
)
NODE = f"spec.affinity.nodeAffinity.{REQUIRED}.nodeSelectorTerms"
POD = f"spec.affinity.podAntiAffinity.{REQUIRED}[0]"

VOLUMES: list[tuple[Json, str]] = [
    ({"secret": {}}, "secret.secretName: Required value"),
    ({"configMap": {}}, "configMap.name: Required value"),
    ({"persistentVolumeClaim": {}}, "persistentVolumeClaim.claimName: Required value"),
    ({"hostPath": {"path": ""}}, "hostPath.path: Required value"),
    ({"hostPath": {"path": "/a/../etc"}}, "hostPath.path: Invalid value: \"/a/../etc\": must not contain '..'"),
    (
        {"hostPath": {"path": "/a", "type": "Disk"}},
        'hostPath.type: Unsupported value: "Disk": supported values: "", "BlockDevice", "CharDevice", "Directory", '
        '"DirectoryOrCreate", "File", "FileOrCreate", "Socket"',
    ),
    (
        {"emptyDir": {"sizeLimit": "-1"}},
        "emptyDir.sizeLimit: Forbidden: SizeLimit field must be a valid resource quantity",
    ),
    (
        {"configMap": {"name": "c", "items": [{"key": "k", "path": "../x"}]}},
        "configMap.items[0].path: Invalid value: \"../x\": must not contain '..'",
    ),
    (
        {"configMap": {"name": "c", "items": [{"key": "k", "path": "/x"}]}},
        'configMap.items[0].path: Invalid value: "/x": must be a relative path',
    ),
    (
        {"secret": {"secretName": "s", "items": [{"key": "k", "path": "..x"}]}},
        "secret.items[0].path: Invalid value: \"..x\": must not start with '..'",
    ),
    (
        {"secret": {"secretName": "s", "items": [{"key": "k", "path": "x", "mode": 512}]}},
        "secret.items[0].mode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive",
    ),
    ({"downwardAPI": {"items": [{"path": "x"}]}}, "downwardAPI.items[0]: Required value: "
     "one of fieldRef and resourceFieldRef is required"),
    (
        {"downwardAPI": {"items": [{"path": "x", "fieldRef": {"fieldPath": "status.podIP"}}]}},
        'downwardAPI.items[0].fieldRef.fieldPath: Unsupported value: "status.podIP": supported values: '
        '"metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"',
    ),
    (
        {"downwardAPI": {"items": [{"path": "x", "resourceFieldRef": {"resource": "limits.cpu"}}]}},
        "downwardAPI.items[0].resourceFieldRef.containerName: Required value",
    ),
    (
        {"projected": {"sources": [{"secret": {"name": "s"}, "configMap": {"name": "c"}}]}},
        "projected.sources[0].configMap: Forbidden: may not specify more than 1 volume type",
    ),
    (
        {"projected": {"sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 60}}]}},
        "projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 60: "
        "may not specify a duration less than 10 minutes",
    ),
    (
        {
            "projected": {
                "sources": [
                    {"secret": {"name": "s", "items": [{"key": "k", "path": "x"}]}},
                    {"configMap": {"name": "c", "items": [{"key": "k", "path": "x"}]}},
                ]
            }
        },
        'projected: Invalid value: "x": conflicting duplicate paths',
    ),
]  # fmt: skip


@pytest.mark.parametrize(("source", "wanted"), VOLUMES)
def test_volumes(source: Json, wanted: str) -> None:
    [found] = errors("pods", pod(container(), volumes=[{"name": "v"} | source]))
    assert found == f"spec.volumes[0].{wanted}"


def field_ref(path: str) -> Json:
    return {"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": path}}}]}


PROBE = {"exec": {"command": ["x"]}}
CONTAINERS: list[tuple[Json, str]] = [
    (
        field_ref("spec.nope"),
        'env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.nope": error converting fieldPath: '
        "field label not supported: spec.nope",
    ),
    (
        field_ref("metadata.labels"),
        'env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "metadata.labels": supported values: '
        '"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", '
        '"status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"',
    ),
    (
        {"env": [{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.gpu"}}}]},
        'env[0].valueFrom.resourceFieldRef.resource: Unsupported value: "limits.gpu": supported values: "limits.cpu", '
        '"limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory"',
    ),
    (
        {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s"}}}]},
        "env[0].valueFrom.secretKeyRef.key: Required value",
    ),
    (
        {"env": [{"name": "A=B"}]},
        'env[0].name: Invalid value: "A=B": a valid environment variable name must consist only of printable ASCII '
        "characters other than '='",
    ),
    ({"envFrom": [{}]}, 'envFrom[0]: Invalid value: "": must specify one of: `configMapRef` or `secretRef`'),
    ({"envFrom": [{"secretRef": {}}]}, "envFrom[0].secretRef.name: Required value"),
    (
        {"resources": {"requests": {"gpu": "1"}}},
        'resources.requests[gpu]: Invalid value: "gpu": must be a standard resource for containers',
    ),
    (
        {"resources": {"requests": {"cpu": "-1"}}},
        'resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0',
    ),
    (
        {"readinessProbe": PROBE | {"terminationGracePeriodSeconds": 5}},
        "readinessProbe.terminationGracePeriodSeconds: Invalid value: 5: must not be set for readinessProbes",
    ),
    (
        {"livenessProbe": PROBE | {"terminationGracePeriodSeconds": 0}},
        "livenessProbe.terminationGracePeriodSeconds: Invalid value: 0: must be greater than 0",
    ),
    (
        {"livenessProbe": PROBE | {"tcpSocket": {"port": 1}}},
        "livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type",
    ),
    (
        {"livenessProbe": {"httpGet": {"port": 0}}},
        "livenessProbe.httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive",
    ),
    ({"lifecycle": {"preStop": {}}}, "lifecycle.preStop: Required value: must specify a handler type"),
    ({"securityContext": {"runAsUser": -1}}, f"securityContext.runAsUser: Invalid value: -1: {ID}"),
    (
        {"securityContext": {"privileged": True, "allowPrivilegeEscalation": False}},
        'securityContext: Invalid value: {"privileged":true,"allowPrivilegeEscalation":false}: '
        "cannot set `allowPrivilegeEscalation` to false and `privileged` to true",
    ),
    (
        {"securityContext": {"seccompProfile": {"type": "Localhost"}}},
        "securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost",
    ),
    ({"ports": [{"containerPort": 1, "hostIP": "x"}]}, f'ports[0].hostIP: Invalid value: "x": {IP}'),
]


@pytest.mark.parametrize(("more", "wanted"), CONTAINERS)
def test_containers(more: Json, wanted: str) -> None:
    [found] = errors("pods", pod(container(**more)))
    assert found == f"spec.containers[0].{wanted}"


def node_terms(*terms: Json) -> Json:
    return {"affinity": {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": list(terms)}}}}


def anti(**term: Any) -> Json:
    return {"affinity": {"podAntiAffinity": {REQUIRED: [{"topologyKey": "zone"} | term]}}}


def spread(**more: Any) -> Json:
    constraint = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"} | more
    return {"topologySpreadConstraints": [constraint]}


SPECS: list[tuple[Json, str]] = [
    (node_terms(), f"{NODE}: Required value: must have at least one node selector term"),
    (
        node_terms({"matchExpressions": [{"key": "a", "operator": "Is"}]}),
        f'{NODE}[0].matchExpressions[0].operator: Invalid value: "Is": {OPERATOR}',
    ),
    (
        node_terms({"matchExpressions": [{"key": "a", "operator": "In"}]}),
        f"{NODE}[0].matchExpressions[0].values: Required value: {IN}",
    ),
    (
        node_terms({"matchExpressions": [{"key": "a", "operator": "Gt", "values": ["1", "2"]}]}),
        f"{NODE}[0].matchExpressions[0].values: Required value: "
        "must be specified single value when `operator` is 'Lt' or 'Gt'",
    ),
    (
        node_terms({"matchFields": [{"key": "spec.x", "operator": "In", "values": ["n"]}]}),
        f'{NODE}[0].matchFields[0].key: Invalid value: "spec.x": not a valid field selector key',
    ),
    (
        {"affinity": {"nodeAffinity": {PREFERRED: [{"weight": 101, "preference": {}}]}}},
        f"spec.affinity.nodeAffinity.{PREFERRED}[0].weight: Invalid value: 101: must be in the range 1-100",
    ),
    (anti(topologyKey=""), f"{POD}.topologyKey: Required value: can not be empty"),
    (
        anti(labelSelector={"matchExpressions": [{"key": "a", "operator": "In"}]}),
        f"{POD}.labelSelector.matchExpressions[0].values: Required value: {IN}",
    ),
    (spread(maxSkew=0), "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero"),
    (
        spread(whenUnsatisfiable="No"),
        'spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: "No": '
        'supported values: "DoNotSchedule", "ScheduleAnyway"',
    ),
    (
        spread(whenUnsatisfiable="ScheduleAnyway", minDomains=1),
        "spec.topologySpreadConstraints[0].minDomains: Invalid value: 1: "
        "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway",
    ),
    (
        {"topologySpreadConstraints": spread()["topologySpreadConstraints"] * 2},
        "spec.topologySpreadConstraints[1].{topologyKey, whenUnsatisfiable}: "
        'Duplicate value: "{zone, DoNotSchedule}"',
    ),
    (
        {"tolerations": [{"key": "a", "operator": "Exists", "effect": "NoSchedule", "tolerationSeconds": 1}]},
        "spec.tolerations[0].effect: Invalid value: \"NoSchedule\": "
        "effect must be 'NoExecute' when `tolerationSeconds` is set",
    ),
    (
        {"tolerations": [{"key": "a", "operator": "Is"}]},
        'spec.tolerations[0].operator: Unsupported value: "Is": supported values: "Equal", "Exists"',
    ),
    ({"hostAliases": [{"ip": "300.1.1.1"}]}, f'spec.hostAliases[0].ip: Invalid value: "300.1.1.1": {IP}'),
    ({"dnsConfig": {"nameservers": ["x"]}}, f'spec.dnsConfig.nameservers[0]: Invalid value: "x": {IP}'),
    (
        {"dnsConfig": {"nameservers": ["1.1.1.1"] * 4}},
        'spec.dnsConfig.nameservers: Invalid value: ["1.1.1.1","1.1.1.1","1.1.1.1","1.1.1.1"]: '
        "must not have more than 3 nameservers",
    ),
    ({"dnsConfig": {"options": [{"value": "x"}]}}, "spec.dnsConfig.options[0]: Required value: must not be empty"),
    (
        {"dnsPolicy": "None"},
        "spec.dnsConfig.nameservers: Required value: "
        "must provide at least one DNS nameserver when `dnsPolicy` is None",
    ),
    (
        {"activeDeadlineSeconds": 2**31},
        "spec.activeDeadlineSeconds: Invalid value: 2147483648: must be between 1 and 2147483647, inclusive",
    ),
    ({"securityContext": {"fsGroup": -1}}, f"spec.securityContext.fsGroup: Invalid value: -1: {ID}"),
    (
        {"securityContext": {"supplementalGroups": [0, -5]}},
        f"spec.securityContext.supplementalGroups[1]: Invalid value: -5: {ID}",
    ),
    (
        {"shareProcessNamespace": True, "hostPID": True},
        "spec.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled",
    ),
    ({"schedulingGates": [{"name": "a"}] * 2}, 'spec.schedulingGates[1]: Duplicate value: "a"'),
    (
        {"initContainers": [{"name": "i", "image": "i", "readinessProbe": PROBE}]},
        "spec.initContainers[0].readinessProbe: Forbidden: "
        "may not be set for init containers without restartPolicy=Always",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "wanted"), SPECS)
def test_pod_specs(spec: Json, wanted: str) -> None:
    assert errors("pods", pod(container(), **spec)) == [wanted]


@pytest.mark.parametrize(
    "spec",
    [
        {"volumes": [{"name": "v", "hostPath": {"path": "/a..b"}}]},
        {"volumes": [{"name": "v", "projected": {"sources": [{"downwardAPI": {"items": [
            {"path": "a/b", "fieldRef": {"fieldPath": "metadata.labels['app.kubernetes.io/name']"}}]}}]}}]},
        {"initContainers": [{"name": "i", "image": "i", "restartPolicy": "Always", "readinessProbe": PROBE}]},
        {"tolerations": [{"operator": "Exists"}, {"key": "a", "value": "b", "effect": "NoExecute",
                                                 "tolerationSeconds": 5}]},
        {"dnsConfig": {"nameservers": ["10.96.0.10", "::1"], "searches": ["a.b.", "."], "options": [{"name": "x"}]}},
        {"hostAliases": [{"ip": "127.0.0.1", "hostnames": ["a.b"]}]},
        spread(minDomains=2, nodeTaintsPolicy="Honor"),
        anti(labelSelector={"matchLabels": {"a": "b"}}, namespaces=["x"]),
        node_terms({"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n"]}]}),
    ],
)  # fmt: skip
def test_what_is_right(spec: Json) -> None:
    assert errors("pods", pod(container(**field_ref("metadata.annotations['x']")), **spec)) == []


def test_everything_wrong_is_said_at_once() -> None:
    found = errors(
        "pods", pod(container(name="A", ports=[{"containerPort": 0}]), volumes=[{"name": "v", "secret": {}}])
    )
    assert [text.partition(":")[0] for text in found] == [
        "spec.volumes[0].secret.secretName",
        "spec.containers[0].name",
        "spec.containers[0].ports[0].containerPort",
    ]
