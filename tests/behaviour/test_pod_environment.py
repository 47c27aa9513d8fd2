"""[sig-node] Downward API, ConfigMap, Secrets, Variable Expansion, Containers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.behaviour.pods import Pods, mount, shell
from tests.behaviour.rest import Json

LIMITS = {"requests": {"cpu": "250m", "memory": "32Mi"}, "limits": {"cpu": "1250m", "memory": "64Mi"}}


def field(name: str, path: str) -> Json:
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}


def amount(name: str, resource: str) -> Json:
    return {"name": name, "valueFrom": {"resourceFieldRef": {"resource": resource}}}


def test_downward_names(pods: Pods) -> None:
    """Downward API should provide pod name, namespace and IP address as env vars; host IP; pod UID"""
    fields = {"NAME": "metadata.name", "NS": "metadata.namespace", "IP": "status.podIP", "HOST": "status.hostIP"}
    env = [field(name, path) for name, path in (fields | {"UID": "metadata.uid"}).items()]
    name = pods.create(shell("env", env=env), restartPolicy="Never")
    pod = pods.ended(name)
    lines = pods.log(name).splitlines()
    wanted = {"NAME": name, "NS": pods.kubectl.namespace, "UID": pod["metadata"]["uid"]}
    wanted |= {"IP": pod["status"]["podIP"], "HOST": pod["status"]["hostIP"]}
    assert {f"{key}={value}" for key, value in wanted.items()} <= set(lines)


def test_downward_resources(pods: Pods) -> None:
    """Downward API should provide container's limits.cpu/memory and requests.cpu/memory as env vars"""
    names = ["limits.cpu", "limits.memory", "requests.cpu", "requests.memory"]
    env = [amount(name.upper().replace(".", "_"), name) for name in names]
    lines = pods.says(shell("env", env=env, resources=LIMITS)).splitlines()
    assert {"LIMITS_CPU=2", "REQUESTS_CPU=1", f"LIMITS_MEMORY={64 << 20}", f"REQUESTS_MEMORY={32 << 20}"} <= set(lines)


def test_downward_default_limits(pods: Pods) -> None:
    """Downward API should provide default limits.cpu/memory from node allocatable"""
    text = pods.says(shell('echo "$CPU $MEMORY"', env=[amount("CPU", "limits.cpu"), amount("MEMORY", "limits.memory")]))
    assert all(int(number) > 0 for number in text.split())


def test_config_map_and_secret_in_the_environment(pods: Pods) -> None:
    """ConfigMap/Secrets should be consumable via environment variable; via the environment; from pods in env vars"""
    conf, secret = pods.config_map({"data_1": "value-1", "data_2": "value-2"}), pods.secret({"key_1": "secret-1"})
    env = [
        {"name": "ONE", "valueFrom": {"configMapKeyRef": {"name": conf, "key": "data_1"}}},
        {"name": "SECRET", "valueFrom": {"secretKeyRef": {"name": secret, "key": "key_1"}}},
        {"name": "NONE", "valueFrom": {"configMapKeyRef": {"name": conf, "key": "no", "optional": True}}},
    ]
    sources = [{"configMapRef": {"name": conf}}, {"prefix": "p_", "configMapRef": {"name": conf}}]
    sources += [{"prefix": "s_", "secretRef": {"name": secret}}]
    lines = set(pods.says(shell("env", env=env, envFrom=sources)).splitlines())
    wanted = {"ONE=value-1", "SECRET=secret-1", "data_1=value-1", "data_2=value-2", "p_data_1=value-1"}
    assert wanted | {"s_key_1=secret-1"} <= lines
    assert not any(line.startswith("NONE=") for line in lines)


@pytest.mark.parametrize("kind", ["configmaps", "secrets"])
def test_empty_keys_are_refused(pods: Pods, kind: str) -> None:
    """ConfigMap/Secrets should fail to create due to empty key"""
    answer = pods.rest("POST", f"{pods.base}/{kind}", {"metadata": {"name": "empty"}, "data": {"": "dmFsdWU="}})
    assert answer.status == 422


def test_config_map_life_cycle(pods: Pods) -> None:
    """ConfigMap should run through a ConfigMap lifecycle"""
    body = {"metadata": {"name": "life", "labels": {"test": "static"}}, "data": {"valueName": "value"}}
    made = pods.rest.made(f"{pods.base}/configmaps", body)
    path = f"{pods.base}/configmaps/life"
    patched = pods.rest.patched(path, {"metadata": {"labels": {"test": "patched"}}, "data": {"valueName": "value1"}})
    assert patched["data"]["valueName"] == "value1"
    listed = pods.rest.get("/api/v1/configmaps?labelSelector=test%3Dpatched")["items"]
    assert made["metadata"]["uid"] in {item["metadata"]["uid"] for item in listed}
    assert pods.rest("DELETE", f"{pods.base}/configmaps?labelSelector=test%3Dpatched").status == 200
    assert pods.rest("GET", path).status == 404


EXPANSIONS: list[tuple[str, Json, str]] = [
    (
        "should allow composing env vars into new env vars",
        shell(
            "echo $FOOBAR",
            env=[{"name": "FOO", "value": "foo"}, {"name": "FOOBAR", "value": "$(FOO);;$$(FOO);;$(NO)"}],
        ),
        "foo;;$(FOO);;$(NO)\n",
    ),
    (
        "should allow substituting values in a container's command",
        {"command": ["sh", "-c", 'TEST_VAR=wrong echo "$(TEST_VAR)"'], "env": [{"name": "TEST_VAR", "value": "right"}]},
        "right\n",
    ),
    (
        "should allow substituting values in a container's args",
        {"command": ["sh", "-c"], "args": ['echo "$(VAR)"'], "env": [{"name": "VAR", "value": "right"}]},
        "right\n",
    ),
    (
        "Containers: image defaults with arguments",
        {"args": ["entrypoint-tester", "a", "b"]},
        "[/agnhost entrypoint-tester a b]\n",
    ),
    (
        "Containers: command overridden",
        {"command": ["/agnhost-2", "entrypoint-tester"]},
        "[/agnhost-2 entrypoint-tester]\n",
    ),
    (
        "Containers: command and arguments overridden",
        {"command": ["/agnhost-2"], "args": ["entrypoint-tester", "override", "arguments"]},
        "[/agnhost-2 entrypoint-tester override arguments]\n",
    ),
]


@pytest.mark.parametrize(("container", "wanted"), [e[1:] for e in EXPANSIONS], ids=[e[0] for e in EXPANSIONS])
def test_command_lines(pods: Pods, container: Json, wanted: str) -> None:
    """Variable Expansion; Containers should be able to override the image's default command and arguments"""
    assert pods.says(container) == wanted


def test_image_defaults(pods: Pods) -> None:
    """Containers should use the image defaults if command and args are blank"""
    name = pods.create({})
    pods.tells(name, "Paused")


def test_expansion_in_a_sub_path(pods: Pods) -> None:
    """Variable Expansion should allow substituting values in a volume subpath; should succeed in writing subpaths"""
    env = [field("POD_NAME", "metadata.name")]
    mounts = [mount("/logscontainer", subPathExpr="$(POD_NAME)"), mount("/testcontainer")]
    script = "echo one > /logscontainer/f; cat /testcontainer/$POD_NAME/f"
    volumes = [{"name": "v", "emptyDir": {}}]
    assert pods.says(shell(script, env=env, volumeMounts=mounts), volumes=volumes) == "one\n"


@pytest.mark.parametrize("value", ["..", "/tmp", "$(MISSING)"])
def test_bad_expansions_in_a_sub_path(pods: Pods, value: str) -> None:
    """Variable Expansion should fail substituting values in a volume subpath with backticks; with absolute path"""
    env = [] if "MISSING" in value else [{"name": "BAD", "value": value}]
    expression = value if "MISSING" in value else "$(BAD)"
    container = shell("true", env=env, volumeMounts=[mount(subPathExpr=expression)])
    pods.fails_to_start(pods.create(container, volumes=[{"name": "v", "emptyDir": {}}]))


def test_a_bad_expansion_can_be_mended(pods: Pods) -> None:
    """Variable Expansion should verify that a failing subpath expansion can be modified during the lifecycle"""
    container: dict[str, Any] = shell("sleep 1000", env=[field("ANNOTATION", "metadata.annotations['mysubpath']")])
    container["volumeMounts"] = [mount(subPathExpr="$(ANNOTATION)/x")]
    meta = {"annotations": {"mysubpath": "/bad"}}
    name = pods.create(container, meta=meta, volumes=[{"name": "v", "emptyDir": {}}], terminationGracePeriodSeconds=0)
    pods.fails_to_start(name)
    pods.rest.patched(f"{pods.base}/pods/{name}", {"metadata": {"annotations": {"mysubpath": "good"}}})
    pods.ready(name)


def test_service_variables(pods: Pods) -> None:
    """Pods should contain environment variables for services"""
    ports = [{"port": 8765, "targetPort": 8080}]
    service = {"metadata": {"name": "fooservice"}, "spec": {"ports": ports, "selector": {"name": "x"}}}
    address = pods.rest.made(f"{pods.base}/services", service)["spec"]["clusterIP"]
    lines = set(pods.says(shell("env")).splitlines())
    assert {
        f"FOOSERVICE_SERVICE_HOST={address}",
        "FOOSERVICE_SERVICE_PORT=8765",
        f"FOOSERVICE_PORT=tcp://{address}:8765",
        f"FOOSERVICE_PORT_8765_TCP=tcp://{address}:8765",
        "FOOSERVICE_PORT_8765_TCP_PROTO=tcp",
        "FOOSERVICE_PORT_8765_TCP_PORT=8765",
        f"FOOSERVICE_PORT_8765_TCP_ADDR={address}",
    } <= lines
