"""Conformance scenarios of plain objects: Lease, PriorityClass, StorageClass, PersistentVolume, ServiceAccount."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.behaviour.rest import JSON_PATCH, MERGE, STRATEGIC, Json, Rest
from tests.support.patience import Patience


@pytest.fixture
def unique() -> str:
    return f"behaviour-{uuid.uuid4().hex[:8]}"


def test_lease(rest: Rest, namespace: str) -> None:
    """[sig-node] Lease lease API should be available"""
    path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
    moment = "2025-01-01T00:00:00.000000Z"
    spec = {
        "holderIdentity": "holder",
        "leaseDurationSeconds": 30,
        "acquireTime": moment,
        "renewTime": "2025-01-01T00:00:05.000000Z",
        "leaseTransitions": 0,
    }
    made = rest.made(path, {"metadata": {"name": "lease"}, "spec": spec})
    assert made["spec"] == spec
    changed = spec | {"holderIdentity": "holder2", "leaseTransitions": 1}
    assert rest.put(f"{path}/lease", made | {"spec": changed})["spec"] == changed
    patched = rest.patched(f"{path}/lease", {"spec": {"leaseDurationSeconds": 60}}, STRATEGIC)
    assert patched["spec"] == changed | {"leaseDurationSeconds": 60}
    rest.made(path, {"metadata": {"name": "lease2", "labels": {"deletecollection": "true"}}, "spec": spec})
    assert len(rest.get(path)["items"]) == 2
    assert rest("DELETE", f"{path}?labelSelector=deletecollection=true").status == 200
    assert [item["metadata"]["name"] for item in rest.get(path)["items"]] == ["lease"]
    assert rest("DELETE", f"{path}/lease").status == 200
    assert rest("GET", f"{path}/lease").status == 404
    assert [item["metadata"]["name"] for item in rest.get("/apis/coordination.k8s.io/v1/leases")["items"]]


def test_priority_class(rest: Rest, unique: str) -> None:
    """[sig-scheduling] SchedulerPreemption PriorityClass endpoints verify PriorityClass endpoints can be operated
    with different HTTP methods
    """
    path = "/apis/scheduling.k8s.io/v1/priorityclasses"
    for name, value in ((f"{unique}-p1", 1), (f"{unique}-p2", 2)):
        made = rest.made(path, {"metadata": {"name": name}, "value": value})
        assert (made["value"], made["preemptionPolicy"]) == (value, "PreemptLowerPriority")
    one = rest.get(f"{path}/{unique}-p1")
    answer = rest("PUT", f"{path}/{unique}-p1", one | {"value": 10})
    assert answer.status == 422
    assert "value: Forbidden: may not be changed in an update." in answer.json["message"]
    answer = rest(
        "PATCH", f"{path}/{unique}-p1", [{"op": "replace", "path": "/value", "value": 10}], content_type=JSON_PATCH
    )
    assert answer.status == 422
    assert rest.put(f"{path}/{unique}-p1", one | {"description": "new"})["description"] == "new"
    assert rest.patched(f"{path}/{unique}-p2", {"description": "newer"}, MERGE)["description"] == "newer"
    names = {item["metadata"]["name"] for item in rest.get(path)["items"]}
    assert {f"{unique}-p1", f"{unique}-p2", "system-node-critical", "system-cluster-critical"} <= names
    for number in (1, 2):
        assert rest("DELETE", f"{path}/{unique}-p{number}").status == 200


def test_storage_class(rest: Rest, unique: str) -> None:
    """[sig-storage] StorageClasses CSI Conformance should run through the lifecycle of a StorageClass"""
    path = "/apis/storage.k8s.io/v1/storageclasses"
    body = {
        "metadata": {"generateName": f"{unique}-", "labels": {unique: "true"}},
        "provisioner": "e2e-fake-provisioner",
        "volumeBindingMode": "WaitForFirstConsumer",
    }
    made = rest.made(path, body)
    name = made["metadata"]["name"]
    assert (made["reclaimPolicy"], made["provisioner"]) == ("Delete", "e2e-fake-provisioner")
    patched = rest.patched(f"{path}/{name}", {"metadata": {"labels": {"patched": "true"}}})
    assert patched["metadata"]["labels"] == {unique: "true", "patched": "true"}
    assert rest("DELETE", f"{path}/{name}").status == 200
    again = rest.made(path, body)
    again["metadata"]["labels"]["updated"] = "true"
    assert rest.put(f"{path}/{again['metadata']['name']}", again)["metadata"]["labels"]["updated"] == "true"
    assert rest("DELETE", f"{path}?labelSelector={unique}=true").status == 200
    assert rest.get(f"{path}?labelSelector={unique}=true")["items"] == []


def volume_and_claim(unique: str) -> tuple[Json, Json]:
    labels = {unique: "true"}
    volume = {
        "metadata": {"generateName": f"{unique}-", "labels": labels},
        "spec": {
            "storageClassName": unique,
            "accessModes": ["ReadWriteOnce"],
            "capacity": {"storage": "1Gi"},
            "persistentVolumeReclaimPolicy": "Retain",
            "csi": {"driver": "e2e-driver", "volumeHandle": "handle"},
        },
    }
    claim = {
        "metadata": {"generateName": f"{unique}-", "labels": labels},
        "spec": {
            "storageClassName": unique,
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    return volume, claim


@pytest.fixture
def bound(rest: Rest, namespace: str, unique: str, patience: Patience) -> Iterator[tuple[str, str]]:
    """A volume and the claim that is bound to it, as paths."""
    volume, claim = volume_and_claim(unique)
    volumes, claims = "/api/v1/persistentvolumes", f"/api/v1/namespaces/{namespace}/persistentvolumeclaims"
    one = f"{volumes}/{rest.made(volumes, volume)['metadata']['name']}"
    two = f"{claims}/{rest.made(claims, claim)['metadata']['name']}"
    patience.until(lambda: rest.get(two)["status"]["phase"] == "Bound", "the claim to be bound")
    patience.until(lambda: rest.get(one)["status"]["phase"] == "Bound", "the volume to be bound")
    yield one, two
    rest("DELETE", two)
    rest("DELETE", one)


def test_volume_lifecycle(rest: Rest, namespace: str, unique: str, bound: tuple[str, str], patience: Patience) -> None:
    """[sig-storage] PersistentVolumes CSI Conformance should run through the lifecycle of a PV and a PVC"""
    volume, claim = bound
    for path in bound:
        patched = rest.patched(path, {"metadata": {"labels": {"patched": "true"}}})
        assert patched["metadata"]["labels"]["patched"] == "true"
    assert rest.get(f"/api/v1/persistentvolumes?labelSelector={unique}=true")["items"]
    claims = f"/api/v1/namespaces/{namespace}/persistentvolumeclaims"
    assert rest("DELETE", claim).status == 200
    patience.until(lambda: rest("GET", claim).status == 404, "the claim to be gone")
    patience.until(lambda: rest.get(volume)["status"]["phase"] == "Released", "the volume to be released")
    assert rest("DELETE", volume).status == 200
    patience.until(lambda: rest("GET", volume).status == 404, "the volume to be gone")
    volume_body, claim_body = volume_and_claim(unique)
    made = rest.made("/api/v1/persistentvolumes", volume_body)
    made_claim = rest.made(claims, claim_body)
    for path, obj in (("/api/v1/persistentvolumes", made), (claims, made_claim)):

        def update(path: str = path, obj: Json = obj) -> bool:
            found = rest.get(f"{path}/{obj['metadata']['name']}")
            found["metadata"]["labels"]["updated"] = "true"
            return rest("PUT", f"{path}/{obj['metadata']['name']}", found).status == 200

        patience.until(update, "the update")
    for path in (claims, "/api/v1/persistentvolumes"):
        assert rest("DELETE", f"{path}?labelSelector={unique}=true,updated=true").status == 200
        patience.until(
            lambda path=path: not rest.get(f"{path}?labelSelector={unique}=true")["items"], "the collection to be gone"
        )


def test_volume_status(rest: Rest, bound: tuple[str, str]) -> None:
    """[sig-storage] PersistentVolumes CSI Conformance should apply changes to a pv/pvc status"""
    volume, claim = bound
    for path, kind in ((claim, "StatusPatched"), (claim, "StatusUpdated")):
        found = rest.get(f"{path}/status")
        condition = {"type": kind, "status": "True", "reason": "E2E", "message": "Set by a test"}
        conditions = [*(found["status"].get("conditions") or []), condition]
        if kind == "StatusPatched":
            told = rest.patched(f"{path}/status", {"status": {"conditions": conditions}})
        else:
            told = rest.put(f"{path}/status", found | {"status": found["status"] | {"conditions": conditions}})
        assert kind in [entry["type"] for entry in told["status"]["conditions"]]
        assert told["status"]["phase"] == "Bound"
    told = rest.patched(f"{volume}/status", {"status": {"message": "patched", "reason": "E2E"}})
    assert (told["status"]["message"], told["status"]["reason"], told["status"]["phase"]) == ("patched", "E2E", "Bound")
    told = rest.put(f"{volume}/status", told | {"status": told["status"] | {"message": "updated"}})
    assert told["status"]["message"] == "updated"


def test_service_account_lifecycle(rest: Rest, namespace: str, unique: str) -> None:
    """[sig-auth] ServiceAccounts should run through the lifecycle of a ServiceAccount /
    should update a ServiceAccount
    """
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    label = {"test-serviceaccount-static": unique}
    rest.made(path, {"metadata": {"name": "account", "labels": label}})
    assert (
        rest.patched(f"{path}/account", {"automountServiceAccountToken": False})["automountServiceAccountToken"]
        is False
    )
    found = rest.get(f"/api/v1/serviceaccounts?labelSelector=test-serviceaccount-static={unique}")["items"]
    assert [item["metadata"]["name"] for item in found] == ["account"]
    account = rest.get(f"{path}/account")
    account["automountServiceAccountToken"] = True
    assert rest.put(f"{path}/account", account)["automountServiceAccountToken"] is True
    assert rest("DELETE", f"{path}?labelSelector=test-serviceaccount-static={unique}").status == 200
    assert rest("GET", f"{path}/account").status == 404


def test_a_put_creates_a_few_kinds(rest: Rest, namespace: str) -> None:
    """A Lease, not a ConfigMap; nobody who names a version; and a path needs its namespace."""
    leases = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
    assert rest("PUT", f"{leases}/new", {"metadata": {"name": "new"}}).status == 201
    assert rest("PUT", f"{leases}/new", {"metadata": {"name": "new"}}).status == 200
    stale = {"metadata": {"name": "other", "resourceVersion": "1"}}
    assert rest("PUT", f"{leases}/other", stale).status in (404, 409)
    maps = f"/api/v1/namespaces/{namespace}/configmaps"
    answer = rest("PUT", f"{maps}/new", {"metadata": {"name": "new"}})
    assert (answer.status, answer.json["message"]) == (404, 'configmaps "new" not found')
    answer = rest("GET", "/apis/coordination.k8s.io/v1/leases/new")
    assert (answer.status, answer.json["message"]) == (404, "the server could not find the requested resource")


def test_deletion(rest: Rest, namespace: str) -> None:
    """Preconditions, dry run, policies; the answer is a Status, or the object while something holds it."""
    maps = f"/api/v1/namespaces/{namespace}/configmaps"
    made = rest.made(maps, {"metadata": {"name": "c"}})["metadata"]
    answer = rest("DELETE", f"{maps}/c", {"preconditions": {"uid": "another"}})
    why = f"Precondition failed: UID in precondition: another, UID in object meta: {made['uid']}"
    assert (answer.status, answer.json["message"]) == (
        409,
        f'Operation cannot be fulfilled on configmaps "c": {why}',
    )
    answer = rest("DELETE", f"{maps}/c", {"preconditions": {"resourceVersion": "1"}})
    why = f"ResourceVersion in precondition: 1, ResourceVersion in object meta: {made['resourceVersion']}"
    assert (answer.status, answer.json["reason"]) == (409, "Conflict")
    assert answer.json["message"].endswith(why)
    answer = rest("DELETE", f"{maps}/c", {"propagationPolicy": "Never"})
    assert answer.status == 422
    assert 'propagationPolicy: Unsupported value: "Never": supported values: "Foreground"' in answer.json["message"]
    answer = rest("DELETE", f"{maps}/c", {"propagationPolicy": "Orphan", "orphanDependents": True})
    assert "orphanDependents and deletionPropagation cannot be both set" in answer.json["message"]
    assert rest("DELETE", f"{maps}/c?dryRun=All").json["details"]["uid"] == made["uid"]
    assert rest("DELETE", f"{maps}?dryRun=All&labelSelector=!x").status == 200
    rest.patched(f"{maps}/c", {"metadata": {"finalizers": ["example.org/hold"]}})
    held = rest("DELETE", f"{maps}/c")
    assert (held.status, held.json["kind"]) == (200, "ConfigMap")
    assert held.json["metadata"]["deletionTimestamp"]
    more = rest("PATCH", f"{maps}/c", {"metadata": {"finalizers": ["a.b/c", "example.org/hold"]}}, content_type=MERGE)
    assert more.status == 422
    assert "no new finalizers can be added if the object is being deleted" in more.json["message"]
    rest.patched(f"{maps}/c", {"metadata": {"finalizers": None}})
    assert rest("GET", f"{maps}/c").status == 404
