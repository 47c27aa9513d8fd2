"""Attempts at OnDelete, at the pace of an update, at one that is stuck, and at its history."""

from kitlib.authoring.attempts import Bench, right, wrong
from kitlib.authoring.steps import after, replace, scale
from kitlib.checks import Outcome

GOOD, BROKEN = "nginx:1.19", "nginx:v1.19"


def running(image, *steps):
    """Begin with three Ready replicas of an image: what came before does not matter to the checkpoint."""

    def run(bench: Bench) -> None:
        bench.apply(bench.text("statefulset", ("nginx:1.27", image)))
        bench.ready()
        for step in steps:
            step(bench)

    return run


def strategy(**fields):
    return lambda bench: bench.patch("sts", "web", {"spec": {"updateStrategy": fields}})


def image(name):
    return lambda bench: bench.set_image(name)


def rolled_out(bench: Bench) -> None:
    bench.rolled_out()


def paced(*changes):
    return lambda bench: bench.apply(bench.text("paced", *changes))


def answer(told=""):
    def run(bench: Bench) -> None:
        rolling = bench.cluster.get("sts", "web", namespace=bench.namespace)["spec"]["updateStrategy"]["rollingUpdate"]
        truth, untruth = ("kept", "dropped") if rolling.get("maxUnavailable") == 2 else ("dropped", "kept")
        text = told or truth
        note = untruth if text == "untruth" else text
        bench.patch("sts", "web", {"metadata": {"annotations": {"max-unavailable": note}}})

    return run


def set_min_ready(seconds):
    return lambda bench: bench.patch("sts", "web", {"spec": {"minReadySeconds": seconds}})


def broken(bench: Bench) -> None:
    """The broken image has come as far as web-2."""
    bench.set_image(BROKEN)
    bench.cluster.wait("pod", "web-2", namespace=bench.namespace, until="Pending")


def delete(*pods):
    def run(bench: Bench) -> None:
        for pod in pods:
            bench.delete("pod", pod)

    return run


def pause(bench: Bench) -> None:
    """Let the controller do what it can."""
    bench.pause(1.0)


def limit(number):
    return lambda bench: bench.patch("sts", "web", {"spec": {"revisionHistoryLimit": number}})


def past(bench: Bench) -> None:
    """Four templates, the first of them used again."""
    for name in ("nginx", GOOD, "nginx:1.25", "nginx:1.27"):
        bench.set_image(name)
        bench.rolled_out()


def revisions_by_hand(bench: Bench) -> None:
    """Delete what a limit would delete."""
    found = bench.cluster.list("controllerrevisions", namespace=bench.namespace)
    for one in sorted(found, key=lambda one: one["revision"])[:-2]:
        bench.delete("controllerrevision", one["metadata"]["name"])


ON_DELETE = strategy(type="OnDelete", rollingUpdate=None)
HELD = strategy(type="RollingUpdate", rollingUpdate={"partition": 3})

ATTEMPTS = [
    right("on-delete", "checked at once", after("rolling-update", ON_DELETE, image("nginx:1.27"), delete("web-1"))),
    right(
        "on-delete",
        "web-1 deleted twice",
        after("rolling-update", ON_DELETE, image("nginx:1.27"), replace("web-1", "web-1")),
    ),
    wrong(
        "on-delete", "the strategy as it was", after("rolling-update", image("nginx:1.27"), rolled_out), on="strategy"
    ),
    wrong(
        "on-delete",
        "the image before the strategy",
        after("rolling-update", image("nginx:1.27"), rolled_out, ON_DELETE, replace("web-1")),
        on="others-wait",
    ),
    wrong(
        "on-delete",
        "a partition instead",
        after("rolling-update", HELD, image("nginx:1.27"), replace("web-1")),
        on="web-1",
    ),
    wrong("on-delete", "nothing deleted", after("rolling-update", ON_DELETE, image("nginx:1.27"), pause), on="web-1"),
    wrong(
        "on-delete",
        "deleted too early",
        after("rolling-update", ON_DELETE, replace("web-1"), image("nginx:1.27")),
        on="web-1",
    ),
    wrong(
        "on-delete",
        "all of them deleted",
        after("rolling-update", ON_DELETE, image("nginx:1.27"), replace("web-2", "web-1", "web-0")),
        on="others-wait",
    ),
    wrong(
        "on-delete",
        "web-2 deleted",
        after("rolling-update", ON_DELETE, image("nginx:1.27"), replace("web-2")),
        on="others-wait",
    ),
    right("pace", "after OnDelete, checked at once", after("on-delete", paced(), answer())),
    right(
        "pace",
        "the seconds first, the rest later",
        running("nginx:1.27", set_min_ready(2), paced(), rolled_out, answer()),
    ),
    right("pace", "answered while it runs", running("nginx:1.27", paced(), answer())),
    wrong(
        "pace",
        "too few seconds",
        running("nginx:1.27", paced(("Seconds: 2", "Seconds: 1")), rolled_out, answer()),
        on="min-ready",
    ),
    wrong(
        "pace", "slowed down too late", running("nginx:1.27", image(GOOD), rolled_out, paced(), answer()), on="waited"
    ),
    wrong("pace", "still OnDelete", after("on-delete", set_min_ready(2), image(GOOD), pause), on="complete"),
    wrong("pace", "another image", running("nginx:1.27", paced((GOOD, "nginx")), rolled_out, answer()), on="complete"),
    wrong("pace", "not answered", running("nginx:1.27", paced(), rolled_out), on="answer"),
    wrong("pace", "the wrong answer", running("nginx:1.27", paced(), rolled_out, answer("untruth")), on="answer"),
    wrong("pace", "an answer in other words", running("nginx:1.27", paced(), rolled_out, answer("2")), on="answer"),
    wrong(
        "pace",
        "the seconds in the wrong place",
        running("nginx:1.27", image(GOOD), rolled_out),
        outcome=Outcome.NOT_ATTEMPTED,
    ),
    right("stuck", "checked at once", running(GOOD, broken, image(GOOD), delete("web-2"))),
    right(
        "stuck",
        "by applying the manifest, with force",
        running(
            GOOD,
            broken,
            lambda b: b.apply(b.text("statefulset", ("nginx:1.27", GOOD))),
            pause,
            lambda b: b.cluster.delete("pod", "web-2", namespace=b.namespace),
        ),
    ),
    right(
        "stuck",
        "deleted once too early",
        running(GOOD, broken, delete("web-2"), pause, image(GOOD), pause, replace("web-2")),
    ),
    wrong("stuck", "only undone", running(GOOD, broken, image(GOOD), pause), on="healed"),
    wrong("stuck", "only deleted", running(GOOD, broken, delete("web-2"), pause), on="forced"),
    wrong("stuck", "held back by a partition", running(GOOD, HELD, image(BROKEN), pause, image(GOOD)), on="stuck"),
    wrong(
        "stuck",
        "all pods deleted",
        running(GOOD, broken, image(GOOD), delete("web-2", "web-1", "web-0")),
        on="others-served",
    ),
    wrong(
        "stuck", "scaled away and back", running(GOOD, broken, scale(2), image(GOOD), scale(3), rolled_out), on="forced"
    ),
    wrong("stuck", "a third image", running(GOOD, broken, image("nginx"), delete("web-2"), rolled_out), on="healed"),
    wrong("stuck", "never broken", running(GOOD, replace("web-2")), outcome=Outcome.NOT_ATTEMPTED),
    right("history-limit", "in two steps", running("nginx:1.27", past, limit(3), limit(1))),
    right("history-limit", "by way of five", running("nginx:1.27", past, limit(5), pause, limit(1))),
    wrong("history-limit", "two", running("nginx:1.27", past, limit(2), pause), on="limit"),
    wrong("history-limit", "none", running("nginx:1.27", past, limit(0), pause), on="limit"),
    wrong("history-limit", "more than there are", running("nginx:1.27", past, limit(5), pause), on="pruned"),
    wrong("history-limit", "nothing to delete", running("nginx:1.27", limit(1), pause), on="pruned"),
    wrong(
        "history-limit",
        "an update beside it",
        running("nginx:1.27", past, limit(1), pause, image(GOOD), rolled_out),
        on="no-update",
    ),
    wrong("history-limit", "by hand", running("nginx:1.27", past, revisions_by_hand), outcome=Outcome.NOT_ATTEMPTED),
]
