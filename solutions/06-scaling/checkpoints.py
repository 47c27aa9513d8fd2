"""What lab 06 checks, what it is worth, and the hints."""

from kitlib.checks import Checkpoint, Criterion, Finding, History, Life, Mode, Observation, met, pending, unmet
from kitlib.checks.levels import replicas_ready
from kitlib.checks.scaling import created_together, leaving, removed_from_the_top, removed_together, resized
from kitlib.checks.traces import claims_before_pods, claims_kept, started_in_order
from kitlib.client.readiness import pod_ready
from kitlib.lab import LabSpec, Prediction

_CLAIM, _SET = "PersistentVolumeClaim", "StatefulSet"
START, COUNT = 3, 3
NAMES = ("web-3", "web-4", "web-5")


def spec(observation: Observation) -> dict:
    """The spec of the set, or nothing."""
    found = observation.find(_SET, "web")
    return found["spec"] if found else {}


def asked_for(observation: Observation, count: int) -> bool:
    """Whether a set `web` ever asked for that many replicas."""
    lives = observation.history.lives(_SET, "web")
    return any(count in life.values("replicas") for life in lives)


def through_scale(observation: Observation) -> Finding:
    wanted = "the number 3 was written through the scale subresource"
    for life in observation.history.lives(_SET, "web"):
        for change in life.changes:
            if change.state.get("replicas") == 3 and change.state.get("scaled_by"):
                return met(f"by {', '.join(change.state['scaled_by'])}, through scale", wanted)
    return unmet("nobody has used scale", wanted)


def one_left(observation: Observation) -> Finding:
    return replicas_ready("web", 1)(observation)


def ready_at(history: History, name: str, revision: int) -> bool:
    found = history.at("Pod", name, revision)
    return found is not None and bool(found.state.get("ready")) and not found.state.get("terminating")


def was_ready_before(history: History, name: str, revision: int) -> bool:
    """Whether a pod of that name was Ready at some time before."""
    return any((one := life.ready()) is not None and one.revision < revision for life in history.lives("Pod", name))


def ready_again(history: History, name: str, revision: int) -> int | None:
    """When a pod of that name was Ready after that moment, as a revision."""
    later = [
        change.revision
        for change in history.changes
        if change.kind == "Pod" and change.name == name and change.revision > revision and change.state.get("ready")
    ]
    return later[0] if later else None


def held_up_out(observation: Observation) -> Finding:
    wanted = "3 were asked for while web-0 was not Ready; web-1 and web-2 were only made when it was Ready again"
    history, change = observation.history, resized(observation, "web", to=3)
    if change is None:
        return unmet("3 replicas were never asked for", wanted)
    if ready_at(history, "web-0", change.revision) or not was_ready_before(history, "web-0", change.revision):
        return unmet("web-0 was not broken when 3 were asked for", wanted)
    if history.at("Pod", "web-1", change.revision) is not None:
        return unmet("web-1 was there already", wanted)
    repaired = ready_again(history, "web-0", change.revision)
    born = [
        life.first.revision
        for name in ("web-1", "web-2")
        for life in history.lives("Pod", name)
        if life.first.revision > change.revision
    ]
    if repaired is None or not born:
        return unmet("web-0 is not repaired, and web-1 waits", wanted)
    return (met if min(born) > repaired else unmet)("they waited for web-0", wanted)


def new_pods(observation: Observation) -> Finding:
    wanted = "web-1 and web-2 are other pods than before"
    for name in ("web-1", "web-2"):
        if len(observation.history.lives("Pod", name)) < 2:
            return (pending if spec(observation).get("replicas", 1) >= 3 else unmet)(
                f"there was only one {name}", wanted
            )
    return met("other UIDs", wanted)


def held_up_in(observation: Observation) -> Finding:
    wanted = "2 were asked for while web-0 was not Ready; web-2, which was, only went when web-0 was Ready again"
    history, change = observation.history, resized(observation, "web", to=2)
    if change is None:
        return unmet("2 replicas were never asked for", wanted)
    if ready_at(history, "web-0", change.revision):
        return unmet("web-0 was not broken when 2 were asked for", wanted)
    if not ready_at(history, "web-2", change.revision):
        return unmet("web-2 was not Ready itself", wanted)
    repaired = ready_again(history, "web-0", change.revision)
    gone = leaving(history.lives("Pod", "web-2")[-1])
    if repaired is None:
        return unmet("web-0 is not repaired, and web-2 stays", wanted)
    if gone is None:
        return pending("web-2 is still there", wanted)
    return (met if gone.revision > repaired else unmet)("web-2 waited for web-0", wanted)


def is_parallel(observation: Observation) -> Finding:
    seen = spec(observation).get("podManagementPolicy", "no set")
    return (met if seen == "Parallel" else unmet)(f"policy {seen}", "policy Parallel")


def another_set(observation: Observation) -> Finding:
    wanted = "the first set web is deleted, and there is another one"
    lives = observation.history.lives(_SET, "web")
    if observation.history.living(_SET, "web") is None:
        return unmet("there is no set", wanted)
    return (met if len(lives) > 1 else unmet)(", then ".join(life.uid[:8] for life in lives), wanted)


def survivors(observation: Observation) -> list[Life]:
    """The pods that were Ready when the last set but one was deleted, and are still there."""
    ended = [life for life in observation.history.lives(_SET, "web") if life.ended]
    if not ended:
        return []
    moment = ended[-1].last.revision
    return [
        life
        for name in ("web-0", "web-1")
        if (life := observation.history.living("Pod", name)) is not None
        and life.first.revision < moment
        and ready_at(observation.history, name, moment)
        and not life.last.state.get("terminating")
    ]


def were_orphans(observation: Observation) -> Finding:
    wanted = "web-0 and web-1 stayed when their set was deleted, and had no owner for a time"
    alone = {
        life.name
        for life in survivors(observation)
        if any(not change.state.get("owner") and change.type != "DELETED" for change in life.changes)
    }
    seen = f"without an owner: {', '.join(sorted(alone)) or 'none'}"
    return (met if alone == {"web-0", "web-1"} else unmet)(seen, wanted)


def were_adopted(observation: Observation) -> Finding:
    wanted = "the same web-0 and web-1 belong to the new set, and are Ready"
    living = observation.history.living(_SET, "web")
    own = [life.name for life in survivors(observation) if living and life.last.state.get("owner") == living.uid]
    seen = f"adopted: {', '.join(own) or 'none'}"
    if len(own) < 2:
        waiting = living is not None and len(survivors(observation)) == 2
        return (pending if waiting else unmet)(seen, wanted)
    return replicas_ready("web", 2)(observation)


def retention(observation: Observation) -> dict:
    return spec(observation).get("persistentVolumeClaimRetentionPolicy") or {}


def scaled_deletes(observation: Observation) -> Finding:
    policy = retention(observation)
    seen = f"whenScaled: {policy.get('whenScaled')}, whenDeleted: {policy.get('whenDeleted')}"
    right = policy == {"whenScaled": "Delete", "whenDeleted": "Retain"}
    return (met if right else unmet)(seen, "whenScaled: Delete, whenDeleted: Retain")


def policy_change(observation: Observation, field: str, value: str):
    """The change by which the set last got that policy."""
    found = None
    for life in observation.history.lives(_SET, "web"):
        before = None
        for change in life.changes:
            now = (change.state.get("retention") or {}).get(field)
            if change.type != "DELETED" and now == value and before != value:
                found = change
            before = now
    return found


def claim_went_with_pod(observation: Observation) -> Finding:
    wanted = "with the policy set, pod web-2 was scaled away, and its claim www-web-2 was deleted after it"
    change = policy_change(observation, "whenScaled", "Delete")
    if change is None:
        return unmet("whenScaled was never Delete", wanted)
    history = observation.history
    claims = [
        life for life in history.lives(_CLAIM, "www-web-2") if life.ended and life.last.revision > change.revision
    ]
    pods = [life for life in history.gone("Pod", "web-2") if (leaving(life) or change).revision > change.revision]
    if not claims or not pods:
        return unmet("no web-2 and its claim have gone since", wanted)
    after = pods[0].last.revision < claims[0].last.revision
    return (met if after else unmet)(f"the claim went {'after' if after else 'before'} the pod", wanted)


def another_claim(observation: Observation) -> Finding:
    wanted = "a new claim www-web-2 is Bound, and web-2 is Ready with it"
    lives = observation.history.lives(_CLAIM, "www-web-2")
    if len(lives) < 2 or lives[-1].ended:
        coming = spec(observation).get("replicas", 1) >= 3
        return (pending if coming else unmet)(f"claims of that name: {len(lives)}", wanted)
    return replicas_ready("web", 3)(observation)


def start_is_three(observation: Observation) -> Finding:
    seen = (spec(observation).get("ordinals") or {}).get("start", 0)
    return (met if seen == START else unmet)(f"start: {seen}", f"start: {START}")


def numbered_from_three(observation: Observation) -> Finding:
    wanted = f"{COUNT} pods, all Ready: {', '.join(NAMES)}"
    found = observation.find(_SET, "web")
    pods = observation.owned_pods(found) if found else []
    ready = {pod["metadata"]["name"] for pod in pods if pod_ready(pod)}
    seen = f"pods: {', '.join(pod['metadata']['name'] for pod in pods) or 'none'}"
    if ready == set(NAMES) and len(pods) == COUNT:
        return met(seen, wanted)
    coming = (spec(observation).get("ordinals") or {}).get("start", 0) == START and spec(observation).get(
        "replicas"
    ) == COUNT
    return (pending if coming else unmet)(seen, wanted)


def all_claims_stayed(observation: Observation) -> Finding:
    wanted = "every claim that was there before the start was moved is still the same one"
    history = observation.history
    moved = None
    for life in history.lives(_SET, "web"):
        before = 0
        for change in life.changes:
            if change.state.get("start", 0) != before:
                moved = change
            before = change.state.get("start", 0)
    if moved is None:
        return unmet("the start was never moved", wanted)
    before = [life for life in history.lives(_CLAIM) if life.first.revision < moved.revision]
    there = [life for life in before if not life.ended or life.last.revision > moved.revision]
    lost = [life.name for life in there if life.ended or life.last.state.get("terminating")]
    if lost:
        return unmet(f"lost: {', '.join(lost)}", wanted)
    return met(f"kept: {', '.join(sorted(life.name for life in there))}", wanted)


def deleted_set(observation: Observation) -> Life | None:
    """The last set, if it is gone."""
    lives = observation.history.lives(_SET, "web")
    return lives[-1] if lives and lives[-1].ended else None


def set_is_gone(observation: Observation) -> Finding:
    wanted = "StatefulSet web deleted"
    life = observation.history.living(_SET, "web")
    if life is None:
        return met("the set is gone", wanted)
    return (pending if life.last.state.get("terminating") else unmet)("a set web is there", wanted)


def was_empty(observation: Observation) -> Finding:
    wanted = "when the set was deleted it asked for 0 replicas, and its last pod was gone"
    gone = deleted_set(observation)
    if gone is None:
        return unmet("the set is not deleted", wanted)
    moment = gone.last.revision
    left = [
        life.name
        for life in observation.history.lives("Pod")
        if life.name.startswith("web-") and life.first.revision < moment and life.last.revision > moment
    ]
    staying = [life.name for life in observation.history.lives("Pod") if not life.ended]
    asked = gone.last.state.get("replicas")
    seen = f"it asked for {asked}; pods then: {', '.join({*left, *staying}) or 'none'}"
    return (met if asked == 0 and not left and not staying else unmet)(seen, wanted)


def own_claims_gone(observation: Observation) -> Finding:
    wanted = "www-web-3, www-web-4 and www-web-5 went because the set did"
    history, gone = observation.history, deleted_set(observation)
    if gone is None:
        return unmet("the set is not deleted", wanted)
    for name in ("www-web-3", "www-web-4", "www-web-5"):
        lives = history.lives(_CLAIM, name)
        if not lives:
            return unmet(f"{name} was never there", wanted)
        if not lives[-1].ended:
            policy = (gone.last.state.get("retention") or {}).get("whenDeleted")
            coming = policy == "Delete" and owned(observation, name)
            return (pending if coming else unmet)(f"{name} is still there", wanted)
        if (leaving(lives[-1]) or gone.last).revision < (leaving(gone) or gone.last).revision:
            return unmet(f"{name} was deleted before the set", wanted)
    return met("nobody had to delete them", wanted)


def owned(observation: Observation, name: str) -> bool:
    """Whether a claim has an owner that takes it along."""
    claim = observation.find(_CLAIM, name)
    return claim is not None and bool(claim["metadata"].get("ownerReferences"))


def left_behind(observation: Observation) -> Finding:
    wanted = "www-web-0, www-web-1 and www-web-2 are still there"
    here = [name for name in ("www-web-0", "www-web-1", "www-web-2") if observation.history.living(_CLAIM, name)]
    return (met if len(here) == 3 else unmet)(f"there: {', '.join(here) or 'none'}", wanted)


OUT = Checkpoint(
    id="ordered-out",
    title="Out, from the bottom up",
    covers=("replicas", "template", "volumeClaimTemplates"),
    attempted=lambda o: asked_for(o, 3),
    criteria=(
        Criterion(
            "three-ready",
            "Three pods are Ready and stay so",
            1,
            replicas_ready("web", 3),
            "Scaling is done when the last pod serves.",
            hold=0.5,
        ),
        Criterion(
            "one-by-one",
            "Each was made after the one before it was Ready",
            2,
            started_in_order("web", 3),
            "A new replica can rely on those below it: they are there, and they answer.",
            Mode.TRACE,
        ),
        Criterion(
            "claim-first",
            "Each claim was there before its pod",
            1,
            claims_before_pods("web", "www", 3),
            "Without its storage a replica is nobody.",
            Mode.TRACE,
        ),
        Criterion(
            "scale",
            "It was scaled through the scale subresource",
            2,
            through_scale,
            "Who may use this door can change how many there are, and nothing else of the set.",
            Mode.TRACE,
        ),
    ),
    hints=(
        "Nothing in the manifest has to change.",
        "Which command of kubectl is made for changing the number of replicas, and nothing else?",
        "Changed the manifest instead? Go back to one replica, and take the other door.",
    ),
)

IN = Checkpoint(
    id="ordered-in",
    title="In, from the top down",
    covers=("replicas",),
    attempted=lambda o: resized(o, "web", to=1) is not None or resized(o, "web", to=2) is not None,
    criteria=(
        Criterion(
            "one-left",
            "web-0 is left",
            1,
            one_left,
            "The lowest ordinal stays longest: it is often the one that the others follow.",
        ),
        Criterion(
            "one-by-one",
            "web-2 was gone before web-1 went",
            2,
            removed_from_the_top("web", (2, 1)),
            "A replica that hands its data over needs somebody who is still there.",
            Mode.TRACE,
        ),
        Criterion(
            "claims-kept",
            "All three claims stayed",
            1,
            claims_kept(("www-web-0", "www-web-1", "www-web-2")),
            "Fewer pods need not mean less data.",
            Mode.TRACE,
        ),
    ),
    hints=(
        "The same command as before, with another number.",
        "Don't delete pods: the set would bring them back at once.",
        "If a claim is gone, `lab.reset()` and take the steps again.",
    ),
)

BLOCKED_OUT = Checkpoint(
    id="blocked-out",
    title="A broken first pod holds up the others",
    covers=("replicas",),
    attempted=lambda o: (
        (first := resized(o, "web", to=1)) is not None
        and (again := resized(o, "web", to=3)) is not None
        and again.revision > first.revision
    ),
    criteria=(
        Criterion(
            "held-up",
            "web-1 waited until web-0 was repaired",
            3,
            held_up_out,
            "The set does not build on ground that gives way.",
            Mode.TRACE,
        ),
        Criterion(
            "three-ready",
            "Three pods are Ready",
            1,
            replicas_ready("web", 3),
            "After the repair the set goes on by itself.",
            hold=0.5,
        ),
        Criterion(
            "new-pods",
            "web-1 and web-2 are new pods",
            1,
            new_pods,
            "Compare UIDs: the names have come back, the pods have not.",
            Mode.TRACE,
        ),
        Criterion(
            "same-claims",
            "They use the very same claims",
            2,
            claims_kept(("www-web-0", "www-web-1", "www-web-2")),
            "A claim waits for its ordinal for as long as nobody deletes it.",
            Mode.TRACE,
        ),
    ),
    hints=(
        "Order matters: web-0 must be seen to be broken before the set is scaled.",
        "What does the readiness probe in the manifest look for?",
        "To repair, undo what broke it. A new pod would find the same volume.",
    ),
)

BLOCKED_IN = Checkpoint(
    id="blocked-in",
    title="A broken pod holds up the way in",
    covers=("replicas",),
    attempted=lambda o: (
        (two := resized(o, "web", to=2)) is not None
        and (three := resized(o, "web", to=3)) is not None
        and two.revision > three.revision
        and len(o.history.lives("Pod", "web-2")) > 1
    ),
    criteria=(
        Criterion(
            "held-up",
            "web-2 stayed until web-0 was repaired",
            3,
            held_up_in,
            "Taking a good replica away while another one is broken could be the loss of the last good copy.",
            Mode.TRACE,
        ),
        Criterion("two-left", "Two pods are left", 1, replicas_ready("web", 2), "After the repair the set goes on."),
        Criterion(
            "claim-kept",
            "Claim www-web-2 stayed",
            1,
            claims_kept(("www-web-2",)),
            "It waits for the next web-2.",
            Mode.TRACE,
        ),
    ),
    hints=(
        "The same switch as in the step before, and again it must be seen before you scale.",
        "Deleting pods by hand is not scaling in.",
        "Was web-2 gone too early? Scale to three, and begin with the switch.",
    ),
)

ADOPTED = Checkpoint(
    id="adopted",
    title="Another set, the same pods",
    covers=("podManagementPolicy", "selector"),
    attempted=lambda o: any(life.ended for life in o.history.lives(_SET, "web")),
    criteria=(
        Criterion(
            "parallel",
            "The policy is Parallel",
            1,
            is_parallel,
            "It is one of the fields that only a new set can have.",
        ),
        Criterion(
            "another-set",
            "It is another set",
            1,
            another_set,
            "The same name, another UID.",
            Mode.TRACE,
        ),
        Criterion(
            "orphans",
            "Its pods stayed, without an owner",
            2,
            were_orphans,
            "Deleting an object and deleting what belongs to it are two things.",
            Mode.TRACE,
        ),
        Criterion(
            "adopted",
            "The new set took them in",
            3,
            were_adopted,
            "Name and labels are all that counts; nobody noticed the change.",
            Mode.TRACE,
        ),
    ),
    hints=(
        "How does kubectl learn that it should leave the pods alone? See `kubectl delete --help`.",
        "The new set must select the same labels, and its template must be the same to the letter.",
        "A set that asks for fewer replicas than there are pods removes the rest, adopted or not.",
    ),
)

PARALLEL = Checkpoint(
    id="parallel",
    title="All at once",
    covers=("podManagementPolicy",),
    attempted=lambda o: asked_for(o, 5),
    criteria=(
        Criterion(
            "out",
            "web-2, web-3 and web-4 were made together",
            2,
            created_together("web", (2, 3, 4)),
            "Programs that need a majority at once cannot wait for each other.",
            Mode.TRACE,
        ),
        Criterion(
            "in",
            "They were removed together",
            2,
            removed_together("web", (4, 3, 2)),
            "The policy is about both directions.",
            Mode.TRACE,
        ),
        Criterion("two-left", "Two pods are left", 1, replicas_ready("web", 2), "Fast, but just as exact."),
    ),
    hints=(
        "Two numbers, one after the other; wait in between.",
        "If they still come one by one, look at the policy of the set that is there now.",
        "Asking for one more at a time would be one by one too.",
    ),
)

WHEN_SCALED = Checkpoint(
    id="when-scaled",
    title="A claim that goes with its pod",
    covers=("persistentVolumeClaimRetentionPolicy",),
    attempted=lambda o: (
        policy_change(o, "whenScaled", "Delete") is not None or retention(o).get("whenDeleted") == "Delete"
    ),
    criteria=(
        Criterion(
            "policy",
            "Claims are deleted when replicas are scaled away",
            1,
            scaled_deletes,
            "The two fields are two decisions.",
        ),
        Criterion(
            "claim-gone",
            "www-web-2 went, after its pod",
            2,
            claim_went_with_pod,
            "The storage is let go when nobody uses it any more.",
            Mode.TRACE,
        ),
        Criterion(
            "others-kept",
            "All other claims stayed",
            2,
            claims_kept(("www-web-0", "www-web-1", "www-web-3", "www-web-4")),
            "The policy is about the pod that is scaled away, not about what was left earlier.",
            Mode.TRACE,
        ),
        Criterion(
            "another-claim",
            "The next web-2 has a new claim",
            2,
            another_claim,
            "Another UID: whatever was on the old volume is gone for good.",
            Mode.TRACE,
        ),
    ),
    hints=(
        "First the replicas, then the policy, and only then the way in.",
        "`kubectl explain statefulset.spec` lists a policy about claims; look into it the same way.",
        "If more claims went than should have, `lab.reset()` and take the steps again.",
    ),
)

START_STEP = Checkpoint(
    id="start-at-three",
    title="Counting from three",
    covers=("ordinals", "persistentVolumeClaimRetentionPolicy"),
    attempted=lambda o: "ordinals" in spec(o),
    criteria=(
        Criterion("start", "The set counts from 3", 1, start_is_three, "The first ordinal need not be 0."),
        Criterion(
            "names",
            "Its pods are web-3, web-4 and web-5",
            2,
            numbered_from_three,
            "As many as before, under other names.",
        ),
        Criterion(
            "claims",
            "No claim was lost on the way",
            3,
            all_claims_stayed,
            "Pods that are out of the range are scaled away, and then the retention policy is asked.",
            Mode.TRACE,
        ),
    ),
    hints=(
        "Two fields of the set, and the one that protects the data comes first.",
        "The number of replicas stays what it is.",
        "`kubectl explain statefulset.spec.ordinals` shows the field.",
    ),
)

REMOVAL = Checkpoint(
    id="graceful-removal",
    title="Lights out, in order",
    covers=("replicas", "persistentVolumeClaimRetentionPolicy"),
    attempted=lambda o: deleted_set(o) is not None or resized(o, "web", to=0) is not None,
    criteria=(
        Criterion("set-deleted", "The set is deleted", 1, set_is_gone, "The last thing to go.", Mode.EDGE),
        Criterion(
            "emptied",
            "It was empty by then",
            2,
            was_empty,
            "Scaling waits for each pod to stop; the clean-up after a deletion does not.",
            Mode.TRACE,
        ),
        Criterion(
            "own-claims",
            "The claims of its pods went with it",
            2,
            own_claims_gone,
            "whenDeleted makes the set the owner of its claims, as it is of its pods.",
            Mode.TRACE,
        ),
        Criterion(
            "others-stay",
            "The claims without a pod stayed",
            1,
            left_behind,
            "What nobody owns is nobody's to delete: you would do that, when you mean to.",
        ),
    ),
    hints=(
        "The claims get their owner from a set that has pods: do that first.",
        "A set with no replicas is still a set. Wait until its last pod is gone.",
        "Claims stayed? The policy came too late. Pods were still there? The deletion came too early. Make the set of step 6"
        " again, with three replicas that count from three, and repeat this step.",
    ),
)

LAB = LabSpec(
    slug="06-scaling",
    title="Lab 06: Scaling, out and in",
    namespace="lab-06",
    minutes=55,
    objectives=(
        "predict in which order pods and claims come and go when a StatefulSet is scaled",
        "explain why a set does not move, and set it going again",
        "replace a set without stopping its pods",
        "choose between OrderedReady and Parallel",
        "decide what becomes of the claims, and take a set down in order",
    ),
    checkpoints=(OUT, IN, BLOCKED_OUT, BLOCKED_IN, ADOPTED, PARALLEL, WHEN_SCALED, START_STEP, REMOVAL),
    predictions=(
        Prediction(
            "in",
            "Three replicas become one. What happens?",
            {
                "a": "web-0 and web-1 go, the newest stays",
                "b": "web-1 and web-2 go at the same time",
                "c": "web-2 goes; only when it is gone, web-1 goes",
            },
            "c",
            "The highest ordinal goes first, and the next one waits until it is really gone, not only asked to go.",
        ),
        Prediction(
            "out",
            "web-0 runs, but is not Ready. You ask for 3 replicas. What happens?",
            {
                "a": "web-1 and web-2 are made, and web-0 stays broken",
                "b": "nothing, until web-0 is Ready",
                "c": "web-0 is replaced, then web-1 and web-2 are made",
            },
            "b",
            "The set makes the next pod when all below it are Ready. It does not repair: it does not know how.",
        ),
        Prediction(
            "blocked",
            "web-0 is not Ready, web-1 and web-2 are. You ask for 2 replicas. Which pod goes?",
            {"a": "web-0, because it is broken anyway", "b": "web-2", "c": "none, until web-0 is Ready"},
            "c",
            "The order is a promise in both directions: no step, up or down, while a pod that is to stay is not Ready.",
        ),
        Prediction(
            "adopt",
            "Two pods without an owner, and a new set of the same name and selector. What does it do?",
            {
                "a": "it fails, because the names are taken",
                "b": "it deletes them and makes its own",
                "c": "it takes them in as they are",
            },
            "c",
            "Pods whose labels it selects, whose names fit, and which nobody owns, become its own. Their template is the"
            " same, so there is nothing to replace.",
        ),
        Prediction(
            "scaled",
            "Five claims, three pods, whenScaled: Delete. You scale to 2. Which claims are deleted?",
            {
                "a": "www-web-2",
                "b": "www-web-2, www-web-3 and www-web-4",
                "c": "none, as long as the set exists",
            },
            "a",
            "The policy concerns the claims of the pod that is scaled away. Claims that were left behind earlier have no"
            " pod that could take them along.",
        ),
        Prediction(
            "start",
            "Three pods, web-0 to web-2, and you set the start to 3. What happens?",
            {
                "a": "the pods are renamed",
                "b": "three new pods come, the three old ones go",
                "c": "nothing, until you scale to 6",
            },
            "b",
            "A pod's name cannot change. The old ones are outside the range now, so they are scaled away.",
        ),
        Prediction(
            "end",
            "The set is empty, whenDeleted is Delete, six claims are there. You delete the set. Which claims go?",
            {"a": "all six", "b": "www-web-3, www-web-4 and www-web-5", "c": "none, for there are no pods"},
            "b",
            "The set became the owner of the claims of those pods that it had when you set the policy.",
        ),
    ),
)
