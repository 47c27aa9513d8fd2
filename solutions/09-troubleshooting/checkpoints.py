"""What lab 09 checks, what it is worth, and the hints."""

from datetime import datetime

from kitlib.checks import Checkpoint, Criterion, Finding, Mode, Observation, Probe, met, pending, unmet
from kitlib.checks.evidence import fault_named, noted, warning_quoted
from kitlib.checks.levels import claims_bound, governed_by, replicas_ready
from kitlib.client.readiness import pod_ready
from kitlib.lab import LabSpec, Prediction

IMAGE = "nginx:1.27"
UNREACHABLE = "node.kubernetes.io/unreachable"
TOLERATION_SECONDS = 5
#: For how long only one may write before it counts as the only one, in seconds.
_ALONE = 3


def begun(set_name):
    """Tell whether the learner has begun: a diagnosis says something, or the set is no longer what was set up."""
    return lambda o: bool(noted(o, f"diagnosis-{set_name}")) or changed(o, set_name)


def changed(o: Observation, set_name: str) -> bool:
    """Tell whether a set was changed, deleted or made anew."""
    lives = o.history.lives("StatefulSet", set_name)
    return len(lives) > 1 or any(life.ended or len(life.values("generation")) > 1 for life in lives)


def evidence(set_name, kind, naming=None):
    """Make the criterion that the learner quotes what tells the cause."""
    return Criterion(
        "evidence",
        "The evidence is a Warning that tells the cause",
        2,
        warning_quoted(f"diagnosis-{set_name}", kind=kind, naming=naming),
        "A quote can be checked by somebody else; a feeling cannot.",
    )


def culprit(set_name, *faults):
    """Make the criterion that the learner names what is to be changed."""
    return Criterion(
        "culprit",
        "The culprit is named",
        2,
        fault_named(f"diagnosis-{set_name}", faults),
        "What shows and what is wrong are often two objects.",
    )


def ready(set_name, count):
    """Make the criterion that the set works."""
    return Criterion(
        "repaired",
        f"{set_name} is Ready",
        3,
        replicas_ready(set_name, count),
        "A repair is done when everything that was asked for runs.",
        hold=0.5,
    )


def images_of_front(o: Observation) -> set[str]:
    lives = o.history.lives("Pod", "front-0")
    return {image for life in lives for change in life.changes for image in change.state.get("images") or []}


def appends(o: Observation) -> Finding:
    wanted = "redis-cli config get appendonly says yes"
    probe = o.probes["appendonly"]
    if probe.problem:
        return (pending if o.find("Pod", "ledger-0") else unmet)(probe.problem, wanted)
    said = probe.stdout.split()
    return (met if said == ["appendonly", "yes"] else unmet)(" ".join(said) or "no answer", wanted)


def all_of_image(o: Observation) -> Finding:
    wanted = f"two pods of the image {IMAGE}"
    found = o.find("StatefulSet", "front")
    pods = o.owned_pods(found) if found is not None else []
    seen = {pod["metadata"]["name"]: pod["spec"]["containers"][0]["image"] for pod in pods}
    shown = ", ".join(f"{name}: {image}" for name, image in seen.items()) or "no pods"
    right = len(seen) == 2 and all(_same_image(image) for image in seen.values())
    coming = found is not None and _same_image(found["spec"]["template"]["spec"]["containers"][0]["image"])
    going = coming and all(_same_image(image) for image in seen.values())
    return (met if right else pending if going else unmet)(shown, wanted)


def _same_image(image: str) -> bool:
    return image.removeprefix("docker.io/").removeprefix("library/") == IMAGE


def probe_kept(o: Observation) -> Finding:
    wanted = "the container has a readinessProbe"
    found = o.find("StatefulSet", "gate")
    containers = found["spec"]["template"]["spec"]["containers"] if found is not None else []
    has = [one["name"] for one in containers if one.get("readinessProbe")]
    if has and not changed(o, "gate"):
        return unmet("the set is still as it was set up", f"{wanted}, and the set was repaired")
    return (met if has else unmet)(f"readiness probes: {', '.join(has) or 'none'}", wanted)


def made_from_new_queue(o: Observation) -> Finding:
    wanted = "queue-0 is Ready, and made from a template that is not the one that was set up"
    lives = o.history.lives("StatefulSet", "queue")
    revisions = [revision for life in lives for revision in life.values("update_revision")]
    living = o.history.living("StatefulSet", "queue")
    if living is None:
        return unmet("there is no StatefulSet queue", wanted)
    if len(set(revisions)) < 2:
        return unmet("the template of queue is still the one that was set up", wanted)
    pod = o.find("Pod", "queue-0")
    of = ((pod or {}).get("metadata", {}).get("labels") or {}).get("controller-revision-hash", "")
    if pod is None or not pod_ready(pod) or of != living.last.state.get("update_revision"):
        return pending(f"queue-0 is of {of or 'no revision'}", wanted)
    return (met if of != revisions[0] else unmet)(f"queue-0 is of {of}; what was set up was {revisions[0]}", wanted)


def names_carried(o: Observation) -> Finding:
    wanted = "shop-0 and shop-1 with the subdomain shop"
    pods = [pod for pod in o.all("Pod") if pod["metadata"]["name"].rpartition("-")[0] == "shop"]
    seen = {pod["metadata"]["name"]: pod["spec"].get("subdomain", "") for pod in pods}
    shown = ", ".join(f"{name}.{subdomain}" for name, subdomain in sorted(seen.items())) or "no pods"
    if seen == {"shop-0": "shop", "shop-1": "shop"}:
        return met(shown, wanted)
    return (pending if set(seen.values()) <= {"shop"} else unmet)(shown, wanted)


def buyer_served(o: Observation) -> Finding:
    wanted = "the buyer that was set up, unchanged, is Ready"
    if changed(o, "buyer") or o.find("StatefulSet", "buyer") is None:
        return unmet("StatefulSet buyer was changed", wanted)
    pod = o.find("Pod", "buyer-0")
    if pod is not None and pod_ready(pod):
        return met("buyer-0 is Ready", wanted)
    named = names_carried(o).state is met("").state and governed_by("shop", "shop")(o).state is met("").state
    return (pending if named else unmet)("buyer-0 is not Ready", wanted)


def tolerates(o: Observation) -> Finding:
    wanted = f"{UNREACHABLE}, NoExecute, for {TOLERATION_SECONDS} s"
    found = o.find("StatefulSet", "keeper")
    if found is None:
        return unmet("no StatefulSet keeper", wanted)
    tolerations = found["spec"]["template"]["spec"].get("tolerations") or []
    seen = [_words(one) for one in tolerations if one.get("key") == UNREACHABLE]
    right = any(
        one.get("key") == UNREACHABLE
        and one.get("effect", "NoExecute") == "NoExecute"
        and one.get("operator", "Equal") == "Exists"
        and one.get("tolerationSeconds") == TOLERATION_SECONDS
        for one in tolerations
    )
    return (met if right else unmet)("; ".join(seen) or "nothing of the kind is tolerated", wanted)


def tolerates_anything(o: Observation) -> bool:
    """Tell whether the learner has completed the set: what stands in it already is everybody's."""
    found = o.find("StatefulSet", "keeper")
    return found is not None and bool(found["spec"]["template"]["spec"].get("tolerations"))


def _words(toleration) -> str:
    seconds = toleration.get("tolerationSeconds")
    effect = toleration.get("effect") or "any effect"
    return f"{toleration['key']}, {effect}, {'for ever' if seconds is None else f'for {seconds} s'}"


def silent(o: Observation, node: str, revision: int) -> bool:
    """Tell whether a node was not Ready, or was not even there, at some moment."""
    change = o.history.at("Node", node, revision)
    return change is None or not change.state.get("ready")


def node_of(life) -> str:
    return next(reversed(life.values("node")), "")


def marked(o: Observation):
    """Return (life, change) for the first keeper-0 that was Terminating while its node was silent."""
    for life in o.history.lives("Pod", "keeper-0"):
        for change in life.changes:
            terminating = change.type != "DELETED" and change.state.get("terminating")
            if terminating and silent(o, node_of(life), change.revision):
                return life, change
    return None


def lost(o: Observation):
    """Return the first keeper-0 whose node fell silent while it was there."""
    for life in o.history.lives("Pod", "keeper-0"):
        ran = life.ready()
        if ran is not None and any(
            change.revision > ran.revision and (not life.ended or change.revision < life.last.revision)
            for node in o.history.lives("Node", node_of(life))
            for change in node.changes
            if not change.state.get("ready")
        ):
            return life
    return None


def node_lost(o: Observation) -> Finding:
    wanted = "the node of keeper-0 is NotReady, now or before, while the pod was on it"
    life = lost(o)
    if life is None:
        nodes = {pod["spec"].get("nodeName") for pod in o.all("Pod") if pod["metadata"]["name"] == "keeper-0"}
        return unmet(f"no node was lost; keeper-0 is on {', '.join(filter(None, nodes)) or 'none'}", wanted)
    return met(f"{node_of(life)} was NotReady with keeper-0 ({life.uid[:8]}) on it", wanted)


def not_replaced(o: Observation) -> Finding:
    wanted = "keeper-0 was Terminating on the silent node, and no other keeper-0 was made"
    life = lost(o)
    if life is None:
        return unmet("no node was lost while keeper-0 was on it", wanted)
    found = marked(o)
    if found is None:
        seen = "is gone without ever having been Terminating" if life.ended else "is not Terminating yet"
        return (unmet if life.ended else pending)(f"keeper-0 ({life.uid[:8]}) {seen}", wanted)
    until = f"until it was deleted by revision {life.last.revision}" if life.ended else "and is so still"
    return met(f"keeper-0 ({life.uid[:8]}) was Terminating from revision {found[1].revision} on, {until}", wanted)


def deleted_by_force(o: Observation) -> Finding:
    wanted = "keeper-0 was deleted while its node was silent"
    found = marked(o) or ((life, None) if (life := lost(o)) else None)
    if found is None:
        return unmet("no node was lost while keeper-0 was on it", wanted)
    life = found[0]
    if not life.ended:
        return unmet(f"keeper-0 ({life.uid[:8]}) is still there", wanted)
    quiet = silent(o, node_of(life), life.last.revision)
    return (met if quiet else unmet)(f"{node_of(life)} was {'silent' if quiet else 'Ready again'} then", wanted)


def successor(o: Observation):
    """Return (lost, new): the keeper-0 that was lost, and the first Ready one after it, or None."""
    former = lost(o)
    if former is None:
        return None, None
    later = [life for life in o.history.lives("Pod", "keeper-0") if life.first.revision > former.first.revision]
    return former, next((life for life in later if life.ready()), None)


def elsewhere(o: Observation) -> Finding:
    wanted = "a new keeper-0, Ready on another node"
    former, new = successor(o)
    if former is None or new is None:
        coming = former is not None and former.ended and o.find("StatefulSet", "keeper") is not None
        return (pending if coming else unmet)("there is no new keeper-0", wanted)
    seen = f"{former.uid[:8]} was on {node_of(former)}, {new.uid[:8]} on {node_of(new)}"
    return (met if node_of(former) != node_of(new) else unmet)(seen, wanted)


def last_writes(o: Observation) -> dict[str, int]:
    """Return when each pod wrote last, by UID, in seconds."""
    probe = o.probes["last"]
    words = [] if probe.problem else probe.stdout.split()
    return {uid: int(seconds) for uid, seconds in zip(words[::2], words[1::2], strict=False) if seconds.isdigit()}


def two_writers(o: Observation) -> Finding:
    wanted = "the former keeper-0 wrote on after the new one was there"
    former, new = successor(o)
    if former is None or new is None:
        return unmet("there were no two of them", wanted)
    last = last_writes(o).get(former.uid)
    if last is None:
        return unmet(f"the register knows nothing of {former.uid[:8]}", wanted)
    after = last - _seconds(str(new.first.state["created"]))
    seen = (
        f"the last entry of {former.uid[:8]} is {abs(after)} s {'after' if after > 0 else 'before'} {new.uid[:8]} began"
    )
    return (met if after > 0 else unmet)(seen, wanted)


def one_again(o: Observation) -> Finding:
    wanted = f"the node is Ready again, and for {_ALONE} s only the new keeper-0 has written"
    former, new = successor(o)
    if former is None or new is None:
        return unmet("there is no new keeper-0", wanted)
    node = o.history.living("Node", node_of(former))
    if node is None or not node.last.state.get("ready"):
        return unmet(f"{node_of(former)} is silent", wanted)
    writes = last_writes(o)
    ahead = writes.get(new.uid, 0) - writes.get(former.uid, 0)
    return (met if ahead >= _ALONE else pending)(f"the new one is {ahead} s ahead of the former one", wanted)


def _seconds(stamp: str) -> int:
    return int(datetime.fromisoformat(stamp).timestamp())


def handled(o: Observation) -> bool:
    """Tell whether anything was done about the lost pod."""
    former = lost(o)
    if former is None:
        return False
    node = o.history.living("Node", node_of(former))
    back = node is not None and bool(node.last.state.get("ready"))
    sets = o.history.lives("StatefulSet", "keeper")
    return former.ended or back or len(sets) > 1 or any(len(life.values("generation")) > 1 for life in sets)


def classes_asked_for(o: Observation) -> set[str]:
    lives = o.history.lives("PersistentVolumeClaim", "papers-archive-0")
    return {str(life.first.state["class"]) for life in lives if life.first.state.get("class")}


CLAIM = Checkpoint(
    id="claim-pending",
    title="The archive: a claim that stays Pending",
    covers=("volumeClaimTemplates",),
    attempted=begun("archive"),
    criteria=(
        evidence("archive", "PersistentVolumeClaim", classes_asked_for),
        culprit("archive", ("StatefulSet/archive", "storageClassName")),
        ready("archive", 2),
        Criterion(
            "claims",
            "Both claims are Bound",
            2,
            claims_bound(("papers-archive-0", "papers-archive-1")),
            "A pod without its own storage would lose its papers.",
        ),
    ),
    hints=(
        "The pod waits for the claim. What does the claim wait for? `kubectl describe` shows the events of one object.",
        "Compare the class that the claim asks for with the classes that there are. Where did the claim get it from?",
        "A claim that exists is used as it is, even when a new set would ask for something else.",
    ),
)

MOUNT = Checkpoint(
    id="mount-fails",
    title="The ledger: a volume that cannot be mounted",
    covers=("template",),
    attempted=begun("ledger"),
    probes=(Probe("appendonly", "ledger-0", ("redis-cli", "config", "get", "appendonly")),),
    criteria=(
        evidence("ledger", "Pod"),
        culprit("ledger", ("ConfigMap/ledger-settings", "data"), ("StatefulSet/ledger", "volumes")),
        ready("ledger", 1),
        Criterion(
            "settings",
            "It runs with the owners' setting",
            2,
            appends,
            "A pod that is Ready with the wrong settings is worse than one that is not.",
        ),
    ),
    hints=(
        "Which of the two volumes does the event name, and what is that one made from?",
        "One side asks for a key, the other side has a key. Are they spelt alike?",
        "Give the ConfigMap what is asked for, with the content that the owners want. Or let the set ask for what is there.",
    ),
)

PULL = Checkpoint(
    id="image-pull",
    title="The front page: ErrImagePull",
    covers=("template", "updateStrategy"),
    attempted=begun("front"),
    criteria=(
        evidence("front", "Pod", images_of_front),
        culprit("front", ("StatefulSet/front", "image")),
        ready("front", 2),
        Criterion("image", "Both pods run the right image", 2, all_of_image, "The template is only a promise."),
    ),
    hints=(
        "Read the image's name aloud, letter by letter.",
        "After the correction: from which template is the pod that exists?",
        "An update in order waits for a pod to become Ready. Which pod can never do so, and who could take it away?",
    ),
)

PROBE = Checkpoint(
    id="never-ready",
    title="The gate: Running, but never Ready",
    covers=("template",),
    attempted=begun("gate"),
    criteria=(
        evidence("gate", "Pod"),
        culprit("gate", ("StatefulSet/gate", "readinessProbe")),
        ready("gate", 2),
        Criterion(
            "probe",
            "It still has a readiness probe",
            2,
            probe_kept,
            "Without a probe a pod is Ready as soon as it runs, whether it can serve or not.",
        ),
    ),
    hints=(
        "The event shows an address. Which part of it does nginx not know?",
        "The program is healthy. What is asked is wrong: a number in the set's template.",
        "Correct the number in the set, and then think of what helped in the story before.",
    ),
)

REFUSED = Checkpoint(
    id="refused",
    title="The queue: a dependency that refuses",
    covers=("template", "replicas"),
    attempted=begun("queue"),
    criteria=(
        evidence("queue", "Pod"),
        culprit("queue", ("StatefulSet/queue", "command")),
        ready("worker", 3),
        Criterion(
            "lasting",
            "The repair is in the set of the queue",
            2,
            made_from_new_queue,
            "A process forgets at its next start; a template does not.",
        ),
    ),
    hints=(
        "What does the log of worker-2 say, and who says it: the worker, or somebody who answers it?",
        "How many clients does the queue have, and how many does it take? Read its manifest.",
        "Raise the number in the set's command. The set replaces its own pod, and the workers come back by themselves.",
    ),
)

NAME = Checkpoint(
    id="wrong-name",
    title="The shop: a name that nobody knows",
    covers=("serviceName",),
    attempted=begun("shop"),
    criteria=(
        evidence("shop", "Pod"),
        culprit("shop", ("StatefulSet/shop", "serviceName")),
        Criterion(
            "service-name",
            "The set names its Service",
            2,
            governed_by("shop", "shop"),
            "The second part of a pod's name comes from this field; nobody checks that such a Service exists.",
        ),
        Criterion(
            "names",
            "Both pods carry the name",
            2,
            names_carried,
            "A pod gets its name when it is made, and keeps it.",
        ),
        Criterion(
            "served",
            "The buyer finds the shop",
            3,
            buyer_served,
            "The repair is done when the one who complained is content.",
        ),
    ),
    hints=(
        "The Service's own name works. Which name is missing, and of which two parts is it made?",
        "Compare the Service's name with the subdomain of the pod. From which field of the set does that come?",
        "The field can't be changed, and a pod keeps the name with which it was made: neither old set nor old pods can stay.",
    ),
)

HELD = Checkpoint(
    id="at-most-one",
    title="A silent node: at most one",
    covers=("template", "replicas"),
    attempted=tolerates_anything,
    criteria=(
        Criterion(
            "tolerations",
            "The pod waits five seconds for its node",
            2,
            tolerates,
            "How long a pod waits for a lost node is its own decision.",
        ),
        Criterion(
            "node-lost",
            "Its node was lost",
            2,
            node_lost,
            "To see what the cluster does, a node must have been lost.",
            Mode.EDGE,
        ),
        Criterion(
            "not-replaced",
            "keeper-0 was marked, and not replaced",
            4,
            not_replaced,
            "As long as nobody knows that the pod has ended, a second one would be one too many.",
            Mode.TRACE,
        ),
    ),
    hints=(
        "Tolerations stand in the pod's spec, beside its containers.",
        "The pod must be running when its node falls silent: begin with a keeper-0 that is Ready.",
        "Leave the pod alone until the cluster has marked it. If it is gone already: `lab.reset()`, and this part again.",
    ),
)

FORCED = Checkpoint(
    id="forced",
    title="Force: two of one name",
    attempted=handled,
    timeout=30.0,
    probes=(Probe("last", "register-0", ("redis-cli", "hgetall", "last")),),
    criteria=(
        Criterion(
            "forced",
            "keeper-0 was deleted while its node was silent",
            2,
            deleted_by_force,
            "Force removes the object without asking the node.",
            Mode.TRACE,
        ),
        Criterion(
            "elsewhere",
            "The set made another one on another node",
            2,
            elsewhere,
            "With the object gone, the set believes that the place is free.",
            Mode.TRACE,
        ),
        Criterion(
            "two-writers",
            "Both wrote",
            3,
            two_writers,
            "The object was gone, the process was not.",
        ),
        Criterion(
            "one-again",
            "Since the node is back, one writes",
            3,
            one_again,
            "The kubelet ends what the cluster does not know any more; until then there were two.",
        ),
    ),
    hints=(
        "An ordinary deletion asks the node, and the node does not answer. Which two options leave that out?",
        "Look into the register before you give the node back: are there two who write?",
        "If the node was given back too early, its kubelet has ended the old process: take the steps of part 7 again.",
    ),
)

LAB = LabSpec(
    slug="09-troubleshooting",
    title="Lab 09: Six things that go wrong, and one that must not",
    namespace="lab-09",
    minutes=80,
    objectives=(
        "find out from STATUS, events, logs and DNS why a StatefulSet does not work, and prove it with a quote",
        "tell the object that complains from the object that is wrong",
        "say which repairs change a set, which need a pod to be removed, and which need the set to be made anew",
        "explain why a pod of a lost node is not replaced, and what a forced deletion risks",
    ),
    kinds=("ConfigMap", "Node"),
    cluster_objects={"StorageClass": ("fast",)},
    nodes=3,
    node_timeouts="fast",
    rights=({"apiGroups": [""], "resources": ["nodes"], "verbs": ["get", "list", "watch", "patch"]},),
    checkpoints=(CLAIM, MOUNT, PULL, PROBE, REFUSED, NAME, HELD, FORCED),
    predictions=(
        Prediction(
            "archive",
            "You write another class into the claim template of the set that exists. What happens?",
            {
                "a": "the set is changed, and the claim with it",
                "b": "the set is changed, the claim stays as it is",
                "c": "the API refuses the change",
            },
            "c",
            "Of a set's spec only a few fields may change, and the claim templates are not among them.",
        ),
        Prediction(
            "ledger",
            "You add the missing key to the ConfigMap. Must the pod be deleted?",
            {
                "a": "no, the kubelet tries again by itself",
                "b": "yes, a pod keeps what it was made with",
                "c": "yes, and the claim too",
            },
            "a",
            "The kubelet tries a mount again and again; on a real cluster up to two minutes lie between two attempts.",
        ),
        Prediction(
            "front",
            "You correct the image in the set. What becomes of front-0?",
            {
                "a": "it is replaced by a pod of the right image",
                "b": "nothing: it stays as it is",
                "c": "its container gets the right image, the pod stays",
            },
            "b",
            "An update in order waits until every pod is Ready, and this one never is. Somebody has to delete it.",
        ),
        Prediction(
            "gate",
            "A readiness probe that fails: what does it do to the container?",
            {"a": "nothing", "b": "it is restarted again and again", "c": "it is stopped"},
            "a",
            "Readiness only decides whether a pod gets requests, and whether the set goes on. Liveness restarts.",
        ),
        Prediction(
            "queue",
            "worker-0 and worker-1 work, worker-2 does not. All three are made from one template. Where is the fault?",
            {"a": "in worker-2", "b": "in what they all depend on", "c": "in the template of the workers"},
            "b",
            "What is the same for all cannot explain a difference; what they share, and what can be used up, can.",
        ),
        Prediction(
            "shop",
            "You delete the set with --cascade=orphan, so that its pods stay, and create it with the right serviceName. Then?",
            {
                "a": "the pods are adopted and keep the wrong name",
                "b": "the pods are adopted and get the right name",
                "c": "the pods are replaced, one by one",
            },
            "a",
            "The serviceName is no part of the template, so nothing seems out of date; but the pods got their subdomain at "
            "their birth. That is why they must go with the set.",
        ),
        Prediction(
            "silence",
            "The node of keeper-0 falls silent. What will be there when the waiting is over?",
            {
                "a": "keeper-0 on another node",
                "b": "keeper-0 and keeper-1",
                "c": "keeper-0, Terminating, on the silent node",
            },
            "c",
            "The cluster does not know whether the pod has ended, so it makes no second one of that name.",
        ),
        Prediction(
            "force",
            "You delete keeper-0 by force while its node is silent. How many processes are keeper-0 then?",
            {"a": "none", "b": "one", "c": "two"},
            "c",
            "The object was removed, and the set made another. The first process never heard of it until its node was back.",
        ),
    ),
)
