"""What lab 03 checks, what it is worth, and the hints."""

from kitlib.checks import Checkpoint, Criterion, Finding, History, Life, Mode, Observation, Probe, met, pending, unmet
from kitlib.checks.volumes import (
    bound_to,
    chosen_by_cluster,
    claims_ask,
    phase_reached,
    users_of,
    volumes_are,
    volumes_offer,
)
from kitlib.client.readiness import condition, pod_ready
from kitlib.lab import LabSpec, Prediction

FILE = "/data/hello.txt"
DISKS = ("disk-small", "disk-medium", "disk-large")
OFFERS = (
    ("disk-small", "64Mi", ("ReadWriteOncePod",)),
    ("disk-medium", "128Mi", ("ReadWriteOnce",)),
    ("disk-large", "256Mi", ("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany")),
)
REQUESTS = (
    ("data", "100Mi", ("ReadWriteOnce",)),
    ("shared", "10Mi", ("ReadOnlyMany", "ReadWriteMany")),
    ("single", "50Mi", ("ReadWriteOncePod",)),
)
CLAIM, VOLUME = "PersistentVolumeClaim", "PersistentVolume"


def free_at(history: History, volume: str, revision: int) -> bool:
    """Whether a volume was Available at that moment."""
    then = history.at(VOLUME, volume, revision)
    return then is not None and then.state.get("phase") == "Available"


def fast_waited(observation: Observation) -> Finding:
    wanted = "before disk-fast was there, the claim fast was Pending, with disk-medium and disk-large Available"
    history = observation.history
    for life in history.lives(CLAIM, "fast"):
        for change in life.changes:
            waiting = change.state.get("phase") == "Pending" and change.type != "DELETED"
            early = history.at(VOLUME, "disk-fast", change.revision) is None
            if (
                waiting
                and early
                and all(free_at(history, disk, change.revision) for disk in ("disk-medium", "disk-large"))
            ):
                return met("it was Pending, although both were free", wanted)
    return unmet("this was never seen", wanted)


def same_claim_fast(observation: Observation) -> Finding:
    wanted = "the claim fast is the one of class fast that was made first"
    lives = observation.history.lives(CLAIM, "fast")
    classes = {life.last.state.get("class") for life in lives}
    if len(lives) != 1 or classes != {"fast"}:
        return unmet(f"{len(lives)} claims of that name, of class {', '.join(map(str, classes))}", wanted)
    return met(f"the same claim all along ({lives[0].uid[:8]})", wanted)


def both_use_data(observation: Observation) -> Finding:
    wanted = "writer and reader are both Ready, and both use the claim data"
    seen, coming = [], True
    for name in ("writer", "reader"):
        pod = observation.find("Pod", name)
        if pod is None or "data" not in claims_of(pod):
            return unmet(f"{name} {'is not there' if pod is None else 'does not use the claim data'}", wanted)
        seen.append(f"{name} is {'Ready' if pod_ready(pod) else 'not Ready'}")
        coming = coming and not pod["metadata"].get("deletionTimestamp")
    ready = all(text.endswith("is Ready") for text in seen)
    return (met if ready else pending if coming else unmet)(", ".join(seen), wanted)


def shared_read_only(observation: Observation) -> Finding:
    wanted = "in reader, /shared is mounted read-only and /data is not; in writer, /shared is writable"
    seen = []
    for name in ("reader", "writer"):
        probe = observation.probes[name]
        if probe.problem:
            pod = observation.find("Pod", name)
            return (pending if pod is not None else unmet)(probe.problem, wanted)
        rows = [line.split() for line in probe.stdout.splitlines()]
        options = {row[1]: row[3].split(",") for row in rows if len(row) > 3}
        for path in ("/shared", "/data"):
            kind = "not mounted" if path not in options else "ro" if "ro" in options[path] else "rw"
            seen.append(f"{name} {path}: {kind}")
    right = seen == ["reader /shared: ro", "reader /data: rw", "writer /shared: rw", "writer /data: rw"]
    return (met if right else unmet)(", ".join(seen), wanted)


def second_waits(observation: Observation) -> Finding:
    wanted = "second uses the claim single as writer does, and has no node as long as writer runs"
    writer, second = observation.find("Pod", "writer"), observation.find("Pod", "second")
    for name, pod in (("writer", writer), ("second", second)):
        if pod is None or "single" not in claims_of(pod):
            return unmet(f"{name} {'is not there' if pod is None else 'does not use the claim single'}", wanted)
    assert second is not None
    if second["spec"].get("nodeName"):
        return unmet("second has a node", wanted)
    scheduled = condition(second, "PodScheduled")
    if scheduled.get("status") != "False":
        return pending("the scheduler has not looked at second yet", wanted)
    return met(f"second waits: {str(scheduled.get('message', ''))[:90]}", wanted)


def claims_of(pod: dict) -> set[str]:
    """The names of the claims that a pod uses."""
    return {
        volume["persistentVolumeClaim"]["claimName"]
        for volume in pod["spec"].get("volumes") or []
        if "persistentVolumeClaim" in volume
    }


def first_data(observation: Observation) -> Life | None:
    lives = observation.history.lives(CLAIM, "data")
    return lives[0] if lives else None


def terminating_in_use(observation: Observation) -> Finding:
    wanted = "the claim data was Terminating while a Ready pod used it"
    data = first_data(observation)
    doomed = data.when(lambda state: bool(state.get("terminating"))) if data else None
    if data is None or doomed is None:
        return unmet("the claim data was never deleted while something held it", wanted)
    for life in users_of(observation, "data"):
        then = observation.history.at("Pod", life.name, doomed.revision)
        if then is not None and then.uid == life.uid and then.state.get("ready"):
            return met(f"it was, and {life.name} went on using it", wanted)
    return unmet("no Ready pod used it any more when it was deleted", wanted)


def data_gone(observation: Observation) -> Finding:
    wanted = "the first claim data is gone, after every pod that used it"
    data = first_data(observation)
    if data is None or not data.ended:
        doomed = data is not None and data.last.state.get("terminating")
        users = [pod for pod in observation.all("Pod") if "data" in claims_of(pod)]
        using = [pod["metadata"]["name"] for pod in users]
        leaving = doomed and all(pod["metadata"].get("deletionTimestamp") for pod in users)
        what = f"it is still there, used by {', '.join(using) or 'nobody'}"
        return (pending if leaving else unmet)(what, wanted)
    for life in users_of(observation, "data"):
        then = observation.history.at("Pod", life.name, data.last.revision)
        if then is not None and then.uid == life.uid and then.state.get("ready"):
            return unmet(f"the claim went before {life.name} did", wanted)
    return met("pods first, then the claim", wanted)


def medium_released(observation: Observation) -> Finding:
    wanted = "disk-medium became Released when its claim was gone"
    data = first_data(observation)
    for life in observation.history.lives(VOLUME, "disk-medium"):
        seen = life.when(lambda state: state.get("phase") == "Released")
        if seen is not None and data is not None and seen.state.get("claim_uid") == data.uid:
            return met("Released, with the claimRef of the claim that is gone", wanted)
    ended = data is not None and (data.ended or data.last.state.get("terminating"))
    return (pending if ended and data is not None and data.ended else unmet)("it was not Released yet", wanted)


def second_data_waited(observation: Observation) -> Finding:
    wanted = "another claim data was Pending while disk-medium was Released"
    for life in observation.history.lives(CLAIM, "data")[1:]:
        waiting = life.when(lambda state: state.get("phase") == "Pending")
        then = observation.history.at(VOLUME, "disk-medium", waiting.revision) if waiting else None
        if then is not None and then.state.get("phase") == "Released":
            return met(f"claim {life.uid[:8]} waited: the volume was reserved for another UID", wanted)
    return unmet("this was never seen", wanted)


def data_rebound(observation: Observation) -> Finding:
    wanted = "the new claim data is Bound to disk-medium"
    lives = observation.history.lives(CLAIM, "data")
    found = observation.find(CLAIM, "data")
    if len(lives) < 2 or found is None:
        return unmet("there is no second claim of that name", wanted)
    has = found["spec"].get("volumeName", "no volume")
    if found["metadata"]["uid"] == lives[0].uid or has != "disk-medium":
        return unmet(f"data has {has}", wanted)
    bound = (found.get("status") or {}).get("phase") == "Bound"
    return (met if bound else pending)(f"data ({found['metadata']['uid'][:8]}) has {has}", wanted)


def file_inherited(observation: Observation) -> Finding:
    wanted = f"in the pod heir, {FILE} holds the UID of the former writer"
    probe, heir = observation.probes["file"], observation.find("Pod", "heir")
    if heir is None:
        return unmet("there is no pod heir", wanted)
    if "data" not in claims_of(heir):
        return unmet("heir does not use the claim data", wanted)
    if probe.problem:
        data = observation.find(CLAIM, "data") or {}
        coming = (data.get("status") or {}).get("phase") == "Bound"
        return (pending if coming else unmet)(probe.problem, wanted)
    if probe.exit_code:
        return unmet(f"no {FILE} in heir", wanted)
    content, known = probe.stdout.strip(), [life.uid for life in observation.history.lives("Pod", "writer")]
    if content not in known:
        return unmet(f"it holds {content[:36]!r}; the writer was {', '.join(uid[:8] for uid in known)}", wanted)
    return met(f"it holds {content}", wanted)


def made_and_gone(observation: Observation) -> Finding:
    wanted = "the volume of the claim scratch, of policy Delete, was Bound, and is gone with its claim"
    for life in observation.history.lives(VOLUME):
        bound = life.when(lambda state: state.get("phase") == "Bound" and state.get("claim") == "scratch")
        if bound is None:
            continue
        if bound.state.get("reclaim") != "Delete":
            return unmet(f"{life.name} had the policy {bound.state.get('reclaim')}", wanted)
        if life.last.state.get("reclaim") != "Delete":
            return unmet(f"{life.name} got the policy {life.last.state.get('reclaim')}", wanted)
        if life.ended:
            claim_gone = bool(observation.history.gone(CLAIM, "scratch"))
            return (met if claim_gone else unmet)(f"{life.name} is gone", wanted)
        claim = observation.find(CLAIM, "scratch")
        going = claim is None or not any("scratch" in claims_of(pod) for pod in observation.all("Pod"))
        return (pending if claim is None or (going and claim["metadata"].get("deletionTimestamp")) else unmet)(
            f"{life.name} is {life.last.state.get('phase')}", wanted
        )
    return unmet("the claim scratch never had a volume", wanted)


def fast_failed(observation: Observation) -> Finding:
    wanted = "disk-fast Failed when its claim fast was deleted"
    failed = observation.history.reached(VOLUME, "disk-fast", lambda state: state.get("phase") == "Failed")
    gone = observation.history.gone(CLAIM, "fast")
    if failed is None:
        return (pending if gone and not later(observation) else unmet)("it was never seen Failed", wanted)
    return met("it Failed: nobody was there to delete it", wanted)


def later(observation: Observation) -> bool:
    """Whether disk-fast was taken away or given another policy before it could fail."""
    volume = observation.find(VOLUME, "disk-fast")
    return volume is None or volume["spec"].get("persistentVolumeReclaimPolicy") != "Delete"


def fast_repaired(observation: Observation) -> Finding:
    wanted = "disk-fast is Available, with the policy Retain"
    volume = observation.find(VOLUME, "disk-fast")
    if volume is None:
        return unmet("there is no disk-fast", wanted)
    phase = (volume.get("status") or {}).get("phase", "Pending")
    policy = volume["spec"].get("persistentVolumeReclaimPolicy")
    right = phase == "Available" and policy == "Retain"
    return (met if right else unmet)(f"disk-fast is {phase}, with the policy {policy}", wanted)


def small_doomed_while_bound(observation: Observation) -> Finding:
    wanted = "disk-small was Terminating while it was Bound, and the pod second went on running"
    for life in observation.history.lives(VOLUME, "disk-small"):
        for change in life.changes:
            doomed = change.type != "DELETED" and change.state.get("terminating")
            if doomed and change.state.get("phase") == "Bound":
                then = observation.history.at("Pod", "second", change.revision)
                if then is not None and then.state.get("ready"):
                    return met("it was, and second was Ready", wanted)
    return unmet("this was never seen", wanted)


def small_gone(observation: Observation) -> Finding:
    wanted = "the claim single is gone, and the volume disk-small after it"
    claim, volume = observation.find(CLAIM, "single"), observation.find(VOLUME, "disk-small")
    if claim is not None:
        doomed = claim["metadata"].get("deletionTimestamp")
        used = any(
            "single" in claims_of(pod) and not pod["metadata"].get("deletionTimestamp")
            for pod in observation.all("Pod")
        )
        return (pending if doomed and not used else unmet)("the claim single is still there", wanted)
    if volume is not None:
        doomed = volume["metadata"].get("deletionTimestamp")
        return (pending if doomed else unmet)("disk-small is still there", wanted)
    if not observation.history.gone(VOLUME, "disk-small") or not observation.history.gone(CLAIM, "single"):
        return unmet("they were never there", wanted)
    return met("both are gone", wanted)


def deleted(observation: Observation, kind: str, name: str) -> bool:
    """Whether an object of that name was deleted, or is on its way out."""
    lives = observation.history.lives(kind, name)
    return any(life.ended or life.last.state.get("terminating") for life in lives)


THREE = Checkpoint(
    id="three-volumes",
    title="Three volumes",
    attempted=lambda o: any(o.find(VOLUME, name) is not None for name in ("disk-medium", "disk-large")),
    criteria=(
        Criterion(
            "offers",
            "Capacity and access modes",
            2,
            volumes_offer(OFFERS),
            "This is what the cluster compares with a claim.",
        ),
        Criterion(
            "kind-of-disk",
            "Class, policy and directory",
            2,
            volumes_are(DISKS, storage_class="manual", policy="Retain", folder="/srv/lab-03"),
            "The class decides who may find them, the policy what becomes of them.",
        ),
        Criterion(
            "available",
            "They became Available",
            1,
            phase_reached("PersistentVolume", DISKS, "Available"),
            "Only an Available volume can be given to a claim.",
            Mode.EDGE,
        ),
    ),
    hints=(
        "Compare with `disk-small`: a volume has five fields in its spec here.",
        "`%kubectl get pv` shows capacity, modes, policy and class of each volume side by side.",
        "`kubectl explain pv.spec` lists the fields; access modes are a list, written out in full.",
    ),
)

CLASS = Checkpoint(
    id="class-decides",
    title="The class decides",
    attempted=lambda o: o.find(VOLUME, "disk-fast") is not None or len(o.history.lives(CLAIM, "fast")) > 1,
    criteria=(
        Criterion(
            "waited",
            "The claim waited beside free volumes",
            2,
            fast_waited,
            "Room enough is not all: another class is another world.",
            Mode.TRACE,
        ),
        Criterion(
            "offer",
            "disk-fast offers what the claim asks for",
            2,
            volumes_offer((("disk-fast", "32Mi", ("ReadWriteOnce",)),)),
            "A volume must be as large as the claim and offer its modes.",
        ),
        Criterion(
            "bound",
            "fast has disk-fast",
            2,
            bound_to((("fast", "disk-fast"),)),
            "Once a volume of its class is there, the claim is bound without being touched.",
        ),
        Criterion(
            "same-claim",
            "The claim was left alone",
            1,
            same_claim_fast,
            "In real life it is somebody else's.",
            Mode.TRACE,
        ),
    ),
    hints=(
        "What do the claim and every volume that it may get have in common?",
        "Take one of your volumes as a pattern; four of its values are different now.",
        "If the volume is Available and the claim still Pending, compare their classes letter by letter.",
    ),
)

FITS = Checkpoint(
    id="smallest-fits",
    title="The smallest volume that fits",
    attempted=lambda o: any(o.history.lives(CLAIM, name) for name, _, _ in REQUESTS),
    criteria=(
        Criterion(
            "asks",
            "The claims ask for what the table says",
            2,
            claims_ask(REQUESTS, storage_class="manual"),
            "Size, modes and class are all that a developer has to know.",
        ),
        Criterion(
            "bound",
            "Each claim has the volume that fits best",
            3,
            bound_to((("data", "disk-medium"), ("shared", "disk-large"), ("single", "disk-small"))),
            "The smallest sufficient volume wins, so that large ones are kept for large claims.",
        ),
        Criterion(
            "chosen",
            "The cluster chose",
            1,
            chosen_by_cluster(("data", "shared", "single")),
            "A claim that names its volume works on one cluster only.",
        ),
    ),
    hints=(
        "Which of the three disks offer all the modes of a claim? Which of those are large enough?",
        "A claim that stays Pending asks for something that no free volume has: look at `%kubectl describe pvc`.",
        "A claim's spec cannot be changed: delete the claim, and the volume that it had (section 6 tells why the volume is of no "
        "use any more); then apply the volumes and the corrected claims again.",
    ),
)

MODES = Checkpoint(
    id="who-may-use",
    title="Who may use it at the same time",
    attempted=lambda o: any(o.find("Pod", name) is not None for name in ("reader", "second")),
    probes=(
        Probe("reader", "reader", ("cat", "/proc/mounts")),
        Probe("writer", "writer", ("cat", "/proc/mounts")),
    ),
    criteria=(
        Criterion(
            "one-node",
            "Two pods share a ReadWriteOnce claim",
            2,
            both_use_data,
            "Once means one node, not one pod.",
        ),
        Criterion(
            "read-only",
            "reader sees shared read-only",
            2,
            shared_read_only,
            "A pod says itself that it only reads; then it cannot harm what others write.",
        ),
        Criterion(
            "one-pod",
            "second has to wait",
            2,
            second_waits,
            "ReadWriteOncePod keeps a second pod away, even on the same node.",
        ),
    ),
    hints=(
        "A pod needs two things for a volume: `volumes` in its spec, and `volumeMounts` in the container.",
        "`kubectl explain pod.spec.volumes --recursive` shows what can stand beside the claim's name.",
        "A pod's volumes can't be changed: delete the pod, then apply the corrected one.",
    ),
)

PROTECTED = Checkpoint(
    id="claim-protected",
    title="A claim in use is protected",
    attempted=lambda o: deleted(o, CLAIM, "data"),
    criteria=(
        Criterion(
            "in-use",
            "The claim was deleted while a pod used it",
            3,
            terminating_in_use,
            "The finalizer keeps it until nobody uses it: files never vanish under a running program.",
            Mode.TRACE,
        ),
        Criterion(
            "gone",
            "The claim is gone, after its pods",
            2,
            data_gone,
            "Terminating ends when the last pod that uses the claim is gone.",
            Mode.TRACE,
        ),
        Criterion(
            "released",
            "disk-medium was Released",
            1,
            medium_released,
            "With the policy Retain a volume outlives its claim.",
            Mode.EDGE,
        ),
    ),
    hints=(
        "The order counts: first the claim is deleted, then the pods.",
        "Who else uses the claim? `%kubectl describe pvc data` has a line `Used By`.",
        "If the claim was gone at once, no pod used it: `lab.reset()`, and take the steps again.",
    ),
)

REBOUND = Checkpoint(
    id="rebound",
    title="Released, cleared, bound again",
    attempted=lambda o: len(o.history.lives(CLAIM, "data")) > 1,
    probes=(Probe("file", "heir", ("cat", FILE)),),
    criteria=(
        Criterion(
            "waited",
            "A new claim of the same name had to wait",
            2,
            second_data_waited,
            "The volume remembers the UID of its claim; the name alone opens no door.",
            Mode.TRACE,
        ),
        Criterion(
            "rebound",
            "The new claim has disk-medium",
            2,
            data_rebound,
            "Once an administrator has cleared it, the volume is as good as new, but for its files.",
            Mode.TRACE,
        ),
        Criterion(
            "inherited",
            "The file of the former pod is there",
            3,
            file_inherited,
            "Retain is for exactly this: to get back what somebody needs after all.",
            Mode.TRACE,
        ),
    ),
    hints=(
        "Compare the UID in the volume's spec with the one of the claim that is there now.",
        "One field of the volume says whom it belongs to; without it, it belongs to nobody.",
        "A JSON patch is a list of operations, each with `op` and `path`; a path is made of field names with slashes.",
    ),
)

POLICY = Checkpoint(
    id="delete-policy",
    title="The reclaim policy Delete",
    attempted=lambda o: deleted(o, CLAIM, "fast") or deleted(o, CLAIM, "scratch"),
    criteria=(
        Criterion(
            "gone",
            "The volume that a provisioner made is gone",
            2,
            made_and_gone,
            "Who made the storage can remove it, and with Delete does so at once.",
            Mode.TRACE,
        ),
        Criterion(
            "failed",
            "The volume made by hand has Failed",
            2,
            fast_failed,
            "Delete needs somebody who deletes.",
            Mode.TRACE,
        ),
        Criterion(
            "repaired",
            "disk-fast is usable again",
            2,
            fast_repaired,
            "A Failed volume waits for an administrator, as a Released one does.",
        ),
    ),
    hints=(
        "Two claims have to go, and one of them is still used by a pod.",
        "Two fields of `disk-fast` have to change: what becomes of it, and whose it is.",
        "In a merge patch a field is removed by giving it the value `null`.",
    ),
)

VOLUME_PROTECTED = Checkpoint(
    id="volume-protected",
    title="A volume in use is protected",
    attempted=lambda o: deleted(o, VOLUME, "disk-small") or deleted(o, CLAIM, "single"),
    criteria=(
        Criterion(
            "while-bound",
            "The volume was deleted while Bound",
            3,
            small_doomed_while_bound,
            "The finalizer kubernetes.io/pv-protection keeps a volume as long as a claim has it.",
            Mode.TRACE,
        ),
        Criterion(
            "gone",
            "Claim and volume are gone",
            2,
            small_gone,
            "When the claim is gone, nothing holds the volume any more.",
            Mode.TRACE,
        ),
    ),
    hints=(
        "The volume first: what you want to see is that it does not go.",
        "A claim is held by its pods, a volume by its claim: remove them from the top.",
        "If the volume was gone at once, its claim went before it: `lab.reset()`, and take the steps again.",
    ),
)

LAB = LabSpec(
    slug="03-volumes-and-claims",
    title="Lab 03: Volumes and claims",
    namespace="lab-03",
    minutes=50,
    objectives=(
        "say which volume a claim gets: by class, access modes and capacity",
        "tell what each access mode allows, and what it does not guard",
        "follow a volume through Pending, Available, Bound, Released and Failed, and say what moves it",
        "get data back from a Released volume",
        "explain why a claim or a volume stays Terminating",
    ),
    checkpoints=(THREE, CLASS, FITS, MODES, PROTECTED, REBOUND, POLICY, VOLUME_PROTECTED),
    cluster_objects={"PersistentVolume": (*DISKS, "disk-fast")},
    predictions=(
        Prediction(
            "class",
            "Three disks are free. What does a claim for 10Mi of the class `fast` get?",
            {"a": "disk-small, the smallest", "b": "disk-medium, the smallest that offers its mode", "c": "nothing"},
            "c",
            "A claim and a volume must have the same class. Until a volume of the class `fast` was there, it waited.",
        ),
        Prediction(
            "fit",
            "The claim `data` asks for 100Mi, ReadWriteOnce. Which volume does it get?",
            {
                "a": "disk-large: it has the most room",
                "b": "disk-medium, and the claim then has 128Mi",
                "c": "100Mi are cut out of disk-large",
                "d": "none: no volume has exactly 100Mi",
            },
            "b",
            "The smallest volume that is large enough and offers the modes, as a whole.",
        ),
        Prediction(
            "modes",
            "writer and reader both use `data` (ReadWriteOnce); writer and second both use `single` "
            "(ReadWriteOncePod). All three are sent to the same node. Which of them will run?",
            {"a": "writer only", "b": "writer and reader", "c": "writer and second", "d": "all three"},
            "b",
            "ReadWriteOnce means one node, and they are on the same. ReadWriteOncePod means one pod: second has to wait.",
        ),
        Prediction(
            "protect",
            "You delete the claim `data` while two pods use it. What happens?",
            {
                "a": "it is gone at once, and the pods lose their files",
                "b": "the API server refuses",
                "c": "it is Terminating until the last pod is gone, and the pods work on",
            },
            "c",
            "The deletion is accepted, and a finalizer puts it off until no pod uses the claim.",
        ),
        Prediction(
            "again",
            "disk-medium is Released, with the files on it. You make the claim `data` again. What does it get?",
            {
                "a": "disk-medium, because the name is the same",
                "b": "disk-medium, emptied",
                "c": "nothing: it stays Pending",
            },
            "c",
            "A Released volume is nobody's to take: it holds the UID of a claim that is gone, until claimRef is cleared.",
        ),
        Prediction(
            "policy",
            "Two volumes have the policy Delete: one was made by a provisioner, disk-fast by you. Their claims go. Then",
            {"a": "both are gone", "b": "the first is gone, disk-fast Failed", "c": "both are Released"},
            "b",
            "The provisioner removes what it has made. Nobody can delete a hostPath volume that was made by hand.",
        ),
        Prediction(
            "volume",
            "You delete the volume disk-small while it is Bound and a pod runs on it. What happens?",
            {
                "a": "claim and pod are deleted too",
                "b": "it is Terminating until its claim is gone",
                "c": "the claim becomes Lost",
            },
            "b",
            "A finalizer protects the volume as long as it is Bound. (A claim is Lost when its volume is removed by force.)",
        ),
    ),
)
