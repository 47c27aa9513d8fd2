"""The steps of the solved lab, by checkpoint, for attempts to begin where they need to."""

from kitlib.authoring.attempts import Bench

HERDS = (("deploy", "cattle"), ("sts", "pets"))


def both_ready(bench: Bench) -> None:
    for kind, name in HERDS:
        bench.ready(kind, name)


def herds(bench: Bench) -> None:
    bench.apply(bench.text("herds"))
    both_ready(bench)


def nothing(bench: Bench) -> None:
    """What was done before is looked at again."""


def doors(bench: Bench) -> None:
    bench.apply(bench.text("doors"))


def cow(bench: Bench) -> str:
    pods = bench.cluster.list("pods", namespace=bench.namespace)
    return next(pod["metadata"]["name"] for pod in pods if pod["metadata"]["name"].startswith("cattle-"))


def replace(bench: Bench) -> None:
    bench.delete("pod", cow(bench), wait=False)
    bench.delete("pod", "pets-1")
    both_ready(bench)


def rolled_out(found):
    status, spec = found["status"], found["spec"]
    seen = status.get("observedGeneration", 0) >= found["metadata"]["generation"]
    counts = {status.get(field, 0) for field in ("replicas", "updatedReplicas", "readyReplicas")}
    return seen and counts == {spec["replicas"]}


def image(bench: Bench, name: str) -> None:
    bench.apply(bench.text("herds").split("\n---\n")[0].replace("nginx:1.27", name))


def arrived(bench: Bench) -> None:
    bench.cluster.wait("deploy", "cattle", namespace=bench.namespace, until=rolled_out)


def forward(bench: Bench) -> None:
    image(bench, "nginx:1.28")
    arrived(bench)


def back(bench: Bench) -> None:
    image(bench, "nginx:1.27")
    arrived(bench)


def forward_and_back(bench: Bench) -> None:
    forward(bench)
    back(bench)


def scale(bench: Bench, replicas: int) -> None:
    for kind, name in HERDS:
        bench.cluster.scale(kind, name, replicas, namespace=bench.namespace)


def all_gone(bench: Bench) -> None:
    for pod in bench.cluster.list("pods", namespace=bench.namespace):
        bench.cluster.wait("pod", pod["metadata"]["name"], namespace=bench.namespace, until="deleted")


def home(bench: Bench) -> None:
    scale(bench, 0)
    all_gone(bench)


def delete(bench: Bench) -> None:
    for kind, name in HERDS:
        bench.delete(kind, name)


def up_and_delete(bench: Bench) -> None:
    scale(bench, 3)
    both_ready(bench)
    delete(bench)
    all_gone(bench)


def choose(bench: Bench) -> None:
    bench.apply(bench.text("choices"))


MOVES = {
    "two-herds": herds,
    "start-order": nothing,
    "doors": doors,
    "replaced": replace,
    "rolled-back": forward_and_back,
    "scaled-to-none": home,
    "deleted": up_and_delete,
    "choices": choose,
}
