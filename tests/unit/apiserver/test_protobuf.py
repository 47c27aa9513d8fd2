"""Protobuf bodies, written here by hand as the encoding guide says; kubectl's own are tested in interop."""

from __future__ import annotations

from typing import Any

import pytest

from kitlib.embedded.apimachinery.status import StatusError
from kitlib.embedded.apiserver.protobuf import decode_protobuf


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = b""
    while value > 0x7F:
        out += bytes((value & 0x7F | 0x80,))
        value >>= 7
    return out + bytes((value,))


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def data(field: int, value: bytes | str) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(raw)) + raw


def decode(api_version: str, kind: str, raw: bytes) -> Any:
    return decode_protobuf(b"k8s\0" + data(1, data(1, api_version) + data(2, kind)) + data(2, raw))


def entry(key: str, value: bytes) -> bytes:
    return data(1, key) + value


def test_maps_strings_and_bytes() -> None:
    metadata = data(1, data(1, "c") + data(3, "d") + data(11, entry("app", data(2, "wéb"))))
    body = metadata + data(2, entry("a", data(2, "b"))) + data(3, entry("raw", data(2, b"\x00\xff"))) + number(4, 1)
    assert decode("v1", "ConfigMap", body) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "c", "namespace": "d", "labels": {"app": "wéb"}},
        "data": {"a": "b"},
        "binaryData": {"raw": "AP8="},
        "immutable": True,
    }


def test_numbers_lists_and_structs_within() -> None:
    port = data(1, "web") + number(3, 80)
    container = data(1, "c") + data(2, "nginx") + data(3, "sh") + data(3, "-c") + data(6, port)
    template = data(3, data(2, data(2, container) + number(4, 30)))
    spec = data(2, number(1, 3) + template + number(9, -1))
    found = decode("apps/v1", "StatefulSet", spec)["spec"]
    assert (found["replicas"], found["minReadySeconds"]) == (3, -1)
    pod = found["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] == 30
    [told] = pod["containers"]
    assert (told["command"], told["ports"]) == (["sh", "-c"], [{"name": "web", "containerPort": 80}])


def test_what_go_embeds_belongs_to_the_outer_object() -> None:
    source = data(2, data(10, data(1, "claim")))
    volume = data(1, "www") + source
    spec = decode("v1", "Pod", data(2, data(1, volume)))["spec"]
    assert spec == {"volumes": [{"name": "www", "persistentVolumeClaim": {"claimName": "claim"}}]}


def test_times_quantities_and_int_or_string() -> None:
    metadata = data(1, data(8, number(1, 1767225600) + number(2, 0)))
    assert decode("v1", "ConfigMap", metadata)["metadata"] == {"creationTimestamp": "2026-01-01T00:00:00Z"}
    requests = data(2, entry("storage", data(2, data(1, "10Mi"))))
    claim = decode("v1", "PersistentVolumeClaim", data(2, data(2, requests)))
    assert claim["spec"] == {"resources": {"requests": {"storage": "10Mi"}}}
    for value, wanted in ((number(1, 1) + data(3, "50%"), "50%"), (number(1, 0) + number(2, 2), 2)):
        assert decode("policy/v1", "PodDisruptionBudget", data(2, data(1, value)))["spec"] == {"minAvailable": wanted}


def test_fields_from_the_future_are_dropped() -> None:
    assert decode("v1", "ConfigMap", number(99, 1) + data(98, "x")) == {"apiVersion": "v1", "kind": "ConfigMap"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"k8s\0\x0a",
        b"k8s\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"k8s\0" + data(1, data(1, "v1") + data(2, "Gadget")),
        b"k8s\0" + data(1, data(1, "v1") + data(2, "ConfigMap")) + data(2, data(1, "\x0a\xff")),
        b"k8s\0" + data(1, data(1, "v1") + data(2, "ConfigMap")) + data(2, number(1, 5)),
        b"k8s\0" + data(1, data(1, "v1") + data(2, "ConfigMap")) + data(2, b"\x0b"),
    ],
)
def test_what_can_not_be_read_is_a_bad_request(body: bytes) -> None:
    with pytest.raises(StatusError) as caught:
        decode_protobuf(body)
    assert caught.value.code == 400
