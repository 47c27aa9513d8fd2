from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitlib.embedded.apimachinery import managedfields
from kitlib.embedded.apimachinery.managedfields.fieldset import (
    FieldSet,
    difference,
    intersection,
    leaves,
    path_text,
    union,
)
from kitlib.embedded.apimachinery.resources import by_name
from kitlib.embedded.apimachinery.status import StatusError

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SETS, PODS, MAPS = by_name("statefulsets.apps"), by_name("pods"), by_name("configmaps")
Json = dict[str, Any]


def stateful_set(**spec: Any) -> Json:
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web", "uid": "1"}, "spec": spec}


def containers(*items: Json) -> Json:
    return {"spec": {"containers": list(items)}}


def apply(live: Json | None, applied: Json, manager: str = "me", *, force: bool = False, resource: Any = SETS) -> Json:
    before = copy.deepcopy((live, applied))
    result = managedfields.apply(live, applied, resource, manager=manager, force=force, now=NOW)
    assert (live, applied) == before, "arguments must stay as they are"
    return result


def update(
    old: Json | None, new: Json, manager: str, *, resource: Any = SETS, subresource: str = "", now: Any = NOW
) -> Json:
    new = copy.deepcopy(new)
    managedfields.update(old, new, resource, manager=manager, now=now, subresource=subresource)
    return new


def owned(obj: Json) -> dict[tuple[str, str], FieldSet]:
    entries = obj["metadata"].get("managedFields", [])
    return {(entry["manager"], entry["operation"]): entry["fieldsV1"] for entry in entries}


def test_a_create_owns_everything_but_identity_and_status() -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "uid": "1", "labels": {"app": "x"}, "generation": 1},
        "spec": {"containers": [{"name": "c", "ports": [{"containerPort": 80}], "args": ["a"], "resources": {}}]},
        "status": {"phase": "Pending"},
    }
    created = update(None, pod, "kubectl-create", resource=PODS)
    [entry] = created["metadata"]["managedFields"]
    assert {key: value for key, value in entry.items() if key != "fieldsV1"} == {
        "manager": "kubectl-create",
        "operation": "Update",
        "apiVersion": "v1",
        "time": "2026-01-02T03:04:05Z",
        "fieldsType": "FieldsV1",
    }
    port = {".": {}, "f:containerPort": {}}
    container = {
        ".": {},
        "f:name": {},
        "f:ports": {".": {}, 'k:{"containerPort":80,"protocol":"TCP"}': port},
        "f:args": {},
        "f:resources": {},
    }
    assert entry["fieldsV1"] == {
        "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
        "f:spec": {"f:containers": {'k:{"name":"c"}': container}},
    }


def test_an_update_takes_what_it_changes_and_nothing_else() -> None:
    old = update(None, stateful_set(replicas=1, serviceName="s"), "creator")
    changed = copy.deepcopy(old)
    changed["spec"]["replicas"] = 3
    new = update(old, changed, "scaler", now=NOW + timedelta(hours=1))
    assert owned(new) == {
        ("creator", "Update"): {"f:spec": {"f:serviceName": {}}},
        ("scaler", "Update"): {"f:spec": {"f:replicas": {}}},
    }
    times = {entry["manager"]: entry["time"] for entry in new["metadata"]["managedFields"]}
    assert times == {"creator": "2026-01-02T04:04:05Z", "scaler": "2026-01-02T04:04:05Z"}


def test_a_no_op_update_changes_no_entry() -> None:
    old = update(None, stateful_set(replicas=1), "creator")
    new = update(old, old, "other", now=NOW + timedelta(hours=1))
    assert new == old


def test_entries_of_the_request_replace_those_of_the_object() -> None:
    old = update(None, stateful_set(replicas=1), "kubectl-client-side-apply")
    moved = copy.deepcopy(old)
    moved["metadata"]["managedFields"][0] |= {"manager": "kubectl", "operation": "Apply"}
    assert owned(update(old, moved, "kubectl")) == {("kubectl", "Apply"): {"f:spec": {"f:replicas": {}}}}
    reset = copy.deepcopy(old)
    reset["metadata"]["managedFields"] = [{}]
    assert owned(update(old, reset, "kubectl")) == {}
    left_out = copy.deepcopy(old)
    del left_out["metadata"]["managedFields"]
    assert update(old, left_out, "kubectl") == old


def test_removed_fields_are_nobodys() -> None:
    old = update(None, {"metadata": {"name": "c"}, "data": {"a": "1", "b": "2"}}, "creator", resource=MAPS)
    new = update(old, {**old, "data": {"a": "1"}}, "editor", resource=MAPS)
    assert owned(new) == {("creator", "Update"): {"f:data": {".": {}, "f:a": {}}}}


def test_status_has_its_own_entry() -> None:
    old = update(None, {"metadata": {"name": "p"}, "spec": {"nodeName": "n"}}, "scheduler", resource=PODS)
    with_status = {**old, "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}
    new = update(old, with_status, "kubelet", resource=PODS, subresource="status")
    entry = next(e for e in new["metadata"]["managedFields"] if e["manager"] == "kubelet")
    assert entry["subresource"] == "status"
    condition = {".": {}, "f:type": {}, "f:status": {}}
    assert entry["fieldsV1"] == {
        "f:status": {"f:phase": {}, "f:conditions": {".": {}, 'k:{"type":"Ready"}': condition}}
    }


def test_apply_creates_and_repeats_without_change() -> None:
    applied = stateful_set(replicas=2, template=containers({"name": "c", "image": "i"}))
    created = apply(None, applied)
    item = {".": {}, "f:name": {}, "f:image": {}}
    fields = {"f:spec": {"f:replicas": {}, "f:template": {"f:spec": {"f:containers": {'k:{"name":"c"}': item}}}}}
    assert owned(created) == {("me", "Apply"): fields}
    assert apply(created, applied) == created


def test_a_changed_value_of_another_manager_is_a_conflict_and_force_takes_it() -> None:
    created = apply(None, stateful_set(replicas=2))
    scaled = copy.deepcopy(created)
    scaled["spec"]["replicas"] = 5
    scaled = update(created, scaled, "kubectl-scale")
    with pytest.raises(StatusError) as caught:
        apply(scaled, stateful_set(replicas=2))
    who = '"kubectl-scale" using apps/v1 at 2026-01-02T03:04:05Z'
    assert (caught.value.code, caught.value.reason) == (409, "Conflict")
    assert caught.value.message == f"Apply failed with 1 conflict: conflict with {who}: .spec.replicas"
    assert caught.value.details["causes"] == [
        {"reason": "FieldManagerConflict", "message": f"conflict with {who}", "field": ".spec.replicas"}
    ]
    forced = apply(scaled, stateful_set(replicas=2), force=True)
    assert forced["spec"]["replicas"] == 2
    assert owned(forced) == {("me", "Apply"): {"f:spec": {"f:replicas": {}}}}


def test_several_conflicts_are_listed_by_manager() -> None:
    live = update(None, {"metadata": {"name": "c"}, "data": {"a": "1", "b": "2"}}, "one", resource=MAPS)
    with pytest.raises(StatusError) as caught:
        apply(live, {"metadata": {"name": "c"}, "data": {"a": "x", "b": "y"}}, resource=MAPS)
    who = '"one" using v1 at 2026-01-02T03:04:05Z'
    assert caught.value.message == f"Apply failed with 2 conflicts: conflicts with {who}:\n- .data.a\n- .data.b"


def test_equal_values_are_shared_and_survive_until_the_last_owner_leaves() -> None:
    one = apply(None, {"metadata": {"name": "c"}, "data": {"a": "1", "b": "2"}}, "one", resource=MAPS)
    both = apply(one, {"metadata": {"name": "c"}, "data": {"a": "1"}}, "two", resource=MAPS)
    left = apply(both, {"metadata": {"name": "c"}}, "one", resource=MAPS)
    assert left["data"] == {"a": "1"}
    assert owned(left) == {("two", "Apply"): {"f:data": {"f:a": {}}}}
    gone = apply(left, {"metadata": {"name": "c"}}, "two", resource=MAPS)
    assert "data" not in gone
    assert owned(gone) == {}


def test_a_dropped_item_goes_with_its_defaults_but_not_with_what_others_own() -> None:
    first = apply(None, stateful_set(template=containers({"name": "a", "image": "i"}, {"name": "b", "image": "j"})))
    for container in first["spec"]["template"]["spec"]["containers"]:
        container["imagePullPolicy"] = "Always"
    alone = apply(first, stateful_set(template=containers({"name": "a", "image": "i"})))
    assert alone["spec"]["template"]["spec"]["containers"] == [{"name": "a", "image": "i", "imagePullPolicy": "Always"}]
    shared = apply(first, stateful_set(template=containers({"name": "b", "tty": True})), "other")
    kept = apply(shared, stateful_set(template=containers({"name": "a", "image": "i"})))
    assert kept["spec"]["template"]["spec"]["containers"][1] == {"name": "b", "imagePullPolicy": "Always", "tty": True}


def test_ports_without_protocol_are_the_tcp_ones() -> None:
    live = apply(None, stateful_set(template=containers({"name": "a", "ports": [{"containerPort": 80}]})))
    live["spec"]["template"]["spec"]["containers"][0]["ports"][0]["protocol"] = "TCP"
    port = {"containerPort": 80, "name": "http"}
    merged = apply(live, stateful_set(template=containers({"name": "a", "ports": [port]})))
    assert merged["spec"]["template"]["spec"]["containers"][0]["ports"] == [port | {"protocol": "TCP"}]


def test_sets_and_atomic_lists() -> None:
    live = {"metadata": {"name": "p", "finalizers": ["x"]}, "spec": {"tolerations": [{"key": "a"}]}}
    live = update(None, live, "one", resource=PODS)
    applied = {"metadata": {"name": "p", "finalizers": ["y"]}, "spec": {"tolerations": [{"key": "b"}]}}
    with pytest.raises(StatusError, match=r"\.spec\.tolerations$"):
        apply(live, applied, resource=PODS)
    merged = apply(live, applied, force=True, resource=PODS)
    assert merged["metadata"]["finalizers"] == ["x", "y"]
    assert merged["spec"]["tolerations"] == [{"key": "b"}]


def test_requests_that_cannot_be() -> None:
    with pytest.raises(StatusError) as caught:
        apply(None, stateful_set(), "")
    assert caught.value.code == 422
    assert "fieldManager: Required value: is required for apply patch" in caught.value.message
    bad = stateful_set()
    bad["metadata"]["managedFields"] = [{"manager": "x"}]
    with pytest.raises(StatusError, match=r"metadata\.managedFields must be nil"):
        apply(None, bad)


def test_paths_print_as_in_conflicts() -> None:
    assert (
        path_text(("f:a", 'k:{"containerPort":80,"protocol":"TCP"}', "f:b")) == '.a[containerPort=80,protocol="TCP"].b'
    )
    assert path_text(("f:metadata", "f:finalizers", 'v:"x"')) == '.metadata.finalizers[="x"]'


NODES: st.SearchStrategy[FieldSet] = st.recursive(
    st.just({}), lambda inner: st.dictionaries(st.sampled_from(["f:a", "f:b", "."]), inner, max_size=3), max_leaves=6
).map(lambda node: tidy(node))


def tidy(node: FieldSet) -> FieldSet:
    """Bring a random trie to normal form: `.` is a leaf and never alone."""
    out = {name: {} if name == "." else tidy(child) for name, child in node.items()}
    return {} if set(out) == {"."} else out


def paths(fields: FieldSet) -> set[tuple[str, ...]]:
    return set(leaves(fields))


@given(NODES, NODES)
def test_set_algebra(left: FieldSet, right: FieldSet) -> None:
    left.pop(".", None)
    right.pop(".", None)
    assert paths(union(left, right)) == paths(left) | paths(right)
    assert paths(difference(left, right)) == paths(left) - paths(right)
    assert paths(intersection(left, right)) == paths(left) & paths(right)


NAMES = st.sampled_from(["a", "b", "c"])
PORTS = st.lists(st.sampled_from([80, 81, 82]), unique=True, max_size=3).map(
    lambda numbers: [{"containerPort": number, "name": f"p{number}", "protocol": "TCP"} for number in numbers]
)
CONTAINERS = st.dictionaries(
    NAMES,
    st.fixed_dictionaries(
        {},
        optional={
            "image": st.sampled_from(["x", "y"]),
            "command": st.lists(st.sampled_from(["p", "q"]), max_size=2),
            "ports": PORTS,
            "env": st.dictionaries(NAMES, st.sampled_from(["1", "2"])).map(
                lambda env: [{"name": name, "value": value} for name, value in env.items()]
            ),
        },
    ),
    max_size=3,
).map(lambda found: [{"name": name, **rest} for name, rest in found.items()])
CONFIGS = st.builds(
    lambda replicas, labels, items: {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "web", "labels": labels},
        "spec": {"replicas": replicas, "template": {"spec": {"containers": items}}},
    },
    st.integers(0, 2),
    st.dictionaries(NAMES, st.sampled_from(["1", "2"]), max_size=2),
    CONTAINERS,
)


def bare(obj: Json) -> Json:
    """An object without its entries, and without the maps and lists that are only left empty."""
    meta = {key: value for key, value in obj["metadata"].items() if key != "managedFields"}
    return _filled(obj | {"metadata": meta})


def _filled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: kept for key, item in value.items() if (kept := _filled(item)) not in ({}, [])}
    return [_filled(item) for item in value] if isinstance(value, list) else value


@given(CONFIGS, CONFIGS)
def test_what_is_applied_twice_changes_nothing(first: Json, second: Json) -> None:
    live = apply(apply(None, first), second)
    assert bare(apply(live, second)) == bare(live)
    assert bare(live) == bare(second), "what its only manager no longer applies is gone"


@given(CONFIGS, CONFIGS)
def test_two_managers_get_what_both_want_or_learn_of_a_conflict(mine: Json, theirs: Json) -> None:
    live = apply(None, mine, "me")
    try:
        both = apply(live, theirs, "they")
    except StatusError as error:
        assert error.code == 409 and error.reason == "Conflict"
        both = apply(live, theirs, "they", force=True)
    assert bare(apply(both, theirs, "they")) == bare(both)
    # Whoever lets go of everything leaves what the other has, and nothing else.
    alone = apply(both, {**theirs, "metadata": {"name": "web"}, "spec": {}}, "they")
    assert bare(apply(alone, theirs, "they", force=True)) == bare(both)


@given(CONFIGS, CONFIGS)
def test_force_takes_what_is_in_conflict_and_leaves_the_rest(mine: Json, theirs: Json) -> None:
    both = apply(apply(None, mine, "me"), theirs, "they", force=True)
    mine_now = set(leaves(owned(both).get(("me", "Apply"), {})))
    mine_before = set(leaves(owned(apply(None, mine, "me"))["me", "Apply"]))
    assert mine_now <= mine_before
    assert set(leaves(owned(apply(None, theirs, "they"))["they", "Apply"])) <= set(leaves(owned(both)["they", "Apply"]))


@pytest.mark.parametrize(
    ("live", "applied", "merged"),
    [
        ("a", "ba", "ba"),
        ("ab", "ba", "ba"),
        ("axb", "ba", "xba"),
        ("xay", "ab", "xayb"),
        ("abc", "", "abc"),
        ("", "ba", "ba"),
    ],
)
def test_the_applied_order_prevails(live: str, applied: str, merged: str) -> None:
    def config(names: str) -> Json:
        return stateful_set(template=containers(*({"name": name} for name in names)))

    found = apply(update(None, config(live), "other"), config(applied))
    assert [item["name"] for item in found["spec"]["template"]["spec"]["containers"]] == list(merged)
