"""[sig-api-machinery] FieldValidation."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.behaviour.rest import APPLY, MERGE, STRATEGIC, Json, Rest


def deployment(name: str, **spec: Any) -> Json:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "nginx:1.27"}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": template} | spec,
    }


def with_duplicate(document: Json, field: str = "replicas") -> str:
    text = json.dumps(document)
    return text.replace(f'"{field}": 0', f'"{field}": 0, "{field}": 0')


@pytest.fixture
def path(namespace: str) -> str:
    return f"/apis/apps/v1/namespaces/{namespace}/deployments"


def test_unknown_and_duplicate_fields_of_a_typed_object(rest: Rest, path: str) -> None:
    """should detect unknown and duplicate fields of a typed object"""
    wrong = with_duplicate(deployment("web", paused=False, unknownField="unknown"))
    answer = rest("POST", f"{path}?fieldValidation=Strict", wrong)
    assert (answer.status, answer.json["reason"]) == (400, "BadRequest")
    text = 'strict decoding error: duplicate field "spec.replicas", unknown field "spec.unknownField"'
    assert answer.json["message"].endswith(f"cannot be handled as a Deployment: {text}"), answer.json["message"]
    warned = rest("POST", f"{path}?fieldValidation=Warn&dryRun=All", wrong)
    assert warned.status == 201
    warnings = warned.headers["Warning"]
    assert '299 - "unknown field \\"spec.unknownField\\""' in warnings
    assert '299 - "duplicate field \\"spec.replicas\\""' in warnings
    silent = rest("POST", f"{path}?fieldValidation=Ignore&dryRun=All", wrong)
    assert silent.status == 201
    assert "Warning" not in silent.headers
    assert "unknownField" not in silent.json["spec"]
    default = rest("POST", f"{path}?dryRun=All", wrong)
    assert "Warning" in default.headers


def test_unknown_metadata_fields_of_a_typed_object(rest: Rest, path: str) -> None:
    """should detect unknown metadata fields of a typed object"""
    body = deployment("web")
    body["metadata"]["unknownMeta"] = "x"
    body["spec"]["template"]["metadata"]["alsoUnknown"] = "x"
    answer = rest("POST", f"{path}?fieldValidation=Strict", body)
    assert answer.status == 400
    for field in ("metadata.unknownMeta", "spec.template.metadata.alsoUnknown"):
        assert f'unknown field "{field}"' in answer.json["message"]


@pytest.mark.parametrize("kind", [MERGE, STRATEGIC])
def test_a_patch_is_validated_too(rest: Rest, path: str, kind: str) -> None:
    rest.made(path, deployment("web"))
    wrong = '{"spec": {"foo": 1, "minReadySeconds": 1, "minReadySeconds": 2}}'
    answer = rest("PATCH", f"{path}/web?fieldValidation=Strict", wrong, content_type=kind)
    assert answer.status == 422
    assert 'unknown field "spec.foo"' in answer.json["message"]
    assert 'duplicate field "spec.minReadySeconds"' in answer.json["message"]
    warned = rest("PATCH", f"{path}/web?fieldValidation=Warn", wrong, content_type=kind)
    assert (warned.status, warned.json["spec"]["minReadySeconds"]) == (200, 2)
    assert 'unknown field \\"spec.foo\\"' in warned.headers["Warning"]


def test_an_apply_is_always_strict_about_what_it_owns(rest: Rest, path: str) -> None:
    body = deployment("web") | {"metadata": {"name": "web"}}
    body["spec"]["foo"] = 1
    strict = "fieldManager=me&fieldValidation=Strict"
    answer = rest("PATCH", f"{path}/web?{strict}", body, content_type=APPLY)
    assert answer.status in (400, 500)
    assert "foo" in answer.json["message"]


def test_an_unknown_level_is_refused(rest: Rest, path: str) -> None:
    answer = rest("POST", f"{path}?fieldValidation=Sometimes", deployment("web"))
    assert answer.status == 422
    text = 'fieldValidation: Unsupported value: "Sometimes": supported values: "", "Ignore", "Strict", "Warn"'
    assert text in answer.json["message"]
