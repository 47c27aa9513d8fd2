"""Attempts at the last three checkpoints: scaled to nothing, deleted, chosen."""

from kitlib.authoring.attempts import Bench, right, wrong
from kitlib.authoring.steps import after
from kitlib.checks import Outcome

HERDS = (("deploy", "cattle"), ("sts", "pets"))


def from_herds(*parts):
    return after("two-herds", *parts)


def scale(replicas, *, herds=HERDS):
    def run(bench: Bench) -> None:
        for kind, name in herds:
            bench.cluster.scale(kind, name, replicas, namespace=bench.namespace)

    return run


def settled(bench: Bench) -> None:
    """Wait until every workload has what it asks for, and nothing more."""
    for pod in bench.cluster.list("pods", namespace=bench.namespace):
        if pod["metadata"].get("deletionTimestamp"):
            bench.cluster.wait("pod", pod["metadata"]["name"], namespace=bench.namespace, until="deleted")
    for kind, name in HERDS:
        bench.ready(kind, name)


def gone(bench: Bench) -> None:
    for pod in bench.cluster.list("pods", namespace=bench.namespace):
        bench.cluster.wait("pod", pod["metadata"]["name"], namespace=bench.namespace, until="deleted")


def parallel(bench: Bench) -> None:
    """Pets that do not mind the order, from the beginning."""
    bench.apply(
        bench.text("herds", ("  serviceName: pets\n", "  serviceName: pets\n  podManagementPolicy: Parallel\n"))
    )
    for kind, name in HERDS:
        bench.ready(kind, name)


def delete(*names, propagation="Background"):
    def run(bench: Bench) -> None:
        for kind, name in HERDS:
            if name in names:
                bench.delete(kind, name, propagation=propagation)

    return run


def delete_pods(bench: Bench) -> None:
    for pod in bench.cluster.list("pods", namespace=bench.namespace):
        bench.delete("pod", pod["metadata"]["name"], wait=False)


def cows_first_by_one(bench: Bench) -> None:
    scale(2, herds=HERDS[:1])(bench)
    settled(bench)
    scale(1, herds=HERDS[:1])(bench)
    settled(bench)


def choices(*changes):
    return lambda bench: bench.apply(bench.text("choices", *changes))


BOTH = ("cattle", "pets")

ATTEMPTS = [
    right("scaled-to-none", "checked at once", from_herds(scale(0))),
    right("scaled-to-none", "one after the other", from_herds(scale(0, herds=HERDS[1:]), scale(0, herds=HERDS[:1]))),
    right("scaled-to-none", "a second time in order", from_herds(scale(0), gone, scale(3), settled, scale(0))),
    wrong("scaled-to-none", "only the cattle", from_herds(scale(0, herds=HERDS[:1])), on="empty"),
    wrong("scaled-to-none", "only the cattle: no order", from_herds(scale(0, herds=HERDS[:1])), on="pets-in-reverse"),
    wrong("scaled-to-none", "to one", from_herds(scale(0), gone, scale(1)), on="empty"),
    wrong("scaled-to-none", "the cattle in steps", from_herds(cows_first_by_one, scale(0)), on="cattle-together"),
    wrong(
        "scaled-to-none",
        "a set without order",
        lambda bench: [step(bench) for step in (parallel, scale(0))],
        on="pets-in-reverse",
    ),
    wrong("scaled-to-none", "only pods deleted", from_herds(delete_pods), outcome=Outcome.NOT_ATTEMPTED),
    right("deleted", "in the foreground", from_herds(delete(*BOTH, propagation="Foreground"))),
    right("deleted", "checked at once", from_herds(delete(*BOTH))),
    wrong("deleted", "emptied first", from_herds(scale(0), gone, delete(*BOTH)), on="at-once"),
    wrong("deleted", "only the Deployment", from_herds(delete("cattle")), on="objects"),
    wrong("deleted", "the pods left as orphans", from_herds(delete(*BOTH, propagation="Orphan")), on="pods"),
    wrong("deleted", "one pet only", from_herds(scale(1), settled, delete(*BOTH)), on="at-once"),
    wrong("deleted", "only scaled", from_herds(scale(0)), outcome=Outcome.NOT_ATTEMPTED),
    right("choices", "in small letters", choices((": Deployment", ": deployment"), (": StatefulSet", ": statefulset"))),
    right("choices", "with a note of one's own", choices(("\ndata:\n", "\ndata:\n  note: what fun\n"))),
    wrong("choices", "everything is a pet", choices((": Deployment", ": StatefulSet")), on="cattle-like"),
    wrong("choices", "everything is cattle", choices((": StatefulSet", ": Deployment")), on="pet-like"),
    wrong("choices", "one forgotten", choices(("  kafka: StatefulSet\n", "")), on="pet-like"),
    wrong("choices", "a DaemonSet", choices(("thumbnails: Deployment", "thumbnails: DaemonSet")), on="cattle-like"),
    wrong("choices", "another name", choices(("name: choices", "name: answers")), outcome=Outcome.NOT_ATTEMPTED),
]
