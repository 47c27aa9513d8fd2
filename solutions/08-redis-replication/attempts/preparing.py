"""Attempts at the first three checkpoints: configuration and disks, the master, the first copy."""

from contextlib import suppress

from kitlib.authoring.attempts import Bench, right, wrong
from kitlib.checks import Outcome
from kitlib.client import ManifestError

MASTER, FIRST = "redis-master-0", "redis-replica-0"
FILL = "redis-cli eval \"for i = 1, 3000 do redis.call('set', 'key:' .. i, i) end\" 0"
REPLICAOF = "replicaof redis-master-0.redis-master 6379"
SERVE_ALL = "            items:\n              - key: {}.conf\n                path: redis.conf\n"


def config(*changes):
    def steps(bench: Bench) -> None:
        bench.apply(bench.text("config", *changes))
        bench.apply(bench.text("volumes"))

    return steps


def volumes(*changes):
    def steps(bench: Bench) -> None:
        bench.apply(bench.text("config"))
        bench.apply(bench.text("volumes", *changes))

    return steps


def full_name(bench: Bench) -> None:
    config((".redis-master 6379", f".redis-master.{bench.namespace}.svc.cluster.local 6379"))(bench)


def given(bench: Bench) -> None:
    """Only what the lab's text gives."""
    head, _, _ = bench.text("config").partition("  replica.conf")
    bench.apply(head)
    bench.apply(bench.text("volumes").partition("---")[0])


def master(*changes, fill=True):
    """Make the master differently; only one that runs can be filled."""

    def steps(bench: Bench) -> None:
        bench.reach("prepared")
        bench.apply(bench.text("master", *changes))
        if fill:
            bench.ready("sts", "redis-master")
            bench.sh(MASTER, FILL)

    return steps


def as_deployment(bench: Bench) -> None:
    bench.reach("prepared")
    bench.apply(
        """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: redis-master}
        spec:
          selector: {matchLabels: {app: redis-master}}
          template:
            metadata: {labels: {app: redis-master}}
            spec: {containers: [{name: redis, image: "redis:6.2"}]}
        """
    )


def replica(*changes, count=1, ticks=True):
    """Make the replicas' set differently, and scale it."""

    def steps(bench: Bench) -> None:
        bench.reach("master")
        bench.apply(bench.text("replica", *changes))
        if count:
            bench.cluster.scale("sts", "redis-replica", count, namespace=bench.namespace)
            bench.ready("sts", "redis-replica")
        if ticks:
            bench.sh(MASTER, "redis-cli incr ticks")

    return steps


def given_replica(bench: Bench) -> None:
    """The replicas' set as the lab's text gives it."""
    text = bench.text(
        "replica",
        ("  serviceName: redis-replica\n  replicas: 0\n", ""),
        ("          configMap:\n            name: redis-config\n", ""),
        (SERVE_ALL.format("replica"), ""),
    )
    bench.reach("master")
    with suppress(ManifestError):  # The set is refused: its container mounts a volume that nobody describes.
        bench.apply(text.partition("  volumeClaimTemplates:")[0])


def with_config(*changes):
    """Take a wrong configuration along."""

    def steps(bench: Bench) -> None:
        replica(count=0)(bench)
        bench.apply(bench.text("config", *changes))
        bench.cluster.scale("sts", "redis-replica", 1, namespace=bench.namespace)
        bench.ready("sts", "redis-replica")

    return steps


ATTEMPTS = [
    right("prepared", "sizes in bytes, and a comment", config(("16kb", "16384\n    # the smallest"))),
    right("prepared", "the master by its full name", full_name),
    right("prepared", "the older word", config(("replicaof", "slaveof"))),
    wrong("prepared", "a larger backlog", config(("16kb", "1mb")), on="master-conf"),
    wrong("prepared", "thousands", config(("16kb", "16k")), on="master-conf"),
    wrong("prepared", "whom to follow forgotten", config((f"    {REPLICAOF}\n", "")), on="replica-conf"),
    wrong("prepared", "a colon", config((REPLICAOF, REPLICAOF.replace(" ", ": ", 1))), on="replica-conf"),
    wrong("prepared", "the Service's name", config(("redis-master-0.redis-master", "redis-master")), on="replica-conf"),
    wrong("prepared", "no class", volumes(("  storageClassName: redis\n", "")), on="volumes"),
    wrong(
        "prepared", "one directory for all", volumes(("lab-08/b", "lab-08/a"), ("lab-08/c", "lab-08/a")), on="volumes"
    ),
    wrong("prepared", "the policy Delete", volumes(("Policy: Retain", "Policy: Delete")), on="volumes"),
    wrong("prepared", "only what was given", given, outcome=Outcome.NOT_ATTEMPTED),
    right("master", "one replica is the default", master(("  replicas: 1\n", ""))),
    right(
        "master",
        "a read-only mount, the same size in other words",
        master(("mountPath: /etc/redis", "mountPath: /etc/redis\n              readOnly: true"), ("64Mi", "65536Ki")),
    ),
    wrong("master", "an ordinary Service", master(("  clusterIP: None\n", "")), on="named"),
    wrong("master", "another serviceName", master(("serviceName: redis-master", "serviceName: redis")), on="named"),
    wrong("master", "the whole ConfigMap", master((SERVE_ALL.format("master"), ""), fill=False), on="item"),
    wrong("master", "the replicas' item", master(("key: master.conf", "key: replica.conf"), fill=False), on="item"),
    wrong("master", "the default class", master(("        storageClassName: redis\n", "")), on="disk"),
    wrong("master", "too large a claim", master(("storage: 64Mi", "storage: 64Gi"), fill=False), on="disk"),
    wrong("master", "no keys", master(fill=False), on="data"),
    wrong("master", "a Deployment", as_deployment, outcome=Outcome.NOT_ATTEMPTED),
    right("first-sync", "two at once", replica(count=2)),
    right("first-sync", "one from the beginning", replica(("  replicas: 0\n", "  replicas: 1\n"), count=1)),
    wrong("first-sync", "the master's item", replica(("key: replica.conf", "key: master.conf")), on="set"),
    wrong(
        "first-sync",
        "the master's Service",
        replica(("serviceName: redis-replica", "serviceName: redis-master")),
        on="set",
    ),
    wrong("first-sync", "still none", replica(count=0), on="full"),
    wrong("first-sync", "nothing written", replica(ticks=False), on="buffered"),
    wrong(
        "first-sync",
        "a master of another name",
        with_config(("redis-master-0.redis-master", "redis-master-1.redis-master")),
        on="attached",
    ),
    wrong("first-sync", "only what was given", given_replica, outcome=Outcome.NOT_ATTEMPTED),
]
