"""Write `kitlib/embedded/apimachinery/schemas.json`: what the types of the served kinds look like.

The source is the JSON schema of Kubernetes that the package `kubernetes-validate` carries. It says everything a client
can know (names, types, descriptions, list types and merge keys) but not two things that Go's serialization shows: whose
zero value is kept, which `gotypes` tells, and which fields are always written; those are listed here.

Usage: (cd environments/embedded/gotypes && go run ./types) > types.json
    pip install kubernetes-validate && python environments/embedded/make_schema.py types.json
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from kitlib.embedded.apimachinery.resources import RESOURCES

Schema = dict[str, Any]

VERSION = "v1.36.0-local"
TARGET = Path(__file__).parents[2] / "kitlib/embedded/apimachinery/schemas.json"
PREFIX = "#/components/schemas/"

EXTRA_ROOTS = (
    "io.k8s.api.autoscaling.v1.Scale",
    "io.k8s.api.policy.v1.Eviction",
    "io.k8s.api.core.v1.Binding",
    "io.k8s.api.authentication.v1.TokenRequest",
    "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Patch",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Status",
)

# Fields without `omitempty`: written even when nobody set them.
ALWAYS: dict[str, dict[str, Any]] = {
    "io.k8s.api.apps.v1.DeploymentSpec": {"strategy": {}},
    "io.k8s.api.apps.v1.StatefulSetSpec": {"serviceName": "", "updateStrategy": {}},
    "io.k8s.api.apps.v1.StatefulSetStatus": {"availableReplicas": 0, "replicas": 0},
    "io.k8s.api.apps.v1.ReplicaSetStatus": {"replicas": 0},
    "io.k8s.api.core.v1.ReplicationControllerStatus": {"replicas": 0},
    "io.k8s.api.autoscaling.v1.ScaleStatus": {"replicas": 0},
    "io.k8s.api.core.v1.Container": {"resources": {}},
    "io.k8s.api.core.v1.ContainerStatus": {
        "image": "",
        "imageID": "",
        "lastState": {},
        "ready": False,
        "restartCount": 0,
        "state": {},
    },
    "io.k8s.api.core.v1.EphemeralContainer": {"resources": {}},
    "io.k8s.api.core.v1.Event": {"reportingComponent": "", "reportingInstance": "", "source": {}},
    "io.k8s.api.core.v1.PersistentVolumeClaimSpec": {"resources": {}},
    "io.k8s.api.core.v1.PodTemplateSpec": {"metadata": {}, "spec": {}},
    "io.k8s.api.core.v1.ServiceStatus": {"loadBalancer": {}},
    "io.k8s.api.discovery.v1.Endpoint": {"conditions": {}},
    "io.k8s.api.policy.v1.PodDisruptionBudgetStatus": {
        "currentHealthy": 0,
        "desiredHealthy": 0,
        "disruptionsAllowed": 0,
        "expectedPods": 0,
    },
}


def definitions() -> Schema:
    """Read the definitions of the installed package, without importing it."""
    spec = importlib.util.find_spec("kubernetes_validate")
    if spec is None or spec.origin is None:
        raise SystemExit("kubernetes-validate is not installed. Fix: pip install kubernetes-validate")
    path = Path(spec.origin).parent / "kubernetes-json-schema" / VERSION / "_definitions.json"
    found: Schema = orjson.loads(path.read_bytes())["$defs"]
    return found


def references(schema: Any) -> Iterator[str]:
    """Yield the names of all definitions that `schema` refers to."""
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key == "$ref" and isinstance(value, str):
                yield value.rpartition("/")[2]
            else:
                yield from references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from references(value)


def roots(all_definitions: Schema) -> Iterator[str]:
    """Yield the names of the served kinds, their lists, and what subresources take."""
    wanted = {(r.group, r.version, kind) for r in RESOURCES for kind in (r.kind, f"{r.kind}List")}
    for name, schema in all_definitions.items():
        for gvk in schema.get("x-kubernetes-group-version-kind", ()):
            if (gvk["group"], gvk["version"], gvk["kind"]) in wanted:
                yield name
    yield from EXTRA_ROOTS


def clean(schema: Any) -> Any:
    """Turn the JSON schema dialect of the package into OpenAPI v3: no null types, references to components."""
    if isinstance(schema, list):
        return [clean(value) for value in schema]
    if not isinstance(schema, dict):
        return schema
    out: Schema = {}
    for key, value in schema.items():
        if key == "type" and isinstance(value, list):
            out[key] = next(kind for kind in value if kind != "null")
        elif key == "$ref" and isinstance(value, str):
            out[key] = PREFIX + value.rpartition("/")[2]
        elif key == "enum" and isinstance(value, list):
            continue  # only apiVersion and kind have one here; the real document has none
        else:
            out[key] = clean(value)
    return out


def go_shape(name: str, schema: Schema, go_fields: Schema) -> Schema:
    """Return what serialization needs beside the schema: fields whose zero value is kept, and always-written fields."""
    kept = [
        field
        for field, prop in schema.get("properties", {}).items()
        if "type" in prop
        and field in go_fields
        and (go_fields[field].get("pointer") or not go_fields[field].get("omit"))
    ]
    shape: Schema = {"kept": sorted(kept)} if kept else {}
    if name in ALWAYS:
        shape["always"] = ALWAYS[name]
    return shape


def flat(name: str, types: Schema) -> Schema:
    """Return the fields of a Go struct by JSON name, with those of the structs it embeds."""
    fields: Schema = {}
    for key, field in types.get(name, {}).items():
        fields |= flat(field["inline"], types) if "inline" in field else {key: field}
    return fields


def main() -> None:
    """Trim, clean and write."""
    source, types = definitions(), orjson.loads(Path(sys.argv[1]).read_bytes())
    todo, seen = list(roots(source)), dict[str, Schema]()
    while todo:
        name = todo.pop()
        if name not in seen:
            seen[name] = clean(source[name])
            todo.extend(references(source[name]))
    int_or_string = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
    seen[int_or_string] = {"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]}
    quantity = "io.k8s.apimachinery.pkg.api.resource.Quantity"
    seen[quantity] = {
        "description": source[quantity].get("description", ""),
        "oneOf": [{"type": "string"}, {"type": "number"}],
    }
    shapes = {name: shape for name, schema in seen.items() if (shape := go_shape(name, schema, flat(name, types)))}
    data = {"schemas": seen, "go": shapes}
    TARGET.write_bytes(orjson.dumps(data, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE))


if __name__ == "__main__":
    main()
