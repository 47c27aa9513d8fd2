"""What lab 07 checks, what it is worth, and the hints."""

from itertools import pairwise

from kitlib.checks import Checkpoint, Criterion, Finding, Mode, Observation, met, pending, unmet
from kitlib.checks.levels import replicas_ready
from kitlib.checks.rollouts import (
    Stretch,
    image_of,
    never_more_than_one_out,
    partition_is,
    replaced_from_the_top,
    rolled_out,
    strategy_is,
    stretch_of,
    stretches_of,
)
from kitlib.client.readiness import pod_ready
from kitlib.lab import LabSpec, Prediction

FIRST, SECOND, CANARY, BROKEN = "nginx:1.27", "nginx", "nginx:1.19", "nginx:v1.19"
MIN_READY, LIMIT, ASKED = 2, 1, 2
ANNOTATION, KEPT, DROPPED = "max-unavailable", "kept", "dropped"


def stateful_set(observation: Observation) -> dict:
    """The set, or a stand-in without anything."""
    return observation.find("StatefulSet", "web") or {"metadata": {}, "spec": {}, "status": {}}


def revisions(observation: Observation) -> list[dict]:
    """The ControllerRevisions that belong to the set, oldest first."""
    uid = stateful_set(observation)["metadata"].get("uid")
    own = [
        one
        for one in observation.all("ControllerRevision")
        if any(ref["uid"] == uid for ref in one["metadata"].get("ownerReferences") or [])
    ]
    return sorted(own, key=lambda one: one["revision"])


def had_image(observation: Observation, image: str) -> bool:
    return stretch_of(observation.history, "web", image) is not None


def all_of_one_revision(observation: Observation) -> Finding:
    wanted = "each pod's label controller-revision-hash names the set's one ControllerRevision"
    pods = [pod for pod in observation.all("Pod") if pod["metadata"]["name"].startswith("web-")]
    labels = {(pod["metadata"].get("labels") or {}).get("controller-revision-hash", "none") for pod in pods}
    update = (stateful_set(observation).get("status") or {}).get("updateRevision")
    known = {one["metadata"]["name"] for one in revisions(observation)}
    seen = f"labels: {', '.join(sorted(labels)) or 'none'}"
    if not pods or not update:
        return pending(seen, wanted)
    return (met if labels == {update} and update in known else unmet)(seen, wanted)


def runs_first(observation: Observation) -> Finding:
    wanted = f"image {FIRST}"
    seen = image_of(stateful_set(observation)["spec"].get("template") or {"spec": {}})
    return (met if seen == FIRST else unmet)(f"image {seen}", wanted)


def former_kept(observation: Observation) -> Finding:
    wanted = f"the ControllerRevision with {FIRST} is still there, with a lower number than the new one"
    found = revisions(observation)
    seen = ", ".join(f"{one['revision']}: {image_of(one['data']['spec']['template'])}" for one in found) or "none"
    numbers = {image_of(one["data"]["spec"]["template"]): one["revision"] for one in found}
    if SECOND not in numbers and not had_image(observation, SECOND):
        return unmet(seen, wanted)
    return (met if FIRST in numbers and numbers[FIRST] < numbers.get(SECOND, 0) else unmet)(seen, wanted)


def only_web_2(observation: Observation) -> Finding:
    wanted = f"web-2 runs {CANARY} and is Ready; web-0 and web-1 run {SECOND} and never ran {CANARY}"
    stretch = stretch_of(observation.history, "web", CANARY)
    if stretch is None:
        return unmet(f"the template never named {CANARY}", wanted)
    for name in ("web-0", "web-1"):
        if any(ran(life, CANARY) and stretch.holds(life.first) for life in observation.history.lives("Pod", name)):
            return unmet(f"{name} got {CANARY} as well", wanted)
    pods = {pod["metadata"]["name"]: pod for pod in observation.all("Pod")}
    seen = ", ".join(f"{name}: {image_of(pod)}" for name, pod in sorted(pods.items()))
    if {name: image_of(pod) for name, pod in pods.items()} != {"web-0": SECOND, "web-1": SECOND, "web-2": CANARY}:
        return (pending if len(pods) < 3 or moving(observation, below=3) else unmet)(seen, wanted)
    return (met if all(map(pod_ready, pods.values())) else pending)(seen, wanted)


def moving(observation: Observation, *, below: int) -> bool:
    """Whether the controller may still replace web-2."""
    spec = stateful_set(observation)["spec"]
    rolling = (spec.get("updateStrategy") or {}).get("rollingUpdate") or {}
    return image_of(spec.get("template") or {"spec": {}}) == CANARY and (rolling.get("partition") or 0) < below


def ran(life, image: str) -> bool:
    return life.first.state.get("images") == [image]


def web_0_returned(observation: Observation) -> Finding:
    wanted = f"a web-0 was deleted after the canary began, and the web-0 that came back runs {SECOND} and is Ready"
    stretch = stretch_of(observation.history, "web", CANARY)
    lives = observation.history.lives("Pod", "web-0")
    if stretch is None or not lives:
        return unmet("the canary has not begun", wanted)
    later = [life for life in lives if stretch.holds(life.first)]
    doomed = any(
        change.state.get("terminating") and stretch.holds(change)
        for life in lives
        if not stretch.holds(life.first)
        for change in life.changes
    )
    if not later:
        return (pending if doomed else unmet)("web-0 has not come back" if doomed else "web-0 was not deleted", wanted)
    if not ran(later[-1], SECOND):
        return unmet(f"web-0 came back with {', '.join(later[-1].first.state.get('images', ()))}", wanted)
    return (met if later[-1].ready() else pending)(f"web-0 came back with {SECOND}", wanted)


def partitions(stretch: Stretch | None) -> list[int]:
    return [value or 0 for value in stretch.values("partition")] if stretch else []


def went_below_2(stretch: Stretch) -> bool:
    seen = partitions(stretch)
    return 2 in seen and min(seen[seen.index(2) :]) < 2


def strategies(observation: Observation) -> set[str]:
    """Every type of strategy that the set ever had."""
    lives = observation.history.lives("StatefulSet", "web")
    return {kind for life in lives for kind in life.values("strategy")}


def came_again(observation: Observation, image: str) -> bool:
    """Whether the template named an image once more after it had named another."""
    return len(stretches_of(observation.history, "web", image)) > 1


def by_steps(observation: Observation) -> Finding:
    wanted = f"the partition was 2, then 1, then 0, while the template named {CANARY}"
    seen = partitions(stretch_of(observation.history, "web", CANARY))
    words = f"partition: {', then '.join(map(str, seen)) or 'never'}"
    return (met if seen[-3:] == [2, 1, 0] else unmet)(words, wanted)


def web_1_first(observation: Observation) -> Finding:
    wanted = f"web-1 was Ready with {CANARY} before the partition became 0"
    stretch = stretch_of(observation.history, "web", CANARY)
    zero = [one for one in stretch.changes if not one.state.get("partition")] if stretch else []
    if not zero:
        return unmet("the partition was never 0", wanted)
    then = observation.history.at("Pod", "web-1", zero[-1].revision if len(zero) == 1 else zero[0].revision)
    ready = then is not None and then.state.get("images") == [CANARY] and then.state.get("ready")
    return (met if ready else unmet)(f"web-1 was {'Ready' if ready else 'not there yet'}", wanted)


def revision_reused(observation: Observation) -> Finding:
    wanted = f"the ControllerRevision with {SECOND} is the same object as before, and has the highest number now"
    found = [one for one in revisions(observation) if image_of(one["data"]["spec"]["template"]) == SECOND]
    status = stateful_set(observation).get("status") or {}
    names = ", ".join(one["metadata"]["name"] for one in found) or "none"
    if len(found) != 1 or status.get("updateRevision") != found[0]["metadata"]["name"]:
        return unmet(f"ControllerRevisions with {SECOND}: {names}", wanted)
    uid = found[0]["metadata"]["uid"]
    life = next(one for one in observation.history.lives("ControllerRevision") if one.uid == uid)
    numbers = life.values("number")
    seen = f"its number: {', then '.join(map(str, numbers))}"
    return (met if len(numbers) > 1 and found[0] == revisions(observation)[-1] else unmet)(seen, wanted)


def others_waited(observation: Observation) -> Finding:
    wanted = f"web-0 and web-2 are the same pods as before the template named {FIRST}, and still run {SECOND}"
    stretch = stretch_of(observation.history, "web", FIRST)
    for name in ("web-0", "web-2"):
        living = observation.history.living("Pod", name)
        if stretch is None or living is None or stretch.holds(living.first):
            return unmet(f"{name} was replaced", wanted)
        if living.last.state.get("terminating") or not ran(living, SECOND):
            return unmet(f"{name} is not what it was", wanted)
    return met("both are untouched", wanted)


def web_1_moved(observation: Observation) -> Finding:
    wanted = f"web-1 was deleted, and came back with {FIRST}"
    living = observation.history.living("Pod", "web-1")
    stretch = stretch_of(observation.history, "web", FIRST)
    if living is None or living.last.state.get("terminating"):
        return pending("web-1 is being replaced", wanted)
    if stretch is None or not stretch.holds(living.first):
        return unmet("web-1 was not deleted since", wanted)
    if not ran(living, FIRST):
        return unmet(f"web-1 came back with {', '.join(living.first.state.get('images', ()))}", wanted)
    return (met if living.ready() else pending)(f"web-1 is another pod, with {FIRST}", wanted)


def min_ready_set(observation: Observation) -> Finding:
    seen = stateful_set(observation)["spec"].get("minReadySeconds", 0)
    return (met if seen == MIN_READY else unmet)(f"minReadySeconds: {seen}", f"minReadySeconds: {MIN_READY}")


def ready_was_not_enough(observation: Observation) -> Finding:
    wanted = "new pods were Ready, all three served, and yet the next was not replaced before they were available"
    stretch = stretch_of(observation.history, "web", CANARY)
    if stretch is None:
        return unmet(f"the template never named {CANARY}", wanted)
    lives = observation.history.lives("Pod")
    ready = [life.ready() for life in lives if ran(life, CANARY) and stretch.holds(life.first)]
    came = [one.revision for one in ready if one is not None]
    left = [life.last.revision for life in lives if life.ended and stretch.holds(life.last)]
    waits = [
        one
        for one in stretch.changes
        if one.state.get("ready_replicas") == 3 and one.state.get("available_replicas", 3) < 3
        if any(revision < one.revision for revision in came) and any(one.revision < revision for revision in left)
    ]
    if waits:
        return met(f"it was so {len(waits)} times", wanted)
    slow = stateful_set(observation)["spec"].get("minReadySeconds", 0) > 0
    return (pending if slow and stretch.end is None and len(left) < 3 else unmet)("it was never so", wanted)


def told_what_became_of_it(observation: Observation) -> Finding:
    found = stateful_set(observation)
    rolling = (found["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}
    has = rolling.get("maxUnavailable", 0)
    truth = KEPT if has == ASKED else DROPPED
    told = (found["metadata"].get("annotations") or {}).get(ANNOTATION, "nothing")
    wanted = f"the annotation {ANNOTATION} says whether the server {KEPT} or {DROPPED} maxUnavailable: {ASKED}"
    return (met if told == truth else unmet)(f"it says {told}; the set has {has or 'no maxUnavailable'}", wanted)


def broken_stretch(observation: Observation) -> Stretch | None:
    return stretch_of(observation.history, "web", BROKEN)


def web_2_stuck(observation: Observation) -> Finding:
    wanted = f"a web-2 with {BROKEN} was made, and never became Ready"
    lives = [life for life in observation.history.lives("Pod", "web-2") if ran(life, BROKEN)]
    if not lives:
        stretch = broken_stretch(observation)
        coming = stretch is not None and stretch.end is None and not (stretch.changes[-1].state.get("partition") or 0)
        return (pending if coming else unmet)("it was never made", wanted)
    return (unmet if any(life.ready() for life in lives) else met)(f"{len(lives)} of them, none Ready", wanted)


def others_served(observation: Observation) -> Finding:
    wanted = f"web-0 and web-1 are the same pods as before the template named {BROKEN}"
    stretch = broken_stretch(observation)
    for name in ("web-0", "web-1"):
        living = observation.history.living("Pod", name)
        if stretch is None or living is None or living.first.revision > stretch.begin.revision:
            return unmet(f"{name} was replaced", wanted)
    return met("they served all the time", wanted)


def undone_then_deleted(observation: Observation) -> Finding:
    wanted = f"the template was put back while web-2 with {BROKEN} was there; that pod was deleted only then"
    stretch = broken_stretch(observation)
    if stretch is None or stretch.end is None:
        return unmet(f"the template still names {BROKEN}", wanted)
    then = observation.history.at("Pod", "web-2", stretch.end.revision)
    if then is None or then.state.get("images") != [BROKEN] or then.state.get("terminating"):
        return unmet("when the template was put back, no broken web-2 was there", wanted)
    living = observation.history.living("Pod", "web-2")
    if living is not None and living.uid == then.uid:
        going = living.last.state.get("terminating")
        return (pending if going else unmet)(f"web-2 with {BROKEN} is still there", wanted)
    return met("the new template alone did not help; the deletion did", wanted)


def limit_set(observation: Observation) -> Finding:
    seen = stateful_set(observation)["spec"].get("revisionHistoryLimit")
    return (met if seen == LIMIT else unmet)(f"revisionHistoryLimit: {seen}", f"revisionHistoryLimit: {LIMIT}")


def pruned(observation: Observation) -> Finding:
    wanted = "older ControllerRevisions were deleted; left are the live one and at most as many as the limit"
    found = revisions(observation)
    seen = f"left: {', '.join(str(one['revision']) for one in found)}"
    limit = stateful_set(observation)["spec"].get("revisionHistoryLimit", 10)
    if len(found) > 1 + LIMIT:
        return (pending if limit <= LIMIT else unmet)(seen, wanted)
    gone = [life for life in observation.history.lives("ControllerRevision") if life.ended]
    lowered = limit_change(observation)
    later = [life for life in gone if lowered is not None and life.last.revision > lowered.revision]
    return (met if later else unmet)(f"{seen}; deleted since the limit was set: {len(later)}", wanted)


def limit_change(observation: Observation):
    """The change that brought the present limit."""
    lives = observation.history.lives("StatefulSet", "web")
    changes = lives[-1].changes if lives else ()
    last = None
    for before, after in pairwise(changes):
        if after.state.get("history_limit") != before.state.get("history_limit"):
            last = after
    return last


def no_update(observation: Observation) -> Finding:
    wanted = "the pods are the same as before the limit was set"
    lowered = limit_change(observation)
    if lowered is None:
        return unmet("the limit was never changed", wanted)
    for ordinal in range(3):
        living = observation.history.living("Pod", f"web-{ordinal}")
        if living is None or living.first.revision > lowered.revision:
            return unmet(f"web-{ordinal} was replaced", wanted)
    return met("no pod was touched", wanted)


START = Checkpoint(
    id="one-revision",
    title="Three replicas of one revision",
    covers=("replicas", "selector", "template", "updateStrategy"),
    attempted=lambda o: o.find("StatefulSet", "web") is not None,
    criteria=(
        Criterion(
            "three-ready",
            "Three pods are Ready and stay so",
            2,
            replicas_ready("web", 3),
            "An update that begins with broken pods shows nothing but them.",
            hold=0.5,
        ),
        Criterion("image", "They run the first image", 1, runs_first, "The updates that follow begin here."),
        Criterion(
            "strategy",
            "Updates are rolled out to all pods",
            1,
            partition_is("web", 0),
            "Partition 0 means that no ordinal is held back.",
        ),
        Criterion(
            "revision",
            "All pods are of one revision",
            1,
            all_of_one_revision,
            "The label on each pod is how the controller knows which template a pod was made from.",
        ),
    ),
    hints=(
        "Compare your manifest with the list above it, line by line.",
        "`kubectl explain statefulset.spec.updateStrategy` shows which fields stand where.",
        "The partition belongs to one kind of strategy only, so it stands one level deeper than the type.",
    ),
)

ROLLING = Checkpoint(
    id="rolling-update",
    title="A rolling update, in reverse order",
    covers=("template", "updateStrategy"),
    attempted=lambda o: had_image(o, SECOND),
    criteria=(
        Criterion(
            "updated",
            "All pods run the new image",
            2,
            rolled_out("web", SECOND, 3),
            "An update is done when the last pod serves, not when it was asked for.",
        ),
        Criterion(
            "reverse",
            "They were replaced from the top down",
            2,
            replaced_from_the_top("web", SECOND, 3),
            "Ordinal 0 is often the one that matters most: it moves last, when the others have proved the new version.",
            Mode.TRACE,
        ),
        Criterion(
            "one-at-a-time",
            "One at a time",
            2,
            never_more_than_one_out("web", SECOND, 3),
            "The next pod goes only when the one before it is Ready: two of three always serve.",
            Mode.TRACE,
        ),
        Criterion(
            "former-kept",
            "The former template is kept",
            1,
            former_kept,
            "What is kept can be returned to.",
        ),
    ),
    hints=(
        "Nothing is deleted here by hand: change the template, and let the controller work.",
        "Two commands change an image: one for exactly that, or the manifest applied again.",
        "`kubectl set --help` lists what can be changed that way; its examples show how a container is named.",
    ),
)

CANARY_STEP = Checkpoint(
    id="canary",
    title="A canary: only web-2",
    covers=("updateStrategy",),
    attempted=lambda o: had_image(o, CANARY),
    criteria=(
        Criterion(
            "partition",
            "The partition is 2",
            1,
            partition_is("web", 2),
            "Ordinals below the partition stay as they are.",
        ),
        Criterion(
            "only-web-2",
            "Only web-2 has moved",
            3,
            only_web_2,
            "One pod of three shows whether the new version is any good; two of three don't notice.",
            Mode.TRACE,
        ),
        Criterion(
            "old-returns",
            "A deleted web-0 came back as it was",
            3,
            web_0_returned,
            "The partition holds also when a pod is replaced for another reason: nobody gets the new version by accident.",
            Mode.TRACE,
        ),
    ),
    hints=(
        "Two changes: which of them must come first, so that web-1 and web-0 never begin to move?",
        "The partition is a number: the lowest ordinal that may be updated.",
        "If web-1 has moved already, `kubectl rollout undo` takes you back; then begin with the partition.",
    ),
)

PHASES = Checkpoint(
    id="phases",
    title="The rest, in phases",
    covers=("updateStrategy",),
    attempted=lambda o: any(went_below_2(one) for one in stretches_of(o.history, "web", CANARY)),
    criteria=(
        Criterion(
            "steps",
            "The partition went 2, 1, 0",
            2,
            by_steps,
            "Every step is a decision that you can still take back.",
            Mode.TRACE,
        ),
        Criterion(
            "looked",
            "web-1 served before web-0 was allowed to move",
            2,
            web_1_first,
            "A phase that nobody waits for is no phase.",
            Mode.TRACE,
        ),
        Criterion(
            "complete",
            "All pods run the canary's image",
            2,
            rolled_out("web", CANARY, 3),
            "Only now is the new revision the current one.",
        ),
    ),
    hints=(
        "Nothing but the partition has to change; the template is as it should be already.",
        "After each step, wait until the pod that may move now is Ready.",
        "Went down too fast? `kubectl rollout undo` with the partition at 2, then set the canary's image again.",
    ),
)

UNDO = Checkpoint(
    id="undo",
    title="Undone",
    covers=("template",),
    attempted=lambda o: any(stretch.end for stretch in stretches_of(o.history, "web", CANARY)),
    criteria=(
        Criterion(
            "back",
            "All pods run the former image again",
            2,
            rolled_out("web", SECOND, 3),
            "Undoing is an update like any other.",
        ),
        Criterion(
            "from-the-top",
            "They were replaced from the top down",
            1,
            replaced_from_the_top("web", SECOND, 3),
            "The way back goes through the same door: one by one, highest ordinal first.",
            Mode.TRACE,
        ),
        Criterion(
            "re-used",
            "The kept ControllerRevision was used again",
            3,
            revision_reused,
            "The same template is the same revision; it only gets a new number.",
            Mode.TRACE,
        ),
    ),
    hints=(
        "kubectl can return to the template before the present one by itself.",
        "Look at `kubectl rollout --help`: one of its subcommands goes back.",
        "Without a number it goes to the revision before the newest one, and that is the one you want.",
    ),
)

ON_DELETE = Checkpoint(
    id="on-delete",
    title="OnDelete: you decide when",
    covers=("updateStrategy",),
    attempted=lambda o: "OnDelete" in strategies(o) or came_again(o, FIRST),
    criteria=(
        Criterion(
            "strategy",
            "The strategy is OnDelete",
            1,
            strategy_is("web", "OnDelete"),
            "The controller then leaves the moment to you.",
        ),
        Criterion(
            "others-wait",
            "web-0 and web-2 were left alone",
            2,
            others_waited,
            "A changed template changes no pod by itself.",
            Mode.TRACE,
        ),
        Criterion(
            "web-1",
            "web-1 was deleted, and came back with the new image",
            2,
            web_1_moved,
            "Any order is possible now, for example the replica that has the least to do.",
            Mode.TRACE,
        ),
    ),
    hints=(
        "First the strategy, then the image, and only then a deletion.",
        "If the API server refuses the strategy, read which field it complains about: that belongs to another type.",
        "In a merge patch, a field is removed by giving it the value null.",
    ),
)

PACE = Checkpoint(
    id="pace",
    title="Slower, and perhaps faster",
    covers=("updateStrategy", "minReadySeconds"),
    attempted=lambda o: "minReadySeconds" in stateful_set(o)["spec"],
    criteria=(
        Criterion(
            "min-ready",
            "A pod must be Ready for 2 seconds",
            1,
            min_ready_set,
            "A program that is Ready for a moment and then falls over should stop the update.",
        ),
        Criterion(
            "waited",
            "Ready was not enough to go on",
            2,
            ready_was_not_enough,
            "Available means Ready for long enough; the next pod goes only then.",
            Mode.TRACE,
        ),
        Criterion(
            "complete",
            "All pods run the new image",
            1,
            rolled_out("web", CANARY, 3),
            "Slowed down, not stopped.",
        ),
        Criterion(
            "answer",
            "You found out what the server makes of maxUnavailable",
            2,
            told_what_became_of_it,
            "A field behind a feature gate may be dropped without a word: read back what you have written.",
        ),
    ),
    hints=(
        "All three changes of the manifest go into the set's spec, none into the pod template but the image.",
        "Read the set back with `-o yaml`: is everything there that you have written?",
        "The answer goes onto the set with `kubectl annotate`, as a key and a value with an equals sign.",
    ),
)

STUCK = Checkpoint(
    id="stuck",
    title="Stuck, and repaired by force",
    covers=("template",),
    attempted=lambda o: had_image(o, BROKEN),
    criteria=(
        Criterion(
            "stuck",
            "web-2 could not start",
            1,
            web_2_stuck,
            "An image that nobody has: the most common broken update.",
            Mode.EDGE,
        ),
        Criterion(
            "others-served",
            "web-0 and web-1 were not touched",
            1,
            others_served,
            "The update stops at the first pod that does not become Ready: that is what the order is for.",
            Mode.TRACE,
        ),
        Criterion(
            "forced",
            "First undone, then the broken pod deleted",
            3,
            undone_then_deleted,
            "An ordered set waits for the broken pod before it does anything else, also before it repairs it.",
            Mode.TRACE,
        ),
        Criterion(
            "healed",
            "All pods run the good image",
            2,
            rolled_out("web", CANARY, 3),
            "Template and pods agree again.",
        ),
    ),
    hints=(
        "Two things are broken: the template, and the pod that was made from it. In which order do you repair them?",
        "A pod deleted too early comes back from the same broken template.",
        "After the template is good again, what does the controller wait for? You can take that out of its way.",
    ),
)

HISTORY = Checkpoint(
    id="history-limit",
    title="How much past to keep",
    covers=("revisionHistoryLimit",),
    attempted=lambda o: limit_change(o) is not None,
    criteria=(
        Criterion("limit", "The limit is 1", 1, limit_set, "Every kept revision is an object in the cluster's store."),
        Criterion(
            "pruned",
            "What is beyond the limit is gone",
            2,
            pruned,
            "Revisions that pods still use don't count; of the others, the oldest go first.",
            Mode.TRACE,
        ),
        Criterion(
            "no-update",
            "No pod was touched",
            1,
            no_update,
            "Only a change of the template makes a revision, and only a new revision replaces pods.",
            Mode.TRACE,
        ),
    ),
    hints=(
        "It is a field of the set's spec, beside `replicas`.",
        "Which fields of a set can be changed later? The one that limits the history can.",
        "`kubectl explain statefulset.spec` lists it; kubectl patch can set it.",
    ),
)

LAB = LabSpec(
    slug="07-updates-and-canaries",
    title="Lab 07: Updates and canaries",
    namespace="lab-07",
    minutes=55,
    objectives=(
        "predict in which order a StatefulSet replaces its pods, and read it from the record",
        "try a new version on one replica, and roll it out in phases",
        "go back to an earlier template, and say which ControllerRevision that is",
        "choose between RollingUpdate and OnDelete, and slow an update down",
        "repair an update that is stuck",
    ),
    kinds=("ControllerRevision",),
    checkpoints=(START, ROLLING, CANARY_STEP, PHASES, UNDO, ON_DELETE, PACE, STUCK, HISTORY),
    predictions=(
        Prediction(
            "order",
            "You change the image of a set with three Ready pods. What happens to the pods?",
            {
                "a": "web-0 is replaced first, then web-1, then web-2",
                "b": "web-2 is replaced first; when its successor is Ready, web-1, then web-0",
                "c": "three new pods start beside the old ones, which then go",
            },
            "b",
            "A name can exist only once, so nothing can start beside the old pod: it goes, and its successor comes. The"
            " highest ordinal begins, and each waits until the one before it is Ready.",
        ),
        Prediction(
            "canary",
            "Partition 2, a new image in the template, and you delete web-0. With which image does it come back?",
            {
                "a": "with the new one, for that is what the template says",
                "b": "with the old one",
                "c": "not at all, until the partition is lowered",
            },
            "b",
            "Below the partition, pods are made from the current revision, the one before the update. The set keeps that"
            " template as a ControllerRevision for exactly this purpose.",
        ),
        Prediction(
            "undo",
            "You undo the update. What happens among the ControllerRevisions?",
            {
                "a": "the newest one is deleted",
                "b": "a new one is made, with the old template",
                "c": "none is made: the old one gets a new number",
            },
            "c",
            "A revision is a template. The template was there already, so its object is used again and becomes the newest.",
        ),
        Prediction(
            "on-delete",
            "Strategy OnDelete, and the template gets another image. What do the three pods do?",
            {"a": "nothing", "b": "they are replaced from the top", "c": "they are replaced all at once"},
            "a",
            "The controller waits for you to delete a pod, and makes its successor from the new template.",
        ),
        Prediction(
            "stuck",
            "web-2 hangs with an image that does not exist. You undo the update. What happens to web-2?",
            {
                "a": "it is replaced by a pod with the good image",
                "b": "it goes on hanging, until somebody deletes it",
                "c": "the good image is put into the running pod",
            },
            "b",
            "With the policy OrderedReady the controller does nothing else while a pod is not Ready, not even replace"
            " that pod. Deleting it by hand breaks the circle.",
        ),
    ),
)
