"""Attempts at the first two checkpoints: the set, and its first update."""

from kitlib.authoring.attempts import Bench, right, wrong
from kitlib.authoring.steps import replace
from kitlib.checks import Outcome


def created(*changes):
    return lambda bench: bench.apply(bench.text("statefulset", *changes))


def updated(*steps):
    """Begin with the three replicas of the first checkpoint."""

    def run(bench: Bench) -> None:
        bench.reach("one-revision")
        for step in steps:
            step(bench)

    return run


def image(name):
    return lambda bench: bench.set_image(name)


def strategy(**fields):
    return lambda bench: bench.patch("sts", "web", {"spec": {"updateStrategy": fields}})


def anew(bench: Bench) -> None:
    """Delete the set, and create it with the new image."""
    bench.delete("sts", "web")
    for ordinal in range(3):
        bench.cluster.wait("pod", f"web-{ordinal}", namespace=bench.namespace, until="deleted")
    bench.apply(bench.text("statefulset", ("nginx:1.27", "nginx")))
    bench.ready()


def no_history(bench: Bench) -> None:
    bench.patch("sts", "web", {"spec": {"revisionHistoryLimit": 0}})


def deployment(bench: Bench) -> None:
    bench.apply(
        """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          replicas: 3
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec: {containers: [{name: nginx, image: "nginx:1.27"}]}
        """
    )


def two_revisions(bench: Bench) -> None:
    """Another template that no pod may get."""
    bench.apply(bench.text("statefulset", ("partition: 0", "partition: 3")))
    bench.ready()
    bench.set_image("nginx")
    bench.pause(0.5)


PLAIN = ("  updateStrategy:\n    type: RollingUpdate\n    rollingUpdate:\n      partition: 0\n", "")
TYPE_ONLY = ("    rollingUpdate:\n      partition: 0\n", "")
ON_DELETE = (f"RollingUpdate\n{TYPE_ONLY[0]}", "OnDelete\n")
PARALLEL = ("  replicas: 3\n", "  replicas: 3\n  podManagementPolicy: Parallel\n")

ATTEMPTS = [
    right("one-revision", "the strategy left to its default", created(PLAIN)),
    right("one-revision", "the type without a partition", created(TYPE_ONLY)),
    right("one-revision", "all pods at once", created(PARALLEL)),
    right("one-revision", "the image corrected before anybody looked", updated(image("nginx"), image("nginx:1.27"))),
    wrong("one-revision", "two replicas", created(("replicas: 3", "replicas: 2")), on="three-ready"),
    wrong("one-revision", "another image", created(("nginx:1.27", "nginx:1.19")), on="image"),
    wrong("one-revision", "OnDelete", created(ON_DELETE), on="strategy"),
    wrong("one-revision", "a partition above all", created(("partition: 0", "partition: 3")), on="strategy"),
    wrong("one-revision", "a template that the pods don't have", two_revisions, on="revision"),
    wrong("one-revision", "a Deployment", deployment, outcome=Outcome.NOT_ATTEMPTED),
    right(
        "rolling-update",
        "by applying the manifest",
        updated(lambda b: b.apply(b.text("statefulset", ("nginx:1.27", "nginx")))),
    ),
    right("rolling-update", "checked at once", updated(image("nginx"))),
    right(
        "rolling-update",
        "a set whose pods start all at once",
        lambda b: (created(PARALLEL)(b), b.ready(), b.set_image("nginx"), None)[-1],
    ),
    right(
        "rolling-update",
        "by way of another image",
        updated(image("nginx:1.25"), lambda b: b.rolled_out(), image("nginx")),
    ),
    wrong(
        "rolling-update", "a tag that was not asked for", updated(image("nginx:1.26")), outcome=Outcome.NOT_ATTEMPTED
    ),
    wrong(
        "rolling-update",
        "a partition in the way",
        updated(strategy(type="RollingUpdate", rollingUpdate={"partition": 1}), image("nginx")),
        on="updated",
    ),
    wrong("rolling-update", "deleted and created", updated(anew), on="reverse"),
    wrong(
        "rolling-update",
        "by hand, from the bottom",
        updated(strategy(type="OnDelete", rollingUpdate=None), image("nginx"), replace("web-0", "web-1", "web-2")),
        on="reverse",
    ),
    wrong(
        "rolling-update",
        "by hand, all at once",
        updated(
            strategy(type="OnDelete", rollingUpdate=None),
            image("nginx"),
            lambda b: [b.delete("pod", f"web-{n}", wait=False) for n in (2, 1, 0)] and None,
        ),
        on="one-at-a-time",
    ),
    wrong("rolling-update", "no history kept", updated(no_history, image("nginx")), on="former-kept"),
]
