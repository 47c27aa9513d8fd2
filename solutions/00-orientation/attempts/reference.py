"""The steps of the solved lab, by checkpoint, for attempts to begin where they need to."""

from kitlib.authoring.attempts import Bench


def first_pod(bench: Bench) -> None:
    bench.apply(bench.text("hello"))
    bench.ready("pod", "hello")


def second_pod(bench: Bench) -> None:
    bench.delete("pod", "hello")
    first_pod(bench)


def accepted(bench: Bench) -> None:
    bench.apply(bench.text("shop"))


def image(bench: Bench) -> None:
    bench.apply(bench.text("shop", ("ngnix", "nginx")))
    bench.ready("pod", "shop")


def label(bench: Bench) -> None:
    bench.patch("pod", "shop", {"metadata": {"labels": {"app": "shop"}}})


MOVES = {
    "first-pod": first_pod,
    "second-pod": second_pod,
    "accepted": accepted,
    "image": image,
    "label": label,
}
