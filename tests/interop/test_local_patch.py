"""Strategic and JSON merge patches against kubectl's own: `kubectl patch --local` over random objects and patches."""

from __future__ import annotations

import copy
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kitlib.embedded.apimachinery import patch
from kitlib.embedded.apimachinery.resources import by_name

KUBECTL = str(Path(sys.executable).with_name("kubectl"))
Json = dict[str, Any]
OBJECTS, PATCHES = 12, 12


def some(rng: random.Random, names: str, least: int = 0) -> list[str]:
    return rng.sample(names, rng.randint(least, len(names)))


def environment(rng: random.Random) -> list[Json]:
    return [{"name": name, "value": str(rng.randrange(3))} for name in some(rng, "xyz")]


def container(rng: random.Random, name: str) -> Json:
    made: Json = {"name": name, "image": f"i{rng.randrange(3)}"}
    if rng.random() < 0.6:
        made["env"] = environment(rng)
    if rng.random() < 0.5:
        made["ports"] = [{"containerPort": port} for port in rng.sample((80, 81, 82), rng.randint(1, 3))]
    if rng.random() < 0.5:
        made["args"] = some(rng, "pqr")
    if rng.random() < 0.5:
        made["volumeMounts"] = [{"name": "v", "mountPath": f"/{path}"} for path in some(rng, "de", 1)]
    return made


def volume(rng: random.Random, name: str) -> Json:
    return {"name": name} | rng.choice(
        ({"emptyDir": {}}, {"configMap": {"name": "c"}}, {"secret": {"secretName": "s"}})
    )


def pod_spec(rng: random.Random) -> Json:
    made: Json = {"containers": [container(rng, name) for name in some(rng, "abc", 1)]}
    if rng.random() < 0.6:
        made["volumes"] = [volume(rng, name) for name in some(rng, "uvw", 1)]
    if rng.random() < 0.4:
        made["tolerations"] = [{"key": key, "operator": "Exists"} for key in some(rng, "kl", 1)]
    if rng.random() < 0.4:
        made["nodeSelector"] = dict.fromkeys(some(rng, "mn"), "1")
    return made


def deployment(rng: random.Random, name: str) -> Json:
    metadata: Json = {"name": name, "labels": {key: str(rng.randrange(2)) for key in some(rng, "stu")}}
    if rng.random() < 0.6:
        metadata["finalizers"] = [f"x/{letter}" for letter in some(rng, "fgh", 1)]
    strategy = rng.choice(({"type": "Recreate"}, {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}))
    spec = {"replicas": rng.randrange(5), "strategy": strategy, "template": {"spec": pod_spec(rng)}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def change(rng: random.Random) -> Json:
    """A patch made of a deployment: parts of it, nulls, and directives."""
    body = deployment(rng, "x")
    del body["apiVersion"], body["kind"], body["metadata"]["name"]
    spec = body["spec"]
    inner = spec["template"]["spec"]
    if rng.random() < 0.3:
        body["metadata"]["labels"]["s"] = None
    if rng.random() < 0.3:
        body["metadata"]["$deleteFromPrimitiveList/finalizers"] = ["x/f"]
        body["metadata"].pop("finalizers", None)
    if rng.random() < 0.3:
        spec["strategy"]["$retainKeys"] = list(spec["strategy"])
    if rng.random() < 0.3:
        spec["replicas"] = None
    for name in ("containers", "volumes"):
        items = inner.get(name)
        if items is None:
            continue
        match rng.randrange(5):
            case 0:
                items.append({"$patch": "replace"})
            case 1:
                items.append({"$patch": "delete", "name": rng.choice("abcuvw")})
            case 2:
                order = [{"name": item["name"]} for item in items] + [{"name": n} for n in "zabc"[: rng.randrange(4)]]
                inner[f"$setElementOrder/{name}"] = list({o["name"]: o for o in order}.values())
            case 3 if name == "volumes":
                items[0]["$retainKeys"] = list(items[0])
    return body if rng.random() < 0.7 else {"spec": spec}


def kubectl_patch(documents: list[Json], body: Json, kind: str, folder: Path) -> list[Json]:
    (folder / "objects.json").write_text("\n---\n".join(json.dumps(document) for document in documents))
    (folder / "patch.json").write_text(json.dumps(body))
    command = [KUBECTL, "patch", "--local", "--kubeconfig=/dev/null", f"--type={kind}", "-o", "json"]
    done = subprocess.run(
        [*command, "-f", folder / "objects.json", "--patch-file", folder / "patch.json"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, (done.stderr, body)
    decoder, found, text = json.JSONDecoder(), [], done.stdout.strip()
    while text:
        document, end = decoder.raw_decode(text)
        found.append(document)
        text = text[end:].lstrip()
    return found


@pytest.mark.parametrize("kind", ["strategic", "merge"])
@pytest.mark.parametrize("seed", range(PATCHES))
def test_the_same_as_kubectl(tmp_path: Path, kind: Any, seed: int) -> None:
    rng = random.Random(seed)
    documents = [deployment(rng, f"d{number}") for number in range(OBJECTS)]
    body = change(rng) if kind == "strategic" else without_directives(change(rng))
    wanted = kubectl_patch(documents, body, kind, tmp_path)
    for document, theirs in zip(documents, wanted, strict=True):
        ours = patch.apply(kind, copy.deepcopy(document), copy.deepcopy(body), by_name("deployments.apps"))
        assert ours == without_directives(theirs), (document, body)


def without_directives(value: Any) -> Any:
    """Drop what kubectl leaves standing where there was nothing to merge with; the server's decoding drops it too."""
    if isinstance(value, dict):
        return {key: without_directives(item) for key, item in value.items() if not key.startswith("$")}
    if isinstance(value, list):
        return [without_directives(item) for item in value if not (isinstance(item, dict) and "$patch" in item)]
    return value
