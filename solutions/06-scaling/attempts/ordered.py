"""Attempts at the first four checkpoints: one by one, and what holds it up."""

from kitlib.authoring.attempts import Bench, right, wrong
from kitlib.authoring.steps import after, ask_for, delete, scale
from kitlib.checks import Outcome
from kitlib.client.readiness import pod_ready

SWITCH = "/usr/share/nginx/html/broken"


def one(*steps):
    """Begin with the one replica of the manifest."""

    def run(bench: Bench) -> None:
        bench.apply(bench.text("statefulset"))
        bench.ready()
        for step in steps:
            step(bench)

    return run


def apply(*changes):
    return lambda bench: bench.apply(bench.text("statefulset", *changes))


def ready(bench: Bench) -> None:
    bench.ready()


def pause(bench: Bench) -> None:
    """Let the controller do what it can."""
    bench.pause(1.0)


def break_pod(name="web-0"):
    def run(bench: Bench) -> None:
        bench.sh(name, f"touch {SWITCH}")
        bench.cluster.wait("pod", name, namespace=bench.namespace, until=_not_ready)

    return run


def repair_pod(name="web-0"):
    def run(bench: Bench) -> None:
        bench.sh(name, f"rm {SWITCH}")
        bench.ready("pod", name)

    return run


def replace(name):
    def run(bench: Bench) -> None:
        bench.delete("pod", name)
        bench.cluster.wait("pod", name, namespace=bench.namespace, until="exists")

    return run


def gone(name):
    return lambda bench: bench.cluster.wait("pod", name, namespace=bench.namespace, until="deleted")


def _not_ready(found):
    return found is not None and not pod_ready(found)


def without_claims(bench: Bench) -> None:
    text = bench.text("statefulset")
    head, _, _ = text.partition("  volumeClaimTemplates:")
    bench.apply(head.replace("      containers:", "      volumes: [{name: www, emptyDir: {}}]\n      containers:"))
    bench.ready()
    bench.scale(3)


def delete_claims(bench: Bench) -> None:
    for name in ("www-web-1", "www-web-2"):
        bench.delete("pvc", name)


PARALLEL = ("  replicas: 1\n", "  replicas: 1\n  podManagementPolicy: Parallel\n")
LATE = ("            periodSeconds: 1\n", "            periodSeconds: 1\n            initialDelaySeconds: 2\n")

ATTEMPTS = [
    right("ordered-out", "checked at once", one(ask_for(3))),
    right("ordered-out", "by way of two", one(scale(2), scale(3))),
    wrong("ordered-out", "by the manifest", one(apply(("replicas: 1", "replicas: 3")), ready), on="scale"),
    wrong(
        "ordered-out",
        "by a patch of the set itself",
        one(lambda b: b.patch("sts", "web", {"spec": {"replicas": 3}}), ready),
        on="scale",
    ),
    wrong("ordered-out", "four replicas", one(scale(3), scale(4)), on="three-ready"),
    wrong(
        "ordered-out", "all at once", lambda b: (apply(PARALLEL, LATE)(b), ready(b), scale(3)(b))[-1], on="one-by-one"
    ),
    wrong("ordered-out", "no claims", without_claims, on="claim-first"),
    wrong("ordered-out", "two replicas", one(scale(2)), outcome=Outcome.NOT_ATTEMPTED),
    right("ordered-in", "checked at once", after("ordered-out", ask_for(1))),
    right("ordered-in", "by way of two", after("ordered-out", scale(2), scale(1))),
    right("ordered-in", "by the manifest", after("ordered-out", apply())),
    wrong("ordered-in", "two are left", after("ordered-out", scale(2)), on="one-left"),
    wrong(
        "ordered-in",
        "all at once",
        lambda b: (apply(PARALLEL)(b), ready(b), scale(3)(b), scale(1)(b))[-1],
        on="one-by-one",
    ),
    wrong("ordered-in", "the claims deleted too", after("ordered-out", scale(1), delete_claims), on="claims-kept"),
    wrong(
        "ordered-in",
        "pods deleted by hand",
        after("ordered-out", delete("pod", "web-2"), delete("pod", "web-1"), ready),
        outcome=Outcome.NOT_ATTEMPTED,
    ),
    right(
        "blocked-out",
        "by way of two",
        after("ordered-in", break_pod(), ask_for(2), pause, ask_for(3), pause, repair_pod()),
    ),
    right("blocked-out", "checked at once", after("ordered-in", break_pod(), ask_for(3), repair_pod())),
    right(
        "blocked-out",
        "repaired, and the pod replaced as well",
        after("ordered-in", break_pod(), ask_for(3), pause, lambda b: b.sh("web-0", f"rm {SWITCH}"), replace("web-0")),
    ),
    wrong("blocked-out", "scaled too early", after("ordered-in", scale(3), break_pod(), repair_pod()), on="held-up"),
    wrong("blocked-out", "nothing broken", after("ordered-in", scale(3)), on="held-up"),
    wrong("blocked-out", "not repaired", after("ordered-in", break_pod(), ask_for(3), pause), on="three-ready"),
    wrong(
        "blocked-out",
        "the pod deleted instead of repaired",
        after("ordered-in", break_pod(), ask_for(3), pause, replace("web-0")),
        on="new-pods",
    ),
    wrong(
        "blocked-out",
        "the claims deleted in between",
        after("ordered-in", delete_claims, break_pod(), ask_for(3), pause, repair_pod(), ready),
        on="same-claims",
    ),
    wrong("blocked-out", "broken, not scaled", after("ordered-in", break_pod()), outcome=Outcome.NOT_ATTEMPTED),
    right("blocked-in", "checked at once", after("blocked-out", break_pod(), ask_for(2), pause, repair_pod())),
    right(
        "blocked-in",
        "too early, and once more",
        after("blocked-out", scale(2), scale(3), break_pod(), ask_for(2), pause, repair_pod()),
    ),
    wrong("blocked-in", "nothing broken", after("blocked-out", scale(2)), on="held-up"),
    wrong("blocked-in", "broken too late", after("blocked-out", scale(2), break_pod(), repair_pod()), on="held-up"),
    wrong(
        "blocked-in",
        "the wrong one broken",
        after("blocked-out", break_pod("web-2"), ask_for(2), gone("web-2")),
        on="held-up",
    ),
    wrong("blocked-in", "not repaired", after("blocked-out", break_pod(), ask_for(2), pause), on="two-left"),
    wrong(
        "blocked-in",
        "down to one",
        after("blocked-out", break_pod(), ask_for(2), pause, repair_pod(), scale(1)),
        on="two-left",
    ),
    wrong(
        "blocked-in",
        "the claim deleted too",
        after("blocked-out", break_pod(), ask_for(2), pause, repair_pod(), gone("web-2"), delete("pvc", "www-web-2")),
        on="claim-kept",
    ),
    wrong("blocked-in", "broken, not scaled", after("blocked-out", break_pod()), outcome=Outcome.NOT_ATTEMPTED),
]
