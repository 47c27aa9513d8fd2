"""Attempts at the first three checkpoints: volumes, a class, claims."""

from kitlib.authoring.attempts import Bench, right, wrong
from kitlib.authoring.steps import after, apply
from kitlib.checks import Outcome


def volumes(*changes):
    return lambda bench: bench.apply(bench.text("volumes", *changes))


def waits(bench: Bench) -> None:
    """The claim of the class fast, as the lab gives it, and a look at it."""
    bench.apply(bench.text("claim-fast"))
    bench.cluster.wait("pvc", "fast", namespace=bench.namespace, until="Pending")


def another_claim(bench: Bench) -> None:
    """Give up the claim, and make it anew with the other class."""
    bench.delete("pvc", "fast")
    bench.apply(bench.text("claim-fast", ("storageClassName: fast", "storageClassName: manual")))


def anew(bench: Bench) -> None:
    """The same claim, but deleted and made again."""
    bench.delete("pvc", "fast")
    bench.apply(bench.text("claim-fast"))
    bench.apply(bench.text("volume-fast"))


def relabelled(bench: Bench) -> None:
    """Give disk-medium to the class fast instead of making a volume."""
    bench.patch("pv", "disk-medium", {"spec": {"storageClassName": "fast"}})
    bench.apply(bench.text("volume-fast", ("storageClassName: fast", "storageClassName: manual")))


def edited(bench: Bench) -> None:
    """A first try with the wrong class, put right by a patch."""
    bench.apply(bench.text("volume-fast", ("storageClassName: fast", "storageClassName: quick")))
    bench.patch("pv", "disk-fast", {"spec": {"storageClassName": "fast"}})


def repeated(bench: Bench) -> None:
    """A claim that asks for too much, deleted and made again."""
    bench.apply(bench.text("claims", ("storage: 100Mi", "storage: 100Gi")))
    bench.delete("pvc", "data")
    bench.apply(bench.text("claims"))


def made_anew(bench: Bench) -> None:
    """A first claim with a mode too few, which takes its volume with it."""
    bench.apply(bench.text("claims", ('"ReadOnlyMany", ', "")))
    bench.cluster.wait("pvc", "shared", namespace=bench.namespace)
    bench.delete("pvc", "shared")
    bench.delete("pv", "disk-large")
    bench.apply(bench.text("volumes"))
    bench.apply(bench.text("claims"))


LATE = ("persistentVolumeReclaimPolicy: Retain", "claimRef: {name: other, namespace: default, uid: gone}")

ATTEMPTS = [
    right("three-volumes", "sizes in other words", volumes(("128Mi", "131072Ki"), ("256Mi", "0.25Gi"))),
    right(
        "three-volumes",
        "modes in another order",
        volumes(('["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany"]', "[ReadWriteMany, ReadWriteOnce, ReadOnlyMany]")),
    ),
    right("three-volumes", "Retain is the default", volumes(("  persistentVolumeReclaimPolicy: Retain\n", ""))),
    wrong("three-volumes", "megabytes", volumes(("128Mi", "128M")), on="offers"),
    wrong("three-volumes", "a mode forgotten", volumes((', "ReadOnlyMany"', "")), on="offers"),
    wrong("three-volumes", "no class", volumes(("  storageClassName: manual\n", "")), on="kind-of-disk"),
    wrong(
        "three-volumes",
        "the policy Delete",
        volumes(("persistentVolumeReclaimPolicy: Retain", "persistentVolumeReclaimPolicy: Delete")),
        on="kind-of-disk",
    ),
    wrong("three-volumes", "another directory", volumes(("/srv/lab-03/", "/data/")), on="kind-of-disk"),
    wrong("three-volumes", "reserved for somebody else", volumes(LATE), on="available"),
    wrong(
        "three-volumes",
        "only the first",
        lambda b: b.apply(b.text("volumes").partition("---")[0]),
        outcome=Outcome.NOT_ATTEMPTED,
    ),
    right("class-decides", "a first try put right", after("three-volumes", waits, edited)),
    right(
        "class-decides", "as many kibibytes", after("three-volumes", waits, apply("volume-fast", ("32Mi", "32768Ki")))
    ),
    wrong(
        "class-decides",
        "the volume first",
        after("three-volumes", apply("volume-fast"), apply("claim-fast")),
        on="waited",
    ),
    wrong(
        "class-decides",
        "the class of the others",
        after("three-volumes", waits, apply("volume-fast", ("storageClassName: fast", "storageClassName: manual"))),
        on="bound",
    ),
    wrong(
        "class-decides", "too small", after("three-volumes", waits, apply("volume-fast", ("32Mi", "3Mi"))), on="offer"
    ),
    wrong(
        "class-decides",
        "another mode",
        after("three-volumes", waits, apply("volume-fast", ("ReadWriteOnce", "ReadWriteMany"))),
        on="bound",
    ),
    wrong("class-decides", "the claim made anew", after("three-volumes", waits, anew), on="same-claim"),
    wrong("class-decides", "another disk given away", after("three-volumes", waits, relabelled), on="bound"),
    wrong(
        "class-decides", "another claim", after("three-volumes", waits, another_claim, apply("volume-fast")), on="bound"
    ),
    right("smallest-fits", "in other words", after("class-decides", apply("claims", ("100Mi", "102400Ki")))),
    right("smallest-fits", "a second try", after("class-decides", repeated)),
    right(
        "smallest-fits",
        "a selector is not needed, but right",
        after("class-decides", apply("claims", ("accessModes: [", "volumeMode: Filesystem\n  accessModes: ["))),
    ),
    right("smallest-fits", "a mode too few, then claim and volume made anew", after("class-decides", made_anew)),
    wrong(
        "smallest-fits",
        "too much",
        after("class-decides", apply("claims", ("storage: 100Mi", "storage: 300Mi"))),
        on="bound",
    ),
    wrong(
        "smallest-fits",
        "room for another one",
        after("class-decides", apply("claims", ("storage: 100Mi", "storage: 200Mi"))),
        on="asks",
    ),
    wrong(
        "smallest-fits",
        "no class: the default one",
        after("class-decides", apply("claims", ("  storageClassName: manual\n", ""))),
        on="bound",
    ),
    wrong(
        "smallest-fits", "a mode too few", after("class-decides", apply("claims", ('"ReadOnlyMany", ', ""))), on="asks"
    ),
    wrong(
        "smallest-fits",
        "the volume named",
        after(
            "class-decides",
            apply("claims", ("storage: 100Mi", "storage: 100Mi\n  volumeName: disk-medium")),
        ),
        on="chosen",
    ),
]
