"""Attempts at the last two checkpoints: the name stays, and one wrong word."""

from kitlib.authoring.attempts import Bench, right, wrong
from kitlib.authoring.steps import after, scale
from kitlib.checks import Outcome


def lose(pod):
    return lambda bench: bench.delete("pod", pod, wait=False)


def drop(kind, name, *, propagation="Background"):
    return lambda bench: bench.delete(kind, name, propagation=propagation)


def select(**labels):
    return lambda bench: bench.patch("svc", "web", {"spec": {"selector": labels}})


def lost(*changes):
    def run(bench: Bench) -> None:
        bench.apply(bench.text("lost", *changes))
        bench.ready("sts", "lost")

    return run


def found(*changes):
    return lambda bench: bench.apply(bench.text("found", *changes))


def gone(bench: Bench) -> None:
    for pod in ("lost-0", "lost-1"):
        bench.cluster.wait("pod", pod, namespace=bench.namespace, until="deleted")


def service_lots(bench: Bench) -> None:
    """Instead of the set, the world is corrected."""
    text = bench.text("lost").split("\n---\n")[0]
    bench.apply(text.replace("name: lost", "name: lots"))


ORPHANED = drop("sts", "lost", propagation="Orphan")

ATTEMPTS = [
    right("name-stays", "checked at once", after("headless-set", lose("web-1"))),
    right("name-stays", "scaled to one, and back", after("headless-set", scale(1), scale(3))),
    right("name-stays", "all of them", after("headless-set", lose("web-0"), lose("web-1"), lose("web-2"))),
    wrong("name-stays", "another pod", after("headless-set", lose("web-2")), on="another-pod"),
    wrong("name-stays", "scaled to one", after("headless-set", scale(1)), on="another-address"),
    wrong("name-stays", "without the Service", after("headless-set", drop("svc", "web"), lose("web-1")), on="name"),
    wrong("name-stays", "not selected", after("headless-set", select(app="nginx"), lose("web-1")), on="name"),
    wrong("name-stays", "nobody to ask", after("headless-set", drop("pod", "client"), lose("web-1")), on="name"),
    wrong("name-stays", "nothing deleted", after("headless-set"), outcome=Outcome.NOT_ATTEMPTED),
    right("misnamed", "checked at once", after("headless-set", lost(), drop("sts", "lost"), gone, found())),
    right(
        "misnamed",
        "orphans, then one pod after the other",
        after("headless-set", lost(), ORPHANED, found(), lose("lost-0"), lose("lost-1")),
    ),
    right(
        "misnamed", "the new set waits for the old pods", after("headless-set", lost(), drop("sts", "lost"), found())
    ),
    wrong("misnamed", "a Service of the wrong name", after("headless-set", lost(), service_lots), on="service-name"),
    wrong("misnamed", "the old pods adopted", after("headless-set", lost(), ORPHANED, found()), on="names"),
    wrong(
        "misnamed",
        "one replica",
        after("headless-set", lost(), drop("sts", "lost"), gone, found(("replicas: 2", "replicas: 1"))),
        on="replicas",
    ),
    wrong(
        "misnamed",
        "right from the beginning",
        after("headless-set", lost(("serviceName: lots", "serviceName: lost"))),
        on="broken-first",
    ),
    wrong("misnamed", "only deleted", after("headless-set", lost(), drop("sts", "lost"), gone), on="service-name"),
    wrong("misnamed", "as the colleague left it", after("headless-set", lost()), outcome=Outcome.NOT_ATTEMPTED),
]
