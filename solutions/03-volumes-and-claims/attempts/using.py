"""Attempts at the checkpoints about access modes and about the protection of a claim."""

from kitlib.authoring.attempts import Bench, right, wrong
from kitlib.authoring.steps import after, delete
from kitlib.checks import Outcome

FILE = "/data/hello.txt"


def with_claims(*parts):
    """Begin with bound claims."""
    return after("smallest-fits", *parts)


def pods(*changes):
    return lambda bench: bench.apply(bench.text("pods", *changes))


def with_pods(*steps):
    """Begin with the reference's pods."""

    def run(bench: Bench) -> None:
        bench.reach("who-may-use")
        for step in steps:
            step(bench)

    return run


def doomed(kind, name):
    return lambda bench: bench.delete(kind, name, wait=False)


def second_first(bench: Bench) -> None:
    """The pod that should wait is there first: the other one waits."""
    _, _, rest = bench.text("pods").partition("---")
    _, _, second = rest.partition("---")
    bench.apply(second)
    bench.ready("pod", "second")
    bench.apply(bench.text("pods"))


def forced(bench: Bench) -> None:
    """Take the finalizer off by hand."""
    bench.delete("pvc", "data", wait=False)
    bench.patch("pvc", "data", {"metadata": {"finalizers": None}})


READ_ONLY = ("claimName: shared, readOnly: true", "claimName: shared")
MOUNTED = ("mountPath: /shared}\n  volumes:", "mountPath: /shared, readOnly: true}\n  volumes:")

ATTEMPTS = [
    right("who-may-use", "read-only at the mount", with_claims(pods(READ_ONLY, MOUNTED))),
    right("who-may-use", "other names for the volumes", with_claims(pods(("name: data", "name: files")))),
    right("who-may-use", "a longer sleep", with_claims(pods(('"3600"', '"7200"')))),
    wrong("who-may-use", "written by both", with_claims(pods(READ_ONLY)), on="read-only"),
    wrong(
        "who-may-use",
        "everything read-only",
        with_claims(pods(("{claimName: data}", "{claimName: data, readOnly: true}"))),
        on="read-only",
    ),
    wrong("who-may-use", "the other claim", with_claims(pods(("claimName: data", "claimName: shared"))), on="one-node"),
    wrong(
        "who-may-use",
        "second uses another claim",
        with_claims(lambda b: b.apply(_last_changed(b))),
        on="one-pod",
    ),
    wrong("who-may-use", "second came first", with_claims(second_first), on="one-node"),
    wrong("who-may-use", "no such image", with_claims(pods(("busybox:1.36", "busibox:1.36"))), on="one-node"),
    wrong(
        "who-may-use",
        "writer only",
        with_claims(lambda b: b.apply(b.text("pods").partition("---")[0])),
        outcome=Outcome.NOT_ATTEMPTED,
    ),
    right(
        "claim-protected",
        "reader first",
        with_pods(doomed("pvc", "data"), delete("pod", "reader"), delete("pod", "writer")),
    ),
    right(
        "claim-protected",
        "checked at once",
        with_pods(doomed("pvc", "data"), doomed("pod", "writer"), doomed("pod", "reader")),
    ),
    wrong(
        "claim-protected",
        "the pods first",
        with_pods(delete("pod", "writer"), delete("pod", "reader"), delete("pvc", "data")),
        on="in-use",
    ),
    wrong("claim-protected", "only the claim", with_pods(doomed("pvc", "data")), on="gone"),
    wrong("claim-protected", "one pod left", with_pods(doomed("pvc", "data"), delete("pod", "writer")), on="released"),
    wrong("claim-protected", "the finalizer taken off by hand", with_pods(forced), on="gone"),
    wrong("claim-protected", "another claim", with_pods(doomed("pvc", "shared")), outcome=Outcome.NOT_ATTEMPTED),
]


def _last_changed(bench: Bench) -> str:
    head, middle, last = bench.text("pods").split("---")
    return "---".join([head, middle, last.replace("claimName: single", "claimName: shared")])
