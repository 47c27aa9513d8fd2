from __future__ import annotations

import json

import pytest

from kitlib.embedded.apimachinery.hashing import fnv1_32, go_json, revision_data, revision_hash, safe_encode

_HEAD = '{"spec":{"template":{"$patch":"replace","metadata":{"annotations":{"test":"value"},'
_TAIL = (
    '"labels":{"app":"foo"}},"spec":{"containers":[{"image":"test","imagePullPolicy":"Always","name":"test","resources":{},'
    '"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File"}],"dnsPolicy":"ClusterFirst",'
    '"restartPolicy":"Always","schedulerName":"default-scheduler","securityContext":{},"terminationGracePeriodSeconds":30}}}}'
)


@pytest.mark.parametrize(
    ("data", "code"),
    [(_HEAD + _TAIL, "776999688b"), (_HEAD + '"creationTimestamp":null,' + _TAIL, "c77f6d978")],
)
def test_golden_vectors_of_a_real_cluster(data: str, code: str) -> None:
    assert go_json(json.loads(data)) == data.encode()
    assert revision_hash(json.loads(data)) == code


def test_a_collision_changes_the_hash() -> None:
    data = revision_data({"metadata": {}})
    assert data == {"spec": {"template": {"metadata": {}, "$patch": "replace"}}}
    assert revision_hash(data, 1) != revision_hash(data)


@pytest.mark.parametrize(("data", "value"), [(b"", 0x811C9DC5), (b"a", 0x050C5D7E), (b"foobar", 0x31F0B262)])
def test_fnv1_published_vectors(data: bytes, value: int) -> None:
    assert fnv1_32(data) == value


def test_go_json_sorts_and_escapes() -> None:
    assert go_json({"b": "<&>", "a": "é\u2028\n"}) == '{"a":"é\\u2028\\n","b":"\\u003c\\u0026\\u003e"}'.encode()


def test_safe_encode_uses_few_letters() -> None:
    assert safe_encode("0123456789") == "456789bcdf"
