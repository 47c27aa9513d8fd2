"""The steps of the solved lab, by checkpoint, for attempts to begin where they need to."""

from kitlib.authoring.attempts import Bench
from kitlib.client.readiness import pod_ready

SWITCH = "/usr/share/nginx/html/broken"


def not_ready(found):
    return found is not None and not pod_ready(found)


def break_pod(bench: Bench, name: str = "web-0") -> None:
    bench.sh(name, f"touch {SWITCH}")
    bench.cluster.wait("pod", name, namespace=bench.namespace, until=not_ready)


def repair_pod(bench: Bench, name: str = "web-0") -> None:
    bench.sh(name, f"rm {SWITCH}")
    bench.ready("pod", name)


def ask_for(bench: Bench, replicas: int) -> None:
    bench.cluster.scale("sts", "web", replicas, namespace=bench.namespace)


def gone(bench: Bench, kind: str, name: str) -> None:
    bench.cluster.wait(kind, name, namespace=bench.namespace, until="deleted")


def retention(bench: Bench, **policy: str) -> None:
    bench.patch("sts", "web", {"spec": {"persistentVolumeClaimRetentionPolicy": policy}})


def out(bench: Bench) -> None:
    bench.apply(bench.text("statefulset"))
    bench.ready()
    bench.scale(3)


def back_in(bench: Bench) -> None:
    bench.scale(1)


def blocked_out(bench: Bench) -> None:
    break_pod(bench)
    ask_for(bench, 3)
    bench.pause(0.7)
    repair_pod(bench)
    bench.ready()


def blocked_in(bench: Bench) -> None:
    break_pod(bench)
    ask_for(bench, 2)
    bench.pause(0.7)
    repair_pod(bench)
    gone(bench, "pod", "web-2")


def adopt(bench: Bench) -> None:
    bench.delete("sts", "web", propagation="Orphan")
    bench.apply(bench.text("parallel"))
    bench.ready()


def parallel(bench: Bench) -> None:
    bench.scale(5)
    bench.scale(2)


def when_scaled(bench: Bench) -> None:
    bench.scale(3)
    retention(bench, whenScaled="Delete")
    ask_for(bench, 2)
    gone(bench, "pvc", "www-web-2")
    bench.scale(3)


def start(bench: Bench) -> None:
    retention(bench, whenScaled="Retain")
    bench.patch("sts", "web", {"spec": {"ordinals": {"start": 3}}})
    bench.ready()
    for name in ("web-0", "web-1", "web-2"):
        gone(bench, "pod", name)


def removal(bench: Bench) -> None:
    retention(bench, whenDeleted="Delete")
    bench.pause(0.5)
    bench.scale(0)
    bench.delete("sts", "web")
    gone(bench, "pvc", "www-web-5")


MOVES = {
    "ordered-out": out,
    "ordered-in": back_in,
    "blocked-out": blocked_out,
    "blocked-in": blocked_in,
    "adopted": adopt,
    "parallel": parallel,
    "when-scaled": when_scaled,
    "start-at-three": start,
    "graceful-removal": removal,
}
