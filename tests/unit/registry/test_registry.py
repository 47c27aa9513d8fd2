"""The pipeline of a write, for every kind: what strategies decide is tested elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from kitlib.embedded.apimachinery.resources import by_name
from kitlib.embedded.apimachinery.status import StatusError
from kitlib.embedded.registry.listing import ListOptions
from kitlib.embedded.registry.options import DeleteOptions, WriteOptions
from tests.unit.registry.harness import PLAIN, Harness

Json = dict[str, Any]
MAPS, PODS, SETS, SPACES = (by_name(name) for name in ("configmaps", "pods", "statefulsets.apps", "namespaces"))
BY_ME = WriteOptions(user="me", manager="me")


@pytest.fixture
def api() -> Harness:
    return Harness()


def refusal(code: int, reason: str) -> Any:
    class Refusal:
        error: StatusError

        def __enter__(self) -> Refusal:
            return self

        def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
            assert isinstance(error, StatusError), error
            assert (error.code, error.reason) == (code, reason), error
            self.error = error
            return True

    return Refusal()


# -- create --------------------------------------------------------------------------------------------------------


def test_create_gives_identity_and_nothing_else_is_believed(api: Harness) -> None:
    forged = {"uid": "u", "creationTimestamp": "2000-01-01T00:00:00Z", "generation": 7, "deletionTimestamp": "x"}
    made = api.config_map(**forged)["metadata"]
    assert made["uid"] != "u"
    assert made["creationTimestamp"] == "2026-01-01T00:00:00Z"
    assert made["namespace"] == "default"
    assert not {"generation", "deletionTimestamp"} & made.keys()
    created = api.stateful_set()
    assert (created["metadata"]["generation"], created["status"]) == (1, {"replicas": 0, "availableReplicas": 0})


def test_generated_names_differ(api: Harness) -> None:
    names = {api.create("configmaps", {"metadata": {"generateName": "x-"}})["metadata"]["name"] for _ in range(20)}
    assert len(names) == 20
    assert all(name.startswith("x-") and len(name) == 7 for name in names)


def test_no_free_name_is_told(api: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kitlib.embedded.apimachinery.naming.generate_name", lambda base, rng: base + "aaaaa")
    api.create("configmaps", {"metadata": {"generateName": "x-"}})
    with refusal(409, "AlreadyExists") as refused:
        api.create("configmaps", {"metadata": {"generateName": "x-"}})
    assert "the server was not able to generate a unique name for the object" in refused.error.message


def test_what_create_refuses(api: Harness) -> None:
    api.config_map()
    with refusal(409, "AlreadyExists"):
        api.config_map()
    with refusal(422, "Invalid"):
        api.create("configmaps", {})
    with refusal(400, "BadRequest"):
        api.config_map("b", resourceVersion="1")
    with refusal(400, "BadRequest"):
        api.config_map("b", namespace="other")
    with refusal(404, "NotFound") as refused:
        api.create("configmaps", {"metadata": {"name": "b"}}, namespace="nowhere")
    assert refused.error.message == 'namespaces "nowhere" not found'


def test_nothing_new_in_a_namespace_that_ends(api: Harness) -> None:
    api.create("namespaces", {"metadata": {"name": "lab"}})
    marked, gone = api.delete("namespaces", "lab")
    assert (gone, marked["status"]["phase"]) == (False, "Terminating")
    with refusal(403, "Forbidden") as refused:
        api.create("configmaps", {"metadata": {"name": "b"}}, namespace="lab")
    assert "unable to create new content in namespace lab because it is being terminated" in refused.error.message
    assert refused.error.details["causes"][0]["reason"] == "NamespaceTerminating"
    for name in ("default", "kube-system"):
        with refusal(403, "Forbidden"):
            api.delete("namespaces", name)


def test_a_dry_run_stores_nothing(api: Harness) -> None:
    before = api.registry.store.revision
    dry = WriteOptions(dry_run=True)
    made = api.create("configmaps", {"metadata": {"name": "dry"}}, options=dry)
    assert made["metadata"]["uid"]
    assert "resourceVersion" not in made["metadata"]
    assert (api.find("configmaps", "dry"), api.registry.store.revision) == (None, before)
    api.config_map()
    assert api.merge("configmaps", "a", {"data": {"k": "w"}}, options=dry)["data"] == {"k": "w"}
    api.delete("configmaps", "a", dry_run=True)
    assert api.registry.get(MAPS, "a", "default")["data"] == {"k": "v"}


# -- update --------------------------------------------------------------------------------------------------------


def test_a_stale_update_is_a_conflict_and_an_unconditional_one_is_not(api: Harness) -> None:
    old = api.config_map()
    api.merge("configmaps", "a", {"data": {"k": "w"}})
    with refusal(409, "Conflict") as refused:
        api.update("configmaps", old)
    assert refused.error.message == (
        'Operation cannot be fulfilled on configmaps "a": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )
    free = {"metadata": {"name": "a", "namespace": "default"}, "data": {"k": "x"}}
    assert api.update("configmaps", free)["data"] == {"k": "x"}
    with refusal(409, "Conflict"):
        api.update("configmaps", {**free, "metadata": {**free["metadata"], "uid": "another"}})
    with refusal(400, "BadRequest"):
        api.registry.update(MAPS, "a", {"metadata": {"name": "b"}}, namespace="default", options=PLAIN)
    with refusal(400, "BadRequest"):
        api.registry.update(MAPS, "a", {"metadata": {"namespace": "x"}}, namespace="default", options=PLAIN)
    with refusal(404, "NotFound"):
        api.registry.update(MAPS, "none", {"metadata": {}}, namespace="default", options=PLAIN)


def test_a_write_that_changes_nothing_is_no_write(api: Harness) -> None:
    api.create("configmaps", {"metadata": {"name": "a"}, "data": {"k": "v"}}, options=BY_ME)
    seen: list[Any] = []
    api.registry.store.subscribe("configmaps", seen.append)
    before = api.registry.get(MAPS, "a", "default")
    api.clock.advance(5)
    assert api.update("configmaps", before, options=BY_ME) == before
    assert api.merge("configmaps", "a", {"data": {"k": "v"}}, options=BY_ME) == before
    assert seen == []


def test_the_generation_counts_changes_of_the_spec_only(api: Harness) -> None:
    api.stateful_set()
    assert api.merge("statefulsets.apps", "web", {"spec": {"replicas": 5}})["metadata"]["generation"] == 2
    assert api.merge("statefulsets.apps", "web", {"metadata": {"labels": {"x": "y"}}})["metadata"]["generation"] == 2
    status = {"status": {"replicas": 5}, "spec": {"replicas": 9}}
    changed = api.merge("statefulsets.apps", "web", status, subresource="status")
    assert (changed["metadata"]["generation"], changed["spec"]["replicas"]) == (2, 5)
    assert changed["status"]["replicas"] == 5
    ignored = api.merge("statefulsets.apps", "web", {"status": {"replicas": 1}})
    assert ignored["status"]["replicas"] == 5


def test_kinds_without_a_generation_get_none(api: Harness) -> None:
    api.create("services", {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}})
    changed = api.merge("services", "s", {"spec": {"selector": {"app": "web"}}})
    assert "generation" not in changed["metadata"]


def test_status_writes_keep_finalizers_and_owners(api: Harness) -> None:
    api.pod(finalizers=["lab/hold"])
    changed = api.merge("pods", "p", {"metadata": {"finalizers": None, "labels": {"x": "y"}}}, subresource="status")
    assert (changed["metadata"]["finalizers"], changed["metadata"]["labels"]) == (["lab/hold"], {"x": "y"})


def test_the_server_keeps_its_own_metadata(api: Harness) -> None:
    old = api.config_map()
    forged = {"creationTimestamp": "2000-01-01T00:00:00Z", "deletionTimestamp": "2000-01-01T00:00:00Z", "generation": 9}
    new = api.merge("configmaps", "a", {"metadata": forged, "data": {"k": "w"}})["metadata"]
    assert new["creationTimestamp"] == old["metadata"]["creationTimestamp"]
    assert not {"deletionTimestamp", "generation"} & new.keys()


@pytest.mark.parametrize("metadata", [{"name": "b"}, {"namespace": "kube-system"}, {"name": None}, None])
def test_a_patch_renames_and_moves_nothing(api: Harness, metadata: Json | None) -> None:
    api.config_map()
    with refusal(422, "Invalid") as refused:
        api.merge("configmaps", "a", {"metadata": metadata})
    assert "field is immutable" in refused.error.message


def test_a_patch_with_a_revision_is_conditional(api: Harness) -> None:
    old = api.config_map()
    api.merge("configmaps", "a", {"data": {"k": "w"}})
    with refusal(409, "Conflict"):
        api.merge("configmaps", "a", {"metadata": {"resourceVersion": old["metadata"]["resourceVersion"]}})


# -- delete --------------------------------------------------------------------------------------------------------


def test_finalizers_hold_an_object_until_the_last_is_gone(api: Harness) -> None:
    api.config_map(finalizers=["lab/one", "lab/two"])
    marked, gone = api.delete("configmaps", "a")
    assert (gone, marked["metadata"]["deletionTimestamp"]) == (False, "2026-01-01T00:00:00Z")
    with refusal(422, "Invalid") as refused:
        api.merge("configmaps", "a", {"metadata": {"finalizers": ["lab/one", "lab/two", "lab/three"]}})
    assert "no new finalizers can be added if the object is being deleted" in refused.error.message
    with refusal(409, "AlreadyExists") as exists:
        api.config_map()
    assert exists.error.message == 'object is being deleted: configmaps "a" already exists'
    api.merge("configmaps", "a", {"metadata": {"finalizers": ["lab/two"]}})
    assert api.find("configmaps", "a") is not None
    api.merge("configmaps", "a", {"metadata": {"finalizers": None}})
    assert api.find("configmaps", "a") is None


def test_preconditions_of_a_deletion(api: Harness) -> None:
    made = api.config_map()["metadata"]
    with refusal(409, "Conflict") as refused:
        api.delete("configmaps", "a", uid="another")
    assert f"UID in precondition: another, UID in object meta: {made['uid']}" in refused.error.message
    with refusal(409, "Conflict"):
        api.delete("configmaps", "a", resource_version="1")
    api.delete("configmaps", "a", uid=made["uid"], resource_version=made["resourceVersion"])
    assert api.find("configmaps", "a") is None


@pytest.mark.parametrize(
    ("policy", "finalizers"),
    [
        ("Orphan", ["lab/hold", "orphan"]),
        ("Foreground", ["lab/hold", "foregroundDeletion"]),
        ("Background", ["lab/hold"]),
    ],
)
def test_propagation_is_a_finalizer(api: Harness, policy: str, finalizers: list[str]) -> None:
    api.config_map(finalizers=["lab/hold"])
    marked, gone = api.delete("configmaps", "a", propagation_policy=policy)
    assert (gone, marked["metadata"]["finalizers"]) == (False, finalizers)


def test_a_pod_on_a_node_gets_its_grace(api: Harness) -> None:
    api.pod(node="n")
    marked, gone = api.delete("pods", "p")
    meta = marked["metadata"]
    assert (gone, meta["deletionGracePeriodSeconds"], meta["generation"]) == (False, 30, 2)
    assert meta["deletionTimestamp"] == "2026-01-01T00:00:30Z"
    api.clock.advance(5)
    for same_or_longer in (None, 60):
        assert api.delete("pods", "p", grace_period_seconds=same_or_longer)[0]["metadata"] == meta
    shorter = api.delete("pods", "p", grace_period_seconds=2)[0]["metadata"]
    assert (shorter["deletionTimestamp"], shorter["deletionGracePeriodSeconds"]) == ("2026-01-01T00:00:07Z", 2)
    assert api.delete("pods", "p", grace_period_seconds=0)[1] is True
    assert api.find("pods", "p") is None


def test_a_negative_grace_is_one_second(api: Harness) -> None:
    api.pod(node="n")
    assert api.delete("pods", "p", grace_period_seconds=-1)[0]["metadata"]["deletionGracePeriodSeconds"] == 1


def test_a_pod_that_runs_nowhere_is_gone_at_once(api: Harness) -> None:
    api.pod("waiting")
    api.pod("done", node="n")
    api.merge("pods", "done", {"status": {"phase": "Succeeded"}}, subresource="status")
    assert api.delete("pods", "waiting")[1] is True
    assert api.delete("pods", "done")[1] is True


def test_a_collection_is_deleted_by_selector(api: Harness) -> None:
    for name in ("a", "b", "c"):
        api.config_map(name, labels={"keep": str(name == "b")})
    chosen = ListOptions(matches=lambda o: o["metadata"].get("labels", {}).get("keep") == "False")
    page = api.registry.delete_collection(MAPS, "default", chosen, DeleteOptions())
    assert [o["metadata"]["name"] for o in page.items] == ["a", "c"]
    assert [o["metadata"]["name"] for o in api.registry.list(MAPS, "default").items] == ["b"]


def test_a_full_disk_is_told_and_nothing_is_half_made(api: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(event: object, key: str) -> None:
        raise OSError("database or disk is full")

    monkeypatch.setattr(api.registry.store._journal, "write", full)
    with refusal(500, "InternalError") as refused:
        api.config_map()
    assert "free some disk space" in refused.error.message
    assert api.find("configmaps", "a") is None
