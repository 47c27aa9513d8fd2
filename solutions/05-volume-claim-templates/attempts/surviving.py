"""Attempts at the last two checkpoints: a pod is replaced, a set is deleted."""

from kitlib.authoring.attempts import Bench, right, wrong
from kitlib.authoring.steps import after
from kitlib.checks import Outcome

FILE = "/usr/share/nginx/html/writer.txt"


def from_two(*steps):
    """Begin with two running replicas: the checkpoint needs no more."""

    def run(bench: Bench) -> None:
        bench.reach("two-replicas")
        for step in steps:
            step(bench)

    return run


def from_three(*parts):
    return after("scale-up", *parts)


def write(bench: Bench) -> None:
    bench.sh("web-1", f"echo {bench.uid('pod', 'web-1')} > {FILE}")


def write_elsewhere(bench: Bench) -> None:
    bench.sh("web-1", f"echo {bench.uid('pod', 'web-1')} > /tmp/writer.txt")


def write_a_name(bench: Bench) -> None:
    bench.sh("web-1", f"hostname > {FILE}")


def write_in_web_0(bench: Bench) -> None:
    bench.sh("web-0", f"echo {bench.uid('pod', 'web-1')} > {FILE}")


def replace(bench: Bench) -> None:
    bench.delete("pod", "web-1")
    bench.ready("pod", "web-1")


def delete_only(bench: Bench) -> None:
    bench.delete("pod", "web-1", wait=False)


def forge(bench: Bench) -> None:
    """Write the former pod's UID when it is too late."""
    former = bench.uid("pod", "web-1")
    replace(bench)
    bench.pause(1.2)
    bench.sh("web-1", f"echo {former} > {FILE}")


def with_its_claim(bench: Bench) -> None:
    """The claim goes with the pod; both come back, empty."""
    bench.delete("pvc", "www-web-1", wait=False)
    replace(bench)


def scaled_away(bench: Bench) -> None:
    bench.scale(1)


def delete_set(bench: Bench) -> None:
    bench.delete("sts", "web")


def web_1_gone(bench: Bench) -> None:
    bench.cluster.wait("pod", "web-1", namespace=bench.namespace, until="deleted")


def keep_pods(bench: Bench) -> None:
    bench.delete("sts", "web", propagation="Orphan")


def foreground(bench: Bench) -> None:
    bench.delete("sts", "web", propagation="Foreground")


def create_again(bench: Bench) -> None:
    bench.apply(bench.text("statefulset"))


def delete_claim(bench: Bench) -> None:
    bench.delete("pvc", "www-web-2")


def delete_claims(bench: Bench) -> None:
    for ordinal in range(3):
        bench.delete("pvc", f"www-web-{ordinal}")


def delete_with_policy(bench: Bench) -> None:
    bench.patch("sts", "web", {"spec": {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"}}})
    bench.pause(0.5)
    delete_set(bench)
    for ordinal in range(3):
        bench.cluster.wait("pvc", f"www-web-{ordinal}", namespace=bench.namespace, until="deleted")


def scale_to_none(bench: Bench) -> None:
    bench.scale(0)


ATTEMPTS = [
    right("pod-replaced", "checked at once", from_two(write, delete_only)),
    right("pod-replaced", "replaced twice", from_two(write, replace, write, replace)),
    right("pod-replaced", "by scaling down and up", from_two(write, scaled_away, lambda b: b.scale(2))),
    wrong("pod-replaced", "nothing written", from_two(replace), on="file-survived"),
    wrong("pod-replaced", "written too late", from_two(replace, write), on="file-survived"),
    wrong("pod-replaced", "forged afterwards", from_two(forge), on="file-survived"),
    wrong("pod-replaced", "written beside the volume", from_two(write_elsewhere, replace), on="file-survived"),
    wrong("pod-replaced", "the wrong text", from_two(write_a_name, replace), on="file-survived"),
    wrong("pod-replaced", "in the wrong pod", from_two(write_in_web_0, replace), on="file-survived"),
    wrong("pod-replaced", "its claim deleted too", from_two(write, with_its_claim), on="same-claim"),
    wrong("pod-replaced", "only scaled away", from_two(write, scaled_away), on="another-pod"),
    wrong("pod-replaced", "the set deleted instead", from_two(write, delete_set, web_1_gone), on="another-ip"),
    wrong("pod-replaced", "only written", from_two(write), outcome=Outcome.NOT_ATTEMPTED),
    right("claims-outlive-set", "in the foreground", from_three(foreground)),
    right("claims-outlive-set", "emptied first", from_three(scale_to_none, delete_set)),
    wrong("claims-outlive-set", "the pods left as orphans", from_three(keep_pods), on="pods-gone"),
    wrong("claims-outlive-set", "one claim deleted too", from_three(delete_set, delete_claim), on="claims-kept"),
    wrong("claims-outlive-set", "everything deleted", from_three(delete_set, delete_claims), on="claims-kept"),
    wrong("claims-outlive-set", "a policy that deletes claims", from_three(delete_with_policy), on="claims-kept"),
    wrong("claims-outlive-set", "created again", from_three(delete_set, create_again), on="set-deleted"),
    wrong("claims-outlive-set", "only scaled to none", from_three(scale_to_none), outcome=Outcome.NOT_ATTEMPTED),
]
