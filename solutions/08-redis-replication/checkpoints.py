"""What lab 08 checks, what it is worth, and the hints."""

from kitlib.checks import Checkpoint, Criterion, Finding, Mode, Observation, Probe, met, pending, unmet
from kitlib.checks.combining import every
from kitlib.checks.levels import claims_bound, governed_by, replicas_ready, service_headless
from kitlib.checks.redis import (
    attached,
    configured,
    counted,
    follows,
    info,
    info_probe,
    key_probe,
    not_heard,
    same_value,
    value,
    values_are,
)
from kitlib.checks.traces import claims_kept
from kitlib.checks.volumes import volumes_are, volumes_offer
from kitlib.lab import LabSpec, Prediction

MASTER, FIRST, SECOND = "redis-master-0", "redis-replica-0", "redis-replica-1"
PODS = (MASTER, FIRST, SECOND)
MASTER_HOST, FIRST_HOST = "redis-master-0.redis-master", "redis-replica-0.redis-replica"
DISKS = ("redis-a", "redis-b", "redis-c")
OFFERS = tuple((disk, "64Mi", ("ReadWriteOnce",)) for disk in DISKS)
COMMON = (
    ("dir", "/data"),
    ("save", "3600", "1"),
    ("protected-mode", "no"),
    ("repl-backlog-size", "16kb"),
    ("repl-diskless-sync", "no"),
)
FILE, FOLDER, CLASS = "/etc/redis/redis.conf", "/etc/redis", "redis"
SNAPSHOTS = ("sh", "-c", "for file in /srv/*/dump.rdb; do head -c 5 $file; echo; done")


def own_directories(observation: Observation) -> Finding:
    wanted = "each volume has a directory of its own"
    found = [observation.find("PersistentVolume", disk) or {} for disk in DISKS]
    paths = [((one.get("spec") or {}).get("hostPath") or {}).get("path", "none").rstrip("/") for one in found]
    return (met if len(set(paths)) == len(DISKS) else unmet)(", ".join(paths), wanted)


def given_only(observation: Observation) -> bool:
    """Whether there is no more than what the lab's text gives."""
    config = observation.find("ConfigMap", "redis-config") or {}
    return "replica.conf" not in (config.get("data") or {}) and observation.find("PersistentVolume", "redis-b") is None


def item_mounted(stateful_set: str, key: str):
    """Want a set whose container sees that key of redis-config, and no other, as redis.conf."""

    def test(observation: Observation) -> Finding:
        wanted = f"of redis-config only the item {key}, as redis.conf in {FOLDER}"
        found = observation.find("StatefulSet", stateful_set)
        if found is None:
            return unmet(f"no StatefulSet {stateful_set}", wanted)
        pod = found["spec"]["template"]["spec"]
        at = {m["name"]: m["mountPath"].rstrip("/") for c in pod["containers"] for m in c.get("volumeMounts") or []}
        for volume in pod.get("volumes") or []:
            source = volume.get("configMap") or {}
            if source.get("name") == "redis-config":
                items = [f"{item['key']} as {item['path']}" for item in source.get("items") or []]
                seen = f"{', '.join(items) or 'every key'} in {at.get(volume['name'], 'no folder')}"
                right = items == [f"{key} as redis.conf"] and at.get(volume["name"]) == FOLDER
                return (met if right else unmet)(seen, wanted)
        return unmet("redis-config is not mounted", wanted)

    return test


def of_class(claims: tuple[str, ...]):
    """Want claims of the class redis, each Bound to one of the lab's volumes."""

    def test(observation: Observation) -> Finding:
        wanted = f"{', '.join(claims)}: class {CLASS}"
        seen = {name: (observation.find("PersistentVolumeClaim", name) or {}).get("spec", {}) for name in claims}
        shown = ", ".join(f"{name}: class {spec.get('storageClassName', 'none')}" for name, spec in seen.items())
        right = all(spec.get("storageClassName") == CLASS for spec in seen.values())
        return (met if right else unmet)(shown, wanted)

    return test


def master_filled(observation: Observation) -> Finding:
    wanted = f"{MASTER} is a master, reads {FILE}, and has 3000 keys"
    found = info(observation, MASTER)
    if not found:
        return not_heard(observation, MASTER, wanted)
    keys = keys_of(found)
    seen = f"role {found.get('role')}, configuration {found.get('config_file') or 'none'}, {keys} keys"
    right = found.get("role") == "master" and found.get("config_file") == FILE and keys >= 3000
    return (met if right else unmet)(seen, wanted)


def keys_of(found: dict[str, str]) -> int:
    """The number of keys of the first database; `db0:keys=3000,expires=0,avg_ttl=0`."""
    number = found.get("db0", "keys=0").split(",")[0].removeprefix("keys=")
    return int(number) if number.isdigit() else 0


def same_keys(observation: Observation) -> Finding:
    wanted = "master and replicas have the same number of keys, 3000 or more"
    counts = {}
    for pod in PODS:
        found = info(observation, pod)
        if not found:
            return not_heard(observation, pod, wanted)
        counts[pod] = keys_of(found)
    seen = ", ".join(f"{pod}: {count}" for pod, count in counts.items())
    alone = any(info(observation, pod).get("role") == "master" for pod in (FIRST, SECOND))
    same = counts[MASTER] >= 3000 and len(set(counts.values())) == 1
    return (met if same else unmet if alone or counts[MASTER] < 3000 else pending)(seen, wanted)


def write_refused(observation: Observation) -> Finding:
    wanted = f"{SECOND} has refused a write: errorstat_READONLY"
    test = counted(SECOND, (("errorstat_READONLY", 1),))
    found = test(observation)
    return Finding(found.state, found.observed, wanted)


def snapshots_on_disk(observation: Observation) -> Finding:
    wanted = "the pod disks sees a dump.rdb in three directories below /srv"
    probe = observation.probes["snapshots"]
    if probe.problem:
        return (pending if observation.find("Pod", "disks") else unmet)(probe.problem, wanted)
    count = probe.stdout.split().count("REDIS")
    return (met if count == 3 else unmet)(f"it sees {count} snapshots", wanted)


def came_back(pod: str, times: int):
    """Want a pod that was deleted so many times, and whose last successor is Ready, as each before it was."""

    def test(observation: Observation) -> Finding:
        again = "once" if times == 1 else f"{times} times"
        wanted = f"{pod} was Ready, went, and another pod of that name is Ready: {again} so far"
        lives = [life for life in observation.history.lives("Pod", pod) if life.ready()]
        seen = f"pods named {pod} that were Ready: " + (", then ".join(life.uid[:8] for life in lives) or "none")
        living = observation.history.living("Pod", pod)
        if len(lives) > times and living is not None and living.last.state.get("ready"):
            return met(seen, wanted)
        of, _, ordinal = pod.rpartition("-")
        found = observation.find("StatefulSet", of)
        promised = found is not None and int(ordinal) < found["spec"].get("replicas", 1)
        return (pending if promised and len(lives) >= times else unmet)(seen, wanted)

    return test


def filler_arrived(observation: Observation) -> Finding:
    wanted = f"filler has 40000 bytes in {MASTER} and in {SECOND}"
    lengths = {}
    for pod in (MASTER, SECOND):
        text = value(observation, pod, "filler")
        if text is None:
            return not_heard(observation, pod, wanted)
        lengths[pod] = len(text)
    seen = ", ".join(f"{pod}: {length} bytes" for pod, length in lengths.items())
    if lengths[MASTER] != 40000:
        return unmet(seen, wanted)
    return (met if lengths[SECOND] == 40000 else pending)(seen, wanted)


def backlog_is_small(observation: Observation) -> Finding:
    wanted = f"{MASTER} keeps a backlog of 16 KiB"
    found = info(observation, MASTER)
    if not found:
        return not_heard(observation, MASTER, wanted)
    size = found.get("repl_backlog_size", "0")
    return (met if size == str(16 * 1024) else unmet)(f"repl_backlog_size: {size}", wanted)


def writer_survived(observation: Observation) -> Finding:
    wanted = f"the key writer holds the UID of the former {MASTER}, in the master and at the end of the chain"
    former = [life.uid for life in observation.history.gone("Pod", MASTER)]
    has = {pod: value(observation, pod, "writer") for pod in (MASTER, SECOND)}
    for pod, text in has.items():
        if text is None:
            return not_heard(observation, pod, wanted)
    seen = ", ".join(f"{pod}: {(text or 'nothing')[:36]}" for pod, text in has.items())
    if has[MASTER] not in former:
        return unmet(seen, wanted)
    return (met if has[SECOND] == has[MASTER] else pending)(seen, wanted)


def replicas_stayed(observation: Observation) -> Finding:
    wanted = f"{FIRST} and {SECOND} are the pods that were there before the new {MASTER}"
    masters = observation.history.lives("Pod", MASTER)
    for pod in (FIRST, SECOND):
        living = observation.history.living("Pod", pod)
        if living is None or living.last.state.get("terminating"):
            return unmet(f"{pod} is gone", wanted)
        if len(masters) < 2 or living.first.revision > masters[-1].first.revision:
            what = "there was one master only" if len(masters) < 2 else f"{pod} was made after the new {MASTER}"
            return unmet(what, wanted)
    return met("they are", wanted)


def order_lost(observation: Observation) -> Finding:
    wanted = f"order:2 is nowhere, and {FIRST} has refused to continue a history that was not its own: sync_partial_err"
    gone = values_are(PODS, "order:2", "")(observation)
    refused = counted(FIRST, (("sync_partial_err", 1),))(observation)
    worst = gone if gone.state is not met("").state else refused
    # While the old master has not joined the new one yet, it still has the key.
    joining = info(observation, MASTER).get("master_link_status") == "down"
    if worst.state is unmet("").state and joining:
        return pending(worst.observed, wanted)
    return Finding(worst.state, f"{gone.observed}; {refused.observed}" if worst is refused else gone.observed, wanted)


def departures(observation: Observation, pod: str) -> int:
    """How many pods of that name were deleted, or are on their way out."""
    lives = observation.history.lives("Pod", pod)
    return sum(bool(life.ended or life.last.state.get("terminating")) for life in lives)


def replicas_begun(observation: Observation) -> bool:
    """Whether the replicas' set has more than what the lab's text gives."""
    spec = (observation.find("StatefulSet", "redis-replica") or {}).get("spec") or {}
    volumes = (spec.get("template") or {}).get("spec", {}).get("volumes") or []
    return bool(
        spec.get("serviceName") or spec.get("volumeClaimTemplates") or any("configMap" in one for one in volumes)
    )


def of_master(observation: Observation, pod: str) -> bool:
    """Whether redis in a pod is a replica of the master, as its configuration says."""
    return info(observation, pod).get("master_host", "").startswith(MASTER_HOST)


INFOS = tuple(map(info_probe, PODS))

PREPARED = Checkpoint(
    id="prepared",
    title="Two configurations, three disks",
    attempted=lambda o: not given_only(o),
    criteria=(
        Criterion(
            "master-conf",
            "The master's configuration",
            2,
            configured("redis-config", "master.conf", COMMON),
            "One ConfigMap can hold the files of several programs, a key each.",
        ),
        Criterion(
            "replica-conf",
            "The replicas' configuration",
            2,
            configured("redis-config", "replica.conf", (*COMMON, ("replicaof", MASTER_HOST, "6379"))),
            "The pod's name under its headless Service stays, whatever IP the pod has.",
        ),
        Criterion(
            "volumes",
            "Three volumes of the class redis",
            2,
            every(
                volumes_offer(OFFERS),
                volumes_are(DISKS, storage_class="redis", policy="Retain", folder="/srv/lab-08"),
                own_directories,
            ),
            "Master and replicas each need a disk of their own.",
        ),
    ),
    hints=(
        "The second key of the ConfigMap is written like the first one, at the same indentation.",
        "Compare the volumes with `redis-a`: name and path differ, nothing else.",
        "In a redis configuration a line is a word and what it is set to, with spaces between, and no colon or quotes.",
    ),
)

MASTER_SET = Checkpoint(
    id="master",
    covers=("serviceName", "replicas", "selector", "template", "volumeClaimTemplates"),
    title="A master with data",
    attempted=lambda o: o.find("StatefulSet", "redis-master") is not None,
    probes=(info_probe(MASTER),),
    criteria=(
        Criterion(
            "named",
            "The master has a name in DNS",
            2,
            every(service_headless("redis-master"), governed_by("redis-master", "redis-master")),
            "Replicas look for redis-master-0.redis-master.",
        ),
        Criterion(
            "item",
            "It sees its own configuration only",
            2,
            item_mounted("redis-master", "master.conf"),
            "With items, one ConfigMap serves several programs that all look for a file of the same name.",
        ),
        Criterion(
            "disk",
            "Its claim has one of your volumes",
            2,
            every(claims_bound(("data-redis-master-0",)), of_class(("data-redis-master-0",))),
            "Without a volume the data would go with the pod.",
        ),
        Criterion(
            "data",
            "redis runs, and has the keys",
            2,
            master_filled,
            "What is to be copied must be there first.",
        ),
    ),
    hints=(
        "`%kubectl describe pod redis-master-0` says what a pod waits for.",
        "`kubectl explain pod.spec.volumes.configMap.items` shows what an item is made of.",
        "A claim that stays Pending asks for a class that none of the volumes has; claim templates can't be changed later.",
    ),
)

FIRST_SYNC = Checkpoint(
    id="first-sync",
    covers=("serviceName", "replicas", "template", "volumeClaimTemplates"),
    title="The first copy",
    attempted=replicas_begun,
    probes=(*INFOS[:2], key_probe(MASTER, "ticks"), key_probe(FIRST, "ticks")),
    criteria=(
        Criterion(
            "set",
            "The replicas' set, with their configuration",
            2,
            every(governed_by("redis-replica", "redis-replica"), item_mounted("redis-replica", "replica.conf")),
            "The same image does another job with another file.",
        ),
        Criterion(
            "attached",
            "The replica follows the master by name",
            2,
            follows(FIRST, MASTER_HOST),
            "A link that is up means that the first copy is complete.",
        ),
        Criterion(
            "full",
            "The master has sent a full copy",
            1,
            counted(MASTER, (("sync_full", 1),)),
            "Who has nothing can only get everything.",
        ),
        Criterion(
            "buffered",
            "What was written meanwhile has arrived",
            2,
            every(follows(FIRST, MASTER_HOST), same_value((MASTER, FIRST), "ticks")),
            "The master keeps back what is not in the snapshot, and sends it after it.",
        ),
    ),
    hints=(
        "Compare the two manifests: names, labels, the item's key and the number of replicas differ.",
        "`%kubectl logs redis-replica-0` says whom it tries to reach, and what hinders it.",
        "No ticks? They are written by `watch_sync`: call it again, it ends when the replica has them.",
    ),
)

TWO = Checkpoint(
    id="two-replicas",
    covers=("replicas",),
    title="Two copies, read-only, on disk",
    attempted=lambda o: bool(o.history.lives("Pod", SECOND)),
    probes=(*INFOS, Probe("snapshots", "disks", SNAPSHOTS)),
    criteria=(
        Criterion(
            "attached",
            "Both replicas follow the master",
            2,
            every(
                replicas_ready("redis-replica", 2),
                follows(FIRST, MASTER_HOST),
                follows(SECOND, MASTER_HOST),
                attached(MASTER, 2, role="master"),
            ),
            "A set of replicas grows like any set, and each new pod finds its master by itself.",
        ),
        Criterion(
            "same-keys",
            "All three have the same keys",
            2,
            same_keys,
            "A copy is a copy of everything.",
        ),
        Criterion(
            "read-only",
            "A write at a replica was refused",
            2,
            write_refused,
            "If replicas took writes, copies would drift apart.",
        ),
        Criterion(
            "on-disk",
            "Each has a snapshot on its disk",
            2,
            snapshots_on_disk,
            "With a snapshot on its claim a replica need not begin again after a restart.",
        ),
    ),
    hints=(
        "Scale one set, and leave the other at one: there is only one master.",
        "A refused write shows an error and is counted; a read is not an error.",
        "The pod `disks` needs a volume of the node, not a claim; its path is the directory above the three. Does it see fewer"
        " than three? Then the pods are not all on one node.",
    ),
)

SHORT = Checkpoint(
    id="short-disconnect",
    covers=("replicas",),
    title="Away for a moment",
    attempted=lambda o: departures(o, SECOND) > 0,
    probes=(INFOS[0], INFOS[2], key_probe(MASTER, "news"), key_probe(SECOND, "news")),
    criteria=(
        Criterion(
            "back",
            "redis-replica-1 was away, and is back on its claim",
            2,
            every(came_back(SECOND, 1), claims_kept(("data-redis-replica-1",))),
            "The claim holds the data, and the offset up to which it is complete.",
            Mode.TRACE,
        ),
        Criterion(
            "partial",
            "The master has sent only what was missed",
            3,
            every(follows(SECOND, MASTER_HOST), counted(MASTER, (("sync_partial_ok", 1),))),
            "Continuing costs bytes; beginning again costs the whole database.",
        ),
        Criterion(
            "news",
            "What was written meanwhile is there",
            1,
            every(follows(SECOND, MASTER_HOST), same_value((MASTER, SECOND), "news")),
            "Continuing is only right if nothing is missing afterwards.",
        ),
    ),
    hints=(
        "One number has to change, and to change back; no claim is deleted.",
        "The counters are the master's: if its pod was replaced, they began at zero again.",
        "No partial resync? Then the replica had nothing to continue from, or more was written than the backlog holds.",
    ),
)

OVERRUN = Checkpoint(
    id="backlog-overrun",
    covers=("replicas",),
    title="Away for too long",
    attempted=lambda o: departures(o, SECOND) > 1 or bool(value(o, MASTER, "filler")),
    probes=(INFOS[0], INFOS[2], key_probe(MASTER, "filler"), key_probe(SECOND, "filler")),
    criteria=(
        Criterion(
            "back",
            "redis-replica-1 was away once more, and is back",
            1,
            came_back(SECOND, 2),
            "The cluster does the same as before: what differs is what redis has to do.",
            Mode.TRACE,
        ),
        Criterion(
            "backlog",
            "The backlog is small",
            1,
            backlog_is_small,
            "A larger one would have held what was written.",
        ),
        Criterion(
            "full-again",
            "The master had to send everything",
            3,
            every(follows(SECOND, MASTER_HOST), counted(MASTER, (("sync_full", 3), ("sync_partial_err", 1)))),
            "What has left the backlog can't be sent any more; only a full copy helps then.",
        ),
        Criterion(
            "arrived",
            "What was written meanwhile is there",
            2,
            every(follows(SECOND, MASTER_HOST), filler_arrived),
            "Slow is not lost: in the end the copy is complete.",
        ),
    ),
    hints=(
        "Write while the replica is away: not before, and not after.",
        "Compare how much was written with the size of the backlog.",
        "Look at `repl_backlog_first_byte_offset` on the master, and at the offset that the replica asks for in its log.",
    ),
)

CASCADE = Checkpoint(
    id="cascade",
    title="A copy of a copy",
    attempted=lambda o: any(info(o, pod) and not of_master(o, pod) for pod in (FIRST, SECOND)),
    probes=(*INFOS, key_probe(MASTER, "chain"), key_probe(SECOND, "chain")),
    criteria=(
        Criterion(
            "end",
            "redis-replica-1 follows redis-replica-0",
            2,
            follows(SECOND, FIRST_HOST),
            "To who follows it, a replica is a master.",
        ),
        Criterion(
            "middle",
            "redis-replica-0 follows the master, and has a replica",
            2,
            every(follows(FIRST, MASTER_HOST), attached(FIRST, 1, role="slave")),
            "The one in the middle passes on what it gets.",
        ),
        Criterion(
            "top",
            "The master has one replica only",
            1,
            attached(MASTER, 1, role="master"),
            "That is what it is for: fewer streams from the master.",
        ),
    ),
    hints=(
        "Who has to be told: the one who follows, or the one who is followed?",
        "The command takes host and port as two words; the host is the name of a pod under its Service.",
        "If the link stays down, look at the name: each of the two sets has a Service of its own.",
    ),
)

REPLACED = Checkpoint(
    id="master-replaced",
    title="The master's pod is replaced",
    attempted=lambda o: departures(o, MASTER) > 0,
    probes=(*INFOS, key_probe(MASTER, "writer"), key_probe(SECOND, "writer")),
    criteria=(
        Criterion(
            "another-pod",
            "redis-master-0 is back, on its claim",
            2,
            every(came_back(MASTER, 1), claims_kept(("data-redis-master-0",))),
            "Name and claim belong together; the pod may be any.",
            Mode.TRACE,
        ),
        Criterion(
            "data",
            "The data survived",
            3,
            writer_survived,
            "What redis saved when it was told to stop is what the next pod finds.",
            Mode.TRACE,
        ),
        Criterion(
            "by-name",
            "The replicas came back by themselves",
            3,
            every(replicas_stayed, follows(FIRST, MASTER_HOST)),
            "They ask for the name again and again, so that a new IP is found without anybody's help.",
            Mode.TRACE,
        ),
    ),
    hints=(
        "Order matters: note the UID, write it, and only then delete.",
        "One pod is deleted in this step, and nothing else.",
        "Read the key `writer` afterwards: it should be a UID that no pod has any more.",
    ),
)

LOST = Checkpoint(
    id="acknowledged-and-lost",
    title="OK, and lost",
    attempted=lambda o: info(o, FIRST).get("role") == "master",
    probes=(*INFOS, *(key_probe(pod, key) for key in ("order:1", "order:2") for pod in PODS)),
    criteria=(
        Criterion(
            "waited",
            "WAIT was asked each time",
            1,
            counted(MASTER, (("cmdstat_wait", 3),)),
            "OK means that the master has it; only WAIT says whether anybody else has.",
        ),
        Criterion(
            "kept",
            "order:1 is everywhere",
            1,
            values_are(PODS, "order:1", "paid"),
            "A write that WAIT has confirmed was on another redis when the failover began.",
        ),
        Criterion(
            "lost",
            "order:2 is nowhere",
            3,
            order_lost,
            "Histories that have parted can't be joined: one of them is thrown away.",
        ),
        Criterion(
            "roles",
            "redis-master-0 is a replica",
            2,
            every(follows(MASTER, FIRST_HOST), attached(FIRST, 2, role="master")),
            "A StatefulSet gives names; roles are given by the database.",
        ),
    ),
    hints=(
        "First the new master, then the write on the old one, and only then bring them together.",
        "WAIT is about the writes of its own connection: two lines into one redis-cli, as in the cell before.",
        "If order:2 is still somewhere, ask who follows whom: `redis-cli info replication` in each of the three.",
    ),
)

LAB = LabSpec(
    slug="08-redis-replication",
    title="Lab 08: A database and its copies",
    namespace="lab-08",
    minutes=60,
    objectives=(
        "run a redis master and its replicas as StatefulSets that find each other by name",
        "give each its own configuration out of one ConfigMap",
        "tell the three phases of a first sync, and see them in `INFO`",
        "say when a replica can continue, and when everything is copied again",
        "explain what asynchronous replication can lose, and what `WAIT` is good for",
    ),
    checkpoints=(PREPARED, MASTER_SET, FIRST_SYNC, TWO, SHORT, OVERRUN, CASCADE, REPLACED, LOST),
    kinds=("ConfigMap",),
    cluster_objects={"PersistentVolume": DISKS},
    predictions=(
        Prediction(
            "first",
            "While the master makes the first copy, you go on writing. What becomes of these writes?",
            {
                "a": "the master refuses them until the copy is made",
                "b": "they are missing at the replica",
                "c": "the master keeps them back, and sends them after the copy",
            },
            "c",
            "The snapshot is that of one moment. What comes later waits in a buffer of the replica's connection.",
        ),
        Prediction(
            "short",
            "A replica goes away, a few bytes are written, and it comes back on the same claim. What does the master send?",
            {"a": "everything", "b": "only what was missed", "c": "nothing"},
            "b",
            "The claim holds the data and the offset. The master had what came after it in its backlog.",
        ),
        Prediction(
            "long",
            "Now 40000 bytes are written while redis-replica-1 is away; the backlog holds 16 KiB. What is sent to it?",
            {"a": "everything", "b": "only the 40000 bytes", "c": "the last 16 KiB"},
            "a",
            "A gap in the stream is worse than a wait: the replica gets a new snapshot.",
        ),
        Prediction(
            "master",
            "The master's pod is deleted; the new one has a new IP. What do the replicas do?",
            {
                "a": "one of them becomes the master",
                "b": "they are restarted by the StatefulSet",
                "c": "they ask for the master's name until it answers, and copy everything",
            },
            "c",
            "A replica never promotes itself, and a set does not touch pods that run. The name was enough.",
        ),
        Prediction(
            "lost",
            "order:2 was answered with OK by the old master, which now follows the new one. Where will order:2 be?",
            {"a": "in all three", "b": "in the old master only", "c": "nowhere"},
            "c",
            "Who follows takes over the other's data, and loses what only it had.",
        ),
    ),
)
