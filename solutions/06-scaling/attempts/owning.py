"""Attempts at the other checkpoints: adoption, Parallel, retention, the start, the end."""

from kitlib.authoring.attempts import Bench, right, wrong
from kitlib.authoring.steps import ask_for, delete, scale
from kitlib.checks import Outcome

POLICY = "  podManagementPolicy: Parallel\n"


def two(*steps):
    """Begin with two replicas of the first manifest: what came before does not matter to the checkpoint."""

    def run(bench: Bench) -> None:
        bench.apply(bench.text("statefulset", ("replicas: 1", "replicas: 2")))
        bench.ready()
        for step in steps:
            step(bench)

    return run


def parallel(*steps):
    """Begin with a Parallel set of two replicas."""

    def run(bench: Bench) -> None:
        bench.apply(bench.text("parallel"))
        bench.ready()
        for step in steps:
            step(bench)

    return run


def five(*steps):
    """Begin with two replicas and five claims."""
    return parallel(scale(5), scale(2), *steps)


def three(*steps):
    """Begin with three replicas and five claims, with whenScaled Delete."""
    return five(scale(3), retention(whenScaled="Delete"), *steps)


def moved(*steps):
    """Begin with web-3, web-4 and web-5, and six claims."""
    return five(scale(3), start(3), settled, lower_gone, *steps)


def retention(**policy):
    def run(bench: Bench) -> None:
        bench.patch("sts", "web", {"spec": {"persistentVolumeClaimRetentionPolicy": policy}})
        bench.pause(0.5)

    return run


def start(number):
    return lambda bench: bench.patch("sts", "web", {"spec": {"ordinals": {"start": number}}})


def settled(bench: Bench) -> None:
    bench.ready()


def lower_gone(bench: Bench) -> None:
    """The set counts a pod no more when its containers have ended; the pod itself is there a moment longer."""
    for name in ("web-0", "web-1", "web-2"):
        gone("pod", name)(bench)


def orphan(bench: Bench) -> None:
    bench.delete("sts", "web", propagation="Orphan")


def delete_set(bench: Bench) -> None:
    bench.delete("sts", "web")


def apply(*changes):
    return lambda bench: bench.apply(bench.text("parallel", *changes))


def gone(kind, name):
    return lambda bench: bench.cluster.wait(kind, name, namespace=bench.namespace, until="deleted")


def pods_gone(bench: Bench) -> None:
    for name in ("web-0", "web-1"):
        gone("pod", name)(bench)


def pause(bench: Bench) -> None:
    bench.pause(1.0)


def with_policy(replicas):
    """The manifest with the policy in it."""
    policy = "  persistentVolumeClaimRetentionPolicy:\n    whenScaled: Delete\n"
    return apply(("  replicas: 2\n", f"  replicas: {replicas}\n{policy}"))


ATTEMPTS = [
    right("adopted", "looked at for a while, checked at once", two(orphan, pause, apply())),
    right(
        "adopted",
        "with other fields of the set",
        two(orphan, apply(("replicas: 2", "replicas: 2\n  revisionHistoryLimit: 5"))),
    ),
    right("adopted", "twice", two(orphan, apply(), settled, orphan, apply())),
    wrong("adopted", "the pods deleted with the set", two(delete_set, pods_gone, apply(), settled), on="orphans"),
    wrong("adopted", "the policy as it was", two(orphan, apply((POLICY, ""))), on="parallel"),
    wrong("adopted", "no new set", two(orphan), on="another-set"),
    wrong("adopted", "one replica too few", two(orphan, apply(("replicas: 2", "replicas: 1"))), on="adopted"),
    wrong(
        "adopted",
        "another template",
        two(orphan, apply(("periodSeconds: 1", "periodSeconds: 2")), lambda b: b.rolled_out()),
        on="adopted",
    ),
    wrong("adopted", "nothing deleted", two(), outcome=Outcome.NOT_ATTEMPTED),
    right("parallel", "checked at once", parallel(scale(5), ask_for(2))),
    right("parallel", "down to none, and back", parallel(scale(5), scale(0), scale(2))),
    wrong("parallel", "a set that waits", two(scale(5), scale(2)), on="out"),
    wrong("parallel", "one more at a time", parallel(scale(3), scale(4), scale(5), scale(2)), on="out"),
    wrong("parallel", "one fewer at a time", parallel(scale(5), scale(4), scale(3), scale(2)), on="in"),
    wrong("parallel", "only out", parallel(scale(5)), on="two-left"),
    wrong("parallel", "four", parallel(scale(4), scale(2)), outcome=Outcome.NOT_ATTEMPTED),
    right(
        "when-scaled",
        "by applying the manifest",
        five(scale(3), with_policy(2), gone("pvc", "www-web-2"), with_policy(3)),
    ),
    right("when-scaled", "checked at once", three(ask_for(2), gone("pvc", "www-web-2"), ask_for(3))),
    wrong(
        "when-scaled",
        "the policy too late",
        five(scale(3), scale(2), retention(whenScaled="Delete"), scale(3)),
        on="claim-gone",
    ),
    wrong(
        "when-scaled",
        "the other field",
        five(scale(3), retention(whenDeleted="Delete"), scale(2), delete("pvc", "www-web-2"), scale(3)),
        on="policy",
    ),
    wrong(
        "when-scaled",
        "both fields",
        five(
            scale(3), retention(whenScaled="Delete", whenDeleted="Delete"), scale(2), gone("pvc", "www-web-2"), scale(3)
        ),
        on="policy",
    ),
    wrong("when-scaled", "one too many", three(scale(1), gone("pvc", "www-web-1"), scale(3)), on="others-kept"),
    wrong(
        "when-scaled",
        "what was left before deleted by hand",
        three(scale(2), gone("pvc", "www-web-2"), delete("pvc", "www-web-3"), scale(3)),
        on="others-kept",
    ),
    wrong("when-scaled", "not scaled out again", three(scale(2), gone("pvc", "www-web-2")), on="another-claim"),
    wrong(
        "when-scaled",
        "deleted by hand, no policy",
        five(scale(3), scale(2), delete("pvc", "www-web-2")),
        outcome=Outcome.NOT_ATTEMPTED,
    ),
    right("start-at-three", "by way of one", five(scale(3), start(1), settled, start(3))),
    right("start-at-three", "out by three, then the lower ones away", five(scale(3), scale(6), start(3), scale(3))),
    right("start-at-three", "checked at once", three(retention(whenScaled="Retain"), start(3))),
    wrong("start-at-three", "from four on", five(scale(3), start(4), settled), on="start"),
    wrong("start-at-three", "six replicas", five(scale(3), start(3), scale(6)), on="names"),
    wrong("start-at-three", "the claims not kept", three(start(3), settled, gone("pvc", "www-web-0")), on="claims"),
    wrong("start-at-three", "a claim deleted by hand", moved(delete("pvc", "www-web-1")), on="claims"),
    wrong("start-at-three", "scaled instead", five(scale(6)), outcome=Outcome.NOT_ATTEMPTED),
    right(
        "graceful-removal",
        "in the foreground",
        moved(retention(whenDeleted="Delete"), scale(0), lambda b: b.delete("sts", "web", propagation="Foreground")),
    ),
    right(
        "graceful-removal",
        "one by one, checked at once",
        moved(retention(whenDeleted="Delete"), scale(2), scale(1), scale(0), delete_set),
    ),
    wrong(
        "graceful-removal",
        "deleted with its pods",
        moved(retention(whenDeleted="Delete"), delete_set, gone("pvc", "www-web-5")),
        on="emptied",
    ),
    wrong(
        "graceful-removal",
        "not waited for",
        moved(retention(whenDeleted="Delete"), ask_for(0), delete_set, gone("pvc", "www-web-5")),
        on="emptied",
    ),
    wrong("graceful-removal", "no policy", moved(scale(0), delete_set, pause), on="own-claims"),
    wrong(
        "graceful-removal",
        "the policy too late",
        moved(scale(0), retention(whenDeleted="Delete"), delete_set, pause),
        on="own-claims",
    ),
    wrong(
        "graceful-removal",
        "the others deleted too",
        moved(retention(whenDeleted="Delete"), scale(0), delete_set, delete("pvc", "www-web-0")),
        on="others-stay",
    ),
    wrong("graceful-removal", "only emptied", moved(retention(whenDeleted="Delete"), scale(0)), on="set-deleted"),
    wrong("graceful-removal", "nothing done", moved(), outcome=Outcome.NOT_ATTEMPTED),
]
