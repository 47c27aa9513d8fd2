"""The steps of the solved lab, by checkpoint, for attempts to begin where they need to."""

from kitlib.authoring.attempts import Bench


def service(bench: Bench) -> None:
    bench.apply(bench.text("service"))


def two_replicas(bench: Bench) -> None:
    bench.apply(bench.text("statefulset"))
    bench.ready()


def nothing(bench: Bench) -> None:
    """What was done before is looked at again."""


def scale_to_three(bench: Bench) -> None:
    bench.scale(3)


def scale_to_two(bench: Bench) -> None:
    bench.scale(2)


def own_pages(bench: Bench) -> None:
    for ordinal, page in enumerate(("123", "456", "789")):
        bench.sh(f"web-{ordinal}", f"echo {page} > /usr/share/nginx/html/index.html")


def write_then_delete(bench: Bench) -> None:
    uid = bench.uid("pod", "web-1")
    bench.sh("web-1", f"echo {uid} > /usr/share/nginx/html/writer.txt")
    bench.delete("pod", "web-1")
    bench.ready("pod", "web-1")


def delete_set(bench: Bench) -> None:
    bench.delete("sts", "web")


MOVES = {
    "headless-service": service,
    "two-replicas": two_replicas,
    "ordered-start": nothing,
    "scale-up": scale_to_three,
    "scale-down": scale_to_two,
    "claim-reused": scale_to_three,
    "own-pages": own_pages,
    "pod-replaced": write_then_delete,
    "claims-outlive-set": delete_set,
}
