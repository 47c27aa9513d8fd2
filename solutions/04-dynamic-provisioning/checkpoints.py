"""What lab 04 checks, what it is worth, and the hints."""

from kitlib.checks import Checkpoint, Criterion, Finding, Life, Mode, Observation, Probe, State, met, pending, unmet
from kitlib.checks.classes import class_is, class_of, provisioned_by, volume_of
from kitlib.checks.rights import account_may, account_may_only
from kitlib.checks.volumes import claims_ask
from kitlib.client.readiness import pod_ready, ready
from kitlib.lab import LabSpec, Prediction

CLAIM, VOLUME = "PersistentVolumeClaim", "PersistentVolume"
OWN, PROVISIONER = "stateful-nfs", "lab-04/subdir"
NEEDS = (
    ("", "persistentvolumeclaims", ("get", "list", "watch")),
    ("", "persistentvolumes", ("get", "list", "watch", "create", "delete")),
    ("storage.k8s.io", "storageclasses", ("get", "list", "watch")),
    ("", "events", ("create",)),
)
LATER = claims_ask((("later", "10Mi", ("ReadWriteOnce",)),), storage_class="standard")
MAY = account_may("provisioner", NEEDS)
MADE_DATA = provisioned_by("data", PROVISIONER)
#: What the provisioner's pod sees of every directory: its name, and what proof.txt says.
_PROOFS = Probe(
    "proofs",
    "provisioner-*",
    ("sh", "-c", 'cd /persistentvolumes && for f in */proof.txt; do echo "$f $(cat "$f")"; done'),
)


def later_waited(observation: Observation) -> Finding:
    wanted = "the claim later was there, without a volume, before any pod used it"
    lives = observation.history.lives(CLAIM, "later")
    if not lives:
        return unmet("there was no claim later", wanted)
    users = [one for one in observation.history.lives("Pod") if "later" in (one.first.state.get("claims") or ())]
    for life in lives:
        first = min((user.first.revision for user in users), default=None)
        if life.first.initial or (first is not None and first < life.first.revision):
            return unmet("a pod that uses it was there before it", wanted)
        last = [one for one in life.changes if first is None or one.revision < first][-1]
        if last.state.get("volume"):
            return unmet("it had a volume before", wanted)
    return met("it waited" + ("" if users else ", and still does"), wanted)


def later_used(observation: Observation) -> Finding:
    wanted = "the pod user is Ready with the claim later, which is Bound"
    pod, claim = observation.find("Pod", "user"), observation.find(CLAIM, "later")
    if pod is None or claim is None:
        return unmet(f"there is no {'claim later' if claim is None else 'pod user'}", wanted)
    if "later" not in mounted(pod):
        return unmet("the pod user does not mount the claim later", wanted)
    phase = claim["status"].get("phase")
    seen = f"user is {'Ready' if pod_ready(pod) else 'not Ready'}, later is {phase}"
    if pod_ready(pod) and phase == "Bound":
        return met(seen, wanted)
    # What asks for something else may never be bound.
    return (pending if LATER(observation).state is State.MET else unmet)(seen, wanted)


def data_asks_provisioner(observation: Observation) -> Finding:
    wanted = f"the cluster has asked {PROVISIONER} for a volume for data"
    claim = observation.find(CLAIM, "data")
    if claim is None:
        return unmet("no claim data", wanted)
    notes = claim["metadata"].get("annotations") or {}
    asked = notes.get("volume.kubernetes.io/storage-provisioner")
    if asked is None:
        return unmet(f"nobody was asked; its class is {class_of(claim) or 'none'}", wanted)
    return (met if asked == PROVISIONER else unmet)(f"it asked {asked}", wanted)


def mounted(pod: dict) -> dict[str, str]:
    """Return where a pod's first container mounts which claim."""
    claims = {
        volume["name"]: volume["persistentVolumeClaim"]["claimName"]
        for volume in pod["spec"].get("volumes") or []
        if "persistentVolumeClaim" in volume
    }
    mounts = pod["spec"]["containers"][0].get("volumeMounts") or []
    return {claims[one["name"]]: one["mountPath"].rstrip("/") for one in mounts if one["name"] in claims}


def has_account(observation: Observation) -> Finding:
    wanted = "a ServiceAccount provisioner, and a Deployment whose pods use it"
    deployment = observation.find("Deployment", "provisioner")
    if deployment is None or observation.find("ServiceAccount", "provisioner") is None:
        return unmet(f"no {'Deployment' if deployment is None else 'ServiceAccount'} provisioner", wanted)
    account = deployment["spec"]["template"]["spec"].get("serviceAccountName") or "default"
    return (met if account == "provisioner" else unmet)(f"its pods use the account {account}", wanted)


def runs(observation: Observation) -> Finding:
    wanted = f"the Deployment provisioner is ready, and its PROVISIONER_NAME is {PROVISIONER}"
    deployment = observation.find("Deployment", "provisioner")
    if deployment is None:
        return unmet("no Deployment provisioner", wanted)
    variables = deployment["spec"]["template"]["spec"]["containers"][0].get("env") or []
    name = {one["name"]: one.get("value", "") for one in variables}.get("PROVISIONER_NAME", "not set")
    if name != PROVISIONER:
        return unmet(f"PROVISIONER_NAME is {name}", wanted)
    coming = observation.find("ServiceAccount", "provisioner") is not None
    is_ready = ready({**deployment, "kind": "Deployment"}) and deployment["spec"].get("replicas", 1) > 0
    seen = f"PROVISIONER_NAME is {name}; the Deployment is {'ready' if is_ready else 'not ready'}"
    return (met if is_ready else pending if coming else unmet)(seen, wanted)


def was_refused(observation: Observation) -> Finding:
    wanted = "its log says 403 Forbidden for persistentvolumeclaims, asked by the account provisioner"
    log = observation.probes["log"]
    if log.problem:
        deployment = observation.find("Deployment", "provisioner")
        coming = deployment is not None and observation.find("ServiceAccount", "provisioner") is not None
        return (pending if coming else unmet)(log.problem, wanted)
    user = f'"system:serviceaccount:{observation.namespace}:provisioner"'
    for line in log.stdout.splitlines():
        if "403 Forbidden" in line and 'cannot list resource "persistentvolumeclaims"' in line and user in line:
            return met(line.partition("403 ")[2][:110], wanted)
    if "403 Forbidden" in log.stdout:
        return unmet("somebody else was refused: look who in the log", wanted)
    if "creating path" in log.stdout or account_has_rights(observation):
        return unmet("it was not refused: it had its rights already", wanted)
    return pending("nothing of that is in its log yet", wanted)


def account_has_rights(observation: Observation) -> bool:
    return MAY(observation).state is State.MET


def data_made(observation: Observation) -> Finding:
    """Find what the provisioner did for data; it can do nothing without its rights."""
    finding = MADE_DATA(observation)
    if finding.state is State.PENDING and not account_has_rights(observation):
        return unmet(finding.observed, finding.wanted)
    return finding


def data_unused(observation: Observation) -> Finding:
    wanted = "data was Bound before any pod used it: Immediate"
    bound = observation.history.reached(CLAIM, "data", lambda state: state.get("phase") == "Bound")
    if bound is None:
        return unmet("data was never Bound", wanted)
    for user in observation.history.lives("Pod"):
        if "data" in (user.first.state.get("claims") or ()) and user.first.revision < bound.revision:
            return unmet(f"the pod {user.name} used it before", wanted)
    return met("it was, without any pod", wanted)


def writer_mounts(observation: Observation) -> Finding:
    wanted = "the pod writer is Ready and mounts the claim data at /data"
    pod = observation.find("Pod", "writer")
    if pod is None:
        return unmet("no pod writer", wanted)
    where = mounted(pod).get("data", "not at all")
    if where != "/data":
        return unmet(f"it mounts data {where}", wanted)
    return (met if pod_ready(pod) else pending)(f"writer is {'Ready' if pod_ready(pod) else 'not Ready'}", wanted)


def proof_written(observation: Observation) -> Finding:
    claim = observation.find(CLAIM, "data")
    volume = volume_of(observation, claim) if claim else None
    if claim is None or volume is None:
        return unmet("data has no volume", "/data/proof.txt in the directory of data")
    folder = f"{observation.namespace}-data-{volume['metadata']['name']}"
    wanted = f"{folder[: len(observation.namespace) + 14]}…/proof.txt on the node says {claim['metadata']['uid']}"
    seen = proofs(observation).get(folder)
    if seen is None:
        return unmet(observation.probes["proofs"].problem or "there is no such file", wanted)
    return (met if seen == claim["metadata"]["uid"] else unmet)(f"it says {seen[:40] or 'nothing'}", wanted)


def named_after(observation: Observation) -> Finding:
    claim = observation.find(CLAIM, "data")
    volume = volume_of(observation, claim) if claim else None
    wanted = "the volume of data is a directory named after namespace, claim and volume"
    if volume is None:
        return unmet("data has no volume", wanted)
    source = volume["spec"].get("hostPath") or volume["spec"].get("nfs") or {}
    folder = str(source.get("path", "none")).rpartition("/")[2]
    right = folder == f"{observation.namespace}-data-{volume['metadata']['name']}"
    return (met if right else unmet)(folder, wanted)


def proofs(observation: Observation) -> dict[str, str]:
    """Return what proof.txt says in each directory of the node, by the directory's name."""
    rows = [line.split("/proof.txt ", 1) for line in observation.probes["proofs"].stdout.splitlines()]
    return {row[0]: row[1].strip() for row in rows if len(row) == 2}


def legacy_says_both(observation: Observation) -> Finding:
    wanted = f"legacy has the annotation of old for {OWN}, and the storageClassName standard"
    claim = observation.find(CLAIM, "legacy")
    if claim is None:
        return unmet("no claim legacy", wanted)
    notes = claim["metadata"].get("annotations") or {}
    note = notes.get("volume.beta.kubernetes.io/storage-class", "none")
    field = claim["spec"].get("storageClassName", "none")
    seen = f"annotation {note}, storageClassName {field}"
    return (met if (note, field) == (OWN, "standard") else unmet)(seen, wanted)


def plain_got_newest(observation: Observation) -> Finding:
    wanted = f"plain was created while {OWN} and standard were both default classes, and got {OWN}"
    claim, history = observation.find(CLAIM, "plain"), observation.history
    if claim is None:
        return unmet("no claim plain", wanted)
    life = history.living(CLAIM, "plain")
    born = life.first.revision if life is not None else 0
    marked = {name: history.at("StorageClass", name, born) for name in (OWN, "standard")}
    defaults = [name for name, then in marked.items() if then is not None and then.state.get("default")]
    got = claim["spec"].get("storageClassName", "none")
    seen = f"plain is of class {got}; default at its creation: {', '.join(defaults) or 'none of them'}"
    return (met if len(defaults) == 2 and got == OWN else unmet)(seen, wanted)


def none_waits(observation: Observation) -> Finding:
    wanted = 'the claim none has the class "" and no volume'
    claim = observation.find(CLAIM, "none")
    if claim is None:
        return unmet("no claim none", wanted)
    of, phase = claim["spec"].get("storageClassName", "not said"), claim["status"].get("phase")
    seen = f'class "{of}", {phase}'
    return (met if of == "" and phase == "Pending" else unmet)(seen, wanted)


def mark_is_off(observation: Observation) -> Finding:
    wanted = f"{OWN} was a default class, and is none any more; standard still is"
    history = observation.history
    was = history.reached("StorageClass", OWN, lambda state: bool(state.get("default")))
    living = {name: history.living("StorageClass", name) for name in (OWN, "standard")}
    now = [name for name, life in living.items() if life is not None and life.last.state.get("default")]
    if was is None or living[OWN] is None:
        return unmet(f"{OWN} was never marked", wanted)
    return (met if now == ["standard"] else unmet)(f"default now: {', '.join(now) or 'neither'}", wanted)


def former(observation: Observation, claim: str) -> Life | None:
    """Return the volume that a claim had when it was deleted."""
    gone = observation.history.gone(CLAIM, claim)
    if not gone:
        return None
    names = gone[-1].values("volume")
    lives = observation.history.lives(VOLUME, names[-1]) if names else ()
    return lives[-1] if lives else None


def data_retained(observation: Observation) -> Finding:
    wanted = "the claim data is gone, and its volume was Released"
    volume = former(observation, "data")
    if volume is None:
        return unmet("the claim data is still there", wanted)
    released = volume.when(lambda state: state.get("phase") == "Released")
    return (met if released else pending)(f"{volume.name[:12]}… was {volume.last.state.get('phase')}", wanted)


def later_removed(observation: Observation) -> Finding:
    wanted = "the claim later is gone, and so is its volume"
    volume = former(observation, "later")
    if volume is None:
        return unmet("the claim later is still there", wanted)
    return (met if volume.ended else pending)(f"its volume is {'gone' if volume.ended else 'there'}", wanted)


def object_removed(observation: Observation) -> Finding:
    wanted = "the Released volume of data was deleted, too"
    volume = former(observation, "data")
    if volume is None or not volume.ended:
        doomed = volume is not None and volume.last.state.get("terminating")
        return (pending if doomed else unmet)("it is still there", wanted)
    released = volume.when(lambda state: state.get("phase") == "Released")
    return (met if released else unmet)("it is gone" if released else "it was gone before it was Released", wanted)


def file_kept(observation: Observation) -> Finding:
    wanted = "proof.txt is still in the directory of data, whose claim is gone"
    volume, gone = former(observation, "data"), observation.history.gone(CLAIM, "data")
    if volume is None:
        return unmet("the claim data is still there", wanted)
    probe = observation.probes["proofs"]
    if probe.problem:
        return unmet(probe.problem, wanted)
    seen = proofs(observation).get(f"{observation.namespace}-data-{volume.name}", "")
    return (met if seen == gone[-1].uid else unmet)(f"it says {seen}" if seen else "there is no such file", wanted)


FIRST = Checkpoint(
    id="first-consumer",
    title="A volume for the first consumer",
    attempted=lambda o: o.find(CLAIM, "later") is not None or o.find("Pod", "user") is not None,
    criteria=(
        Criterion(
            "claim",
            "The claim, with the default class",
            1,
            LATER,
            "A claim that names no class gets the default one when it is created.",
        ),
        Criterion(
            "waited",
            "It waited for a pod",
            2,
            later_waited,
            "WaitForFirstConsumer: where the volume has to be is known only when a pod has a node.",
            Mode.TRACE,
        ),
        Criterion(
            "used",
            "The pod runs, and the claim is Bound",
            2,
            later_used,
            "The first pod that uses the claim sets everything in motion.",
        ),
    ),
    hints=(
        "Compare with the claims of lab 03: one line less.",
        "A pod needs `volumes` in its spec and `volumeMounts` in its container, and the same name in both.",
        "A claim that never gets a volume may ask for what the provisioner cannot give: `%kubectl describe pvc later`.",
    ),
)

CLASS = Checkpoint(
    id="own-class",
    title="A class of your own",
    attempted=lambda o: o.find("StorageClass", OWN) is not None or o.find(CLAIM, "data") is not None,
    criteria=(
        Criterion(
            "class",
            "Provisioner, reclaim policy, binding mode",
            2,
            class_is(OWN, provisioner=PROVISIONER, policy="Retain", binding="Immediate"),
            "All three are fixed for ever once the class exists.",
        ),
        Criterion(
            "claim",
            "The claim asks for what it should",
            2,
            claims_ask((("data", "20Mi", ("ReadWriteMany",)),), storage_class=OWN),
            "The class is all that a developer has to know.",
        ),
        Criterion(
            "asked",
            "Your provisioner was asked",
            1,
            data_asks_provisioner,
            "The cluster writes the provisioner's name on the claim; that is the whole call.",
        ),
    ),
    hints=(
        "`%kubectl get storageclass standard -o yaml` shows a class with all its fields.",
        "A class can't be changed: delete it, then apply the corrected one. The same goes for a claim.",
        "If the claim is Bound, or of another class, compare the class's name in both objects letter by letter.",
    ),
)

REFUSED = Checkpoint(
    id="refused",
    title="A provisioner without rights",
    attempted=lambda o: any(o.find(kind, "provisioner") for kind in ("Deployment", "ServiceAccount")),
    probes=(Probe("log", "provisioner-*"),),
    criteria=(
        Criterion(
            "account",
            "It has an account of its own",
            2,
            has_account,
            "With the account `default`, every pod of the namespace would get the rights that this program needs.",
        ),
        Criterion("runs", "It runs under the right name", 2, runs, "It only looks at claims that ask for that name."),
        Criterion(
            "refused",
            "It was refused",
            2,
            was_refused,
            "A Ready pod is not a working program: look into its log.",
        ),
    ),
    hints=(
        "A ServiceAccount is the shortest of all manifests: apiVersion, kind and a name.",
        "Who a pod is, is said beside its containers, not in one of them: `kubectl explain pod.spec`.",
        "No pod at all? `%kubectl describe replicaset` says why. No 403 in the log? Then whose name is in it?",
    ),
)

RIGHTS = Checkpoint(
    id="rights",
    title="Rights, and no more than needed",
    attempted=lambda o: any(o.find(kind, "stateful-nfs-provisioner") for kind in ("ClusterRole", "ClusterRoleBinding")),
    criteria=(
        Criterion(
            "may",
            "The account may do what it must",
            3,
            MAY,
            "RBAC only ever adds: what no role gives, nobody may do.",
        ),
        Criterion(
            "least",
            "And nothing else",
            2,
            account_may_only("provisioner", tuple(resource for _, resource, _ in NEEDS)),
            "Whoever gets into this pod has its rights; with cluster-admin, the whole cluster.",
        ),
        Criterion(
            "made",
            "It made a volume for data",
            2,
            data_made,
            "A program that keeps trying needs no restart when its rights come.",
        ),
        Criterion(
            "immediate",
            "Without a pod",
            1,
            data_unused,
            "Immediate: the volume is made for the claim, not for a pod.",
            Mode.TRACE,
        ),
    ),
    hints=(
        "One rule can hold several resources, if they have the API group and the verbs in common.",
        "The log names the account as the server sees it; the binding's subject must be that very one, namespace and all.",
        "Still refused? Read the newest line of the log: who, may not do what, with which resource, where.",
    ),
)

DIRECTORY = Checkpoint(
    id="directory",
    title="The directory on the node",
    attempted=lambda o: o.find("Pod", "writer") is not None,
    probes=(_PROOFS,),
    criteria=(
        Criterion("mounted", "writer has the claim", 1, writer_mounts, "For a pod, it is a directory like any other."),
        Criterion(
            "written",
            "Your file is there",
            2,
            proof_written,
            "What a pod writes to its volume is on the disk of whoever made it.",
        ),
        Criterion(
            "named",
            "Its name tells whose it is",
            1,
            named_after,
            "Namespace, claim and volume: an administrator finds every file's owner.",
        ),
    ),
    hints=(
        "The pod is like `user`; only the claim is another one.",
        "What goes into the file is the UID of the *claim*, not of the pod.",
        "Python variables can stand in `%kubectl` in braces: that way the UID gets into the command.",
    ),
)

LEGACY = Checkpoint(
    id="legacy",
    title="The annotation of old",
    attempted=lambda o: o.find(CLAIM, "legacy") is not None,
    criteria=(
        Criterion(
            "both", "It names two classes", 1, legacy_says_both, "You will meet it in manifests older than you think."
        ),
        Criterion(
            "wins",
            "The annotation won",
            2,
            provisioned_by("legacy", PROVISIONER),
            "Its provisioner was asked, not the one of the field.",
        ),
    ),
    hints=(
        "Annotations stand in the metadata, beside the name.",
        "The key is long, and every character counts; copy it from the text.",
        "A claim that exists already keeps what it was made with: delete it, then apply the corrected one.",
    ),
)

DEFAULT = Checkpoint(
    id="default-class",
    title="The default class",
    attempted=lambda o: (
        any(o.find(CLAIM, name) is not None for name in ("plain", "none"))
        or o.history.reached("StorageClass", OWN, lambda state: bool(state.get("default"))) is not None
    ),
    criteria=(
        Criterion(
            "newest",
            "plain got the newest default class",
            2,
            plain_got_newest,
            "It is written into the claim when it is created.",
            Mode.TRACE,
        ),
        Criterion("none", "none got nothing", 1, none_waits, "An empty class asks for a volume made by hand."),
        Criterion(
            "unmarked",
            "There is one default class again",
            2,
            mark_is_off,
            "One default class is a convenience, two are a riddle.",
            Mode.TRACE,
        ),
    ),
    hints=(
        "`%kubectl get storageclass standard -o yaml` shows the mark.",
        "The order counts: the mark first, then the claims, then the mark off.",
        "Is `plain` of the class `standard`? It was there before the mark: delete it, mark the class, apply it again.",
    ),
)

RETAINED = Checkpoint(
    id="retained",
    title="What stays",
    attempted=lambda o: any(o.history.gone(CLAIM, name) for name in ("data", "later")),
    probes=(_PROOFS,),
    criteria=(
        Criterion(
            "released",
            "Retain: the volume of data was Released",
            2,
            data_retained,
            "The class's policy went into the volume when it was made.",
            Mode.TRACE,
        ),
        Criterion(
            "deleted",
            "Delete: the volume of later is gone",
            2,
            later_removed,
            "Whoever made it removes it.",
            Mode.TRACE,
        ),
        Criterion(
            "object",
            "You deleted the Released volume",
            1,
            object_removed,
            "Nobody else does it.",
            Mode.TRACE,
        ),
        Criterion(
            "kept",
            "The file outlives them all",
            2,
            file_kept,
            "Deleting an object in Kubernetes does not delete files that it says to retain.",
        ),
    ),
    hints=(
        "A claim goes only when no pod uses it any more.",
        "Two volumes, two policies: one goes by itself, one has to be deleted by you.",
        "The file is gone? What the policy was when the claim went decides: `lab.reset()`, and take the steps again.",
    ),
)

LAB = LabSpec(
    slug="04-dynamic-provisioning",
    title="Lab 04: Dynamic provisioning",
    namespace="lab-04",
    minutes=50,
    objectives=(
        "say which class a claim gets, and when its volume is made",
        "write a StorageClass, and run the provisioner behind it",
        "read a 403 in a log, and give a program the rights that it needs and no others",
        "find the directory of any claim on the disk",
        "tell what is left of claim, volume and files under Retain and Delete",
    ),
    checkpoints=(FIRST, CLASS, REFUSED, RIGHTS, DIRECTORY, LEGACY, DEFAULT, RETAINED),
    kinds=("StorageClass", "Deployment", "ServiceAccount", "ClusterRole", "ClusterRoleBinding"),
    cluster_objects={
        "StorageClass": (OWN,),
        "ClusterRole": ("stateful-nfs-provisioner",),
        "ClusterRoleBinding": ("stateful-nfs-provisioner",),
        "PersistentVolume": (),
    },
    # Nobody can give away a right that he has not himself.
    rights=(
        {"apiGroups": [""], "resources": ["persistentvolumeclaims", "nodes"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": [""], "resources": ["events"], "verbs": ["get", "list", "watch", "create", "update", "patch"]},
    ),
    predictions=(
        Prediction(
            "waits",
            "The claim `later` names no class, and no pod uses it. What happens?",
            {
                "a": "it gets a volume of the class `standard` at once",
                "b": "it is of the class `standard`, and waits until a pod uses it",
                "c": "it waits until somebody gives it a class",
            },
            "b",
            "The default class was written into it, and the binding mode of that class waits for the first consumer.",
        ),
        Prediction(
            "nobody",
            "No program is called lab-04/subdir. What becomes of the claim `data`?",
            {
                "a": "the API server refuses the class",
                "b": "the provisioner of the default class takes care of it",
                "c": "it waits, for ever if need be",
            },
            "c",
            "The cluster notes on the claim who is asked for a volume, and waits for whoever has that name.",
        ),
        Prediction(
            "refused",
            "The provisioner starts, with an account that nobody has given any rights. What will you see?",
            {
                "a": "`data` is Bound",
                "b": "a pod that crashes again and again",
                "c": "a pod that is Ready, and a claim that is Pending",
            },
            "c",
            "The process runs, so the pod is Ready. That the API server refuses it everything is only in its log.",
        ),
        Prediction(
            "rights",
            "You create role and binding while the provisioner runs. What has to be done before `data` is Bound?",
            {
                "a": "nothing: it tries again by itself",
                "b": "its pod must be deleted, so that it gets a new token",
                "c": "the claim must be made anew",
            },
            "a",
            "A token says who somebody is; what he may do is looked up at every request.",
        ),
        Prediction(
            "legacy",
            "The annotation says stateful-nfs, the field says standard. What does `legacy` get?",
            {
                "a": "a volume of stateful-nfs",
                "b": "a volume of standard, once a pod uses it",
                "c": "an error: the API server refuses it",
            },
            "a",
            "The annotation wins, and the API server only warns.",
        ),
        Prediction(
            "default",
            "Two classes are marked as default. Which one does `plain` get?",
            {"a": "none: that is ambiguous", "b": "the older one, standard", "c": "the newer one, stateful-nfs"},
            "c",
            "Of several default classes the newest counts.",
        ),
        Prediction(
            "retain",
            "The claims `data` (policy Retain) and `later` (policy Delete) go. What is left?",
            {
                "a": "nothing",
                "b": "the volume of `data`, and its directory",
                "c": "both directories, but no volume",
            },
            "b",
            "Retain keeps volume and files. With Delete, the provisioner removes both.",
        ),
    ),
)
