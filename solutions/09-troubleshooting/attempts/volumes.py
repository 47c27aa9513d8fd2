"""Attempts at the first two stories: the claim that stays Pending, the volume that cannot be mounted."""

from kitlib.authoring.attempts import Bench, right, wrong
from kitlib.authoring.steps import steps
from kitlib.checks import Outcome


def told(name, *changes):
    """Set up what is broken, and write a diagnosis that differs from the reference's."""

    def steps(bench: Bench) -> None:
        bench.apply(bench.scenario(name))
        bench.pause(1)
        bench.apply(bench.text(f"diagnosis-{name}", *changes))

    return steps


def anew(bench: Bench) -> None:
    """The reference's repair of the archive."""
    bench.delete("sts", "archive")
    bench.delete("pvc", "papers-archive-0")
    bench.apply(bench.text("archive"))


def set_only(bench: Bench) -> None:
    """The claim that was made from the wrong template is left, and used again."""
    bench.delete("sts", "archive")
    bench.apply(bench.text("archive"))


CLASS = """
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: fast}
provisioner: rancher.io/local-path
volumeBindingMode: WaitForFirstConsumer
"""


def class_made(bench: Bench) -> None:
    """Give the cluster the class that is asked for."""
    bench.apply(CLASS)


def without_storage(bench: Bench) -> None:
    """An emptyDir instead of a claim."""
    bench.delete("sts", "archive")
    bench.delete("pvc", "papers-archive-0")
    head, _, _ = bench.text("archive").partition("  volumeClaimTemplates:")
    bench.apply(head.replace("      containers:", "      volumes: [{name: papers, emptyDir: {}}]\n      containers:"))


def key(**data):
    return lambda bench: bench.patch("configmap", "ledger-settings", {"data": data})


def volumes(**source):
    """Change what the set's volume asks for; the pod that waits is deleted, so that it is made anew."""

    def steps(bench: Bench) -> None:
        changed = {"name": "settings", "configMap": {"name": "ledger-settings", **source}}
        bench.patch("sts", "ledger", {"spec": {"template": {"spec": {"volumes": [changed]}}}})
        bench.delete("pod", "ledger-0")

    return steps


def set_changed_only(bench: Bench) -> None:
    item = {"key": "master.conf", "path": "redis.conf"}
    changed = {"name": "settings", "configMap": {"name": "ledger-settings", "items": [item]}}
    bench.patch("sts", "ledger", {"spec": {"template": {"spec": {"volumes": [changed]}}}})


APPEND = {"redis.conf": "appendonly yes\n"}
NOT_THE_CLAIM = ("PersistentVolumeClaim/papers-archive-0", "Pod/archive-0")

ATTEMPTS = [
    right("claim-pending", "the class is made", steps(told("archive"), class_made)),
    right(
        "claim-pending",
        "short names, a whole path, another class name",
        steps(
            told(
                "archive",
                ("PersistentVolumeClaim/", "pvc/"),
                ("StatefulSet/archive", "sts/archive"),
                ("field: storageClassName", "field: spec.volumeClaimTemplates[0].spec.storageClassName"),
            ),
            lambda bench: bench.delete("sts", "archive"),
            lambda bench: bench.delete("pvc", "papers-archive-0"),
            lambda bench: bench.apply(
                bench.text(
                    "archive", ("        accessModes:", "        storageClassName: standard\n        accessModes:")
                )
            ),
        ),
    ),
    wrong(
        "claim-pending",
        "what follows is quoted, not the cause",
        steps(
            told("archive", NOT_THE_CLAIM, ('storageclass.storage.k8s.io "fast" not found', "unbound immediate")), anew
        ),
        on="evidence",
    ),
    wrong(
        "claim-pending",
        "in one's own words",
        steps(told("archive", ('storageclass.storage.k8s.io "fast" not found', "the class fast is missing")), anew),
        on="evidence",
    ),
    wrong(
        "claim-pending",
        "the claim as the culprit",
        steps(told("archive", ("StatefulSet/archive", "PersistentVolumeClaim/papers-archive-0")), anew),
        on="culprit",
    ),
    wrong("claim-pending", "the old claim is used again", steps(told("archive"), set_only), on="repaired"),
    wrong("claim-pending", "no claims any more", steps(told("archive"), without_storage), on="claims"),
    wrong("claim-pending", "only the diagnosis", told("archive"), on="repaired"),
    wrong(
        "claim-pending",
        "set up, nothing else",
        lambda bench: bench.apply(bench.scenario("archive")),
        outcome=Outcome.NOT_ATTEMPTED,
    ),
    right(
        "mount-fails",
        "the set asks for what is there",
        steps(
            told("ledger", ("ConfigMap/ledger-settings", "StatefulSet/ledger"), ("field: data", "field: volumes")),
            volumes(items=[{"key": "master.conf", "path": "redis.conf"}]),
        ),
    ),
    right("mount-fails", "in another notation", steps(told("ledger"), key(**{"redis.conf": 'appendonly "yes"'}))),
    wrong("mount-fails", "an empty file", steps(told("ledger"), key(**{"redis.conf": ""})), on="settings"),
    wrong(
        "mount-fails",
        "optional: the file stays away",
        steps(told("ledger"), volumes(items=[{"key": "redis.conf", "path": "redis.conf"}], optional=True)),
        on="repaired",
    ),
    wrong(
        "mount-fails",
        "the set is corrected, the pod waits on",
        steps(told("ledger"), set_changed_only),
        on="repaired",
    ),
    wrong(
        "mount-fails",
        "the claim is suspected",
        steps(told("ledger", ("Pod/ledger-0", "PersistentVolumeClaim/data-ledger-0")), key(**APPEND)),
        on="evidence",
    ),
    wrong(
        "mount-fails",
        "the pod as the culprit",
        steps(told("ledger", ("ConfigMap/ledger-settings", "Pod/ledger-0")), key(**APPEND)),
        on="culprit",
    ),
    wrong(
        "mount-fails",
        "the right object, another field",
        steps(told("ledger", ("field: data", "field: volumes")), key(**APPEND)),
        on="culprit",
    ),
]
