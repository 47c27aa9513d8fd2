"""Attempts at the last three checkpoints: what becomes of volumes."""

from kitlib.authoring.attempts import Bench, right, wrong
from kitlib.authoring.steps import after, delete
from kitlib.checks import Outcome

FILE = "/data/hello.txt"


def released(*steps):
    """Begin where disk-medium is Released."""

    def run(bench: Bench) -> None:
        bench.reach("claim-protected")
        bench.cluster.wait("pv", "disk-medium", until="Released")
        for step in steps:
            step(bench)

    return run


def claimed(*parts):
    """Begin with volumes and their claims, without any pod."""
    return after("smallest-fits", *parts)


def again(bench: Bench) -> None:
    bench.apply(bench.text("claim-again"))
    bench.cluster.wait("pvc", "data", namespace=bench.namespace, until="Pending")


def clear(bench: Bench) -> None:
    bench.patch("pv", "disk-medium", {"spec": {"claimRef": None}})


def clear_uid(bench: Bench) -> None:
    """Only the UID: the volume then waits for a claim of that name."""
    bench.patch("pv", "disk-medium", {"spec": {"claimRef": {"uid": None, "resourceVersion": None}}})


def recreate(bench: Bench) -> None:
    """Delete the volume and describe the same directory once more."""
    bench.delete("pv", "disk-medium")
    bench.apply(bench.text("volumes"))


def elsewhere(bench: Bench) -> None:
    """Describe another directory."""
    bench.delete("pv", "disk-medium")
    bench.apply(bench.text("volumes", ("/srv/lab-03/medium", "/srv/lab-03/fresh")))


def new_disk(bench: Bench) -> None:
    """Give the claim another volume."""
    _, medium, _ = bench.text("volumes").split("---")
    bench.apply(medium.replace("disk-medium", "disk-new").replace("/medium", "/new"))


def heir(*changes):
    def run(bench: Bench) -> None:
        bench.apply(bench.text("heir", *changes))

    return run


def forge(bench: Bench) -> None:
    """Nothing was written in time; the text is made up."""
    bench.ready("pod", "heir")
    bench.sh("heir", f"echo something > {FILE}")


def unwritten(bench: Bench) -> None:
    bench.reach("who-may-use")
    bench.delete("pvc", "data", wait=False)
    bench.delete("pod", "writer", wait=False)
    bench.delete("pod", "reader", wait=False)
    bench.cluster.wait("pvc", "data", namespace=bench.namespace, until="deleted")
    bench.cluster.wait("pv", "disk-medium", until="Released")


def scratch(bench: Bench) -> None:
    bench.apply(bench.text("scratch"))
    bench.ready("pod", "scratch")


def scratch_goes(bench: Bench) -> None:
    bench.delete("pod", "scratch")
    bench.delete("pvc", "scratch")


def fast_goes(bench: Bench) -> None:
    bench.delete("pvc", "fast")
    bench.cluster.wait("pv", "disk-fast", until="Failed")


def policy(name):
    return lambda bench: bench.patch("pv", name, {"spec": {"persistentVolumeReclaimPolicy": "Retain"}})


def unclaim(bench: Bench) -> None:
    bench.patch("pv", "disk-fast", {"spec": {"claimRef": None}})


def keep_scratch(bench: Bench) -> None:
    """Save the made volume too."""
    name = bench.cluster.get("pvc", "scratch", namespace=bench.namespace)["spec"]["volumeName"]
    policy(name)(bench)


def fast_anew(bench: Bench) -> None:
    bench.delete("pv", "disk-fast")
    bench.apply(bench.text("volume-fast", ("Policy: Delete", "Policy: Retain")))


def second(bench: Bench) -> None:
    _, _, last = bench.text("pods").split("---")
    bench.apply(last)
    bench.ready("pod", "second")


def doomed(kind, name):
    return lambda bench: bench.delete(kind, name, wait=False)


ATTEMPTS = [
    right("rebound", "only the UID cleared", released(again, clear_uid, heir())),
    right("rebound", "the volume described anew", released(again, recreate, heir())),
    right("rebound", "the pod first", released(again, heir(), clear)),
    wrong(
        "rebound",
        "cleared before the claim",
        released(clear, lambda b: b.apply(b.text("claim-again")), heir()),
        on="waited",
    ),
    wrong("rebound", "never cleared", released(again, heir()), on="rebound"),
    wrong("rebound", "another volume", released(again, new_disk, heir()), on="rebound"),
    wrong("rebound", "another directory", released(again, elsewhere, heir()), on="inherited"),
    wrong("rebound", "no pod that looks", released(again, clear), on="inherited"),
    wrong(
        "rebound",
        "the pod uses another claim",
        released(again, clear, heir(("claimName: data", "claimName: shared"))),
        on="inherited",
    ),
    wrong(
        "rebound",
        "nothing had been written",
        lambda b: [step(b) for step in (unwritten, again, clear, heir())],
        on="inherited",
    ),
    wrong(
        "rebound", "made up", lambda b: [step(b) for step in (unwritten, again, clear, heir(), forge)], on="inherited"
    ),
    wrong("rebound", "only cleared", released(clear), outcome=Outcome.NOT_ATTEMPTED),
    right(
        "delete-policy",
        "fast first, one change after the other",
        claimed(scratch, fast_goes, policy("disk-fast"), unclaim, scratch_goes),
    ),
    right("delete-policy", "described anew", claimed(scratch, scratch_goes, fast_goes, fast_anew)),
    wrong("delete-policy", "never repaired", claimed(scratch, scratch_goes, fast_goes), on="repaired"),
    wrong("delete-policy", "only cleared", claimed(scratch, scratch_goes, fast_goes, unclaim), on="repaired"),
    wrong(
        "delete-policy",
        "only the policy",
        claimed(scratch, scratch_goes, fast_goes, policy("disk-fast")),
        on="repaired",
    ),
    wrong(
        "delete-policy",
        "saved in time",
        claimed(scratch, scratch_goes, policy("disk-fast"), delete("pvc", "fast"), unclaim),
        on="failed",
    ),
    wrong("delete-policy", "only fast", claimed(scratch, fast_goes, policy("disk-fast"), unclaim), on="gone"),
    wrong(
        "delete-policy",
        "the made one kept",
        claimed(scratch, keep_scratch, scratch_goes, fast_goes, policy("disk-fast"), unclaim),
        on="gone",
    ),
    wrong("delete-policy", "nothing deleted", claimed(scratch, policy("disk-fast")), outcome=Outcome.NOT_ATTEMPTED),
    right(
        "volume-protected",
        "claim before pod",
        claimed(second, doomed("pv", "disk-small"), doomed("pvc", "single"), delete("pod", "second")),
    ),
    right(
        "volume-protected",
        "checked at once",
        claimed(second, doomed("pv", "disk-small"), doomed("pvc", "single"), doomed("pod", "second")),
    ),
    wrong(
        "volume-protected",
        "the pod first",
        claimed(second, delete("pod", "second"), doomed("pv", "disk-small"), delete("pvc", "single")),
        on="while-bound",
    ),
    wrong(
        "volume-protected",
        "the claim first",
        claimed(second, delete("pod", "second"), delete("pvc", "single"), delete("pv", "disk-small")),
        on="while-bound",
    ),
    wrong("volume-protected", "only the volume", claimed(second, doomed("pv", "disk-small")), on="gone"),
    wrong(
        "volume-protected",
        "the claim stays",
        claimed(second, doomed("pv", "disk-small"), delete("pod", "second")),
        on="gone",
    ),
    wrong(
        "volume-protected",
        "only the claim",
        claimed(second, doomed("pvc", "single"), delete("pod", "second")),
        on="gone",
    ),
]
