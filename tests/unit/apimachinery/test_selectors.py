from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitlib.embedded.apimachinery.field_selectors import parse_field_selector
from kitlib.embedded.apimachinery.resources import by_name
from kitlib.embedded.apimachinery.selectors import (
    NOTHING,
    Requirement,
    Selector,
    combined,
    format_label_selector,
    from_label_selector,
    parse_label_selector,
)
from kitlib.embedded.apimachinery.status import StatusError

LABELS = {"app": "web", "tier": "a", "n": "5", "empty": ""}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("app=web", True),
        ("app==web", True),
        ("app=api", False),
        ("app!=api", True),
        ("missing!=x", True),
        ("app in (web,api)", True),
        ("app in (api)", False),
        ("app notin (api)", True),
        ("missing notin (a)", True),
        ("missing in (a)", False),
        ("app", True),
        ("missing", False),
        ("!missing", True),
        ("!app", False),
        ("app=web,tier in (a, b),!x", True),
        ("app=web,tier=b", False),
        ("empty=", True),
        ("app=", False),
        ("n>4", True),
        ("n<5", False),
        ("app>4", False),
        ("example.com/x!=1", True),
        (" app = web , tier", True),
    ],
)
def test_label_selectors(text: str, matches: bool) -> None:
    assert parse_label_selector(text).matches(LABELS) is matches


@pytest.mark.parametrize(
    "text", ["app in web", "app in (web", "=web", "a=b c", "a,,b", "!", "a in", "a/b/c=1", "a=b,", "a=$"]
)
def test_what_does_not_parse_is_a_bad_request(text: str) -> None:
    with pytest.raises(StatusError) as caught:
        parse_label_selector(text)
    assert caught.value.code == 400
    assert caught.value.message.startswith("unable to parse requirement: ")


def test_selector_objects() -> None:
    assert from_label_selector(None) == NOTHING
    assert not NOTHING.matches({})
    assert from_label_selector({}).matches({})
    selector: dict[str, Any] = {
        "matchLabels": {"app": "web"},
        "matchExpressions": [
            {"key": "tier", "operator": "In", "values": ["b", "a"]},
            {"key": "x", "operator": "DoesNotExist"},
            {"key": "empty", "operator": "Exists"},
            {"key": "y", "operator": "NotIn", "values": ["1"]},
        ],
    }
    assert from_label_selector(selector).matches(LABELS)
    assert not from_label_selector(selector).matches(LABELS | {"x": "1"})
    assert format_label_selector(selector) == "app=web,empty,tier in (a,b),!x,y notin (1)"


KEYS = st.sampled_from(["a", "b", "example.com/c"])
VALUES = st.sampled_from(["", "1", "x-y"])
REQUIREMENTS = st.one_of(
    st.builds(Requirement, KEYS, st.just("="), st.tuples(VALUES)),
    st.builds(Requirement, KEYS, st.just("!="), st.tuples(VALUES)),
    st.builds(Requirement, KEYS, st.sampled_from(["exists", "!"])),
    st.builds(Requirement, KEYS, st.sampled_from(["in", "notin"]), st.tuples(VALUES, VALUES)),
)


@given(st.lists(REQUIREMENTS, max_size=3), st.dictionaries(KEYS, VALUES))
def test_a_printed_selector_selects_the_same(terms: list[Requirement], labels: dict[str, str]) -> None:
    selector = Selector(tuple(terms))
    assert parse_label_selector(str(selector)).matches(labels) is selector.matches(labels)


POD = {
    "metadata": {"name": "web-0", "namespace": "d"},
    "spec": {"nodeName": "n1"},
    "status": {"phase": "Running", "podIPs": [{"ip": "10.0.0.1"}]},
}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("metadata.name=web-0", True),
        ("metadata.name==web-0,metadata.namespace=d", True),
        ("status.phase!=Running", False),
        ("spec.nodeName=n1,status.phase!=Failed", True),
        ("spec.hostNetwork=false", True),
        ("spec.nodeName=", False),
        ("spec.schedulerName=", True),
        ("status.podIPs=10.0.0.1", True),
    ],
)
def test_field_selectors(text: str, matches: bool) -> None:
    assert parse_field_selector(text, "pods").matches(POD) is matches


def test_unsupported_fields_are_named() -> None:
    with pytest.raises(StatusError) as caught:
        parse_field_selector("spec.foo=1", "pods")
    assert (caught.value.code, caught.value.message) == (400, "field label not supported: spec.foo")
    with pytest.raises(StatusError, match="can't understand 'bogus'"):
        parse_field_selector("bogus", "pods")
    with pytest.raises(StatusError, match=r"not supported: status\.phase"):
        parse_field_selector("status.phase=x", "configmaps")


def test_events_of_both_groups_select_stored_events() -> None:
    event = {"metadata": {}, "involvedObject": {"name": "web-0"}, "source": {"component": "kubelet"}, "type": "Normal"}
    assert parse_field_selector("regarding.name=web-0", "events.events.k8s.io").matches(event)
    assert parse_field_selector("involvedObject.name=web-0,source=kubelet", "events").matches(event)
    assert not parse_field_selector("involvedObject.name=web-1", "events").matches(event)


def test_values_may_escape_the_syntax() -> None:
    selector = parse_field_selector(r"metadata.name=a\,b\=c", "pods")
    assert selector.exact("metadata.name") == "a,b=c"
    assert parse_field_selector("metadata.name!=x", "pods").exact("metadata.name") is None


FIELDS = st.sampled_from(["metadata.name", "metadata.namespace", "spec.nodeName", "status.phase"])
TERMS = st.lists(st.tuples(FIELDS, st.booleans(), st.text(r"ab\\,=! ", max_size=6)), max_size=4)


def escaped(value: str) -> str:
    return "".join(f"\\{char}" if char in "\\,=" else char for char in value)


@given(TERMS, st.fixed_dictionaries({"name": st.text(r"a\,=", max_size=2), "namespace": st.just("d")}))
def test_a_field_selector_selects_what_its_terms_say(terms: list[tuple[str, bool, str]], meta: dict[str, str]) -> None:
    text = ",".join(f"{field}{'=' if equal else '!='}{escaped(value)}" for field, equal, value in terms)
    selector = parse_field_selector(text, "pods")
    assert selector.terms == tuple(terms)
    known = {"metadata.name": meta["name"], "metadata.namespace": meta["namespace"]}
    assert selector.matches({"metadata": meta}) is all(
        (known.get(field, "") == value) is equal for field, equal, value in terms
    )


@given(st.text(r"metadata.name\,=!", max_size=12))
def test_any_text_is_a_field_selector_or_a_bad_request(text: str) -> None:
    try:
        parse_field_selector(text, "pods").matches(POD)
    except StatusError as error:
        assert error.code == 400


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (r"metadata.name=a\b", r"invalid field selector: invalid escape sequence: \b"),
        ("metadata.name=a\\", "invalid field selector: invalid escape sequence: \\"),
        ("metadata.name=a=b", "invalid field selector: unescaped character in value: 61"),
    ],
)
def test_values_must_be_escaped(text: str, why: str) -> None:
    with pytest.raises(StatusError) as caught:
        parse_field_selector(text, "pods")
    assert (caught.value.code, caught.value.message) == (400, why)


def test_both_selectors_as_one_predicate() -> None:
    pods = by_name("pods")
    assert combined(pods, label_selector="", field_selector="") is None
    matches = combined(pods, label_selector="!app", field_selector="spec.nodeName=n1")
    assert matches is not None
    assert matches(POD)
    assert not matches({**POD, "metadata": {"labels": {"app": "x"}}})
    assert not matches({**POD, "spec": {}})
