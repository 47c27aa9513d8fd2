"""Attempts at the four stories about pods: image, readiness, a dependency that refuses, a name."""

import importlib.util
from pathlib import Path

from kitlib.authoring.attempts import Bench, right, wrong
from kitlib.authoring.steps import delete, steps
from kitlib.checks import Outcome

_spec = importlib.util.spec_from_file_location("reference", Path(__file__).with_name("reference.py"))
reference = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(reference)
template, PROBE, command = reference.template, reference.PROBE, reference.command


def told(name, *changes):
    """Set up what is broken, wait for the Warnings, and write a diagnosis that differs from the reference's."""

    def steps(bench: Bench) -> None:
        bench.apply(bench.scenario(name))
        reference.warned(bench, name)
        bench.apply(bench.text(f"diagnosis-{name}", *changes))

    return steps


def change(name, **container):
    return lambda bench: template(bench, name, **container)


def apply(name, *changes):
    return lambda bench: bench.apply(bench.scenario(name, *changes))


def scale(name, replicas):
    return lambda bench: bench.cluster.scale("sts", name, replicas, namespace=bench.namespace)


def at_once(name):
    """Pods that need not wait for each other: the update is not held up."""
    return steps(delete("sts", name), delete("pod", f"{name}-0"), apply(name, *PARALLEL))


def json(name, path, value):
    """Patch as `kubectl patch --type=json` does."""
    return lambda bench: bench.cluster.patch(
        "sts",
        name,
        [{"op": "replace", "path": CONTAINER + path, "value": value}],
        namespace=bench.namespace,
        form="json",
    )


def no_probe(bench: Bench) -> None:
    patch = [{"op": "remove", "path": CONTAINER + "/readinessProbe"}]
    bench.cluster.patch("sts", "gate", patch, namespace=bench.namespace, form="json")
    bench.delete("pod", "gate-0")


def listens_there(bench: Bench) -> None:
    """Let nginx listen where it is asked, instead of asking where it listens."""
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "gate"}}
    bench.cluster.create(
        config | {"data": {"default.conf": "server { listen 80; listen 8080; root /usr/share/nginx/html; }"}},
        namespace=bench.namespace,
    )
    mount = {"volumeMounts": [{"name": "conf", "mountPath": "/etc/nginx/conf.d"}]}
    found = bench.cluster.get("sts", "gate", namespace=bench.namespace)
    container = found["spec"]["template"]["spec"]["containers"][0] | mount
    spec = {"containers": [container], "volumes": [{"name": "conf", "configMap": {"name": "gate"}}]}
    bench.patch("sts", "gate", {"spec": {"template": {"spec": spec}}})
    bench.delete("pod", "gate-0")


def in_the_process(bench: Bench) -> None:
    """Raise the number in the running Redis, after making room for oneself."""
    bench.cluster.scale("sts", "worker", 1, namespace=bench.namespace)
    bench.ready("sts", "worker")
    for _ in range(50):
        if bench.sh("queue-0", "redis-cli config set maxclients 100").stdout.startswith("OK"):
            break
        bench.pause(0.2)
    bench.cluster.scale("sts", "worker", 3, namespace=bench.namespace)


def gone_and_made(name, *changes):
    """Delete a set with its pods, and create it as it should be."""

    def steps(bench: Bench) -> None:
        bench.delete("sts", name)
        for ordinal in range(2):
            bench.delete("pod", f"{name}-{ordinal}")
        bench.apply(bench.text(name, *changes))

    return steps


def orphaned(bench: Bench) -> None:
    bench.delete("sts", "shop", propagation="Orphan")
    bench.apply(bench.text("shop"))


def orphans_replaced(bench: Bench) -> None:
    orphaned(bench)
    for name in ("shop-0", "shop-1"):
        bench.delete("pod", name)
        bench.ready("pod", name)


def empty(name):
    """What is left of the manifest when nothing is written into it."""

    def steps(bench: Bench) -> None:
        bench.apply(bench.scenario(name))
        bench.apply(f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: diagnosis-{name}}}\ndata:\n")

    return steps


SECOND_SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: shops}
spec: {clusterIP: None, selector: {app: shop}, ports: [{port: 80}]}
"""

CONTAINER = "/spec/template/spec/containers/0"
PARALLEL = (("  replicas: 2\n", "  replicas: 2\n  podManagementPolicy: Parallel\n"), ("ngnix", "nginx"))
FRONT = steps(change("front", image="nginx:1.27"), delete("pod", "front-0"))
GATE = steps(change("gate", readinessProbe=PROBE), delete("pod", "gate-0"))
QUEUE = change("queue", command=command(100))
SHOP = gone_and_made("shop")

ATTEMPTS = [
    right("image-pull", "the set made anew", steps(told("front"), at_once("front"))),
    wrong("image-pull", "a diagnosis without a word", empty("front"), outcome=Outcome.NOT_ATTEMPTED),
    wrong("never-ready", "the diagnosis only", told("gate"), on="probe"),
    right(
        "image-pull",
        "the image's whole name",
        steps(told("front"), change("front", image="docker.io/library/nginx:1.27"), delete("pod", "front-0")),
    ),
    wrong("image-pull", "the pod is left", steps(told("front"), change("front", image="nginx:1.27")), on="repaired"),
    wrong(
        "image-pull",
        "the pod is deleted, the set is not corrected",
        steps(told("front"), delete("pod", "front-0")),
        on="image",
    ),
    wrong(
        "image-pull",
        "another version",
        steps(told("front"), change("front", image="nginx:1.25"), delete("pod", "front-0")),
        on="image",
    ),
    wrong(
        "image-pull",
        "only that it still is wrong",
        steps(told("front", ('Failed to pull image "ngnix:1.27"', "Error: ImagePullBackOff")), FRONT),
        on="evidence",
    ),
    wrong(
        "image-pull",
        "the pod as the culprit",
        steps(told("front", ("StatefulSet/front", "Pod/front-0")), FRONT),
        on="culprit",
    ),
    right(
        "never-ready",
        "a patch as kubectl makes it",
        steps(told("gate"), json("gate", "/readinessProbe/httpGet/port", "http"), delete("pod", "gate-0")),
    ),
    right(
        "never-ready",
        "another kind of probe",
        steps(told("gate"), change("gate", readinessProbe={"tcpSocket": {"port": 80}}), delete("pod", "gate-0")),
    ),
    right("never-ready", "the program listens there too", steps(told("gate"), listens_there)),
    wrong("never-ready", "no probe any more", steps(told("gate"), no_probe), on="probe"),
    wrong("never-ready", "the pod is left", steps(told("gate"), change("gate", readinessProbe=PROBE)), on="repaired"),
    wrong("never-ready", "only the pod is deleted", steps(told("gate"), delete("pod", "gate-0")), on="repaired"),
    wrong(
        "never-ready",
        "the log is quoted",
        steps(told("gate", ("connect: connection refused", "start worker processes")), GATE),
        on="evidence",
    ),
    wrong(
        "never-ready",
        "the Service as the culprit",
        steps(told("gate", ("StatefulSet/gate", "Service/gate"), ("field: readinessProbe", "field: selector")), GATE),
        on="culprit",
    ),
    right("refused", "a patch as kubectl makes it", steps(told("queue"), json("queue", "/command/4", "10"))),
    right(
        "refused",
        "no limit of one's own",
        steps(told("queue"), change("queue", command=["redis-server", "--protected-mode", "no"])),
    ),
    wrong("refused", "one worker less", steps(told("queue"), scale("worker", 2)), on="repaired"),
    wrong("refused", "in the running process only", steps(told("queue"), in_the_process), on="lasting"),
    wrong(
        "refused",
        "the one who complains is blamed",
        steps(told("queue", ("StatefulSet/queue", "StatefulSet/worker")), QUEUE),
        on="culprit",
    ),
    wrong("refused", "the worker is deleted", steps(told("queue"), delete("pod", "worker-2")), on="repaired"),
    wrong(
        "refused",
        "guessed",
        steps(told("queue", ("ERR max number of clients reached", "Could not connect to Redis")), QUEUE),
        on="evidence",
    ),
    right("wrong-name", "adopted, then replaced one by one", steps(told("shop"), orphans_replaced)),
    right(
        "wrong-name",
        "pods all at once",
        steps(
            told("shop"), gone_and_made("shop", ("  replicas: 2\n", "  replicas: 2\n  podManagementPolicy: Parallel\n"))
        ),
    ),
    wrong("wrong-name", "adopted with their old name", steps(told("shop"), orphaned), on="names"),
    wrong(
        "wrong-name",
        "a second Service",
        steps(told("shop"), lambda bench: bench.apply(SECOND_SERVICE)),
        on="service-name",
    ),
    wrong(
        "wrong-name",
        "the buyer asks for another name",
        steps(
            told("shop"), json("buyer", "/readinessProbe/exec/command/2", "getent hosts shop"), delete("pod", "buyer-0")
        ),
        on="served",
    ),
    wrong(
        "wrong-name",
        "the shop is blamed for its selector",
        steps(told("shop", ("field: serviceName", "field: selector")), SHOP),
        on="culprit",
    ),
    wrong(
        "wrong-name",
        "nothing that was said",
        steps(told("shop", ("there is no address for shop-0.shop", "NXDOMAIN shop-0.shop")), SHOP),
        on="evidence",
    ),
    wrong("wrong-name", "set up, nothing else", apply("shop"), outcome=Outcome.NOT_ATTEMPTED),
]
