from __future__ import annotations

from typing import Any

import pytest

from kitlib.embedded.apimachinery.decoding import decode, decode_as, strict_error
from kitlib.embedded.apimachinery.duplicates import duplicate_fields
from kitlib.embedded.apimachinery.resources import RESOURCES, by_name
from kitlib.embedded.apimachinery.schema import Kind, kind_type
from kitlib.embedded.apimachinery.status import StatusError


def decoded(resource: str, obj: dict[str, Any]) -> dict[str, Any]:
    assert decode(obj, by_name(resource)) == []
    return obj


@pytest.mark.parametrize(
    ("resource", "obj", "text"),
    [
        (
            "statefulsets.apps",
            {"spec": {"replicas": "3"}},
            'StatefulSet in version "v1" cannot be handled as a StatefulSet: json: cannot unmarshal string '
            "into Go struct field StatefulSetSpec.spec.replicas of type int32",
        ),
        (
            "statefulsets.apps",
            {"spec": {"template": {"spec": {"containers": [{"image": 1}]}}}},
            'StatefulSet in version "v1" cannot be handled as a StatefulSet: json: cannot unmarshal number '
            "into Go struct field Container.spec.template.spec.containers.image of type string",
        ),
        (
            "pods",
            {"metadata": {"labels": {"a": True}}},
            'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal bool '
            "into Go struct field ObjectMeta.metadata.labels of type string",
        ),
        (
            "pods",
            {"spec": {"containers": {}}},
            'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal object '
            "into Go struct field PodSpec.spec.containers of type []v1.Container",
        ),
        (
            "statefulsets.apps",
            {"spec": {"replicas": 1.5}},
            'StatefulSet in version "v1" cannot be handled as a StatefulSet: json: cannot unmarshal number 1.5 '
            "into Go struct field StatefulSetSpec.spec.replicas of type int32",
        ),
        (
            "persistentvolumeclaims",
            {"spec": {"resources": {"requests": {"storage": "1Gx"}}}},
            'PersistentVolumeClaim in version "v1" cannot be handled as a PersistentVolumeClaim: quantities must '
            "match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ),
        (
            "secrets",
            {"data": {"key": "a$b="}},
            'Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 1',
        ),
    ],
)
def test_wrong_types_are_refused_in_the_words_of_go(resource: str, obj: dict[str, Any], text: str) -> None:
    with pytest.raises(StatusError) as caught:
        decode(obj, by_name(resource))
    assert (caught.value.code, caught.value.reason) == (400, "BadRequest")
    assert caught.value.message == text


def test_numbers_beyond_the_type_are_refused() -> None:
    with pytest.raises(StatusError, match=r"cannot unmarshal number 2147483648 into"):
        decode({"spec": {"replicas": 2**31}}, by_name("statefulsets.apps"))
    assert decoded("statefulsets.apps", {"spec": {"replicas": 2**31 - 1}})["spec"]["replicas"] == 2**31 - 1


def test_unknown_fields_are_named_by_path_and_dropped() -> None:
    obj = {"metadata": {"nam": "x"}, "spec": {"foo": 1, "containers": [{"name": "a", "ports": [{"prot": "TCP"}]}]}}
    assert decode(obj, by_name("pods")) == [
        'unknown field "metadata.nam"',
        'unknown field "spec.foo"',
        'unknown field "spec.containers[0].ports[0].prot"',
    ]
    assert obj == {"metadata": {}, "spec": {"containers": [{"name": "a", "ports": [{}], "resources": {}}]}}


def test_strict_errors_are_joined() -> None:
    error = strict_error("Pod", "v1", ['unknown field "a"', 'duplicate field "b"'])
    assert error.message == (
        'Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "a", duplicate field "b"'
    )


def test_nulls_vanish_and_become_zero_inside_lists_and_maps() -> None:
    obj = decoded("pods", {"metadata": {"labels": {"a": None}}, "spec": {"hostname": None, "containers": [None]}})
    assert obj == {"metadata": {"labels": {"a": ""}}, "spec": {"containers": [{}]}}


def test_zero_values_stay_only_where_go_has_pointers() -> None:
    spec = {
        "hostNetwork": False,
        "enableServiceLinks": False,
        "nodeName": "",
        "terminationGracePeriodSeconds": 0,
        "nodeSelector": {},
        "tolerations": [],
        "securityContext": {},
    }
    assert decoded("pods", {"spec": spec})["spec"] == {
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 0,
        "securityContext": {},
    }
    claim = decoded("persistentvolumeclaims", {"spec": {"storageClassName": "", "volumeName": ""}})
    assert claim["spec"] == {"storageClassName": "", "resources": {}}


def test_an_apply_configuration_says_no_more_than_it_says() -> None:
    applied = {"spec": {"template": {"spec": {"containers": [{"name": "c", "args": [], "image": None}]}}, "bogus": 1}}
    assert decode(applied, by_name("statefulsets.apps"), partial=True) == ['unknown field "spec.bogus"']
    assert applied == {"spec": {"template": {"spec": {"containers": [{"name": "c", "args": []}]}}}}


def test_quantities_are_written_canonically() -> None:
    claim = decoded("persistentvolumeclaims", {"spec": {"resources": {"requests": {"storage": "2048Mi"}}}})
    assert claim["spec"]["resources"]["requests"] == {"storage": "2Gi"}


def test_a_false_is_no_empty_string() -> None:
    with pytest.raises(StatusError, match=r"cannot unmarshal bool into Go struct field PodSpec\.spec\.nodeName"):
        decode({"spec": {"nodeName": False}}, by_name("pods"))


def test_raw_parts_are_kept_as_they_are() -> None:
    data = {"spec": {"template": {"anything": [None, {"a": ""}]}}}
    revision = decoded("controllerrevisions.apps", {"data": data, "revision": 1})
    assert revision["data"] == {"spec": {"template": {"anything": [None, {"a": ""}]}}}


def test_every_served_kind_has_a_type() -> None:
    for resource in RESOURCES:
        kind = kind_type(resource.group, resource.version, resource.kind)
        assert kind.kind is Kind.STRUCT
        assert "metadata" in kind.fields


@pytest.mark.parametrize(
    "kind",
    [
        ("autoscaling", "v1", "Scale"),
        ("policy", "v1", "Eviction"),
        ("", "v1", "Binding"),
        ("meta", "v1", "DeleteOptions"),
    ],
)
def test_bodies_of_subresources_decode(kind: tuple[str, str, str]) -> None:
    assert decode_as({"bogus": 1}, *kind) == ['unknown field "bogus"']


@pytest.mark.parametrize(
    ("body", "is_yaml", "fields"),
    [
        (b'{"a": 1, "b": {"a": 1}}', False, []),
        (b'{"spec": {"l": [{"a": 1, "a": 2, "a": 3}]}, "spec2": 1}', False, ['duplicate field "spec.l[0].a"']),
        (b'{"a": 1, "a": {"b": 1, "b": 2}}', False, ['duplicate field "a"', 'duplicate field "a.b"']),
        (b"a: 1\nb:\n- c: 1\n  c: 2\n", True, ['duplicate field "b[0].c"']),
        (b"a: 1\n", True, []),
        (b"not json", False, []),
    ],
)
def test_duplicate_keys(body: bytes, is_yaml: bool, fields: list[str]) -> None:
    assert duplicate_fields(body, is_yaml=is_yaml) == fields
