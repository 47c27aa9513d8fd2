"""What a volume of a ConfigMap or a Secret holds."""

import base64

import pytest

from kitlib.embedded.kubelet.volumes.payload import Missing, select

ITEMS = {"items": [{"key": "b", "path": "deep/b"}]}


def config_map(**data):
    return {"kind": "ConfigMap", "data": data}


def secret(**data):
    return {"kind": "Secret", "data": {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}}


@pytest.mark.parametrize("made", [config_map, secret])
def test_items_choose_keys_and_paths(made):
    chosen = select(made(a="1", b="2"), ITEMS, 0o644)
    assert {path: file.content for path, file in chosen.items()} == {"deep/b": b"2"}


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (config_map, "configmap references non-existent config key: b"),
        (secret, "references non-existent secret key: b"),
    ],
)
def test_a_key_that_is_not_there_is_told_in_upstreams_words(made, text):
    with pytest.raises(Missing) as raised:
        select(made(a="1"), ITEMS, 0o644)
    assert str(raised.value) == text
    assert select(made(a="1"), {**ITEMS, "optional": True}, 0o644) == {}
