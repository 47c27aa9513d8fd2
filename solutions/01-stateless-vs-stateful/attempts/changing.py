"""Attempts at the checkpoints about lost pods and about going back."""

from kitlib.authoring.attempts import Bench, right, wrong
from kitlib.authoring.steps import after, ready
from kitlib.checks import Outcome


def from_herds(*parts):
    return after("two-herds", *parts)


def cow(bench: Bench) -> str:
    pods = bench.cluster.list("pods", namespace=bench.namespace)
    return next(pod["metadata"]["name"] for pod in pods if pod["metadata"]["name"].startswith("cattle-"))


def lose_cow(bench: Bench) -> None:
    bench.delete("pod", cow(bench), wait=False)


def lose_all_cows(bench: Bench) -> None:
    for pod in bench.cluster.list("pods", namespace=bench.namespace):
        if pod["metadata"]["name"].startswith("cattle-"):
            bench.delete("pod", pod["metadata"]["name"], wait=False)


def lose(pet):
    return lambda bench: bench.delete("pod", pet, wait=False)


def scale(kind, name, replicas):
    return lambda bench: bench.cluster.scale(kind, name, replicas, namespace=bench.namespace)


def herds_anew(bench: Bench) -> None:
    bench.delete("deploy", "cattle")
    bench.delete("sts", "pets")
    bench.apply(bench.text("herds"))


def image(name, *, wait=True):
    def run(bench: Bench) -> None:
        bench.apply(bench.text("herds").split("\n---\n")[0].replace("nginx:1.27", name))
        if wait:
            bench.cluster.wait("deploy", "cattle", namespace=bench.namespace, until=_rolled_out)

    return run


def apply_cattle(bench: Bench) -> None:
    bench.apply(bench.text("herds").split("\n---\n")[0])


def another_number(bench: Bench) -> None:
    scale("deploy", "cattle", 4)(bench)


def cattle_anew(bench: Bench) -> None:
    bench.delete("deploy", "cattle")
    apply_cattle(bench)


def _rolled_out(found):
    status = found["status"]
    seen = status.get("observedGeneration", 0) >= found["metadata"]["generation"]
    return seen and {status.get(field, 0) for field in ("replicas", "updatedReplicas", "readyReplicas")} == {3}


ATTEMPTS = [
    right("replaced", "one after the other, checked at once", from_herds(lose_cow, lose("pets-1"))),
    right("replaced", "more cows than one", from_herds(lose_all_cows, lose("pets-1"))),
    right("replaced", "another pet as well", from_herds(lose_cow, lose("pets-2"), lose("pets-1"))),
    wrong("replaced", "only a pet", from_herds(lose("pets-1")), on="another-cow"),
    wrong("replaced", "only a cow", from_herds(lose_cow), on="same-pet"),
    wrong("replaced", "another pet", from_herds(lose_cow, lose("pets-0")), on="same-pet"),
    wrong("replaced", "only a cow, so one address", from_herds(lose_cow), on="addresses"),
    wrong(
        "replaced",
        "scaled away",
        from_herds(scale("deploy", "cattle", 2), scale("sts", "pets", 1), ready("sts", "pets")),
        on="same-pet",
    ),
    wrong("replaced", "the whole herds made anew", from_herds(herds_anew), on="another-cow"),
    wrong("replaced", "nothing deleted", from_herds(), outcome=Outcome.NOT_ATTEMPTED),
    right("rolled-back", "checked at once", from_herds(image("nginx:1.28"), apply_cattle)),
    right("rolled-back", "twice", from_herds(*[image("nginx:1.28"), image("nginx:1.27")] * 2)),
    wrong("rolled-back", "only forward", from_herds(image("nginx:1.28")), on="back"),
    wrong(
        "rolled-back",
        "back before it had arrived",
        from_herds(image("nginx:1.28", wait=False), image("nginx:1.27")),
        on="forward",
    ),
    wrong("rolled-back", "by way of another image", from_herds(image("nginx:1.26"), image("nginx:1.27")), on="forward"),
    wrong("rolled-back", "deleted and made anew", from_herds(image("nginx:1.28"), cattle_anew), on="same-replicaset"),
    wrong(
        "rolled-back",
        "no such image, and back",
        from_herds(image("ngnix:1.28", wait=False), image("nginx:1.27")),
        on="forward",
    ),
    wrong("rolled-back", "only another number", from_herds(another_number), outcome=Outcome.NOT_ATTEMPTED),
]
