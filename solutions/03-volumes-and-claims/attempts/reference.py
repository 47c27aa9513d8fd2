"""The steps of the solved lab, by checkpoint, for attempts to begin where they need to."""

from kitlib.authoring.attempts import Bench

FILE = "/data/hello.txt"


def three_volumes(bench: Bench) -> None:
    bench.apply(bench.text("volumes"))
    for name in ("disk-small", "disk-medium", "disk-large"):
        bench.cluster.wait("pv", name, until="Available")


def class_decides(bench: Bench) -> None:
    bench.apply(bench.text("claim-fast"))
    bench.cluster.wait("pvc", "fast", namespace=bench.namespace, until="Pending")
    bench.apply(bench.text("volume-fast"))
    bench.ready("pvc", "fast")


def smallest_fits(bench: Bench) -> None:
    bench.apply(bench.text("claims"))
    for name in ("data", "shared", "single"):
        bench.ready("pvc", name)


def who_may_use(bench: Bench) -> None:
    bench.apply(bench.text("pods"))
    bench.ready("pod", "writer")
    bench.ready("pod", "reader")


def claim_protected(bench: Bench) -> None:
    bench.sh("writer", f"echo {bench.uid('pod', 'writer')} > {FILE}")
    bench.delete("pvc", "data", wait=False)
    bench.delete("pod", "writer", wait=False)
    bench.delete("pod", "reader", wait=False)
    bench.cluster.wait("pvc", "data", namespace=bench.namespace, until="deleted")


def rebound(bench: Bench) -> None:
    bench.cluster.wait("pv", "disk-medium", until="Released")
    bench.apply(bench.text("claim-again"))
    bench.cluster.wait("pvc", "data", namespace=bench.namespace, until="Pending")
    bench.patch("pv", "disk-medium", {"spec": {"claimRef": None}})
    bench.ready("pvc", "data")
    bench.apply(bench.text("heir"))
    bench.ready("pod", "heir")


def scratch(bench: Bench) -> None:
    bench.apply(bench.text("scratch"))
    bench.ready("pod", "scratch")


def delete_policy(bench: Bench) -> None:
    scratch(bench)
    bench.delete("pod", "scratch")
    bench.delete("pvc", "scratch")
    bench.delete("pvc", "fast")
    bench.cluster.wait("pv", "disk-fast", until="Failed")
    bench.patch("pv", "disk-fast", {"spec": {"persistentVolumeReclaimPolicy": "Retain", "claimRef": None}})


def volume_protected(bench: Bench) -> None:
    bench.ready("pod", "second")
    bench.delete("pv", "disk-small", wait=False)
    bench.delete("pod", "second")
    bench.delete("pvc", "single")


MOVES = {
    "three-volumes": three_volumes,
    "class-decides": class_decides,
    "smallest-fits": smallest_fits,
    "who-may-use": who_may_use,
    "claim-protected": claim_protected,
    "rebound": rebound,
    "delete-policy": delete_policy,
    "volume-protected": volume_protected,
}
