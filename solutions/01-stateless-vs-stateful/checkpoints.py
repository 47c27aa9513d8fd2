"""What lab 01 checks, what it is worth, and the hints."""

from kitlib.checks import Checkpoint, Criterion, Finding, History, Life, Mode, Observation, met, pending, unmet
from kitlib.checks.combining import every
from kitlib.checks.herds import (
    deployment_pods,
    deployment_ready,
    set_pods,
    started_together,
    stopped_in_reverse,
    stopped_together,
)
from kitlib.checks.levels import replicas_ready, service_port, service_selects
from kitlib.checks.services import endpoints_ready, service_type
from kitlib.checks.traces import started_in_order
from kitlib.lab import LabSpec, Prediction

OLD, NEW = "nginx:1.27", "nginx:1.28"
CHOICES = {
    "web-frontend": "Deployment",
    "postgresql": "StatefulSet",
    "rest-api": "Deployment",
    "kafka": "StatefulSet",
    "thumbnails": "Deployment",
    "zookeeper": "StatefulSet",
}


def cows(history: History) -> tuple[Life, ...]:
    return deployment_pods(history, "cattle")


def pets(history: History) -> tuple[Life, ...]:
    return set_pods(history, "pets")


def same_image(observation: Observation) -> Finding:
    wanted = f"both run the image {OLD}"
    seen = []
    for kind, name in (("Deployment", "cattle"), ("StatefulSet", "pets")):
        template = (observation.find(kind, name) or {}).get("spec", {}).get("template", {}).get("spec", {})
        images = [container.get("image", "") for container in template.get("containers") or []]
        seen.append((name, [image.removeprefix("docker.io/").removeprefix("library/") for image in images]))
    shown = "; ".join(f"{name}: {', '.join(images) or 'nothing'}" for name, images in seen)
    return (met if all(images == [OLD] for _, images in seen) else unmet)(shown, wanted)


def wants(observation: Observation, kind: str, name: str) -> int:
    """How many replicas a workload asks for; 0 if it is not there."""
    found = observation.find(kind, name)
    return 0 if found is None else found["spec"].get("replicas", 1)


def lost(lives: tuple[Life, ...]) -> list[Life]:
    """The pods that were Ready once, and are gone or on their way out."""
    return [life for life in lives if life.ready() and (life.ended or life.last.state.get("terminating"))]


def takes_place(life: Life, former: Life) -> bool:
    """Whether a pod stands where another one stood: a cow anywhere in the same herd, a pet under its name."""
    return life.last.state.get("owner") == former.last.state.get("owner") and (
        life.name == former.name or not former.name.startswith("pets-")
    )


def another_cow(observation: Observation) -> Finding:
    wanted = "a cow is gone; the same ReplicaSet made one with a new name, and three are Ready"
    lives = cows(observation.history)
    gone = lost(lives)
    if not gone:
        return unmet("no cow that was Ready is gone", wanted)
    former = gone[0]
    herd = former.last.state.get("owner")
    newer = [life for life in lives if takes_place(life, former) and life.first.revision > former.ready().revision]
    ready = [life for life in lives if not life.ended and life.last.state.get("ready")]
    if not newer or len(ready) < 3:
        alive = any(life.uid == herd and not life.ended for life in observation.history.lives("ReplicaSet"))
        coming = alive and wants(observation, "Deployment", "cattle") >= 3
        return (pending if coming else unmet)(f"{former.name} is gone; {len(ready)} cows are Ready", wanted)
    return met(f"{former.name} was replaced by {newer[0].name}", wanted)


def same_pet(observation: Observation) -> Finding:
    wanted = "pets-1 is gone, and a pod of that very name with another UID is Ready"
    lives = [life for life in pets(observation.history) if life.name == "pets-1"]
    gone = lost(tuple(lives))
    if not gone:
        return unmet("no pets-1 that was Ready is gone", wanted)
    seen = "UIDs of pets-1: " + ", then ".join(life.uid[:8] for life in lives)
    if len(lives) < 2 or lives[-1].ended or not lives[-1].last.state.get("ready"):
        coming = wants(observation, "StatefulSet", "pets") >= 2
        return (pending if coming else unmet)(f"{seen}; none is Ready now", wanted)
    return met(seen, wanted)


def new_addresses(observation: Observation) -> Finding:
    wanted = "no pod got the IP of the one that it replaced"
    told = []
    for herd, kind, name in ((cows, "Deployment", "cattle"), (pets, "StatefulSet", "pets")):
        lives = herd(observation.history)
        gone = lost(lives)
        if not gone:
            return unmet(f"nothing of {name} was replaced", wanted)
        former = next((life for life in gone if life.name == "pets-1"), gone[0])
        later = [life for life in lives if life.first.revision > former.ready().revision and takes_place(life, former)]
        address = next((life.last.state.get("ip") for life in later if not life.ended), None)
        if address is None:
            coming = wants(observation, kind, name) >= 2
            return (pending if coming else unmet)(f"{name}: the new pod has no IP", wanted)
        told.append(f"{name}: {former.last.state.get('ip')}, then {address}")
        if address == former.last.state.get("ip"):
            return unmet(told[-1], wanted)
    return met("; ".join(told), wanted)


def runs(images: list[str], image: str) -> bool:
    return [one.removeprefix("docker.io/").removeprefix("library/") for one in images] == [image]


def went_forward(observation: Observation) -> Finding:
    wanted = f"three Ready pods of cattle with {NEW}, after pods with {OLD}"
    lives = [life for life in cows(observation.history) if life.ready()]
    older = [life for life in lives if runs(life.last.state.get("images", []), OLD)]
    newer = [life for life in lives if runs(life.last.state.get("images", []), NEW)]
    seen = f"pods that were Ready: {len(older)} with {OLD}, {len(newer)} with {NEW}"
    if len(newer) >= 3 and older:
        return met(seen, wanted)
    going = runs([c["image"] for c in _containers(observation)], NEW)
    return (pending if going and older else unmet)(seen, wanted)


def came_back(observation: Observation) -> Finding:
    wanted = f"cattle runs {OLD} again, three pods Ready"
    images = [container["image"] for container in _containers(observation)]
    if not runs(images, OLD):
        return unmet(f"the Deployment asks for {', '.join(images) or 'nothing'}", wanted)
    return deployment_ready("cattle", 3)(observation)


def same_replica_set(observation: Observation) -> Finding:
    wanted = "the first ReplicaSet has the pods again, as revision 3 or later"
    found = observation.find("Deployment", "cattle")
    own = [
        life
        for life in observation.history.lives("ReplicaSet")
        if found is not None and life.last.state.get("owner") == found["metadata"]["uid"]
    ]
    if len(own) < 2:
        return unmet(f"this Deployment ever had {len(own)} ReplicaSets", wanted)
    numbers = own[0].values("number")
    seen = f"revisions of the first ReplicaSet ({own[0].name}): {', then '.join(map(str, numbers))}"
    if own[0].ended:
        return unmet(f"{own[0].name} was deleted", wanted)
    back = bool(own[0].last.state.get("replicas")) and len(numbers) > 1 and int(numbers[-1]) >= 3
    return (met if back else unmet)(seen, wanted)


def all_gone(observation: Observation) -> Finding:
    wanted = "both workloads are there, ask for 0 replicas, and have no pods"
    asked = {}
    for kind, name in (("Deployment", "cattle"), ("StatefulSet", "pets")):
        if observation.find(kind, name) is None:
            return unmet(f"no {kind} {name}", wanted)
        asked[name] = wants(observation, kind, name)
    seen = f"replicas: {asked['cattle']} and {asked['pets']}; pods left: {len(observation.all('Pod'))}"
    if any(asked.values()):
        return unmet(seen, wanted)
    return (pending if observation.all("Pod") else met)(seen, wanted)


def objects_deleted(observation: Observation) -> Finding:
    wanted = "the Deployment and the StatefulSet are deleted"
    there = [n for k, n in (("Deployment", "cattle"), ("StatefulSet", "pets")) if observation.find(k, n) is not None]
    if not there:
        return met("both are gone", wanted)
    going = all(
        found["metadata"].get("deletionTimestamp")
        for found in (observation.find("Deployment", "cattle"), observation.find("StatefulSet", "pets"))
        if found is not None
    )
    return (pending if going else unmet)(f"still there: {', '.join(there)}", wanted)


def no_pods_left(observation: Observation) -> Finding:
    wanted = "no pod is left"
    left = [pod for pod in observation.all("Pod") if pod["metadata"]["name"].startswith(("cattle-", "pets-"))]
    if not left:
        return met("no pod is left", wanted)
    ownerless = [pod for pod in left if not pod["metadata"].get("ownerReferences")]
    standing = [name for k, name in (("Deployment", "cattle"), ("StatefulSet", "pets")) if wants(observation, k, name)]
    seen = "still there: " + ", ".join(pod["metadata"]["name"] for pod in left)
    return (unmet if ownerless or standing else pending)(seen, wanted)


def were_running(observation: Observation) -> Finding:
    """The precondition: what goes at once must have been there."""
    wanted = "three pets were Ready when the set was deleted"
    lives = observation.history.lives("StatefulSet", "pets")
    ended = [life for life in lives if life.ended or life.last.state.get("terminating")]
    if not ended:
        return unmet("no StatefulSet pets was deleted", wanted)
    end = ended[-1].when(lambda state: bool(state.get("terminating"))) or ended[-1].last
    ready = 0
    for ordinal in range(3):
        pod = observation.history.at("Pod", f"pets-{ordinal}", end.revision)
        ready += bool(pod and pod.state.get("ready") and not pod.state.get("terminating"))
    if ready < 3:
        return unmet(f"{ready} pets were Ready when the set was deleted", wanted)
    return stopped_together(pets, 3, "pets")(observation)


def chosen(observation: Observation) -> dict[str, str]:
    return dict((observation.find("ConfigMap", "choices") or {}).get("data") or {})


def answers(kind: str):
    """Want every workload of one kind to be named as such."""
    keys = [key for key, value in CHOICES.items() if value == kind]
    wanted = f"each of {', '.join(CHOICES)} has the kind of workload that it needs"

    def test(observation: Observation) -> Finding:
        given = {key: chosen(observation).get(key, "").strip().lower() for key in keys}
        right = [key for key in keys if given[key] == CHOICES[key].lower()]
        missing = [key for key in keys if not given[key]]
        seen = f"{len(right)} of {len(keys)} are right"
        if missing:
            seen += f"; nothing for {', '.join(missing)}"
        elif len(right) < len(keys):
            seen += "; think again about " + ", ".join(key for key in keys if key not in right)
        return (met if len(right) == len(keys) else unmet)(seen, wanted)

    return test


def ever_lost(observation: Observation) -> bool:
    return bool(lost(cows(observation.history)) or lost(pets(observation.history)))


def ever_zero(observation: Observation) -> bool:
    return any(
        change.state.get("replicas") == 0
        for kind, name in (("Deployment", "cattle"), ("StatefulSet", "pets"))
        for life in observation.history.lives(kind, name)
        for change in life.changes
    )


def ever_deleted(observation: Observation) -> bool:
    return any(
        life.ended or life.last.state.get("terminating")
        for kind, name in (("Deployment", "cattle"), ("StatefulSet", "pets"))
        for life in observation.history.lives(kind, name)
    )


def ever_changed(observation: Observation) -> bool:
    lives = observation.history.lives("Deployment", "cattle")
    return any(not runs(change.state.get("images", []), OLD) for life in lives for change in life.changes)


def _containers(observation: Observation) -> list[dict[str, str]]:
    found = observation.find("Deployment", "cattle")
    return [] if found is None else found["spec"]["template"]["spec"]["containers"]


HERDS = Checkpoint(
    id="two-herds",
    covers=("serviceName", "replicas", "selector", "template"),
    title="Two herds of three",
    attempted=lambda o: o.find("Deployment", "cattle") is not None or o.find("StatefulSet", "pets") is not None,
    criteria=(
        Criterion(
            "cattle",
            "Three cows are Ready",
            2,
            deployment_ready("cattle", 3),
            "A Deployment runs any number of pods that are alike.",
        ),
        Criterion(
            "pets", "Three pets are Ready", 2, replicas_ready("pets", 3), "A StatefulSet numbers its pods from 0."
        ),
        Criterion(
            "image",
            "Both run the same image",
            1,
            same_image,
            "What differs in this lab is to come from the kind of workload, and from nothing else.",
        ),
    ),
    hints=(
        "Compare your manifest with the list above it: two names, two numbers, two labels, two images.",
        "The labels stand in two places of each workload: where it looks for its pods, and where its pods get them.",
        "If a pod is not Ready, `%kubectl describe pod NAME` tells at its end what holds it up.",
    ),
)

ORDER = Checkpoint(
    id="start-order",
    title="Together, and in order",
    attempted=lambda o: bool(cows(o.history) or o.history.lives("Pod", "pets-0")),
    criteria=(
        Criterion(
            "together",
            "The cattle were created together",
            2,
            started_together("cattle", 3),
            "Pods that do not need each other need not wait for each other.",
            Mode.TRACE,
        ),
        Criterion(
            "in-order",
            "Each pet was created when the one before it was Ready",
            2,
            started_in_order("pets", 3),
            "A copy may join only once there is something to copy from.",
            Mode.TRACE,
        ),
    ),
    hints=(
        "Look at `lab.timeline()`: which lanes begin together, and which do not?",
        "Ask for all three replicas of both from the beginning, and leave out any field that the task does not name.",
        "What was recorded stays recorded: `lab.reset()`, then create both again.",
    ),
)

DOORS = Checkpoint(
    id="doors",
    title="A door for each herd",
    attempted=lambda o: any(o.find("Service", name) is not None for name in ("cattle-door", "pets-door")),
    criteria=(
        Criterion(
            "node-ports",
            "Both are of the type NodePort",
            2,
            every(service_type("cattle-door", "NodePort"), service_type("pets-door", "NodePort")),
            "Only then does every node listen for them.",
        ),
        Criterion(
            "ports",
            "Both offer port 80",
            1,
            every(service_port("cattle-door", 80), service_port("pets-door", 80)),
            "Clients come to that port, and nginx listens on it.",
        ),
        Criterion(
            "selectors",
            "Each selects its herd",
            1,
            every(service_selects("cattle-door", {"app": "cattle"}), service_selects("pets-door", {"app": "pets"})),
            "The selector decides who answers.",
        ),
        Criterion(
            "behind",
            "Three ready pods stand behind each",
            1,
            every(endpoints_ready("cattle-door", 3), endpoints_ready("pets-door", 3)),
            "A door with nobody behind it refuses everybody.",
        ),
    ),
    hints=(
        "Which kind of Service opens a port on the nodes? It is one word in its spec.",
        "If nobody stands behind a door, compare its selector with `%kubectl get pods --show-labels`.",
        "`kubectl explain service.spec.type` lists what there is; leave the number of the node's port to the cluster.",
    ),
)

REPLACED = Checkpoint(
    id="replaced",
    title="Another cow, the same pet",
    attempted=ever_lost,
    criteria=(
        Criterion(
            "another-cow",
            "A lost cow was replaced by one with another name",
            2,
            another_cow,
            "Cattle are counted: what matters is that there are three.",
            Mode.TRACE,
        ),
        Criterion(
            "same-pet",
            "pets-1 is back under its name",
            2,
            same_pet,
            "Others know a pet by its name; the UID says that it is another pod all the same.",
            Mode.TRACE,
        ),
        Criterion(
            "addresses",
            "Both have new addresses",
            1,
            new_addresses,
            "An IP belongs to one pod object, and goes with it, in either kind of workload.",
            Mode.TRACE,
        ),
    ),
    hints=(
        "Delete the pods, not what made them.",
        "You need the exact name of a cow: `roll_call()` and `%kubectl get pods` both show it.",
        "`kubectl delete --help`: it takes several names of one kind. A curly bracket in a `%kubectl` line puts a Python variable in.",
    ),
)

ROLLED_BACK = Checkpoint(
    id="rolled-back",
    title="Forward and back again",
    attempted=ever_changed,
    criteria=(
        Criterion(
            "forward",
            "All cattle ran the new image",
            2,
            went_forward,
            "One can only go back from where one has been.",
            Mode.TRACE,
        ),
        Criterion("back", "All cattle run the old image again", 2, came_back, "That was what the customers wanted."),
        Criterion(
            "same-replicaset",
            "The old ReplicaSet has the pods again",
            2,
            same_replica_set,
            "A Deployment keeps its former ReplicaSets, without pods, exactly for this.",
            Mode.TRACE,
        ),
    ),
    hints=(
        "Two changes, one after the other, and each has to arrive at all three pods before the next.",
        "`kubectl set --help` lists what can be changed so; the container's name is nginx.",
        "`kubectl rollout --help` lists the commands for what was rolled out: one shows, one waits, one goes back.",
    ),
)

EMPTIED = Checkpoint(
    id="scaled-to-none",
    title="All go home",
    attempted=ever_zero,
    criteria=(
        Criterion("empty", "Both ask for 0 and have no pods", 1, all_gone, "Scaled to nothing, but not deleted."),
        Criterion(
            "cattle-together",
            "The cattle left together",
            2,
            stopped_together(cows, 3, "cows"),
            "Nobody depends on a cow, so none has to wait.",
            Mode.TRACE,
        ),
        Criterion(
            "pets-in-reverse",
            "The pets left in reverse order, one by one",
            2,
            stopped_in_reverse("pets", 3),
            "Who came last leaves first: what it depended on is there to the end.",
            Mode.TRACE,
        ),
    ),
    hints=(
        "It is the same field as ever, with the smallest number that it takes.",
        "Do not delete any pod by hand, and do not go down in steps: the controllers know the order.",
        "If the order was disturbed, scale both to 3, wait, and do it once more: the last time counts.",
    ),
)

DELETED = Checkpoint(
    id="deleted",
    title="The herds themselves",
    attempted=ever_deleted,
    criteria=(
        Criterion(
            "objects",
            "Deployment and StatefulSet are deleted",
            1,
            objects_deleted,
            "This time the owners go, not only their pods.",
        ),
        Criterion("pods", "No pod is left", 1, no_pods_left, "The garbage collector removes what has lost its owner."),
        Criterion(
            "at-once",
            "Three running pets were told to stop at once",
            3,
            were_running,
            "A deleted set keeps no order: scale to 0 first if the order matters.",
            Mode.TRACE,
        ),
    ),
    hints=(
        "Are three pets running before you delete? Only then is there something to see.",
        "Delete the workloads, and leave the pods to the garbage collector.",
        "Pods that stay although their owner is gone were orphaned: is there an option `--cascade` in your command?",
    ),
)

CHOSEN = Checkpoint(
    id="choices",
    title="Which workload needs which",
    attempted=lambda o: o.find("ConfigMap", "choices") is not None,
    criteria=(
        Criterion(
            "cattle-like",
            "The three that are like cattle",
            2,
            answers("Deployment"),
            "Where any copy will do, order and names only cost time.",
        ),
        Criterion(
            "pet-like",
            "The three that are like pets",
            2,
            answers("StatefulSet"),
            "Where a copy has a name, files or a turn of its own, it must keep them.",
        ),
    ),
    hints=(
        "Ask of each: if one copy is lost, and a fresh one with another name takes its place, does anybody notice?",
        "There are three of each kind.",
        "Where the data lives decides. In the image or in another service? Or with the copy itself?",
    ),
)

LAB = LabSpec(
    slug="01-stateless-vs-stateful",
    title="Lab 01: Pets and cattle",
    namespace="lab-01",
    minutes=40,
    objectives=(
        "say what a StatefulSet does otherwise than a Deployment, and have seen each difference happen",
        "tell a pod's name from its UID and its address, and know which of them survive",
        "roll a Deployment back, and say which object made that possible",
        "take a StatefulSet down in order, and know when that order is not kept",
        "choose between the two for a given workload",
    ),
    kinds=("Deployment", "ReplicaSet", "EndpointSlice", "ConfigMap"),
    checkpoints=(HERDS, ORDER, DOORS, REPLACED, ROLLED_BACK, EMPTIED, DELETED, CHOSEN),
    predictions=(
        Prediction(
            "start",
            "Both workloads ask for three pods. When are they created?",
            {
                "a": "all six at once",
                "b": "the three of the Deployment at once, those of the StatefulSet one after the other",
                "c": "all six one after the other",
            },
            "b",
            "The Deployment's pods began together. Each pod of the StatefulSet waited until the one before was Ready.",
        ),
        Prediction(
            "doors",
            "You will knock six times at the door of the pets. Who answers?",
            {"a": "always pets-0", "b": "each in turn, by number", "c": "now this one, now that one"},
            "c",
            "A Service passes each connection to any of its pods; that a pet has a number does not matter to it.",
        ),
        Prediction(
            "replace",
            "One pod of each workload is deleted. What will their replacements be called?",
            {
                "a": "both as before",
                "b": "both have new names",
                "c": "the cow has a new name, the pet its old one; the pet also has its old IP",
                "d": "the cow has a new name, the pet its old one; both have new IPs",
            },
            "d",
            "A pet keeps its name. No pod keeps its address.",
        ),
        Prediction(
            "rollback",
            "After going forward and back again, how many ReplicaSets does the Deployment have?",
            {"a": "one", "b": "two", "c": "three"},
            "b",
            "One per version of the template. Going back gives the pods to the old ReplicaSet again.",
        ),
        Prediction(
            "down",
            "Both are scaled to 0. In which order do the pets leave?",
            {"a": "all at once", "b": "pets-0 first", "c": "pets-2 first", "d": "in any order, one by one"},
            "c",
            "The highest ordinal goes first, and the next one only when it is gone.",
        ),
        Prediction(
            "delete",
            "The StatefulSet itself is deleted. In which order do the pets leave now?",
            {"a": "pets-2 first, as before", "b": "pets-0 first", "c": "all at once"},
            "c",
            "The order was kept by the set, and the set is gone. Scale to 0 first if the order matters.",
        ),
    ),
)
