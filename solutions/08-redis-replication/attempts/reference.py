"""The steps of the solved lab, by checkpoint, for attempts to begin where they need to."""

from kitlib.authoring.attempts import Bench

MASTER, FIRST, SECOND = "redis-master-0", "redis-replica-0", "redis-replica-1"
FILL = "redis-cli eval \"for i = 1, 3000 do redis.call('set', 'key:' .. i, i) end\" 0"
LINKED = "until redis-cli info replication | grep -q master_link_status:up; do sleep 0.05; done"


def prepared(bench: Bench) -> None:
    bench.apply(bench.text("config"))
    bench.apply(bench.text("volumes"))


def master(bench: Bench) -> None:
    bench.apply(bench.text("master"))
    bench.ready("sts", "redis-master")
    bench.sh(MASTER, FILL)


def first_sync(bench: Bench) -> None:
    bench.apply(bench.text("replica"))
    scale(bench, 1)
    bench.sh(MASTER, "redis-cli incr ticks")
    bench.sh(FIRST, LINKED)


def two_replicas(bench: Bench) -> None:
    scale(bench, 2)
    bench.sh(SECOND, LINKED)
    bench.sh(SECOND, "redis-cli set mine 1")
    bench.apply(bench.text("disks"))
    bench.ready("pod", "disks")


def away(bench: Bench, written: str) -> None:
    scale(bench, 1)
    bench.sh(MASTER, written)
    scale(bench, 2)
    bench.sh(SECOND, LINKED)


def short_disconnect(bench: Bench) -> None:
    away(bench, "redis-cli set news fresh")


def backlog_overrun(bench: Bench) -> None:
    away(bench, "head -c 40000 /dev/zero | tr '\\0' x | redis-cli -x set filler")


def cascade(bench: Bench) -> None:
    bench.sh(SECOND, "redis-cli replicaof redis-replica-0.redis-replica 6379")
    bench.sh(SECOND, "sleep 0.2; " + LINKED)
    bench.sh(MASTER, "redis-cli set chain whole")


def master_replaced(bench: Bench) -> None:
    bench.sh(MASTER, f"redis-cli set writer {bench.uid('pod', MASTER)}; redis-cli wait 1 1000")
    bench.delete("pod", MASTER)
    bench.ready("pod", MASTER)
    bench.sh(FIRST, LINKED)
    bench.sh(SECOND, LINKED)


def acknowledged_and_lost(bench: Bench) -> None:
    bench.sh(MASTER, 'printf "SET order:1 paid\\nWAIT 1 1000\\nWAIT 2 100\\n" | redis-cli')
    bench.sh(FIRST, "redis-cli replicaof no one; redis-cli config resetstat")
    bench.sh(MASTER, 'printf "SET order:2 paid\\nWAIT 1 100\\n" | redis-cli')
    bench.sh(MASTER, "redis-cli replicaof redis-replica-0.redis-replica 6379")


def scale(bench: Bench, replicas: int) -> None:
    """Scale the replicas' set and wait until it is so."""
    bench.cluster.scale("sts", "redis-replica", replicas, namespace=bench.namespace)
    bench.ready("sts", "redis-replica")


MOVES = {
    "prepared": prepared,
    "master": master,
    "first-sync": first_sync,
    "two-replicas": two_replicas,
    "short-disconnect": short_disconnect,
    "backlog-overrun": backlog_overrun,
    "cascade": cascade,
    "master-replaced": master_replaced,
    "acknowledged-and-lost": acknowledged_and_lost,
}
