"""The steps of the solved lab, by checkpoint, for attempts to begin where they need to."""

from kitlib.authoring.attempts import Bench

MACHINE = "kit.embedded/machine"


def diagnosed(bench: Bench, name: str) -> None:
    """Set up what is broken, wait for the Warnings, and write the diagnosis."""
    bench.apply(bench.scenario(name))
    warned(bench, name)
    bench.apply(bench.text(f"diagnosis-{name}"))


#: The kind and name of the object whose Warning tells, and a part of the telling text.
TELLING = {
    "archive": ("PersistentVolumeClaim", "papers-archive-0", "not found"),
    "ledger": ("Pod", "ledger-0", "non-existent"),
    "front": ("Pod", "front-0", "Error: ImagePullBackOff"),
    "gate": ("Pod", "gate-0", "refused"),
    "queue": ("Pod", "worker-2", "max number"),
    "shop": ("Pod", "buyer-0", "no address"),
}


def warned(bench: Bench, name: str) -> None:
    kind, of, text = TELLING[name]
    for _ in range(400):
        found = bench.cluster.list(
            "events",
            namespace=bench.namespace,
            fields=f"involvedObject.kind={kind},involvedObject.name={of},type=Warning",
        )
        if any(text in event["message"] for event in found):
            return
        bench.pause(0.1)


def archive(bench: Bench) -> None:
    diagnosed(bench, "archive")
    bench.delete("sts", "archive")
    bench.delete("pvc", "papers-archive-0")
    bench.apply(bench.text("archive"))
    bench.ready("sts", "archive")


def ledger(bench: Bench) -> None:
    diagnosed(bench, "ledger")
    bench.patch("configmap", "ledger-settings", {"data": {"redis.conf": "appendonly yes\n"}})
    bench.ready("pod", "ledger-0")


def template(bench: Bench, name: str, **changes: object) -> None:
    """Change the container of a set."""
    found = bench.cluster.get("sts", name, namespace=bench.namespace)
    container = found["spec"]["template"]["spec"]["containers"][0] | changes
    bench.patch("sts", name, {"spec": {"template": {"spec": {"containers": [container]}}}})


def front(bench: Bench) -> None:
    diagnosed(bench, "front")
    template(bench, "front", image="nginx:1.27")
    bench.delete("pod", "front-0")
    bench.ready("sts", "front")


PROBE = {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 1}


def gate(bench: Bench) -> None:
    diagnosed(bench, "gate")
    template(bench, "gate", readinessProbe=PROBE)
    bench.delete("pod", "gate-0")
    bench.ready("sts", "gate")


def command(clients: int) -> list[str]:
    return ["redis-server", "--protected-mode", "no", "--maxclients", str(clients)]


def queue(bench: Bench) -> None:
    diagnosed(bench, "queue")
    template(bench, "queue", command=command(100))
    bench.ready("pod", "worker-2")


def shop(bench: Bench) -> None:
    diagnosed(bench, "shop")
    bench.delete("sts", "shop")
    bench.delete("pod", "shop-0")
    bench.delete("pod", "shop-1")
    bench.apply(bench.text("shop"))
    bench.ready("sts", "shop")
    bench.ready("pod", "buyer-0")


REGISTER = """
apiVersion: v1
kind: Service
metadata: {name: register}
spec: {clusterIP: None, selector: {app: register}, ports: [{name: redis, port: 6379}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: register}
spec:
  serviceName: register
  selector: {matchLabels: {app: register}}
  template:
    metadata: {labels: {app: register}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: redis, image: "redis:7", readinessProbe: {tcpSocket: {port: 6379}, periodSeconds: 1}}]
"""


def kept(bench: Bench, *changes: tuple[str, str]) -> str:
    """Make register and keeper, and return keeper's node."""
    bench.apply(REGISTER)
    bench.ready("sts", "register")
    bench.apply(bench.text("keeper", *changes))
    bench.ready("sts", "keeper")
    bench.pause(1)
    return node(bench)


def node(bench: Bench) -> str:
    return str(bench.cluster.get("pod", "keeper-0", namespace=bench.namespace)["spec"]["nodeName"])


def machine(bench: Bench, name: str, state: str | None) -> None:
    """Let a node's machine fail, or give it back."""
    bench.cluster.patch("node", name, {"metadata": {"annotations": {MACHINE: state}}})


def silent(bench: Bench) -> None:
    """Wait until keeper-0 is marked for deletion."""
    bench.cluster.wait("pod", "keeper-0", namespace=bench.namespace, until="Terminating")


def at_most_one(bench: Bench) -> None:
    machine(bench, kept(bench), "unreachable")
    silent(bench)


def force(bench: Bench) -> None:
    bench.cluster.delete("pod", "keeper-0", namespace=bench.namespace, grace=0)


def forced(bench: Bench) -> None:
    silent_node = node(bench)
    force(bench)
    bench.ready("pod", "keeper-0")
    bench.pause(2)
    machine(bench, silent_node, None)
    bench.cluster.wait("node", silent_node)


MOVES = {
    "claim-pending": archive,
    "mount-fails": ledger,
    "image-pull": front,
    "never-ready": gate,
    "refused": queue,
    "wrong-name": shop,
    "at-most-one": at_most_one,
    "forced": forced,
}
