"""Attempts at the checkpoints about two replicas, about short and long absences, and about a copy of a copy."""

from kitlib.authoring.attempts import Bench, right, wrong
from kitlib.authoring.steps import after, sh
from kitlib.checks import Outcome

MASTER, FIRST, SECOND = "redis-master-0", "redis-replica-0", "redis-replica-1"
LINKED = "until redis-cli info replication | grep -q master_link_status:up; do sleep 0.05; done"
FILLER = "head -c {} /dev/zero | tr '\\0' x | redis-cli -x set filler"
NEWS, FULL = "redis-cli set news fresh", FILLER.format(40000)
HOST = "redis-replica-0.redis-replica"


def scale(replicas):
    def step(bench: Bench) -> None:
        bench.cluster.scale("sts", "redis-replica", replicas, namespace=bench.namespace)
        bench.ready("sts", "redis-replica")

    return step


def two(bench: Bench) -> None:
    scale(2)(bench)
    bench.sh(SECOND, LINKED)


def disks(*changes):
    def step(bench: Bench) -> None:
        bench.apply(bench.text("disks", *changes))
        bench.ready("pod", "disks")

    return step


def three(bench: Bench) -> None:
    bench.cluster.scale("sts", "redis-replica", 3, namespace=bench.namespace)


def delete(bench: Bench) -> None:
    bench.delete("pod", SECOND)
    bench.ready("sts", "redis-replica")


def delete_claim(bench: Bench) -> None:
    scale(1)(bench)
    bench.delete("pvc", f"data-{SECOND}")
    bench.cluster.scale("sts", "redis-replica", 2, namespace=bench.namespace)


def by_address(bench: Bench) -> None:
    pod = bench.cluster.get("pod", FIRST, namespace=bench.namespace)
    bench.sh(SECOND, f"redis-cli replicaof {pod['status']['podIP']} 6379")


def by_full_name(bench: Bench) -> None:
    bench.sh(SECOND, f"redis-cli replicaof {HOST}.{bench.namespace}.svc.cluster.local 6379")


WRITE = sh(SECOND, "redis-cli set mine 1")

ATTEMPTS = [
    right("two-replicas", "another command", after("first-sync", two, sh(SECOND, "redis-cli incr mine"), disks())),
    right("two-replicas", "the files first", after("first-sync", disks(), two, WRITE)),
    wrong("two-replicas", "no write tried", after("first-sync", two, disks()), on="read-only"),
    wrong(
        "two-replicas",
        "written at the master",
        after("first-sync", two, sh(MASTER, "redis-cli set mine 1"), disks()),
        on="read-only",
    ),
    wrong("two-replicas", "no pod to look", after("first-sync", two, WRITE), on="on-disk"),
    wrong(
        "two-replicas",
        "another directory",
        after("first-sync", two, WRITE, disks(("/srv/lab-08", "/srv/lab-80"))),
        on="on-disk",
    ),
    wrong("two-replicas", "three replicas", after("first-sync", two, WRITE, disks(), three), on="attached"),
    wrong(
        "two-replicas",
        "made writable by promotion",
        after("first-sync", two, WRITE, disks(), sh(SECOND, "redis-cli replicaof no one; redis-cli set mine 1")),
        on="same-keys",
    ),
    wrong("two-replicas", "one only", after("first-sync", disks()), outcome=Outcome.NOT_ATTEMPTED),
    right("short-disconnect", "the pod deleted", after("two-replicas", delete, sh(MASTER, NEWS))),
    right(
        "short-disconnect",
        "another value",
        after("two-replicas", scale(1), sh(MASTER, "redis-cli set news 42"), scale(2)),
    ),
    wrong("short-disconnect", "never back", after("two-replicas", scale(1), sh(MASTER, NEWS)), on="back"),
    wrong("short-disconnect", "the claim deleted too", after("two-replicas", delete_claim), on="back"),
    wrong(
        "short-disconnect",
        "too much written",
        after("two-replicas", scale(1), sh(MASTER, FULL), scale(2)),
        on="partial",
    ),
    wrong("short-disconnect", "nothing written", after("two-replicas", scale(1), scale(2)), on="news"),
    wrong("short-disconnect", "only written", after("two-replicas", sh(MASTER, NEWS)), outcome=Outcome.NOT_ATTEMPTED),
    right(
        "backlog-overrun",
        "other writes beside it",
        after("short-disconnect", scale(1), sh(MASTER, FULL), sh(MASTER, "redis-cli set more 1"), scale(2)),
    ),
    right(
        "backlog-overrun",
        "as an argument",
        after("short-disconnect", scale(1), sh(MASTER, "redis-cli set filler $(printf %040000d 0)"), scale(2)),
    ),
    wrong(
        "backlog-overrun",
        "written too early",
        after("short-disconnect", sh(MASTER, FULL), scale(1), scale(2)),
        on="full-again",
    ),
    wrong(
        "backlog-overrun",
        "too little",
        after("short-disconnect", scale(1), sh(MASTER, FILLER.format(4000)), scale(2)),
        on="arrived",
    ),
    wrong("backlog-overrun", "never back", after("short-disconnect", scale(1), sh(MASTER, FULL)), on="back"),
    wrong(
        "backlog-overrun",
        "a larger backlog",
        after(
            "short-disconnect",
            sh(MASTER, "redis-cli config set repl-backlog-size 1mb"),
            scale(1),
            sh(MASTER, FULL),
            scale(2),
        ),
        on="backlog",
    ),
    wrong("backlog-overrun", "nothing at all", after("short-disconnect"), outcome=Outcome.NOT_ATTEMPTED),
    right("cascade", "by the full name", after("two-replicas", by_full_name)),
    right("cascade", "the older word", after("two-replicas", sh(SECOND, f"redis-cli slaveof {HOST} 6379"))),
    wrong("cascade", "by its address", after("two-replicas", by_address), on="end"),
    wrong(
        "cascade",
        "no such name",
        after("two-replicas", sh(SECOND, f"redis-cli replicaof {FIRST}.redis-master 6379")),
        on="end",
    ),
    wrong(
        "cascade",
        "the other way round",
        after("two-replicas", sh(FIRST, "redis-cli replicaof redis-replica-1.redis-replica 6379")),
        on="end",
    ),
    wrong(
        "cascade",
        "the one in the middle promoted",
        after("two-replicas", sh(SECOND, f"redis-cli replicaof {HOST} 6379"), sh(FIRST, "redis-cli replicaof no one")),
        on="middle",
    ),
    wrong("cascade", "cut off", after("two-replicas", sh(SECOND, "redis-cli replicaof no one")), on="middle"),
    wrong(
        "cascade",
        "the first one on its own",
        after("two-replicas", sh(FIRST, "redis-cli replicaof no one"), sh(SECOND, f"redis-cli replicaof {HOST} 6379")),
        on="top",
    ),
]
