"""Attempts at the last two checkpoints: the master's pod is replaced, and a write is lost."""

from kitlib.authoring.attempts import Bench, right, wrong
from kitlib.authoring.steps import after, sh
from kitlib.checks import Outcome

MASTER, FIRST, SECOND = "redis-master-0", "redis-replica-0", "redis-replica-1"
HOST = "redis-replica-0.redis-replica"
LINKED = "until redis-cli info replication | grep -q master_link_status:up; do sleep 0.05; done"
SETTLED = f"sleep 0.3; {LINKED}"


def copies(*parts):
    """Begin with a master and two replicas."""
    return after("two-replicas", *parts)


def chain(*steps):
    """Begin with a copy of a copy."""
    return copies(sh(SECOND, f"redis-cli replicaof {HOST} 6379; {SETTLED}"), *steps)


def write(bench: Bench) -> None:
    bench.sh(MASTER, f"redis-cli set writer {bench.uid('pod', MASTER)}")


def replace(bench: Bench) -> None:
    bench.delete("pod", MASTER)
    bench.ready("pod", MASTER)


def scaled_away_and_back(bench: Bench) -> None:
    for count in (0, 1):
        bench.cluster.scale("sts", "redis-master", count, namespace=bench.namespace)
        bench.ready("sts", "redis-master")


def replicas_too(bench: Bench) -> None:
    for pod in (FIRST, SECOND):
        bench.delete("pod", pod)
    bench.ready("sts", "redis-replica")


def with_its_claim(bench: Bench) -> None:
    bench.delete("pvc", f"data-{MASTER}", wait=False)
    bench.delete("pod", MASTER)


def delete_set(bench: Bench) -> None:
    bench.delete("sts", "redis-master")
    bench.cluster.wait("pod", MASTER, namespace=bench.namespace, until="deleted")


ONE = sh(MASTER, 'printf "SET order:1 paid\\nWAIT 1 1000\\nWAIT 2 100\\n" | redis-cli')
TWO = sh(MASTER, 'printf "SET order:2 paid\\nWAIT 1 100\\n" | redis-cli')
PROMOTE = sh(FIRST, "redis-cli replicaof no one; redis-cli config resetstat")
JOIN = sh(MASTER, f"redis-cli replicaof {HOST} 6379")

ATTEMPTS = [
    right("master-replaced", "without a chain", copies(write, replace)),
    right("master-replaced", "checked at once", copies(write, lambda b: b.delete("pod", MASTER, wait=False))),
    right("master-replaced", "scaled away and back", copies(write, scaled_away_and_back)),
    wrong("master-replaced", "nothing written", copies(replace), on="data"),
    wrong("master-replaced", "written too late", copies(replace, write), on="data"),
    wrong(
        "master-replaced",
        "nothing saved",
        copies(write, sh(MASTER, "redis-cli config set save ''"), replace),
        on="data",
    ),
    wrong("master-replaced", "the replicas deleted too", copies(write, replace, replicas_too), on="by-name"),
    wrong("master-replaced", "its claim deleted too", copies(write, with_its_claim), on="another-pod"),
    wrong("master-replaced", "the set deleted", copies(write, delete_set), on="another-pod"),
    wrong("master-replaced", "only written", copies(write), outcome=Outcome.NOT_ATTEMPTED),
    right(
        "acknowledged-and-lost", "counters not reset", chain(ONE, sh(FIRST, "redis-cli replicaof no one"), TWO, JOIN)
    ),
    right("acknowledged-and-lost", "written twice", chain(ONE, PROMOTE, TWO, TWO, JOIN)),
    wrong(
        "acknowledged-and-lost",
        "nobody asked",
        chain(sh(MASTER, "redis-cli set order:1 paid"), PROMOTE, sh(MASTER, "redis-cli set order:2 paid"), JOIN),
        on="waited",
    ),
    wrong("acknowledged-and-lost", "order:1 forgotten", chain(PROMOTE, TWO, JOIN), on="kept"),
    wrong("acknowledged-and-lost", "written before the failover", chain(ONE, TWO, PROMOTE, JOIN), on="lost"),
    wrong("acknowledged-and-lost", "nothing written meanwhile", chain(ONE, PROMOTE, JOIN), on="lost"),
    wrong("acknowledged-and-lost", "the old master left alone", chain(ONE, PROMOTE, TWO), on="roles"),
    wrong(
        "acknowledged-and-lost",
        "back to the old master",
        chain(ONE, PROMOTE, TWO, sh(FIRST, "redis-cli replicaof redis-master-0.redis-master 6379")),
        outcome=Outcome.NOT_ATTEMPTED,
    ),
]
