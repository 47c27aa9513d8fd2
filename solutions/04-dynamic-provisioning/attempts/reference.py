"""The steps of the solved lab, by checkpoint, for attempts to begin where they need to."""

from datetime import UTC, datetime

from kitlib.authoring.attempts import Bench

ROLE = "stateful-nfs-provisioner"


def first_consumer(bench: Bench) -> None:
    bench.apply(bench.text("later"))
    bench.cluster.wait("pvc", "later", namespace=bench.namespace, until="Pending")
    bench.apply(bench.text("user"))
    bench.ready("pod", "user")


def own_class(bench: Bench) -> None:
    """Of two classes of the same second, neither is the newer one: no learner is so fast, but this is."""
    standard = bench.cluster.get("sc", "standard")["metadata"]["creationTimestamp"]
    while datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") <= standard:
        bench.pause(0.05)
    bench.apply(bench.text("class"))


def refused(bench: Bench) -> None:
    bench.apply(bench.text("provisioner"))
    bench.ready("deploy", "provisioner")
    heard(bench)


def heard(bench: Bench) -> None:
    """Wait until the server has refused the provisioner something."""
    pods = bench.cluster.list("pods", namespace=bench.namespace, labels="app=provisioner")
    name = pods[0]["metadata"]["name"]
    while "403" not in bench.cluster.logs(name, namespace=bench.namespace):
        bench.pause(0.05)


def bind(bench: Bench, *, role: str = ROLE, **changes: str) -> None:
    """Bind a role to the provisioner's account, or to another subject."""
    subject = {"kind": "ServiceAccount", "name": "provisioner", "namespace": bench.namespace} | changes
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}
    bench.cluster.create(
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": ROLE},
            "roleRef": reference,
            "subjects": [subject],
        }
    )


def rights(bench: Bench) -> None:
    bench.apply(bench.text("role"))
    bind(bench)
    bench.ready("pvc", "data")


def directory(bench: Bench) -> None:
    bench.apply(bench.text("writer"))
    bench.ready("pod", "writer")
    bench.sh("writer", f"echo {bench.uid('pvc', 'data')} > /data/proof.txt")


def legacy(bench: Bench) -> None:
    bench.apply(bench.text("legacy"))
    bench.ready("pvc", "legacy")


def mark(bench: Bench, value: str | None, *, name: str = "stateful-nfs") -> None:
    """Set or remove the mark of the default class."""
    bench.patch("sc", name, {"metadata": {"annotations": {"storageclass.kubernetes.io/is-default-class": value}}})


def default_class(bench: Bench) -> None:
    mark(bench, "true")
    bench.apply(bench.text("defaults"))
    bench.ready("pvc", "plain")
    mark(bench, None)


def released(bench: Bench) -> str:
    """Delete pods and claims; return the name of the volume that is Released."""
    volume = bench.cluster.get("pvc", "data", namespace=bench.namespace)["spec"]["volumeName"]
    for pod in ("writer", "user"):
        bench.delete("pod", pod, wait=False)
    for claim in ("data", "later"):
        bench.delete("pvc", claim)
    bench.cluster.wait("pv", volume, until="Released")
    return volume


def retained(bench: Bench) -> None:
    bench.delete("pv", released(bench))


MOVES = {
    "first-consumer": first_consumer,
    "own-class": own_class,
    "refused": refused,
    "rights": rights,
    "directory": directory,
    "legacy": legacy,
    "default-class": default_class,
    "retained": retained,
}
