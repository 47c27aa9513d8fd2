"""Attempts at the three checkpoints about scaling."""

from kitlib.authoring.attempts import Bench, right, wrong
from kitlib.authoring.steps import after, ask_for, delete, ready, scale
from kitlib.checks import Outcome


def apply_with(replicas):
    return lambda bench: bench.apply(bench.text("statefulset", ("replicas: 2", f"replicas: {replicas}")))


def retention(policy):
    return lambda bench: bench.patch(
        "sts", "web", {"spec": {"persistentVolumeClaimRetentionPolicy": {"whenScaled": policy}}}
    )


def claim_by_hand(bench: Bench) -> None:
    bench.apply(
        """
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: www-web-2}
        spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 64Mi}}}
        """
    )


def loosen_probe(bench: Bench) -> None:
    """Change the template as well: every pod is made anew."""
    text = bench.text("statefulset", ("replicas: 2", "replicas: 3"), ("periodSeconds: 1", "periodSeconds: 2"))
    bench.apply(text)
    bench.cluster.wait("sts", "web", namespace=bench.namespace, until=_rolled_out)


def slow_set(bench: Bench) -> None:
    """A set whose pods take three seconds to be Ready."""
    bench.apply(bench.text("statefulset", ("periodSeconds: 1", "periodSeconds: 1\n            initialDelaySeconds: 3")))
    bench.ready()


def _rolled_out(found):
    status = found["status"]
    return status.get("updatedReplicas") == 3 and status.get("readyReplicas") == 3


ATTEMPTS = [
    right("scale-up", "by applying the manifest again", after("two-replicas", apply_with(3))),
    right("scale-up", "checked at once", after("two-replicas", ask_for(3))),
    wrong("scale-up", "four replicas", after("two-replicas", ask_for(4)), on="three-ready"),
    wrong(
        "scale-up",
        "deleted and made anew",
        after("two-replicas", delete("sts", "web"), apply_with(3)),
        on="others-kept",
    ),
    wrong("scale-up", "only a claim, by hand", after("two-replicas", claim_by_hand), on="three-ready"),
    wrong("scale-up", "the template changed too", after("two-replicas", loosen_probe), on="others-kept"),
    wrong(
        "scale-up",
        "a claim deleted and made anew with its pod",
        after("two-replicas", lambda b: b.delete("pvc", "www-web-1", wait=False), delete("pod", "web-1"), ask_for(3)),
        on="others-kept",
    ),
    wrong(
        "scale-up",
        "a class that does not exist",
        after(
            "headless-service",
            lambda b: b.apply(
                b.text(
                    "statefulset",
                    ("replicas: 2", "replicas: 3"),
                    ("accessModes:", "storageClassName: fast\n        accessModes:"),
                )
            ),
        ),
        on="new-claim",
    ),
    right("scale-down", "by way of one", after("scale-up", scale(1), scale(2))),
    right("scale-down", "checked at once", after("scale-up", ask_for(2))),
    wrong(
        "scale-down", "deleted the pod", after("scale-up", delete("pod", "web-2"), ready("pod", "web-2")), on="two-left"
    ),
    wrong("scale-down", "down to one", after("scale-up", ask_for(1)), on="two-left"),
    wrong(
        "scale-down", "the claim deleted too", after("scale-up", scale(2), delete("pvc", "www-web-2")), on="claim-kept"
    ),
    wrong(
        "scale-down",
        "a policy that deletes claims",
        after(
            "scale-up",
            retention("Delete"),
            scale(2),
            lambda b: b.cluster.wait("pvc", "www-web-2", namespace=b.namespace, until="deleted"),
        ),
        on="claim-kept",
    ),
    wrong(
        "scale-down",
        "asked for three, never ran them",
        after(
            "headless-service",
            lambda b: b.apply(
                b.text(
                    "statefulset",
                    ("replicas: 2", "replicas: 3"),
                    ("periodSeconds: 1", "periodSeconds: 1\n            initialDelaySeconds: 3"),
                )
            ),
            lambda b: b.pause(1.5),
            ask_for(2),
        ),
        on="pod-gone",
    ),
    right("claim-reused", "by way of none", after("scale-up", scale(0), scale(3))),
    right("claim-reused", "by applying the manifest", after("scale-down", apply_with(3))),
    wrong(
        "claim-reused",
        "the claim was deleted in between",
        after("scale-down", delete("pvc", "www-web-2"), scale(3)),
        on="same-claim",
    ),
    wrong("claim-reused", "four replicas", after("scale-down", ask_for(4)), on="three-again"),
    wrong(
        "claim-reused",
        "web-2 was never Ready before",
        after("headless-service", slow_set, ask_for(3), lambda b: b.pause(0.5), scale(2), scale(3)),
        on="another-pod",
    ),
    wrong(
        "claim-reused",
        "only the pod deleted",
        after("scale-up", delete("pod", "web-2"), ready("pod", "web-2")),
        outcome=Outcome.NOT_ATTEMPTED,
    ),
]
