from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from kitlib.embedded.apimachinery.resources import RESOURCES, by_name
from kitlib.embedded.apiserver.tables import human_duration, pod_status, table

NOW = datetime(2026, 1, 1, 1, 0, 0, tzinfo=UTC)
HOUR_AGO = "2026-01-01T00:00:00Z"
Json = dict[str, Any]


def obj(**more: Any) -> Json:
    metadata = {"name": "x", "namespace": "d", "creationTimestamp": HOUR_AGO} | more.pop("metadata", {})
    return {"metadata": metadata} | more


def cells(resource: str, shown: Json) -> dict[str, Any]:
    """Return the row as column name to cell."""
    made = table(by_name(resource), [shown], NOW, list_meta={})
    names = [column["name"] for column in made["columnDefinitions"]]
    return dict(zip(names, made["rows"][0]["cells"], strict=True))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "<invalid>"),
        (-1, "0s"),
        (0, "0s"),
        (119.9, "119s"),
        (120, "2m"),
        (303, "5m3s"),
        (599, "9m59s"),
        (600, "10m"),
        (179 * 60 + 59, "179m"),
        (3 * 3600, "3h"),
        (3 * 3600 + 300, "3h5m"),
        (8 * 3600, "8h"),
        (47 * 3600 + 3599, "47h"),
        (48 * 3600, "2d"),
        (76 * 3600, "3d4h"),
        (8 * 86400, "8d"),
        (729 * 86400, "729d"),
        (760 * 86400, "2y30d"),
        (8 * 365 * 86400, "8y"),
    ],
)
def test_human_duration(seconds: float, text: str) -> None:
    assert human_duration(seconds) == text


def pod(phase: str = "Running", *statuses: Json, init: list[Json] | None = None, **more: Any) -> Json:
    spec: Json = {"containers": [{"name": f"c{index}"} for index in range(max(1, len(statuses)))]}
    spec["initContainers"] = more.pop("initContainers", [{"name": s["name"]} for s in init or []])
    status = {"phase": phase, "containerStatuses": list(statuses), "initContainerStatuses": init or []}
    return obj(metadata=more.pop("metadata", {}), spec=spec | more.pop("spec", {}), status=status | more)


def waiting(reason: str, **more: Any) -> Json:
    return {"name": "c0", "state": {"waiting": {"reason": reason}}, **more}


def terminated(code: int = 0, **more: Any) -> Json:
    return {"name": "c0", "state": {"terminated": {"exitCode": code, **more}}}


RUNNING = {"name": "c0", "ready": True, "started": True, "state": {"running": {"startedAt": HOUR_AGO}}}
DELETED = {"deletionTimestamp": HOUR_AGO}
READY = [{"type": "Ready", "status": "True"}]


@pytest.mark.parametrize(
    ("shown", "status", "ready"),
    [
        (pod("Pending"), "Pending", "0/1"),
        (pod("Running", RUNNING), "Running", "1/1"),
        (pod("Running", RUNNING | {"ready": False}), "Running", "0/1"),
        (pod("Pending", waiting("ContainerCreating")), "ContainerCreating", "0/1"),
        (pod("Running", waiting("CrashLoopBackOff")), "CrashLoopBackOff", "0/1"),
        (pod("Succeeded", terminated(reason="Completed")), "Completed", "0/1"),
        (pod("Failed", terminated(1, reason="Error")), "Error", "0/1"),
        (pod("Failed", terminated(3)), "ExitCode:3", "0/1"),
        (pod("Failed", terminated(0, signal=9)), "Signal:9", "0/1"),
        (pod("Failed", reason="Evicted"), "Evicted", "0/1"),
        (pod("Running", waiting("ErrImagePull"), terminated(1, reason="Error")), "ErrImagePull", "0/2"),
        (pod("Running", terminated(reason="Completed"), RUNNING, conditions=READY), "Running", "1/2"),
        (pod("Running", terminated(reason="Completed"), RUNNING), "NotReady", "1/2"),
        (pod("Running", RUNNING, metadata=DELETED), "Terminating", "1/1"),
        (pod("Succeeded", terminated(reason="Completed"), metadata=DELETED), "Completed", "0/1"),
        (pod("Running", RUNNING, metadata=DELETED, reason="NodeLost"), "Unknown", "1/1"),
        (
            pod("Pending", conditions=[{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}]),
            "SchedulingGated",
            "0/1",
        ),
        (pod("Pending", waiting("PodInitializing"), init=[waiting("PodInitializing")]), "Init:0/1", "0/1"),
        (pod("Pending", init=[terminated(0), waiting("CrashLoopBackOff")]), "Init:CrashLoopBackOff", "0/1"),
        (pod("Pending", init=[terminated(2, reason="Error")]), "Init:Error", "0/1"),
        (pod("Pending", init=[terminated(2)]), "Init:ExitCode:2", "0/1"),
        (
            pod(
                "Running",
                RUNNING,
                init=[RUNNING | {"name": "s"}],
                initContainers=[{"name": "s", "restartPolicy": "Always"}],
            ),
            "Running",
            "2/2",
        ),
    ],
)
def test_pod_status(shown: Json, status: str, ready: str) -> None:
    assert pod_status(shown) == status
    row = cells("pods", shown)
    assert (row["Status"], row["Ready"]) == (status, ready)


def test_restarts_say_when_the_last_one_was() -> None:
    finished = {"terminated": {"finishedAt": "2026-01-01T00:59:15Z"}}
    once = RUNNING | {"restartCount": 3, "lastState": finished}
    assert cells("pods", pod("Running", once))["Restarts"] == "3 (45s ago)"
    assert cells("pods", pod("Running", RUNNING | {"restartCount": 2}))["Restarts"] == "2"
    init = terminated(0) | {"restartCount": 7}
    assert cells("pods", pod("Running", once, init=[init]))["Restarts"] == "3 (45s ago)"
    assert cells("pods", pod("Pending", init=[waiting("CrashLoopBackOff", restartCount=7)]))["Restarts"] == "7"


def test_wide_pod_columns() -> None:
    shown = pod("Running", RUNNING, podIPs=[{"ip": "10.244.0.5"}], spec={"nodeName": "n1"})
    shown["spec"]["readinessGates"] = [{"conditionType": "Ready"}, {"conditionType": "other"}]
    shown["status"]["conditions"] = READY
    row = cells("pods", shown)
    assert (row["IP"], row["Node"], row["Nominated Node"], row["Readiness Gates"]) == (
        "10.244.0.5",
        "n1",
        "<none>",
        "1/2",
    )
    assert row["Age"] == "60m"
    assert cells("pods", pod("Pending"))["IP"] == "<none>"


def test_only_finished_pods_have_a_row_condition() -> None:
    rows = table(by_name("pods"), [pod("Succeeded"), pod("Running")], NOW, list_meta={})["rows"]
    assert [row.get("conditions", [{}])[0].get("type") for row in rows] == ["Completed", None]
    assert rows[0]["conditions"][0]["reason"] == "Succeeded"


TEMPLATE = {"spec": {"containers": [{"name": "a", "image": "i"}, {"name": "b", "image": "j"}]}}
SELECTOR = {"matchLabels": {"app": "x"}}


@pytest.mark.parametrize(
    ("resource", "shown", "wanted"),
    [
        (
            "statefulsets.apps",
            obj(spec={"replicas": 3, "template": TEMPLATE}, status={"readyReplicas": 2}),
            {"Name": "x", "Ready": "2/3", "Age": "60m", "Containers": "a,b", "Images": "i,j"},
        ),
        ("statefulsets.apps", obj(spec={"replicas": 0}), {"Ready": "0/0"}),
        (
            "deployments.apps",
            obj(spec={"replicas": 3, "selector": SELECTOR}, status={"updatedReplicas": 1, "availableReplicas": 2}),
            {"Ready": "0/3", "Up-to-date": 1, "Available": 2, "Selector": "app=x"},
        ),
        (
            "replicasets.apps",
            obj(spec={"replicas": 3, "selector": SELECTOR}, status={"replicas": 2, "readyReplicas": 1}),
            {"Desired": 3, "Current": 2, "Ready": 1},
        ),
        (
            "controllerrevisions.apps",
            obj(
                metadata={
                    "ownerReferences": [
                        {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web", "controller": True}
                    ]
                },
                revision=4,
            ),
            {"Controller": "statefulset.apps/web", "Revision": 4},
        ),
        ("controllerrevisions.apps", obj(revision=4), {"Controller": "<none>"}),
        (
            "services",
            obj(spec={"clusterIP": "10.96.0.1", "ports": [{"port": 80, "nodePort": 30080}], "type": "NodePort"}),
            {
                "Type": "NodePort",
                "Cluster-IP": "10.96.0.1",
                "External-IP": "<none>",
                "Port(s)": "80:30080/TCP",
                "Selector": "<none>",
            },
        ),
        (
            "services",
            obj(spec={"clusterIP": "None", "selector": {"b": "2", "a": "1"}}),
            {"Cluster-IP": "None", "Port(s)": "<none>", "Selector": "a=1,b=2"},
        ),
        (
            "services",
            obj(spec={"type": "ExternalName", "externalName": "e.com"}),
            {"Cluster-IP": "<none>", "External-IP": "e.com"},
        ),
        ("services", obj(spec={"type": "LoadBalancer", "clusterIP": "1.2.3.4"}), {"External-IP": "<pending>"}),
        (
            "endpoints",
            obj(subsets=[{"addresses": [{"ip": f"10.0.0.{n}"} for n in range(5)], "ports": [{"port": 80}]}]),
            {"Endpoints": "10.0.0.0:80,10.0.0.1:80,10.0.0.2:80 + 2 more..."},
        ),
        ("endpoints", obj(), {"Endpoints": "<none>"}),
        (
            "endpointslices.discovery.k8s.io",
            obj(addressType="IPv4", ports=[{"port": 80}], endpoints=[{"addresses": ["10.0.0.1"]}]),
            {"AddressType": "IPv4", "Ports": "80", "Endpoints": "10.0.0.1"},
        ),
        ("endpointslices.discovery.k8s.io", obj(endpoints=[]), {"Ports": "<unset>", "Endpoints": "<unset>"}),
        (
            "persistentvolumeclaims",
            obj(
                spec={"volumeName": "pv", "storageClassName": "s", "volumeMode": "Filesystem"},
                status={
                    "phase": "Bound",
                    "capacity": {"storage": "1Gi"},
                    "accessModes": ["ReadWriteOnce", "ReadOnlyMany"],
                },
            ),
            {
                "Status": "Bound",
                "Volume": "pv",
                "Capacity": "1Gi",
                "Access Modes": "RWO,ROX",
                "StorageClass": "s",
                "VolumeAttributesClass": "<unset>",
                "VolumeMode": "Filesystem",
            },
        ),
        (
            "persistentvolumeclaims",
            obj(metadata=DELETED, spec={}, status={"phase": "Pending"}),
            {"Status": "Terminating", "Capacity": "", "Access Modes": ""},
        ),
        (
            "persistentvolumes",
            obj(
                spec={
                    "capacity": {"storage": "1Gi"},
                    "accessModes": ["ReadWriteOncePod"],
                    "claimRef": {"namespace": "d", "name": "www-web-0"},
                    "persistentVolumeReclaimPolicy": "Retain",
                },
                status={"phase": "Released"},
            ),
            {
                "Capacity": "1Gi",
                "Access Modes": "RWOP",
                "Reclaim Policy": "Retain",
                "Status": "Released",
                "Claim": "d/www-web-0",
            },
        ),
        (
            "storageclasses.storage.k8s.io",
            obj(metadata={"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}, provisioner="p"),
            {"Name": "x (default)", "Provisioner": "p", "ReclaimPolicy": "Delete", "AllowVolumeExpansion": False},
        ),
        ("configmaps", obj(data={"a": "1"}, binaryData={"b": ""}), {"Data": 2}),
        ("secrets", obj(type="Opaque", data={"a": ""}), {"Type": "Opaque", "Data": 1}),
        (
            "nodes",
            obj(
                metadata={"labels": {"node-role.kubernetes.io/control-plane": ""}},
                spec={"unschedulable": True},
                status={
                    "conditions": READY,
                    "nodeInfo": {"kubeletVersion": "v1.36.1"},
                    "addresses": [{"type": "InternalIP", "address": "10.0.0.9"}],
                },
            ),
            {
                "Status": "Ready,SchedulingDisabled",
                "Roles": "control-plane",
                "Version": "v1.36.1",
                "Internal-IP": "10.0.0.9",
                "External-IP": "<none>",
            },
        ),
        (
            "nodes",
            obj(status={"conditions": [{"type": "Ready", "status": "False"}]}),
            {"Status": "NotReady", "Roles": "<none>"},
        ),
        ("namespaces", obj(status={"phase": "Active"}), {"Status": "Active"}),
        (
            "events",
            obj(
                involvedObject={"kind": "Pod", "name": "web-0", "fieldPath": "spec.containers{c}"},
                type="Normal",
                reason="Pulled",
                message="text\n",
                source={"component": "kubelet", "host": "n1"},
                count=3,
                firstTimestamp=HOUR_AGO,
                lastTimestamp="2026-01-01T00:59:00Z",
            ),
            {
                "Last Seen": "60s",
                "Type": "Normal",
                "Object": "pod/web-0",
                "Subobject": "spec.containers{c}",
                "Source": "kubelet, n1",
                "Message": "text",
                "First Seen": "60m",
                "Count": 3,
                "Name": "x",
            },
        ),
        (
            "events.events.k8s.io",
            obj(regarding={"kind": "Pod", "name": "web-0"}, note="n", eventTime="2026-01-01T00:59:30.000000Z"),
            {"Last Seen": "30s", "Object": "pod/web-0", "Message": "n"},
        ),
        (
            "poddisruptionbudgets.policy",
            obj(spec={"minAvailable": "50%"}, status={"disruptionsAllowed": 1}),
            {"Min Available": "50%", "Max Unavailable": "N/A", "Allowed Disruptions": 1},
        ),
        ("leases.coordination.k8s.io", obj(spec={"holderIdentity": "me"}), {"Holder": "me"}),
        ("priorityclasses.scheduling.k8s.io", obj(value=5), {"Value": 5, "Global-Default": False}),
        ("roles.rbac.authorization.k8s.io", obj(), {"Created At": HOUR_AGO}),
        (
            "rolebindings.rbac.authorization.k8s.io",
            obj(
                roleRef={"kind": "Role", "name": "r"},
                subjects=[{"kind": "User", "name": "ann"}, {"kind": "ServiceAccount", "namespace": "d", "name": "s"}],
            ),
            {"Role": "Role/r", "Users": "ann", "Groups": "", "ServiceAccounts": "d/s"},
        ),
    ],
)
def test_rows(resource: str, shown: Json, wanted: Json) -> None:
    row = cells(resource, shown)
    assert {name: row[name] for name in wanted} == wanted


HEADERS = {
    "pods": ["Name", "Ready", "Status", "Restarts", "Age", "IP", "Node", "Nominated Node", "Readiness Gates"],
    "statefulsets.apps": ["Name", "Ready", "Age", "Containers", "Images"],
    "persistentvolumes": [
        "Name",
        "Capacity",
        "Access Modes",
        "Reclaim Policy",
        "Status",
        "Claim",
        "StorageClass",
        "VolumeAttributesClass",
        "Reason",
        "Age",
        "VolumeMode",
    ],
    "selfsubjectreviews.authentication.k8s.io": ["Name", "Created At"],
}


@pytest.mark.parametrize("resource", HEADERS)
def test_headers(resource: str) -> None:
    made = table(by_name(resource), [], NOW, list_meta={"resourceVersion": "7"})
    assert [column["name"] for column in made["columnDefinitions"]] == HEADERS[resource]
    assert made["metadata"] == {"resourceVersion": "7"}
    assert made["rows"] == []
    assert made["columnDefinitions"][0]["format"] == "name"


def test_wide_columns_have_priority_one() -> None:
    columns = table(by_name("pods"), [], NOW, list_meta={})["columnDefinitions"]
    assert [column["priority"] for column in columns] == [0] * 5 + [1] * 4


def test_objects_go_with_the_rows_as_asked() -> None:
    pods, one = by_name("pods"), pod("Running", RUNNING)
    metadata = table(pods, [one], NOW, list_meta={})["rows"][0]["object"]
    assert metadata == {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": one["metadata"]}
    assert table(pods, [one], NOW, list_meta={}, include_object="Object")["rows"][0]["object"] == one
    assert "object" not in table(pods, [one], NOW, list_meta={}, include_object="None")["rows"][0]


def test_later_watch_events_define_no_columns() -> None:
    assert table(by_name("pods"), [pod()], NOW, list_meta={}, columns=False)["columnDefinitions"] == []


@pytest.mark.parametrize("resource", [r for r in RESOURCES if not r.virtual], ids=lambda r: r.qualified)
def test_every_kind_prints_a_sparse_object(resource: Any) -> None:
    sparse: Json = {"metadata": {"name": "x"}, "spec": {}, "status": {}, "roleRef": {}}
    made = table(resource, [sparse], NOW, list_meta={})
    assert len(made["rows"][0]["cells"]) == len(made["columnDefinitions"])
    assert "x" in made["rows"][0]["cells"]
