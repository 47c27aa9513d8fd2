from __future__ import annotations

import copy
from typing import Any

import jsonpatch
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitlib.embedded.apimachinery import patch
from kitlib.embedded.apimachinery.patch.ordering import merge_orders
from kitlib.embedded.apimachinery.resources import by_name
from kitlib.embedded.apimachinery.schema import named_type
from kitlib.embedded.apimachinery.status import StatusError

PODS = by_name("pods")
SETS = by_name("statefulsets.apps")
POD_SPEC = named_type("io.k8s.api.core.v1.PodSpec")


def strategic(current: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    before = copy.deepcopy((current, change))
    result = patch.apply("strategic", current, change, POD_SPEC)
    assert (current, change) == before, "arguments must stay as they are"
    return result


def names(items: list[dict[str, Any]]) -> list[str]:
    return [item["name"] for item in items]


CONTAINERS = [{"name": "a", "image": "x:1", "env": [{"name": "K", "value": "1"}]}, {"name": "b", "image": "y:1"}]


def test_lists_merge_by_key_at_every_depth() -> None:
    change = {"containers": [{"name": "a", "env": [{"name": "L", "value": "2"}, {"name": "K", "value": "3"}]}]}
    merged = strategic({"containers": CONTAINERS}, change)
    assert merged["containers"][1] == CONTAINERS[1]
    first = merged["containers"][0]
    assert first["image"] == "x:1"
    assert {e["name"]: e["value"] for e in first["env"]} == {"K": "3", "L": "2"}


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ([{"name": "b", "image": "z"}], ["a", "b"]),
        ([{"name": "c"}], ["c", "a", "b"]),
        ([{"$patch": "delete", "name": "a"}], ["b"]),
        ([{"$patch": "replace"}, {"name": "c"}], ["c"]),
        ([{"$patch": "delete", "name": "zzz"}], ["a", "b"]),
    ],
)
def test_list_directives_and_order(change: list[dict[str, Any]], wanted: list[str]) -> None:
    assert names(strategic({"containers": CONTAINERS}, {"containers": change})["containers"]) == wanted


def test_set_element_order_decides_and_server_only_items_keep_their_place() -> None:
    current = {"containers": [{"name": n} for n in "abc"]}
    change = {
        "$setElementOrder/containers": [{"name": "c"}, {"name": "a"}],
        "containers": [{"name": "c", "image": "n"}],
    }
    merged = strategic(current, change)["containers"]
    assert names(merged) == ["b", "c", "a"]
    only_order = {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}, {"name": "c"}]}
    assert names(strategic(current, only_order)["containers"]) == ["b", "a", "c"]


def test_an_order_that_contradicts_the_patch_is_refused() -> None:
    change = {
        "$setElementOrder/containers": [{"name": "a"}, {"name": "b"}],
        "containers": [{"name": "b"}, {"name": "a"}],
    }
    with pytest.raises(StatusError) as caught:
        strategic({"containers": CONTAINERS}, change)
    assert caught.value.code == 400


def test_maps_take_replace_delete_merge_and_null() -> None:
    current = {"nodeSelector": {"a": "1", "b": "2"}, "securityContext": {"runAsUser": 1, "fsGroup": 2}}
    assert strategic(current, {"nodeSelector": {"a": None, "c": "3"}})["nodeSelector"] == {"b": "2", "c": "3"}
    assert strategic(current, {"securityContext": {"$patch": "replace", "fsGroup": 9}})["securityContext"] == {
        "fsGroup": 9
    }
    assert strategic(current, {"securityContext": {"$patch": "delete"}})["securityContext"] == {}
    assert strategic(current, {"securityContext": {"$patch": "merge", "fsGroup": 9}})["securityContext"] == {
        "runAsUser": 1,
        "fsGroup": 9,
    }
    with pytest.raises(StatusError, match="unknown patch type: bogus"):
        strategic(current, {"securityContext": {"$patch": "bogus"}})


def test_new_parts_bring_no_nulls_and_no_directives() -> None:
    change = {"affinity": {"$patch": "merge", "nodeAffinity": None}, "containers": [{"name": "n", "image": None}]}
    assert strategic({}, change) == {"affinity": {}, "containers": [{"name": "n"}]}


def test_retain_keys_drops_what_it_does_not_list() -> None:
    volumes = {"volumes": [{"name": "v", "emptyDir": {}}]}
    change = {"volumes": [{"name": "v", "$retainKeys": ["name", "configMap"], "configMap": {"name": "c"}}]}
    assert strategic(volumes, change)["volumes"] == [{"name": "v", "configMap": {"name": "c"}}]
    change["volumes"][0]["$retainKeys"] = ["name"]  # type: ignore[index]
    with pytest.raises(StatusError, match="retainKeys"):
        strategic(volumes, change)


def test_finalizers_merge_as_a_set_and_delete_from_primitive_list() -> None:
    current = {"metadata": {"finalizers": ["a", "b"]}}
    merged = patch.apply("strategic", current, {"metadata": {"finalizers": ["c", "a"]}}, PODS)
    assert sorted(merged["metadata"]["finalizers"]) == ["a", "b", "c"]
    removed = patch.apply("strategic", current, {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"]}}, PODS)
    assert removed["metadata"]["finalizers"] == ["b"]


def test_atomic_lists_are_replaced() -> None:
    current = {"containers": [{"name": "a", "args": ["1", "2"]}], "tolerations": [{"key": "x"}]}
    merged = strategic(current, {"containers": [{"name": "a", "args": ["3"]}], "tolerations": [{"key": "y"}]})
    assert merged == {"containers": [{"name": "a", "args": ["3"]}], "tolerations": [{"key": "y"}]}


def test_rollout_undo_replaces_the_whole_template() -> None:
    current = {"spec": {"replicas": 3, "template": {"metadata": {"labels": {"new": "x"}}, "spec": {"containers": []}}}}
    change = {"spec": {"template": {"$patch": "replace", "metadata": {"labels": {"old": "y"}}}}}
    assert patch.apply("strategic", current, change, SETS) == {
        "spec": {"replicas": 3, "template": {"metadata": {"labels": {"old": "y"}}}}
    }


def test_an_item_without_its_merge_key_is_refused() -> None:
    with pytest.raises(StatusError) as caught:
        strategic({"containers": CONTAINERS}, {"containers": [{"image": "z"}]})
    assert caught.value.code == 400
    assert "does not contain declared merge key: name" in caught.value.message


@pytest.mark.parametrize(
    ("keys", "server", "wanted", "result"),
    [
        ("abc", "abc", "c", "abc"),
        ("abc", "ac", "b", "bac"),
        ("abcd", "abd", "cb", "cabd"),
        ("ab", "", "ba", "ba"),
        ("abc", "abc", "cab", "cab"),
    ],
)
def test_merge_orders(keys: str, server: str, wanted: str, result: str) -> None:
    assert "".join(merge_orders(keys, server=server, wanted=wanted)) == result


def test_json_patch_is_all_or_nothing() -> None:
    current = {"a": 1}
    assert patch.apply("json", current, [{"op": "add", "path": "/b", "value": 2}], PODS) == {"a": 1, "b": 2}
    for change in (
        [{"op": "replace", "path": "/a", "value": 5}, {"op": "test", "path": "/a", "value": 1}],
        [{"op": "remove", "path": "/zzz"}],
        [{"op": "bogus", "path": "/a"}],
        [{"path": "/a"}],
    ):
        with pytest.raises(StatusError) as caught:
            patch.apply("json", current, change, PODS)
        assert (caught.value.code, caught.value.reason) == (422, "Invalid")
    assert current == {"a": 1}


@pytest.mark.parametrize(("kind", "body"), [("json", {"a": 1}), ("merge", [1]), ("strategic", "x"), ("json", [1])])
def test_malformed_patches_are_bad_requests(kind: Any, body: Any) -> None:
    with pytest.raises(StatusError) as caught:
        patch.apply(kind, {}, body, PODS)
    assert caught.value.code == 400


def test_too_many_operations() -> None:
    operation = {"op": "test", "path": "/a", "value": 1}
    assert patch.apply("json", {"a": 1}, [operation] * 10_000, PODS) == {"a": 1}
    with pytest.raises(StatusError) as caught:
        patch.apply("json", {"a": 1}, [operation] * 10_001, PODS)
    assert (caught.value.code, caught.value.reason) == (413, "RequestEntityTooLarge")


JSON = st.recursive(
    st.integers(-5, 5) | st.booleans() | st.text("ab", max_size=2),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text("abc", min_size=1, max_size=1), inner, max_size=3)
    ),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text("abc", min_size=1, max_size=1), JSON, max_size=3)


def difference(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """The merge patch that turns `old` into `new`."""
    change: dict[str, Any] = {key: None for key in old if key not in new}
    for key, value in new.items():
        before = old.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            change[key] = difference(before, value)
        elif isinstance(value, dict) or key not in old or before != value or type(before) is not type(value):
            change[key] = value
    return change


@given(OBJECTS, OBJECTS)
def test_merge_patch_gets_from_anywhere_to_anywhere(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert patch.merge_patch(old, difference(old, new)) == new


@given(OBJECTS, OBJECTS)
def test_json_patch_gets_from_anywhere_to_anywhere(old: dict[str, Any], new: dict[str, Any]) -> None:
    before = copy.deepcopy(old)
    operations = jsonpatch.make_patch(old, new).patch
    assert patch.apply("json", old, operations, PODS) == new
    assert patch.apply("json", old, [{"op": "replace", "path": "", "value": new}], PODS) == new
    assert old == before


@given(OBJECTS, OBJECTS, st.integers(0, 5))
def test_json_patch_that_fails_anywhere_changes_nothing(old: dict[str, Any], new: dict[str, Any], where: int) -> None:
    before = copy.deepcopy(old)
    operations = jsonpatch.make_patch(old, new).patch
    operations.insert(where, {"op": "test", "path": "", "value": {"never": "so"}})
    with pytest.raises(StatusError) as caught:
        patch.apply("json", old, operations, PODS)
    assert caught.value.code == 422 and old == before


TOKENS = st.lists(st.sampled_from(["a", "b", "0", "1", "-", "-1", "~0", "~", "", "é"]), max_size=4)
OPERATIONS = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test", "none", ""])},
    optional={
        "path": TOKENS.map(lambda parts: "".join(f"/{part}" for part in parts)) | st.none() | st.integers(),
        "from": TOKENS.map(lambda parts: "".join(f"/{part}" for part in parts)),
        "value": JSON,
    },
)


@given(OBJECTS, st.lists(OPERATIONS, max_size=4))
def test_any_json_patch_is_applied_or_refused(old: dict[str, Any], operations: list[dict[str, Any]]) -> None:
    before = copy.deepcopy(old)
    try:
        assert isinstance(patch.apply("json", old, operations, PODS), dict)
    except StatusError as error:
        assert error.code in (400, 422)
    assert old == before


@given(OBJECTS, OBJECTS)
def test_merge_patch_is_idempotent(old: dict[str, Any], change: dict[str, Any]) -> None:
    once = patch.merge_patch(old, change)
    assert patch.merge_patch(once, change) == once
