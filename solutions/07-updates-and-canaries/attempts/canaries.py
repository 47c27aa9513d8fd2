"""Attempts at the canary, its phases, and the way back."""

from kitlib.authoring.attempts import Bench, right, wrong
from kitlib.authoring.steps import after
from kitlib.checks import Outcome

CANARY = "nginx:1.19"


def partition(number):
    return lambda bench: bench.patch(
        "sts", "web", {"spec": {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": number}}}}
    )


def image(name):
    return lambda bench: bench.set_image(name)


def rolled_out(bench: Bench) -> None:
    bench.rolled_out()


def replace(pod):
    return lambda bench: bench.replace(pod)


def apply(*changes):
    return lambda bench: bench.apply(bench.text("statefulset", *changes))


def pause(bench: Bench) -> None:
    """Let the controller do what it can."""
    bench.pause(1.0)


def by_hand_from_the_bottom(bench: Bench) -> None:
    bench.patch("sts", "web", {"spec": {"updateStrategy": {"type": "OnDelete", "rollingUpdate": None}}})
    bench.set_image("nginx")
    for ordinal in range(3):
        bench.replace(f"web-{ordinal}")


def anew(bench: Bench) -> None:
    bench.delete("sts", "web")
    for ordinal in range(3):
        bench.cluster.wait("pod", f"web-{ordinal}", namespace=bench.namespace, until="deleted")
    bench.apply(bench.text("statefulset", ("nginx:1.27", "nginx")))
    bench.ready()


def same_words_another_template(bench: Bench) -> None:
    """The former image, but a label more: no template that was ever kept."""
    text = bench.text(
        "statefulset",
        ("nginx:1.27", "nginx"),
        ("        app: web\n    spec:", "        app: web\n        back: again\n    spec:"),
    )
    bench.apply(text)
    bench.rolled_out()


def orphan_revision(bench: Bench) -> None:
    """Delete the kept revision: it has to be made anew."""
    for one in bench.cluster.list("controllerrevisions", namespace=bench.namespace):
        if one["data"]["spec"]["template"]["spec"]["containers"][0]["image"] == "nginx":
            bench.delete("controllerrevision", one["metadata"]["name"])


ATTEMPTS = [
    right(
        "canary",
        "both in one manifest",
        after(
            "rolling-update",
            apply(("nginx:1.27", CANARY), ("partition: 0", "partition: 2")),
            rolled_out,
            replace("web-0"),
        ),
    ),
    right("canary", "web-1 and web-2 deleted as well", after("canary", replace("web-1"), replace("web-2"))),
    right(
        "canary",
        "too early, undone, and done again",
        after(
            "rolling-update",
            image(CANARY),
            rolled_out,
            image("nginx"),
            rolled_out,
            partition(2),
            image(CANARY),
            rolled_out,
            replace("web-0"),
        ),
    ),
    right(
        "canary",
        "web-0 deleted while web-2 is still moving",
        after("rolling-update", partition(2), image(CANARY), replace("web-0")),
    ),
    wrong(
        "canary",
        "the image before the partition",
        after("rolling-update", image(CANARY), rolled_out, partition(2), replace("web-0")),
        on="only-web-2",
    ),
    wrong(
        "canary",
        "partition 1",
        after("rolling-update", partition(1), image(CANARY), rolled_out, replace("web-0")),
        on="partition",
    ),
    wrong(
        "canary", "partition 3", after("rolling-update", partition(3), image(CANARY), replace("web-0")), on="only-web-2"
    ),
    wrong(
        "canary", "nothing deleted", after("rolling-update", partition(2), image(CANARY), rolled_out), on="old-returns"
    ),
    wrong(
        "canary",
        "only web-2 deleted",
        after("rolling-update", partition(2), image(CANARY), rolled_out, replace("web-2")),
        on="old-returns",
    ),
    wrong(
        "canary",
        "web-0 deleted too early",
        after("rolling-update", replace("web-0"), partition(2), image(CANARY), rolled_out),
        on="old-returns",
    ),
    wrong("canary", "only the partition", after("rolling-update", partition(2)), outcome=Outcome.NOT_ATTEMPTED),
    right(
        "phases",
        "by applying the manifest",
        after(
            "canary",
            apply(("nginx:1.27", CANARY), ("partition: 0", "partition: 1")),
            rolled_out,
            apply(("nginx:1.27", CANARY)),
            rolled_out,
        ),
    ),
    right("phases", "checked at once", after("canary", partition(1), rolled_out, partition(0))),
    right(
        "phases",
        "a step back in between",
        after("canary", partition(1), rolled_out, partition(2), partition(1), rolled_out, partition(0)),
    ),
    wrong("phases", "all the rest at once", after("canary", partition(0), rolled_out), on="steps"),
    wrong("phases", "nobody waited", after("canary", partition(1), partition(0), rolled_out), on="looked"),
    wrong("phases", "one step only", after("canary", partition(1), rolled_out), on="complete"),
    wrong(
        "phases",
        "undone instead",
        after("canary", partition(1), rolled_out, image("nginx"), rolled_out, partition(0)),
        on="complete",
    ),
    wrong("phases", "the partition raised", after("canary", partition(3), pause), outcome=Outcome.NOT_ATTEMPTED),
    right("undo", "by applying the former manifest", after("phases", apply(("nginx:1.27", "nginx")))),
    right("undo", "by way of the first one", after("phases", image("nginx:1.27"), rolled_out, image("nginx"))),
    right("undo", "checked at once", after("phases", image("nginx"))),
    wrong("undo", "too far back", after("phases", image("nginx:1.27"), rolled_out), on="back"),
    wrong("undo", "the same image in other words", after("phases", image("nginx:latest"), rolled_out), on="re-used"),
    wrong("undo", "the image, but another template", after("phases", same_words_another_template), on="re-used"),
    wrong("undo", "a partition in the way", after("phases", partition(1), image("nginx"), rolled_out), on="back"),
    wrong("undo", "by hand, from the bottom", after("phases", by_hand_from_the_bottom), on="from-the-top"),
    wrong(
        "undo", "the kept revision deleted", after("phases", orphan_revision, image("nginx"), rolled_out), on="re-used"
    ),
    wrong("undo", "deleted and created", after("phases", anew), on="from-the-top"),
    wrong("undo", "nothing undone", after("phases"), outcome=Outcome.NOT_ATTEMPTED),
]
