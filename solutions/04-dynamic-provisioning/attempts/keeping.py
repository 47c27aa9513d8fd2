"""Attempts at the annotation of old, the default class, and what stays."""

from kitlib.authoring.attempts import Bench, right, wrong
from kitlib.authoring.steps import apply, delete, ready, steps
from kitlib.checks import Outcome

NOTE = "volume.beta.kubernetes.io/storage-class: stateful-nfs"


def working(*parts):
    """Begin with a provisioner that works."""
    return steps(lambda bench: bench.reach("rights"), *parts)


def filled(*parts):
    """Begin with a claim that has a file."""
    return steps(lambda bench: bench.reach("directory"), *parts)


def mark(value, name="stateful-nfs"):
    notes = {"storageclass.kubernetes.io/is-default-class": value}
    return lambda bench: bench.patch("sc", name, {"metadata": {"annotations": notes}})


def volume_of(bench: Bench, claim: str = "data") -> str:
    return bench.cluster.get("pvc", claim, namespace=bench.namespace)["spec"]["volumeName"]


def ended(*, policy: str = "", pods: bool = True, later: bool = True, object_too: bool = True, files: bool = False):
    """Bring it to an end, in one way or the other."""

    def run(bench: Bench) -> None:
        volume = volume_of(bench)
        if policy:
            bench.patch("pv", volume, {"spec": {"persistentVolumeReclaimPolicy": policy}})
        if files:
            bench.sh("writer", "rm /data/proof.txt")
        if pods:
            delete("pod", "writer", "user", wait=False)(bench)
        bench.delete("pvc", "data", wait=pods)
        if later:
            bench.delete("pvc", "later", wait=pods)
        if object_too:
            if not policy:
                bench.cluster.wait("pv", volume, until="Released")
            bench.delete("pv", volume)

    return run


def volume_first(bench: Bench) -> None:
    """Delete the volume while it is bound: it goes together with the claim."""
    bench.delete("pv", volume_of(bench), wait=False)
    ended(object_too=False)(bench)


def data_left(bench: Bench) -> None:
    """Only the claim later goes."""
    delete("pod", "user")(bench)
    delete("pvc", "later")(bench)


def claims_first(bench: Bench) -> None:
    volume = volume_of(bench)
    delete("pvc", "data", "later", wait=False)(bench)
    delete("pod", "writer", "user", wait=False)(bench)
    bench.cluster.wait("pv", volume, until="Released")
    bench.delete("pv", volume)


CLASS = ("storageClassName: standard", "storageClassName: stateful-nfs")
EMPTY = ('  storageClassName: ""\n', "")

ATTEMPTS = [
    right("legacy", "quoted", working(apply("legacy", (NOTE, NOTE.replace(": ", ': "') + '"')))),
    right(
        "legacy",
        "a claim without the annotation, made again",
        working(apply("legacy", (f"  annotations:\n    {NOTE}\n", "")), delete("pvc", "legacy"), apply("legacy")),
    ),
    wrong("legacy", "no annotation", working(apply("legacy", (NOTE, "note: none"))), on="wins"),
    wrong("legacy", "the field changed instead", working(apply("legacy", (NOTE, "note: none"), CLASS)), on="both"),
    wrong(
        "legacy",
        "the key of today's annotations",
        working(apply("legacy", ("volume.beta.kubernetes.io/", "volume.kubernetes.io/"))),
        on="both",
    ),
    wrong("legacy", "as a label", working(apply("legacy", ("annotations:", "labels:"))), on="both"),
    wrong("legacy", "a class that is not there", working(apply("legacy", (NOTE, NOTE + "x"))), on="wins"),
    right(
        "default-class",
        "false instead of nothing",
        working(mark("true"), apply("defaults"), mark("false")),
    ),
    right(
        "default-class",
        "too early at first",
        working(apply("defaults"), mark("true"), delete("pvc", "plain"), apply("defaults"), mark(None)),
    ),
    wrong("default-class", "the claims first", working(apply("defaults"), mark("true"), mark(None)), on="newest"),
    wrong("default-class", "the mark is still there", working(mark("true"), apply("defaults")), on="unmarked"),
    wrong("default-class", "no mark at all", working(apply("defaults")), on="unmarked"),
    wrong(
        "default-class",
        "the other mark taken off",
        working(mark("true"), mark("false", "standard"), apply("defaults")),
        on="newest",
    ),
    wrong(
        "default-class",
        "none without a class",
        working(mark("true"), apply("defaults", EMPTY), mark(None)),
        on="none",
    ),
    wrong("default-class", "yes is not true", working(mark("yes"), apply("defaults"), mark(None)), on="newest"),
    wrong("default-class", "nothing done", working(), outcome=Outcome.NOT_ATTEMPTED),
    right("retained", "the other claim later", filled(ended(later=False), delete("pvc", "later"))),
    right("retained", "the volume first: it waits for its claim", filled(volume_first)),
    right("retained", "the claims before their pods", filled(claims_first)),
    wrong(
        "retained", "the pods left alone", filled(ended(pods=False, object_too=False)), outcome=Outcome.NOT_ATTEMPTED
    ),
    wrong("retained", "the claim later left", filled(ended(later=False)), on="deleted"),
    wrong("retained", "the volume left", filled(ended(object_too=False)), on="object"),
    wrong("retained", "the policy changed to Delete", filled(ended(policy="Delete")), on="kept"),
    wrong("retained", "the file removed", filled(ended(files=True)), on="kept"),
    wrong("retained", "the claim data left", filled(data_left), on="released"),
]
